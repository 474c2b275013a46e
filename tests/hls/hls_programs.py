"""Random kernels as source text: every name has a known width, so each program is inside the language."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from npusim_hls.kernel import Instance

HEAD = """from __future__ import annotations

from npusim_hls.kernel import kernel
from npusim_hls.lang import bit, bits, cat, clz, signed
from npusim_hls.widths import array, s, u

TABLE = {table}


@kernel
def helper(x: int, y: int) -> int:
    return (x ^ y) if x > y else x + y


@kernel
def {name}({arguments}) -> {result}:
"""


@dataclass(frozen=True)
class Var:
    """A name of the program, its width and sign."""

    name: str
    width: int
    is_signed: bool

    @property
    def type_(self) -> str:
        return f"{'s' if self.is_signed else 'u'}[{self.width}]"

    @property
    def raw(self) -> str:
        """Its bits as an unsigned value."""
        return f"bits({self.name}, {self.width - 1}, 0)" if self.is_signed else self.name


def fit(text: str, var: Var) -> str:
    """Cut an expression to the type of a name."""
    return f"signed({text}, {var.width})" if var.is_signed else f"bits({text}, {var.width - 1}, 0)"


@st.composite
def expressions(draw: st.DrawFn, names: list[Var]) -> str:
    """One operation on names."""
    pick = st.sampled_from(names)
    a, b, c = draw(pick), draw(pick), draw(pick)
    number = draw(st.integers(-40, 40))
    kind = draw(st.integers(0, 17))
    full = f"cat((1, 1), ({a.raw}, {a.width}))"
    return [
        f"{a.name} + {b.name} - {c.name}",
        f"{a.name} - {b.name}",
        f"{a.name} * {b.name}",
        f"{a.name} * {number}",
        f"{a.raw} & {b.raw}",
        f"({a.raw} | {b.raw}) ^ {c.raw}",
        f"{a.name} << bits({b.name}, 2, 0)",
        f"{full} >> min({b.raw}, {a.width + 1})",
        f"({a.name} if {b.name} < {c.name} else {b.name} + {number})",
        f"({a.name} if {b.name} == {number} or not {c.name} >= {a.name} else {c.name})",
        f"clz({a.raw}, {a.width}) + {b.name}",
        f"TABLE[bits({a.name}, 2, 0)] + {b.name}",
        f"min({a.name}, {b.name}, {number}) + max({b.name}, {c.name})",
        f"abs({a.name}) + ~{b.name}",
        f"cat(({a.raw}, {a.width}), (bit({b.name}, 1), 1), ({c.raw}, {c.width}))",
        f"helper({a.raw}, {b.raw})",
        f"sum(x * x for x in ({a.name}, {b.name}, {c.name}))",
        f"{a.name} // 4 + {b.name} % 8 + ({a.name}, {b.name}, {c.name}, 5)[bits({a.name}, 1, 0)]",
    ][kind]


@st.composite
def programs(draw: st.DrawFn, name: str = "program") -> str:
    """The source of a module that defines the kernel `name`."""
    width = st.integers(3, 14)
    inputs = [Var(f"i{k}", draw(width), draw(st.booleans())) for k in range(draw(st.integers(1, 3)))]
    names, lines = list(inputs), []
    for k in range(draw(st.integers(2, 7))):
        var = Var(f"v{k}", draw(width), draw(st.booleans()))
        first, second = draw(expressions(names)), draw(expressions(names))
        shape = draw(st.integers(0, 3))
        if shape == 0:
            test = draw(st.sampled_from(names))
            lines += [f"    if {test.name} > {draw(st.integers(-9, 9))}:", f"        {var.name} = {fit(first, var)}"]
            lines += ["    else:", f"        {var.name} = {fit(second, var)}"]
        elif shape == 1:
            lines += [f"    {var.name} = {fit(first, var)}", f"    for step in range({draw(st.integers(1, 3))}):"]
            lines += [f"        {var.name} = {fit(f'{var.name} + ({second}) + step', var)}"]
        else:
            lines.append(f"    {var.name} = {fit(first, var)}")
        names.append(var)
    results = names[-2:]
    table = tuple(draw(st.lists(st.integers(-50, 200), min_size=8, max_size=8)))
    arguments = ", ".join(f"{var.name}: {var.type_}" for var in inputs)
    result = f"tuple[{', '.join(var.type_ for var in results)}]"
    body = "\n".join(lines) + f"\n    return {', '.join(var.name for var in results)}\n"
    return HEAD.format(table=table, name=name, arguments=arguments, result=result) + body


def load(source: str, folder: Path, name: str) -> Instance:
    """Write a program to a file and bind its kernel under a name of its own."""
    path = folder / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    instance = module.program.bind(name)
    assert isinstance(instance, Instance)
    return instance
