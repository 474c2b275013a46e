"""Python syntax to dataflow: run a kernel's statements on symbolic values.

A value is a Node (known at run time), a Python constant, or a tuple of values. Conditions known at compile time choose
a branch; others run both and merge what each assigned with selects. Inside a branch the condition narrows the ranges
of the values it compares. Loops unroll; calls to other kernels are expanded in place. A construct without a rule here
or in `expressions` is refused at its place.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from npusim_hls.errors import HlsError
from npusim_hls.ir import Graph, Node, Where
from npusim_hls.kernel import Instance, Kernel, Source
from npusim_hls.narrowing import Narrowing
from npusim_hls.ranges import RangeError
from npusim_hls.widths import Int, Open, Tuple, Type, build, is_open, scalars

MAX_UNROLL = 65536  # iterations of one loop

REFUSED_STATEMENTS = {
    ast.While: "while loops are not accepted; use for over a constant range",
    ast.Try: "try is not accepted; a kernel has no exceptions",
    ast.Raise: "raise is not accepted; a kernel has no exceptions",
    ast.With: "with is not accepted; a kernel has no resources",
    ast.Break: "break is not accepted; a loop runs over its whole constant range, keep results with if",
    ast.Continue: "continue is not accepted; put the rest of the body under if",
    ast.FunctionDef: "a nested function is not accepted; write a kernel of its own and call it",
    ast.ClassDef: "a class is not accepted; a kernel computes integers and tuples of them",
    ast.Global: "global is not accepted; a kernel has no state",
    ast.Nonlocal: "nonlocal is not accepted; a kernel has no state",
    ast.Delete: "del is not accepted; names end with the function",
    ast.Import: "import is not accepted in a kernel; import at the top of the module",
    ast.ImportFrom: "import is not accepted in a kernel; import at the top of the module",
    ast.Match: "match is not accepted; use if and elif",
}


class Undefined:
    """A name that only one branch of a condition has assigned."""

    def __init__(self, place: str) -> None:
        self.place = place


class Frame:
    """One call under way: its kernel, its names, the line it is at."""

    def __init__(self, source: Source, scope: dict[str, Any], names: dict[str, Any]) -> None:
        self.source, self.scope, self.names = source, scope, names


class Frontend(Narrowing):
    """Builds the graph of one instance. `expressions.evaluate` does the expressions."""

    def __init__(self, name: str) -> None:
        super().__init__(Graph(name))
        self.frames: list[Frame] = []
        self.calls: list[Kernel] = []

    # -- places and errors

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def error(self, node: ast.AST, text: str) -> HlsError:
        return HlsError(f"{self.frame.source.at(node)}: {text}")

    @contextmanager
    def at(self, node: ast.stmt) -> Iterator[None]:
        """New nodes belong to the line of this statement."""
        before, source = self.graph.where, self.frame.source
        self.graph.where = Where(source.file, node.lineno, source.lines[node.lineno - 1].strip())
        try:
            yield
        finally:
            self.graph.where = before

    def make(self, place: ast.AST, op: str, *args: Any, attrs: tuple[int, ...] = ()) -> Any:
        """Build a node from values, or compute it when all are constants."""
        try:
            node = self.graph.make(op, tuple(self.node(arg, place) for arg in args), attrs)
        except RangeError as error:
            raise self.error(place, str(error)) from None
        return self.seen(node)

    def node(self, value: Any, place: ast.AST) -> Node:
        if isinstance(value, Node):
            return value
        if isinstance(value, (int, bool)):
            return self.graph.const(int(value))
        what = "a tuple" if isinstance(value, tuple) else f"{value!r}"
        raise self.error(place, f"got {what}; an integer is needed here")

    # -- calls

    def call(self, kernel: Kernel, args: list[Any], parameters: dict[str, Any], place: ast.AST | None) -> Any:
        """Expand a kernel with these argument values; checks them and the result against the annotations."""
        if kernel in self.calls and place is not None:
            raise self.error(
                place, f"{kernel.name} calls itself; recursion is not accepted, use for over a constant range"
            )
        inputs, output = kernel.signature(parameters)
        if place is not None:
            for value, (name, type_) in zip(args, inputs.items(), strict=True):
                self.fits(value, type_, place, f"argument {name} of {kernel.name}")
        scope = {**kernel.namespace(), **parameters}
        self.frames.append(Frame(kernel.source, scope, dict(zip(inputs, args, strict=True))))
        self.calls.append(kernel)
        try:
            result = self.block(kernel.source.tree.body)
            if isinstance(result, NoReturn):
                raise self.error(
                    kernel.source.tree, f"{kernel.name} may end without a return; every path returns a value"
                )
            self.fits(result[0], output, result[1], "the result")
        finally:
            self.frames.pop()
            self.calls.pop()
        return result[0]

    def fits(self, value: Any, type_: Type, place: ast.AST, what: str) -> None:
        """Refuse a value that may overflow its declared type."""
        if isinstance(type_, Tuple):
            if not isinstance(value, tuple) or len(value) != len(type_.items):
                got = f"{len(value)} elements" if isinstance(value, tuple) else "an integer"
                raise self.error(place, f"{what} has {got}; {type_} is declared")
            for index, (item, item_type) in enumerate(zip(value, type_.items, strict=True)):
                self.fits(item, item_type, place, f"{what}[{index}]")
            return
        if isinstance(type_, Open) and isinstance(value, tuple):
            return
        node = self.node(value, place)
        if isinstance(type_, Int) and not type_.lo <= node.lo <= node.hi <= type_.hi:
            got = f"{node.lo}" if node.lo == node.hi else f"{node.lo} .. {node.hi}"
            limits = f"{type_} holds {type_.lo} .. {type_.hi}"
            raise self.error(
                place, f"{what} may be {got} and overflow; {limits}: widen it, or slice with bits(x, hi, lo)"
            )

    # -- statements

    def block(self, body: list[ast.stmt]) -> Any:
        """Run statements; the pair (value, return statement), or NO_RETURN at the end of the list."""
        for position, statement in enumerate(body):
            with self.at(statement):
                if isinstance(statement, ast.Return):
                    if statement.value is None:
                        raise self.error(statement, "return without a value; a kernel returns an integer or a tuple")
                    return self.value(statement.value), statement
                if isinstance(statement, ast.If):
                    result = self.branch(statement, body[position + 1 :])
                    if not isinstance(result, NoReturn) or has_return(statement):
                        return result
                else:
                    self.statement(statement)
        return NO_RETURN

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            first = len(self.graph.nodes)
            value = self.value(node.value)
            if isinstance(node.targets[0], ast.Name):
                label(value, node.targets[0].id)
                self.label_parts(first, node.targets[0].id)
            for target in node.targets:
                self.assign(target, value)
        elif isinstance(node, ast.AnnAssign):
            self.declare(node)
        elif isinstance(node, ast.AugAssign):
            if not isinstance(node.target, ast.Name):
                raise self.error(node.target, "only a name can be assigned; a tuple is built anew")
            load = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            self.assign(node.target, self.value(ast.copy_location(ast.BinOp(load, node.op, node.value), node)))
        elif isinstance(node, ast.For):
            self.loop(node)
        elif isinstance(node, ast.Assert):
            held = self.value(node.test)
            if isinstance(held, Node):
                raise self.error(node, "assert of a run-time value is not accepted; it can check parameters only")
            if not held:
                raise self.error(node, f"assertion failed: {ast.unparse(node.test)}")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            pass
        elif not isinstance(node, ast.Pass):
            accepted = "assignment, if, for, assert and return"
            default = f"{type(node).__name__.lower()} statements are not accepted; a kernel has {accepted}"
            raise self.error(node, REFUSED_STATEMENTS.get(type(node), default))

    def label_parts(self, first: int, name: str) -> None:
        """Intermediate values of a statement carry the name that it assigns."""
        for made in self.graph.nodes[first:]:
            if made.name is None and not made.is_const:
                made.name = f"{name}_{made.op}"

    def declare(self, node: ast.AnnAssign) -> None:
        """`name: u[8] = value`: the value must provably fit."""
        if not isinstance(node.target, ast.Name) or node.value is None:
            raise self.error(node, "a declaration is written name: type = value")
        value = self.value(node.value)
        scope = {**self.frame.scope, **{k: v for k, v in self.frame.names.items() if isinstance(v, int)}}
        type_ = self.calls[-1].annotation(node.annotation, scope, f"the type of {node.target.id}", node)
        if not is_open(type_):
            self.fits(value, type_, node, node.target.id)
        self.assign(node.target, value)

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            label(value, target.id)
            self.frame.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            if not isinstance(value, tuple) or len(value) != len(target.elts):
                got = f"{len(value)} values" if isinstance(value, tuple) else "an integer"
                raise self.error(target, f"got {got}; {len(target.elts)} names are assigned")
            for element, item in zip(target.elts, value, strict=True):
                self.assign(element, item)
        else:
            raise self.error(target, f"{ast.unparse(target)} cannot be assigned; only names can, a tuple is built anew")

    def loop(self, node: ast.For) -> None:
        if node.orelse:
            raise self.error(node, "else of a for is not accepted; write it after the loop")
        items = self.value(node.iter)
        if not isinstance(items, (tuple, range)):
            raise self.error(node.iter, "for runs over a constant range or a tuple")
        for item in self.unroll(items, node.iter):
            self.assign(node.target, item)
            if not isinstance(self.block(node.body), NoReturn):
                raise self.error(node, "return inside a loop is not accepted; keep the result and return it after")

    def unroll(self, items: tuple[Any, ...] | range, place: ast.AST) -> Iterator[Any]:
        if len(items) > MAX_UNROLL:
            raise self.error(place, f"the loop has {len(items)} iterations; at most {MAX_UNROLL} are unrolled")
        return iter(items)

    # -- conditions

    def condition(self, node: ast.expr) -> Any:
        """A truth value: a Python bool, or a node of one bit."""
        value = self.value(node)
        if isinstance(value, Node):
            if value.lo < 0 or value.hi > 1:
                wide = f"{value.lo} .. {value.hi}"
                raise self.error(node, f"a condition of {wide} is not accepted; compare it, for example with != 0")
            return value
        if isinstance(value, tuple):
            raise self.error(node, "a tuple is not a condition; compare its elements")
        return bool(value)

    def branch(self, node: ast.If, rest: list[ast.stmt]) -> Any:
        """if and else. When a branch returns, the statements after the if belong to the branch that does not."""
        condition = self.condition(node.test)
        returns = has_return(node)
        if not isinstance(condition, Node):
            body = node.body if condition else node.orelse
            return self.block([*body, *rest] if returns else body)
        before = self.frame.names
        outcomes = []
        for holds, body in ((True, node.body), (False, node.orelse)):
            self.frame.names = dict(before)
            with self.assuming(condition, holds):
                outcomes.append((self.block([*body, *rest] if returns else body), self.frame.names))
        self.frame.names = before
        (result_a, names_a), (result_b, names_b) = outcomes
        if returns:
            if isinstance(result_a, NoReturn) or isinstance(result_b, NoReturn):
                raise self.error(node, "one path returns and another does not; every path returns a value")
            return self.merge(condition, result_a[0], result_b[0], node, "the result"), node
        for name in {**names_a, **names_b}:
            sides = [names.get(name, Undefined(self.frame.source.at(node))) for names in (names_a, names_b)]
            undefined = next((side for side in sides if isinstance(side, Undefined)), None)
            before[name] = undefined or self.merge(condition, sides[0], sides[1], node, name)
            if sides[0] is not sides[1]:
                label(before[name], name)
        return NO_RETURN

    def merge(self, condition: Node, a: Any, b: Any, place: ast.AST, what: str) -> Any:
        """a where the condition holds, else b, element by element."""
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            return tuple(self.merge(condition, x, y, place, what) for x, y in zip(a, b, strict=True))
        if isinstance(a, tuple) or isinstance(b, tuple):
            raise self.error(place, f"{what} has another shape on each path; both sides need the same")
        if a is b or (not isinstance(a, Node) and not isinstance(b, Node) and a == b):
            return a
        return self.make(place, "select", condition, a, b)

    def value(self, node: ast.expr) -> Any:
        return expressions.evaluate(self, node)

    def values(self, elements: list[ast.expr]) -> list[Any]:
        return expressions.spread(self, elements)


class NoReturn:
    """The end of a block without a return."""


NO_RETURN = NoReturn()


def has_return(node: ast.stmt) -> bool:
    return any(isinstance(inner, ast.Return) for inner in ast.walk(node))


def label(value: Any, name: str) -> None:
    """Remember the first name that the source gives to a node."""
    if isinstance(value, Node) and value.name is None:
        value.name = name
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            label(item, f"{name}_{index}")


def trace(instance: Instance) -> Graph:
    """The dataflow of an instance as written; raises HlsError at the source line of anything outside the language."""
    front = Frontend(instance.name)
    arguments = []
    for name, type_ in instance.inputs.items():
        leaves = scalars(type_)
        many = isinstance(type_, Tuple)
        nodes: list[Any] = [
            front.graph.input(f"{name}_{index}" if many else name, leaf.lo, leaf.hi)
            for index, leaf in enumerate(leaves)
        ]
        arguments.append(build(nodes, type_))
    result = front.call(instance.kernel, arguments, instance.parameters, None)
    for name, type_ in instance.outputs.items():
        item = result[list(instance.outputs).index(name)] if len(instance.outputs) > 1 else result
        values = flatten_values(item)
        for index, (value, leaf) in enumerate(zip(values, scalars(type_), strict=True)):
            port = f"{name}_{index}" if isinstance(type_, Tuple) else name
            front.graph.outputs.append((port, front.node(value, instance.kernel.source.tree)))
            front.graph.output_ranges.append((leaf.lo, leaf.hi))
    return front.graph


def flatten_values(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in flatten_values(item)] if isinstance(value, tuple) else [value]


from npusim_hls import expressions  # noqa: E402  (the two halves of one evaluator refer to each other)
