"""The container of a `.npu` file: a checked JSON header and named binary sections.  See `docs/program-file.md`.

```text
 0  magic            8 bytes, 89 'N' 'P' 'U' 0D 0A 1A 0A
 8  format version   u32      all integers are little-endian
12  header length    u32
16  file length      u64
24  header CRC-32    u32
28  CRC-32 of bytes 0..27, u32
32  header           JSON; sections follow on multiples of 64, everything in between is zero
```

Reading trusts no length: all of them are compared with the size of the file before memory is asked for.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.errors import ProgramError

U8 = npt.NDArray[np.uint8]
MAGIC = b"\x89NPU\r\n\x1a\n"
FORMAT = 2  # 2: weight tiles chunk by chunk
ALIGN = 64
_PREFIX = struct.Struct("<8sIIQII")


def _align(n: int) -> int:
    return -(-n // ALIGN) * ALIGN


def dumps(value: Any) -> str:
    """Return JSON that is the same for the same value: keys in order, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def loads(text: str | bytes, where: str) -> Any:
    """Parse JSON strictly; `ProgramError` naming `where` otherwise."""

    def refuse(name: str) -> Any:
        raise ValueError(f"the number {name} is not allowed")

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ProgramError(f"{where}: not valid JSON: {error}") from None


def pack(fields: dict[str, Any], sections: dict[str, U8]) -> list[bytes | memoryview]:
    """Return the file's chunks for header fields and sections (uint8 arrays, in order)."""
    # The header states where the sections are, and its own length moves them: offsets count from the end of the header.
    table: list[dict[str, Any]] = []
    offset = 0
    for name, data in sections.items():
        row = {"name": name, "offset": offset, "length": data.size, "crc32": zlib.crc32(data.data)}
        table.append(row)
        offset = _align(offset + data.size)
    header = dumps({**fields, "sections": table}).encode()
    start = _align(_PREFIX.size + len(header))
    end = start + (table[-1]["offset"] + table[-1]["length"] if table else 0)
    prefix = _PREFIX.pack(MAGIC, FORMAT, len(header), end, zlib.crc32(header), 0)[:-4]
    chunks: list[bytes | memoryview] = [prefix, struct.pack("<I", zlib.crc32(prefix)), header]
    at = _PREFIX.size + len(header)
    for entry, data in zip(table, sections.values(), strict=True):
        begin = start + entry["offset"]
        chunks += [bytes(begin - at), data.data]
        at = begin + data.size
    if not table:
        chunks.append(bytes(start - at))
    return chunks


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, U8]]:
    """Return header fields and sections (views of one buffer) of a file; `ProgramError` in one sentence."""
    where = os.fspath(path)
    try:
        if not stat.S_ISREG(os.stat(where).st_mode):
            raise ProgramError(f"{where}: cannot read the program: not a regular file")
        with Path(where).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            _check_prefix(stream.read(_PREFIX.size), size, where)
            stream.seek(0)
            data = np.empty(size, np.uint8)
            if stream.readinto(data.data) != size:
                raise ProgramError(f"{where}: truncated while it was read; {size} bytes were expected")
    except OSError as error:
        raise ProgramError(f"{where}: cannot read the program: {error.strerror or error}") from None
    except MemoryError:
        raise ProgramError(f"{where}: cannot read the program: {size} bytes do not fit the memory") from None
    return unpack(data, where)


def _check_prefix(raw: bytes, size: int, where: str) -> tuple[int, int]:
    """Check the fixed part; return header length and CRC."""
    head = raw[: len(MAGIC)]
    if not head or head != MAGIC[: len(head)]:
        found = head.hex(" ") if head else "nothing"
        raise ProgramError(f"{where}: not an .npu program: it begins with {found}, expected {MAGIC.hex(' ')}")
    if len(raw) < _PREFIX.size:
        raise ProgramError(f"{where}: truncated: {size} bytes, expected at least {_PREFIX.size}")
    _, version, length, total, crc, own = _PREFIX.unpack(raw)
    if zlib.crc32(raw[:-4]) != own:
        raise ProgramError(
            f"{where}: corrupted: CRC-32 of its first 28 bytes is 0x{zlib.crc32(raw[:-4]):08x}, stated 0x{own:08x}"
        )
    if version != FORMAT:
        age = "newer than" if version > FORMAT else "not one that"
        raise ProgramError(
            f"{where}: program format {version} is {age} this npusim reads ({FORMAT}); "
            "compile the model again, or use the npusim that wrote it"
        )
    if size != total:
        fault = "truncated" if size < total else "corrupted"
        raise ProgramError(f"{where}: {fault}: {size} bytes, stated {total}")
    if _PREFIX.size + length > total:
        raise ProgramError(f"{where}: corrupted: a header of {length} bytes in a file of {total}")
    return length, crc


def unpack(data: U8, where: str) -> tuple[dict[str, Any], dict[str, U8]]:
    """Return header fields and sections of a whole file in memory; `ProgramError` naming `where`."""
    length, crc = _check_prefix(data[: _PREFIX.size].tobytes(), data.size, where)
    header = data[_PREFIX.size : _PREFIX.size + length].tobytes()
    if zlib.crc32(header) != crc:
        raise ProgramError(f"{where}: corrupted: the header's CRC-32 is 0x{zlib.crc32(header):08x}, stated 0x{crc:08x}")
    fields = loads(header, f"{where}: header")
    table = fields.pop("sections", None) if isinstance(fields, dict) else None
    if not isinstance(table, list):
        raise ProgramError(f"{where}: header: it has no list of sections")
    sections: dict[str, U8] = {}
    at, start = _PREFIX.size + length, _align(_PREFIX.size + length)
    for row in table:
        name, size, stated = _section_row(row, start, data.size, where)
        begin = _align(at)
        if start + row["offset"] != begin or name in sections:
            raise ProgramError(f"{where}: header: section {name!r} begins at {row['offset']}, expected {begin - start}")
        body = data[begin : begin + size]
        if (got := zlib.crc32(body.data)) != stated:
            raise ProgramError(f"{where}: corrupted: section {name!r} has CRC-32 0x{got:08x}, stated 0x{stated:08x}")
        if data[at:begin].any():
            raise ProgramError(f"{where}: corrupted: the bytes before section {name!r} are not zero")
        sections[name] = body
        at = begin + size
    if at != data.size and (table or data[at:].any() or data.size != start):
        raise ProgramError(f"{where}: corrupted: {data.size - at} bytes follow the last section")
    return fields, sections


def _section_row(row: Any, start: int, total: int, where: str) -> tuple[str, int, int]:
    keys = ("offset", "length", "crc32")
    if not isinstance(row, dict) or set(row) != {"name", *keys} or not isinstance(row["name"], str):
        raise ProgramError(f"{where}: header: a row of the section table is malformed")
    if any(type(row[key]) is not int or row[key] < 0 for key in keys):
        raise ProgramError(f"{where}: header: section {row['name']!r} has an offset, length or CRC-32 that is no count")
    if start + row["offset"] + row["length"] > total:
        raise ProgramError(
            f"{where}: corrupted: section {row['name']!r} ends at {start + row['offset'] + row['length']}, "
            f"behind the end of the file ({total})"
        )
    return row["name"], row["length"], row["crc32"]
