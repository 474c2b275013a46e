"""`@kernel`, and the instances that are run, compiled and checked.

A kernel is a Python function over integers. Its keyword-only arguments are compile-time parameters; `bind` fixes them
and gives an Instance, which is callable as plain Python (the executable specification) and which the compiler, the
numba executor and the check take.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from npusim_hls import widths
from npusim_hls.errors import HlsError
from npusim_hls.widths import Type, as_type, check_value, is_open


@dataclass(frozen=True, slots=True)
class Source:
    """Where a kernel was written: its syntax tree with line numbers of the file, and the file's lines."""

    path: str
    tree: ast.FunctionDef
    lines: tuple[str, ...]

    @property
    def file(self) -> str:
        return Path(self.path).name

    def at(self, node: ast.AST) -> str:
        """`file:line:col` of a syntax node, the column counted from 1."""
        return f"{self.file}:{getattr(node, 'lineno', 0)}:{getattr(node, 'col_offset', 0) + 1}"


def read_source(function: Callable[..., Any]) -> Source:
    """Parse the source of a function; raises HlsError when Python cannot show it (typed at a prompt)."""
    try:
        text, first = inspect.getsourcelines(function)
    except OSError as error:
        raise HlsError(f"the source of kernel {function.__name__} cannot be read; write it in a file") from error
    block = "".join(text)
    tree = ast.parse(textwrap.dedent(block)).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise HlsError(f"{function.__name__} is not a function; @kernel decorates a def")
    ast.increment_lineno(tree, first - 1)
    indent = len(block) - len(block.lstrip())
    for node in ast.walk(tree):
        if isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword)):
            node.col_offset += indent
            node.end_col_offset = (node.end_col_offset or 0) + indent
    path = inspect.getsourcefile(function) or "?"
    return Source(path, tree, ("",) * (first - 1) + tuple(line.rstrip("\n") for line in text))


class Kernel:
    """A function of the language with open parameters. Calling it runs plain Python without checks."""

    def __init__(self, function: Callable[..., Any], outputs: tuple[str, ...]) -> None:
        self.function = function
        self.name = function.__name__
        self.outputs = outputs
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__wrapped__ = function
        self._source: Source | None = None
        signature = inspect.signature(function)
        kinds = inspect.Parameter
        self.arguments = tuple(p.name for p in signature.parameters.values() if p.kind is kinds.POSITIONAL_OR_KEYWORD)
        self.parameters = tuple(p.name for p in signature.parameters.values() if p.kind is kinds.KEYWORD_ONLY)
        self.defaults: dict[str, Any] = dict(function.__kwdefaults__ or {})
        extra = set(signature.parameters) - set(self.arguments) - set(self.parameters)
        if extra:
            raise HlsError(
                f"{self.name}: argument {min(extra)} is variadic or positional-only; a kernel has a fixed list"
            )

    def __call__(self, *args: Any, **parameters: Any) -> Any:
        return self.function(*args, **parameters)

    @property
    def source(self) -> Source:
        if self._source is None:
            self._source = read_source(self.function)
        return self._source

    def namespace(self) -> dict[str, Any]:
        """Names that the function sees: builtins of the language, its module, its closure."""
        closure = inspect.getclosurevars(self.function).nonlocals
        return {**self.function.__globals__, **closure}

    def signature(self, parameters: dict[str, Any]) -> tuple[dict[str, Type], Type]:
        """Types of the arguments and of the result, for these parameters."""
        scope = {"u": widths.u, "s": widths.s, "array": widths.array, **self.namespace(), **parameters}
        tree, found = self.source.tree, {}
        for argument in tree.args.args:
            found[argument.arg] = self.annotation(argument.annotation, scope, f"argument {argument.arg}", argument)
        return found, self.annotation(tree.returns, scope, "the result", tree)

    def annotation(self, node: ast.expr | None, scope: dict[str, Any], what: str, owner: ast.AST) -> Type:
        if node is None:
            raise HlsError(f"{self.source.at(owner)}: {what} has no annotation; write u[n], s[n], bool, tuple or array")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        try:
            return as_type(eval(compile(ast.Expression(node), self.source.path, "eval"), scope))
        except HlsError as error:
            raise HlsError(f"{self.source.at(owner)}: {what}: {error}") from None
        except Exception as error:
            raise HlsError(f"{self.source.at(owner)}: {what}: {ast.unparse(node)} is not a type: {error}") from None

    def bind(self, name: str | None = None, /, **parameters: Any) -> Instance:
        """Fix the parameters: the instance `name` (default: the function's name) with ports of known width."""
        parameters = {**self.defaults, **parameters}
        missing, unknown = set(self.parameters) - set(parameters), set(parameters) - set(self.parameters)
        if missing or unknown:
            got = ", ".join(sorted(parameters)) or "none"
            raise HlsError(f"{self.name}: parameters {', '.join(self.parameters) or 'none'} are needed, got {got}")
        inputs, output = self.signature(parameters)
        for port, type_ in [*inputs.items(), ("result", output)]:
            if is_open(type_):
                at = self.source.at(self.source.tree)
                raise HlsError(f"{at}: {port} is int; an instance needs ports of known width: u[n], s[n] or bool")
        return Instance(self, name or self.name, dict(parameters), inputs, output)


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A kernel with its parameters fixed. Calling it checks the arguments and runs plain Python."""

    kernel: Kernel
    name: str
    parameters: dict[str, Any]
    inputs: dict[str, Type]
    output: Type
    __doc__: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.kernel.__doc__)

    def __call__(self, *args: Any) -> Any:
        if len(args) != len(self.inputs):
            raise HlsError(f"{self.name}: got {len(args)} arguments; it takes {', '.join(self.inputs)}")
        for value, (port, type_) in zip(args, self.inputs.items(), strict=True):
            check_value(value, type_, f"{self.name}: argument {port}")
        return _plain(self.kernel.function(*args, **self.parameters))

    @property
    def outputs(self) -> dict[str, Type]:
        """Types of the output ports by name: one per element of the result's tuple."""
        if not isinstance(self.output, widths.Tuple) or self.kernel.outputs == ("y",):
            return {"y" if not self.kernel.outputs else self.kernel.outputs[0]: self.output}
        names = self.kernel.outputs or tuple(f"y{index}" for index in range(len(self.output.items)))
        if len(names) != len(self.output.items):
            raise HlsError(f"{self.name}: {len(names)} output names for a result of {len(self.output.items)} elements")
        return dict(zip(names, self.output.items, strict=True))


def _plain(value: Any) -> Any:
    return tuple(_plain(item) for item in value) if isinstance(value, tuple) else int(value)


@overload
def kernel(function: Callable[..., Any], /) -> Kernel: ...
@overload
def kernel(*, outputs: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Kernel]: ...
def kernel(
    function: Callable[..., Any] | None = None, /, *, outputs: tuple[str, ...] = ()
) -> Kernel | Callable[[Callable[..., Any]], Kernel]:
    """Decorate a function of the language; `outputs` names the output ports (default y, or y0, y1, …)."""
    if function is not None:
        return Kernel(function, outputs)
    return lambda decorated: Kernel(decorated, outputs)
