"""Numba kernels against NumPy on ten million pairs, and against plain Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from npusim_hls.check import compare, run_numba, run_plain
from npusim_hls.errors import HlsError
from npusim_hls.kernel import kernel
from npusim_hls.kernels import KERNELS
from npusim_hls.numba_executor import compile_numba
from npusim_hls.vectors import corners, operands
from npusim_hls.widths import Int, u

PAIRS = 10_000_000
Words = NDArray[np.int64]


def finite_words(rng: np.random.Generator, e: int, f: int, count: int) -> Words:
    """Random finite words, half of them with exponents near the middle."""
    middle = rng.integers((1 << (e - 1)) - 6, (1 << (e - 1)) + 6, count)
    exponent = np.where(rng.random(count) < 0.5, middle, rng.integers(0, (1 << e) - 1, count))
    return rng.integers(0, 2, count) << (e + f) | exponent << f | rng.integers(0, 1 << f, count)


def values(words: Words, e: int, f: int) -> NDArray[np.float64]:
    """The numbers that the datapath reads: subnormals are zero."""
    exponent = words >> f & ((1 << e) - 1)
    magnitude = np.ldexp(((words & ((1 << f) - 1)) | 1 << f).astype(np.float64), exponent - (1 << (e - 1)) + 1 - f)
    return np.where(words >> (e + f), -1.0, 1.0) * np.where(exponent == 0, 0.0, magnitude)


def rounded(exact: NDArray[np.float64], e: int, f: int) -> tuple[Words, Words]:
    """Words and overflow: round to f + 1 bits with an unbounded exponent, then flush or saturate."""
    fraction, power = np.frexp(exact)
    near = np.ldexp(np.rint(np.ldexp(fraction, f + 1)), power - f - 1)  # rint rounds half to even
    bias = (1 << (e - 1)) - 1
    largest = (2 - 2.0**-f) * 2.0**bias
    near = np.where(np.abs(near) < 2.0 ** (1 - bias), np.copysign(0.0, near), near)
    overflow = np.abs(near) > largest
    near = np.clip(near, -largest, largest)
    mantissa, power = np.frexp(np.abs(near))
    field = (power - 1 + bias) << f | np.ldexp(mantissa, f + 1).astype(np.int64) & ((1 << f) - 1)
    sign = np.signbit(near).astype(np.int64) << (e + f)
    return np.where(near == 0, sign, sign | field), overflow.astype(np.int64)


@pytest.mark.parametrize(("name", "e", "f"), [("f16", 5, 10), ("f32", 8, 23), ("bf16", 8, 7)])
@pytest.mark.parametrize("op", ["add", "mul"])
def test_ten_million_pairs_against_numpy(op: str, name: str, e: int, f: int) -> None:
    """float64 holds products of 24 bits exactly; a float64 sum of two 24-bit numbers rounds innocuously to 24 bits."""
    compiled = compile_numba(KERNELS[f"{name}_{op}"])
    rng = np.random.default_rng(5)
    edge = np.array([word for word in corners(Int(1 + e + f, False)) if word >> f & ((1 << e) - 1) != (1 << e) - 1])
    pairs = [tuple(np.meshgrid(edge, edge))]
    pairs += [(finite_words(rng, e, f, PAIRS // 10), finite_words(rng, e, f, PAIRS // 10)) for _ in range(10)]
    for a, b in pairs:
        x, y = values(a.ravel(), e, f), values(b.ravel(), e, f)
        want, overflow = rounded(x + y if op == "add" else x * y, e, f)
        got, flag = compiled(a.ravel(), b.ravel())
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(flag, overflow)


@pytest.mark.parametrize("name", KERNELS)
def test_numba_equals_plain_python(name: str) -> None:
    instance = KERNELS[name]
    sets = operands(instance, 1000, seed=2)[-6000:]
    assert compare(instance, "numba", sets, run_plain(instance, sets), run_numba(instance, sets)) is None


def test_arguments_are_checked() -> None:
    compiled = compile_numba(KERNELS["f16_add"])
    with pytest.raises(HlsError, match=r"f16_add: array 1 holds -1 .. 5; u\[16\] takes 0 to 65535"):
        compiled(np.array([1, 2]), np.array([-1, 5]))
    with pytest.raises(HlsError, match=r"f16_add: array 0 is float64; integers are needed"):
        compiled(np.array([1.0]), np.array([1]))
    with pytest.raises(HlsError, match=r"f16_add: got 1 arrays; it takes 2"):
        compiled(np.array([1]))
    total, overflow = compiled(np.array([[0x3C00], [0x7BFF]], np.uint16), np.array([0x3C00, 0x7BFF], np.uint16))
    assert total.tolist() == [[0x4000, 0x7BFF], [0x7BFF, 0x7BFF]]
    assert overflow.tolist() == [[0, 0], [0, 1]]


def test_values_beyond_int64_are_refused_with_the_line() -> None:
    def wide(a: u[40], b: u[40]) -> u[80]:
        return a * b

    with pytest.raises(
        HlsError, match=r"test_numba.py:\d+: a value of 80 bits; the numba executor holds up to 63 bits"
    ):
        compile_numba(kernel(wide).bind())


def test_machine_code_is_cached_between_processes(tmp_path: Path) -> None:
    script = (
        "import numpy as np; from npusim_hls.kernels import f16_relu;"
        "from npusim_hls.numba_executor import compile_numba;"
        "c = compile_numba(f16_relu); c(np.array([1])); print(sum(c.over.stats.cache_hits.values()))"
    )
    environment = {**os.environ, "NPUSIM_CACHE_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", script]
    hits = [subprocess.run(command, env=environment, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [int(done.stdout) for done in hits] == [0, 1]
