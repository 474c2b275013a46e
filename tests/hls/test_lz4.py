"""The package's LZ4 writer, which stands in for liblz4: what it writes decodes to what went in."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

import npusim_hls

MAIN = """
#include "lz4.h"
#include <iostream>
#include <iterator>
#include <vector>
int main() {
    std::vector<char> in((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
    std::vector<char> out(LZ4_compressBound(in.size()));
    std::cout.write(out.data(), LZ4_compress_default(in.data(), out.data(), in.size(), out.size()));
}
"""


def decode(block: bytes) -> bytes:
    """LZ4's block format, read as its document says."""
    out, at = bytearray(), 0

    def length(short: int) -> int:
        nonlocal at
        total = short
        while short == 15:
            total += block[at]
            at += 1
            if block[at - 1] != 255:
                break
        return total

    while at < len(block):
        token = block[at]
        at += 1
        literals = length(token >> 4)
        out += block[at : at + literals]
        at += literals
        if at == len(block):
            break
        distance = block[at] | block[at + 1] << 8
        at += 2
        assert 0 < distance <= len(out)
        for _ in range(length(token & 15) + 4):
            out.append(out[-distance])
    return bytes(out)


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
def test_what_is_compressed_decodes(tmp_path: Path) -> None:
    (tmp_path / "main.cpp").write_text(MAIN)
    program, folder = tmp_path / "main", Path(npusim_hls.__file__).parent / "lz4"
    subprocess.run(["g++", "-O1", f"-I{folder}", tmp_path / "main.cpp", "-o", program], check=True)
    draw = random.Random(1)
    cases = [b"", b"a", b"x" * 12, b"x" * 13, b"x" * 17, b"z" * 100_000, draw.randbytes(70_000) * 2]
    cases += [bytes(draw.choices(b"abcd", k=draw.randint(0, 3000))) for _ in range(20)]
    for case in cases:
        block = subprocess.run([program], input=case, capture_output=True, check=True).stdout
        assert decode(block) == case
        assert len(block) <= len(case) + len(case) // 255 + 16
    assert len(subprocess.run([program], input=b"z" * 100_000, capture_output=True, check=True).stdout) < 500
