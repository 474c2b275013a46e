"""The numba executor: the simplified graph as straight-line int64 Python, compiled over arrays.

The generated source is a file in a cache folder, named by its content, so that numba can cache the machine code beside
it. The folder is `$NPUSIM_CACHE_DIR`, else `npusim` in the user's cache folder, else a temporary one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from npusim_hls.compiler import dataflow
from npusim_hls.errors import HlsError
from npusim_hls.ir import Graph, Node
from npusim_hls.kernel import Instance
from npusim_hls.widths import scalars

PART = 600  # nodes of one numba function
WIDEST = 63  # bits of the widest value that int64 holds with a sign to spare

HEADER = '''"""Compiled from kernel {name}; generated, the file name holds a digest of the content."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def clz64(x):
    """Leading zeros of x >= 0 in 63 bits, by halves."""
    n = 0
    for step in (32, 16, 8, 4, 2, 1):
        if x >> step != 0:
            x >>= step
            n += step
    return 63 - n - (x & 1)

'''

BINARY = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^"}


def text_of(node: Node, tables: dict[tuple[int, ...], str]) -> str:
    """One node as a Python expression over the names v<index>."""
    values = [str(arg.lo) if arg.is_const else f"v{arg.index}" for arg in node.args]
    op = node.op
    if op in BINARY:
        return f"{values[0]} {BINARY[op]} {values[1]}"
    if op in ("shl", "shr"):
        amount = values[1] if node.args[1].is_const else f"({values[1]} & 63)"
        return f"{values[0]} {'<<' if op == 'shl' else '>>'} {amount}"
    if op in ("eq", "lt"):
        return f"np.int64({values[0]} {'==' if op == 'eq' else '<'} {values[1]})"
    if op == "select":
        return f"{values[2]} ^ (({values[1]} ^ {values[2]}) & -{values[0]})"  # no branch: numba is slow on many
    if op == "bits":
        hi, lo = node.attrs
        return f"({values[0]} >> {lo}) & {(1 << (hi - lo + 1)) - 1}" if lo else f"{values[0]} & {(1 << (hi + 1)) - 1}"
    if op == "signed":
        return f"({values[0]} << {64 - node.attrs[0]}) >> {64 - node.attrs[0]}"
    if op == "cat":
        shift, parts = 0, []
        for value, width in zip(reversed(values), reversed(node.attrs), strict=True):
            parts.append(f"({value} << {shift})" if shift else value)
            shift += width
        return " | ".join(reversed(parts))
    if op == "rom":
        return f"{tables[node.attrs]}[{values[0]} & {(1 << (len(node.attrs) - 1).bit_length()) - 1}]"
    if op == "clz":
        return f"clz64({values[0]}) - {63 - node.attrs[0]}"
    if op in ("min", "max"):
        return f"{op}({values[0]}, {values[1]})"
    if op == "abs":
        return f"abs({values[0]})"
    assert op == "refine", node
    return values[0]


def source_of(graph: Graph) -> str:
    """The module of a graph: `scalar(ints…)`, and `over(inputs: int64[p, n], outputs: int64[r, n])`."""
    lines: list[str] = []
    tables: dict[tuple[int, ...], str] = {}
    for node in graph.nodes:
        wide = node.width + (not node.is_signed) > WIDEST + 1
        if wide:
            at = f"{node.where.file}:{node.where.line}" if node.where else f"port {node.name}"
            raise HlsError(f"{at}: a value of {node.width} bits; the numba executor holds up to {WIDEST} bits")
        if node.op == "rom" and node.attrs not in tables:
            tables[node.attrs] = f"table{len(tables)}"
    for node in graph.nodes:
        if node.op not in ("input", "const"):
            value = text_of(node, tables)
            lines.append(
                f"v{node.index} = ({value}) & {(1 << node.width) - 1}" if node.wrap else f"v{node.index} = {value}"
            )
    padded = {name: list(t) + [0] * ((1 << (len(t) - 1).bit_length()) - len(t)) for t, name in tables.items()}
    text = [HEADER.format(name=graph.name)]
    text += [f"{name} = np.array({entries}, dtype=np.int64)" for name, entries in padded.items()]
    text += whole(graph, lines) if len(lines) <= PART else in_parts(graph, lines)
    return "\n".join(text) + "\n"


def whole(graph: Graph, lines: list[str]) -> list[str]:
    """One function of scalars, and the loop over arrays that calls it."""
    inputs = ", ".join(f"v{node.index}" for _, node in graph.inputs)
    results = ", ".join(str(n.lo) if n.is_const else f"v{n.index}" for _, n in graph.outputs)
    text = ["", '@njit(cache=True, nogil=True, inline="never")', f"def scalar({inputs}):"]
    text += [f"    {line}" for line in lines] + [f"    return ({results},)", ""]
    loaded = ", ".join(f"inputs[{i}, i]" for i in range(len(graph.inputs)))
    text += ["", "@njit(cache=True, nogil=True)", "def over(inputs, outputs):", "    for i in range(inputs.shape[1]):"]
    text += [f"        found = scalar({loaded})"]
    text += [f"        outputs[{r}, i] = found[{r}]" for r in range(len(graph.outputs))]
    return text


def in_parts(graph: Graph, lines: list[str]) -> list[str]:
    """A wide graph as several functions over an array of all values: numba takes long over long functions."""
    text, calls = [], []
    for number, first in enumerate(range(0, len(lines), PART)):
        part = [re.sub(r"\bv(\d+)\b", r"v[\1]", line) for line in lines[first : first + PART]]
        text += ["", "@njit(cache=True, nogil=True)", f"def part{number}(v):", *(f"    {line}" for line in part), ""]
        calls.append(f"        part{number}(v)")
    text += ["", "@njit(cache=True, nogil=True)", "def over(inputs, outputs):"]
    text += [f"    v = np.empty({len(graph.nodes)}, dtype=np.int64)", "    for i in range(inputs.shape[1]):"]
    text += [f"        for p in range({len(graph.inputs)}):  # the inputs are the first nodes"]
    text += ["            v[p] = inputs[p, i]", *calls]
    for result, (_, node) in enumerate(graph.outputs):
        text.append(f"        outputs[{result}, i] = {node.lo if node.is_const else f'v[{node.index}]'}")
    return text


def cache_folder() -> Path:
    """Where generated modules live; created on demand."""
    home = os.environ.get("NPUSIM_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    base = Path(home) if home else Path.home() / ".cache"
    for folder in (base / "npusim" / "hls", Path(tempfile.gettempdir()) / f"npusim-hls-{os.getuid()}"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    raise HlsError("no cache folder can be written; set NPUSIM_CACHE_DIR to one that can")


def load(graph: Graph) -> ModuleType:
    """Import the generated module of a graph, writing it first when it is not in the cache."""
    text = source_of(graph)
    label = f"{graph.name}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    path = cache_folder() / f"{label}.py"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as handle:
            handle.write(text)
        os.replace(handle.name, path)
    name = f"npusim_hls_cached_{label}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)  # numba's cache refers to it by name
        spec.loader.exec_module(module)
    return sys.modules[name]


@dataclass(frozen=True, slots=True)
class Compiled:
    """An instance in machine code.

    `scalar` is a numba function of int64 leaves that returns a tuple of int64 leaves, callable from other numba
    kernels; it checks nothing, and is None for graphs of more than 600 operations. Calling the object checks ranges
    and runs over arrays.
    """

    instance: Instance
    scalar: Callable[..., Any] | None
    over: Callable[[NDArray[np.int64], NDArray[np.int64]], None]
    results: int

    def __call__(self, *columns: Any) -> tuple[NDArray[np.int64], ...]:
        """One integer array per input leaf, broadcast together; gives one int64 array per output leaf."""
        leaves = [leaf for type_ in self.instance.inputs.values() for leaf in scalars(type_)]
        if len(columns) != len(leaves):
            raise HlsError(f"{self.instance.name}: got {len(columns)} arrays; it takes {len(leaves)}")
        arrays = np.broadcast_arrays(*(np.asarray(column) for column in columns))
        for position, (array, leaf) in enumerate(zip(arrays, leaves, strict=True)):
            if array.dtype.kind not in "iub":
                raise HlsError(f"{self.instance.name}: array {position} is {array.dtype}; integers are needed")
            if array.size and not (leaf.lo <= int(array.min()) and int(array.max()) <= leaf.hi):
                got = f"{array.min()} .. {array.max()}"
                raise HlsError(
                    f"{self.instance.name}: array {position} holds {got}; {leaf} takes {leaf.lo} to {leaf.hi}"
                )
        shape = arrays[0].shape
        inputs = np.stack([array.astype(np.int64).ravel() for array in arrays])
        outputs = np.empty((self.results, inputs.shape[1]), np.int64)
        self.over(inputs, outputs)
        return tuple(row.reshape(shape) for row in outputs)


_COMPILED: dict[Instance, Compiled] = {}


def compile_numba(instance: Instance) -> Compiled:
    """The instance in machine code, compiled on first call (cached on disk by numba)."""
    if instance not in _COMPILED:
        graph = dataflow(instance)
        module = load(graph)
        _COMPILED[instance] = Compiled(instance, getattr(module, "scalar", None), module.over, len(graph.outputs))
    return _COMPILED[instance]
