"""Assembler and disassembler: instruction words to text, one instruction a line, and exactly back.

```text
; 3: resnet_v1_50/conv1 (Conv) 55 x 55 x 64
    s_wr ROWS, 55
    v_rd InitialVrf, 1024, low
    mv_mul 16
    vv_add mfu1, 512, step
    v_clip mfu1, 0.0, 6.0
    v_wr AddSubVrf_1, 0
    end_chain wait=weight,compute give=vector node=3
```

Operands stand in the order of the table's fields, flags last and by name, fields of `end_chain` as name=value; any
field may be given as name=value.  Numbers are decimal or hexadecimal (0x); halfs are decimal literals, or bit patterns
in hexadecimal.  `;` and `#` begin comments.  Commas, white space and empty lines are free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from npusim import isa
from npusim.errors import ProgramError, nearest
from npusim.program import U64, NodeRow

_SPACES = {name: int(space) for space, name in isa.SPACE_NAMES.items()}
_REGS = {reg.name: int(reg) for reg in isa.Reg}
_QUEUES = {name: 1 << queue for queue, name in isa.QUEUE_NAMES.items()}
_NAMES = {"space": _SPACES, "reg": _REGS, "mfu": {"mfu0": 0, "mfu1": 1}}
_PRINTED = {kind: {value: name for name, value in names.items()} for kind, names in _NAMES.items()}
_TOKEN = re.compile(rf"\w+=[^\s,]*(?:,(?:{'|'.join(_QUEUES)})\b)*|[^\s,]+")
_MIN_HALF, _MAX_HALF = Fraction(1, 1 << 14), Fraction(65504)


# ------------------------------------------------------------------------------------------------------ disassembler


def disassemble(words: U64, nodes: Sequence[NodeRow] = ()) -> str:
    """Return the text of instruction words; `ProgramError` naming a word that is no instruction.

    nodes: rows that `end_chain` refers to; a comment names the layer where it changes.
    """
    lines: list[str] = []
    chain: list[str] = []
    layer, depth = -1, 0
    for at, word in enumerate(words.tolist()):
        try:
            row, values = isa.decode(word)
        except ValueError as error:
            raise ProgramError(f"word {at}: {error}") from None
        depth -= row.name == "end_loop" and depth > 0
        chain.append(f"{'  ' * (depth + 2)}{format_instr(row, values)}")
        depth += row.name == "loop"
        if row.stage is isa.Stage.END:
            if (node := values["node"]) != layer and node < len(nodes):
                lines.append(f"; {node}: {_describe(nodes[node])}")
            layer = node
            lines += [*chain, ""]
            chain = []
    return "\n".join([*lines, *chain]).rstrip("\n") + "\n"


def _describe(node: NodeRow) -> str:
    """Return a layer's name as a comment: one line, whatever characters the name has."""
    text = f"{node.layer} ({node.op}) {' x '.join(map(str, node.shape))}"
    return "".join(c if c.isprintable() else "?" for c in text)


def format_instr(row: isa.Instr, values: dict[str, int]) -> str:
    """Return one instruction as text."""
    positional, named = [], []
    for field in row.fields:
        value = values[field.name]
        if field.kind == "flag":
            named += [field.name] if value else []
        elif field.kind == "mask":
            queues = ",".join(name for name, bit in _QUEUES.items() if value & bit)
            named += [f"{field.name}={queues}"] if value else []
        elif field.kind == "node":
            named.append(f"{field.name}={value}")
        else:
            positional.append(_format_value(field, value))
    separator = ", " if row.stage is not isa.Stage.END else " "
    return f"{row.name} {separator.join([*positional, *named])}".rstrip()


def _format_value(field: isa.Field, value: int) -> str:
    if field.kind in _PRINTED:
        return _PRINTED[field.kind].get(value, f"{field.kind}{value}")
    if field.kind == "half":
        return format_half(value)
    if field.kind == "int" and value > field.limit >> 1:
        return str(value - field.limit - 1)
    return str(value)


def format_half(bits: int) -> str:
    """Return the shortest decimal literal of a half; 0x.... for subnormals, infinities and NaN, which are none."""
    exponent = bits >> 10 & 31
    if exponent == 31 or (exponent == 0 and bits & 0x3FF):
        return f"0x{bits:04x}"
    return str(np.uint16(bits).view(np.float16))


# --------------------------------------------------------------------------------------------------------- assembler


def assemble(text: str, where: str = "program") -> U64:
    """Return the words: uint64[n] of a text; `ProgramError` naming `where` and the line."""
    return assemble_lines(((i, line) for i, line in enumerate(text.split("\n"), 1)), where)


def assemble_lines(lines: Iterator[tuple[int, str]], where: str) -> U64:
    """Return the words of numbered lines."""
    words = []
    for number, line in lines:
        if tokens := _tokens(line):
            try:
                words.append(parse_instr(tokens))
            except ValueError as error:
                raise ProgramError(f"{where}:{number}: {error}") from None
    return np.array(words, np.uint64)


def _tokens(line: str) -> list[str]:
    code = re.split(r"[;#]", line, maxsplit=1)[0]
    return _TOKEN.findall(re.sub(r"\s*([,=])\s*", r"\1", code))


def parse_instr(tokens: list[str]) -> int:
    """Return the word of one tokenised instruction; ValueError saying what is wrong."""
    row = isa.BY_NAME.get(tokens[0])
    if row is None:
        raise ValueError(f"unknown instruction {tokens[0]!r}{nearest(tokens[0], isa.BY_NAME)}")
    names = {f.name: f for f in row.fields}
    free = [f for f in row.fields if f.kind not in ("flag", "mask", "node")]
    needed = list(free)
    values: dict[str, int] = {}
    for token in tokens[1:]:
        key, equals, operand = token.partition("=")
        if equals:
            if key not in names:
                raise ValueError(f"{row.name} has no field {key!r}{nearest(key, names) if names else ''}")
            field, value = names[key], _parse_value(names[key], operand)
        elif token in names and names[token].kind == "flag":
            field, value = names[token], 1
        elif free:
            field, value = free[0], _parse_value(free[0], token)
        else:
            raise ValueError(f"{row.name}: unexpected operand {token!r}, expected {_usage(row)}")
        if field.name in values:
            raise ValueError(f"{row.name}: {field.name} is given twice")
        values[field.name] = value
        free = [f for f in free if f is not field]
    if missing := [f.name for f in needed if f.name not in values]:
        raise ValueError(f"{row.name}: {', '.join(missing)} is missing, expected {_usage(row)}")
    return isa.encode(row.name, **values)


def _usage(row: isa.Instr) -> str:
    forms = {"flag": "[{}]", "mask": "[{}=queue,...]", "node": "[{}=n]"}
    return " ".join([row.name, *(forms.get(f.kind, "{}").format(f.name) for f in row.fields)])


def _parse_value(field: isa.Field, text: str) -> int:
    """Return the bits of a field; ValueError saying what fits."""
    if field.kind == "mask":
        return _parse_mask(field, text)
    if field.kind in _NAMES:
        names = _NAMES[field.kind]
        if text in names:
            return names[text]
        numbered = re.fullmatch(rf"(?:{field.kind})?(\d{{1,9}})", text)
        if numbered is None:
            raise ValueError(f"unknown {field.kind} {text!r}{nearest(text, names)}")
        text = numbered[1]
    if field.kind == "half" and not text.lower().startswith("0x"):
        return parse_half(field.name, text)
    if not re.fullmatch(r"[+-]?(\d{1,30}|0[xX][0-9a-fA-F]{1,30})", text):
        raise ValueError(f"{field.name} {text!r:.60} is not a decimal or hexadecimal number")
    value = int(text, 16 if "x" in text.lower() else 10)
    least = -(field.limit + 1 >> 1) if field.kind == "int" else 0
    if not least <= value <= field.limit:
        raise ValueError(f"{field.name} {text} does not fit the {field.width}-bit field ({least}..{field.limit})")
    return value & field.limit


def _parse_mask(field: isa.Field, text: str) -> int:
    bits = 0
    for name in text.split(","):
        if name not in _QUEUES:
            raise ValueError(f"{field.name}: unknown queue {name!r}{nearest(name, _QUEUES)}")
        if bits & _QUEUES[name]:
            raise ValueError(f"{field.name}: queue {name} is given twice")
        bits |= _QUEUES[name]
    return bits


def parse_half(name: str, text: str) -> int:
    """Return the bits of the half nearest to a decimal literal; ValueError where it is none."""
    if not re.fullmatch(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?", text):
        raise ValueError(f"{name} {text!r:.60} is not a decimal number")
    magnitude = abs(Fraction(text))
    if magnitude > _MAX_HALF or 0 < magnitude < _MIN_HALF:
        raise ValueError(f"{name} {text} is not a half (0, or magnitudes 2^-14..65504)")
    return int(np.float16(text).view(np.uint16))
