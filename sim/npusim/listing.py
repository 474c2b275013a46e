"""A whole program as text, and exactly back: `npusim disasm` and `npusim asm`.

Directives carry what the instructions do not: one line a field of `Program`, one line an item where the field is a
list, each followed by JSON.  Large binary sections (DRAM image, index tables, host models) are in a sidecar file beside
the text, or in the text as base64.

```text
.npu 1
.config {"act_mantissa":5,...}
.io {"direction":"in",...}
.sidecar "resnet50.dram"
.section {"crc32":123,"length":4096,"name":"dram","offset":0}
.code
    s_wr ROWS, 55
```
"""

from __future__ import annotations

import base64
import os
import re
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from npusim.asm import assemble_lines, disassemble
from npusim.container import FORMAT, U8, dumps, loads
from npusim.errors import ProgramError, nearest
from npusim.program import Program

_LISTS = tuple(f.name for f in fields(Program) if str(f.type).startswith("tuple"))
_SCALARS = ("isa", *(f.name for f in fields(Program) if f.name not in (*_LISTS, "words")))
_BASE64_LINE = 96
WORDS = "words"


def disassemble_program(program: Program, sidecar: str | None = None) -> tuple[str, bytes]:
    """Return the text of a program and the bytes of its sidecar file.

    sidecar: the file's name as the text will state it; None puts everything into the text.
    """
    header, sections = program.to_parts()
    lines = [f".npu {FORMAT}"]
    for key in _SCALARS:
        lines.append(f".{key} {dumps(header[key])}")
    for key in _LISTS:
        lines += [f".{key} {dumps(item)}" for item in header[key]]
    if sidecar is not None:
        lines.append(f".sidecar {dumps(sidecar)}")
    blob = bytearray()
    for name, data in sections.items():
        if name == WORDS:
            continue
        row = {"name": name, "length": data.size, "crc32": zlib.crc32(data.data)}
        if sidecar is not None:
            row["offset"] = len(blob)
            blob += data.data
        lines.append(f".section {dumps(row)}")
        if sidecar is None:
            code = base64.b64encode(data.data).decode()
            lines += [f"  .base64 {code[i : i + _BASE64_LINE]}" for i in range(0, len(code), _BASE64_LINE)]
    lines += [".code", disassemble(program.words, program.nodes)]
    return "\n".join(lines), bytes(blob)


def assemble_program(text: str, where: str, folder: str | os.PathLike[str] = ".") -> Program:
    """Return the program of a text with directives; sidecar files are looked up in `folder`.

    Raises `ProgramError` naming `where` and the line.
    """
    header: dict[str, Any] = {key: [] for key in _LISTS}
    sections: dict[str, U8] = {WORDS: np.empty(0, np.uint8)}
    rows: list[tuple[str, dict[str, Any], list[str]]] = []
    blob: bytes | None = None
    lines = text.split("\n")
    at = 0
    for at, line in enumerate(lines):
        key, _, rest = line.strip().partition(" ")
        spot = f"{where}:{at + 1}"
        if key == ".code":
            break
        if not key or key[0] in ";#":
            continue
        if key == ".npu":
            if rest.strip() != str(FORMAT):
                raise ProgramError(f"{spot}: program format {rest.strip()!r:.20}, expected {FORMAT}")
        elif key == ".base64" and rows:
            rows[-1][2].append(rest)
        elif key == ".sidecar":
            blob = _read_sidecar(_json(rest, spot), Path(folder), spot)
        elif key == ".section":
            rows.append((spot, _section_row(_json(rest, spot), spot), []))
        elif key[1:] in _LISTS and key[0] == ".":
            header[key[1:]].append(_json(rest, spot))
        elif key[1:] in _SCALARS and key[0] == ".":
            if key[1:] in header:
                raise ProgramError(f"{spot}: directive {key} is given twice")
            header[key[1:]] = _json(rest, spot)
        elif key[0] != ".":
            raise ProgramError(f"{spot}: {key!r:.40} before the .code directive, expected a directive")
        else:
            known = [f".{k}" for k in ("npu", "sidecar", "section", "base64", "code", *_SCALARS, *_LISTS)]
            raise ProgramError(f"{spot}: unknown directive {key!r:.40}{nearest(key, known)}")
    else:
        raise ProgramError(f"{where}: no .code directive: only what `npusim disasm` writes makes a whole program")
    for spot, row, code in rows:
        if row["name"] in sections:
            raise ProgramError(f"{spot}: section {row['name']!r} is given twice")
        sections[row["name"]] = _section(row, code, blob, spot)
    words = assemble_lines(((i, lines[i - 1]) for i in range(at + 2, len(lines) + 1)), where)
    sections[WORDS] = words.view(np.uint8)
    header[WORDS] = {"section": WORDS}
    return Program.from_parts(header, sections, where)


def _json(text: str, spot: str) -> Any:
    return loads(text, spot)


def _read_sidecar(name: Any, folder: Path, spot: str) -> bytes:
    if not isinstance(name, str) or not re.fullmatch(r"[^/\\\0]+", name) or name in (".", ".."):
        raise ProgramError(f"{spot}: the sidecar is {name!r:.60}, expected a file name without a folder")
    path = folder / name
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "no such file")
        return path.read_bytes()
    except OSError as error:
        raise ProgramError(f"{spot}: cannot read the sidecar {path}: {error.strerror or error}") from None


def _section_row(row: Any, spot: str) -> dict[str, Any]:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise ProgramError(f"{spot}: a section states its name, length and crc32")
    for key in ("length", "crc32", *(["offset"] if "offset" in row else [])):
        if type(row.get(key)) is not int or row[key] < 0:
            raise ProgramError(f"{spot}: section {row['name']!r}: {key} is {row.get(key)!r:.40}, expected a count")
    return row


def _section(row: dict[str, Any], code: list[str], blob: bytes | None, spot: str) -> U8:
    name, length = row["name"], row["length"]
    if "offset" in row:
        if blob is None:
            raise ProgramError(f"{spot}: section {name!r} is in a sidecar, but no .sidecar is given")
        raw = blob[row["offset"] : row["offset"] + length]
    else:
        text = "".join("".join(code).split())
        try:
            if len(text) % 4:  # Python 3.10 leaves a rest of one character out
                raise ValueError("its length is not a multiple of 4")
            raw = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ProgramError(f"{spot}: section {name!r} is not base64: {error}") from None
    if len(raw) != length:
        raise ProgramError(f"{spot}: section {name!r} has {len(raw)} bytes, stated {length}")
    if zlib.crc32(raw) != row["crc32"]:
        raise ProgramError(f"{spot}: section {name!r} has CRC-32 0x{zlib.crc32(raw):08x}, stated 0x{row['crc32']:08x}")
    return np.frombuffer(raw, np.uint8)
