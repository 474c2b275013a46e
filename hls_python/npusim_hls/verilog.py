"""Verilog text from Pyverilog's syntax tree: three nodes of our own, and the house's layout.

Pyverilog's tree has no comments and declares and assigns a net in two statements; `Comment` and `Net` add these. The
text is a function of the tree alone, byte for byte.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)  # Pyverilog leaves its VERSION file open
    from pyverilog.ast_code_generator.codegen import ASTCodeGenerator
    from pyverilog.vparser import ast as vast


class Comment(vast.Node):  # type: ignore[misc]
    """A line of comment."""

    def __init__(self, text: str) -> None:
        self.text = text

    def children(self) -> tuple[()]:
        return ()


class Net(vast.Node):  # type: ignore[misc]
    """`wire [w-1:0] name = expression;`"""

    def __init__(self, name: str, width: int, value: vast.Node) -> None:
        self.name, self.width, self.value = name, width, value

    def children(self) -> tuple[vast.Node, ...]:
        return (self.value,)


class PortComment(vast.Node):  # type: ignore[misc]
    """A port with a comment behind it."""

    def __init__(self, port: vast.Node, text: str) -> None:
        self.port, self.text = port, text

    def children(self) -> tuple[vast.Node, ...]:
        return (self.port,)


class Generator(ASTCodeGenerator):  # type: ignore[misc]
    """Pyverilog's code generator with the added nodes."""

    def __init__(self) -> None:
        super().__init__(indentsize=4)

    def visit_Comment(self, node: Comment) -> str:
        return f"// {node.text}"

    def visit_Net(self, node: Net) -> str:
        value = self.visit(node.value)
        while value.startswith("(") and closes_at_end(value):
            value = value[1:-1]
        return f"wire {vector(node.width)}{node.name} = {value};"

    def visit_PortComment(self, node: PortComment) -> str:
        return f"{self.visit(node.port)}\0{node.text}"

    def visit_Concat(self, node: vast.Concat) -> str:
        return "{" + ", ".join(self.visit(item) for item in node.list) + "}"

    def visit_Repeat(self, node: vast.Repeat) -> str:
        return f"{{{self.visit(node.times)}{{{self.visit(node.value)}}}}}"

    def visit_Cond(self, node: vast.Cond) -> str:
        return f"({self.visit(node.cond)} ? {self.visit(node.true_value)} : {self.visit(node.false_value)})"


def vector(width: int) -> str:
    return f"[{width - 1}:0] " if width > 1 else ""


def closes_at_end(text: str) -> bool:
    """Whether the parenthesis that opens the text is the one that ends it."""
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return position == len(text) - 1
    return False


def render(module: vast.ModuleDef, header: list[str]) -> str:
    """The file of one module under its header comment lines."""
    text: str = Generator().visit(module)
    text = text.strip("\n")
    text = re.sub(rf"^module {module.name}\s*\(\n", f"module {module.name} (\n", text)
    text = re.sub(r"^( *)([^\n]*?)\0([^\n]*?)(,?)$", align_port, text, flags=re.MULTILINE)
    lines = [line.rstrip() for line in text.split("\n")]
    body = re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).replace("\n\nendmodule", "\nendmodule")
    comment = "\n".join(f"// {line}".rstrip() for line in header)
    return f"{comment}\n`default_nettype none\n{body}\n`default_nettype wire\n"


def align_port(found: re.Match[str]) -> str:
    indent, port, text, comma = found.groups()
    return f"{indent}{port + comma:<36} // {text}"


def number(value: int, width: int) -> vast.Node:
    """A sized constant; negative values in two's complement."""
    pattern = value & ((1 << width) - 1)
    return vast.IntConst(f"{width}'d{pattern}" if width <= 16 else f"{width}'h{pattern:x}")


def name(text: str) -> vast.Node:
    return vast.Identifier(text)


def call(function: str, *args: Any) -> vast.Node:
    """`$function(args)`."""
    return vast.SystemCall(function, args)


__all__ = ["Comment", "Generator", "Net", "PortComment", "call", "name", "number", "render", "vast", "vector"]
