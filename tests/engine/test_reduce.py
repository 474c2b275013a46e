"""Maxima and sums over windows against slow twins, bit for bit."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.engine.reduce import Reduction, reduce_windows, windows_in_run
from npusim.errors import InputError
from npusim.numerics import from_f16_bits

F32 = npt.NDArray[np.float32]
BITS = np.arange(1 << 16, dtype=np.uint16)
FINITE = BITS[((BITS & 0x7C00) != 0x7C00) & (((BITS & 0x7C00) != 0) | ((BITS & 0x3FF) == 0))]  # halves, both zeros
ALL = from_f16_bits(FINITE)
CORNERS = from_f16_bits(
    np.array([0, 0x8000, 0x0400, 0x8400, 0x0401, 0x3C00, 0xBC00, 0x3C01, 0x7BFF, 0xFBFF, 0x7BFE, 0x4000], np.uint16)
)


def same(a: F32, b: F32) -> bool:
    return bool((a.view(np.uint32) == b.view(np.uint32)).all())


def windows(n: int, overlap: int, head: int, run: int, tail: bool) -> list[range]:
    """The windows of a run, told step by step."""
    result, begin, end, seen = [], 0, head, 0
    while seen < run:
        if end > run and not tail:
            break
        result.append(range(begin, min(end, run)))
        seen = min(end, run)
        begin, end = end - overlap, end - overlap + n
    return result


def exactly_rounded(total: Fraction) -> tuple[float, bool]:
    """Nearest even at 11 bits, then flushed and saturated; a sum of 0 is +0."""
    if not total:
        return 0.0, False
    exponent = next(e for e in range(60, -30, -1) if abs(total) >= Fraction(2) ** e)
    ulp = Fraction(2) ** (exponent - 10)
    magnitude = abs(round(total / ulp) * ulp)
    over = magnitude > 65504
    magnitude = Fraction(65504) if over else magnitude if magnitude >= Fraction(1, 1 << 14) else Fraction(0)
    return math.copysign(float(magnitude), total), over


def larger(a: float, b: float) -> float:
    if a == b:
        return b if math.copysign(1.0, a) < 0 else a
    return max(a, b)


def reduced(x: F32, kind: Reduction, spans: list[range], run: int) -> tuple[F32, bool]:
    rows, sticky = [], False
    for base in range(0, len(x), run):
        for span in spans:
            row = []
            for values in x[[base + p for p in span]].T:
                y, over = float(values[0]), False
                if kind is Reduction.MAX:
                    for v in values[1:]:
                        y = larger(y, float(v))
                else:
                    y, over = exactly_rounded(sum((Fraction(float(v)) for v in values), Fraction(0)))
                row.append(y)
                sticky |= over
            rows.append(row)
    return np.array(rows, np.float32).reshape(len(rows), x.shape[1]), sticky


@st.composite
def reductions(draw: st.DrawFn) -> dict[str, Any]:
    overlap = draw(st.integers(0, 1))
    n = draw(st.integers(1 + overlap, 6))
    head = draw(st.integers(1, n))
    return {"n": n, "overlap": overlap, "head": head, "run": draw(st.integers(1, 15)), "tail": draw(st.booleans())}


@given(reductions(), st.integers(0, 3), st.sampled_from([3, 18]), st.integers(0, 99), st.sampled_from(Reduction))
@settings(max_examples=150, deadline=None)
def test_reductions(how: dict[str, Any], runs: int, width: int, seed: int, kind: Reduction) -> None:
    rng = np.random.default_rng(seed)
    x = rng.choice(CORNERS if seed % 3 == 0 else ALL, (runs * how["run"], width))
    spans = windows(**how)
    assert windows_in_run(**how) == len(spans)
    out = np.full((runs * len(spans), width), np.nan, np.float32)
    want, want_over = reduced(x, kind, spans, how["run"])
    assert reduce_windows(x, kind, out, **how) == want_over
    assert same(out, want)


def test_windows_share_at_most_what_they_say() -> None:
    """A 3-wide pool of stride 2 along a row of 7: 0-2, 2-4, 4-6."""
    assert windows(3, 1, 3, 7, False) == [range(0, 3), range(2, 5), range(4, 7)]
    for a, b in pairwise(windows(4, 1, 2, 12, True)):
        assert a.stop - b.start == 1


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([2048.0, 1.0, 1.0, 1.0], 2052.0),  # each 1 alone would be rounded away in a half; the sum is a tie, to even
        ([2.0**15, 2.0**-14, -(2.0**15)], 2.0**-14),  # far below what fp32 keeps beside 2^15
        ([65504.0] * 3 + [-65504.0] * 2, 65504.0),  # only the sum has to be in range
        ([-0.0, -0.0], 0.0),
        ([-0.0], 0.0),
        ([2.0**-14, -1.5 * 2.0**-14], -0.0),  # flushed, with its sign
    ],
)
def test_sums_are_exact_and_rounded_once(values: list[float], total: float) -> None:
    out = np.empty((1, 1), np.float32)
    for order in (values, values[::-1]):
        x = np.array(order, np.float32).reshape(-1, 1)
        assert not reduce_windows(x, Reduction.SUM, out, n=len(x), run=len(x))
        assert same(out, np.array([[total]], np.float32))


@pytest.mark.parametrize("length", [4096, 4097, 9000, 300_000])
def test_long_sums_are_exact(length: int) -> None:
    """Windows beyond what one float64 holds; the last lane's total lies one unit above a tie of float16."""
    rng = np.random.default_rng(length)
    x = rng.choice(ALL, (length, 5))
    x[:, 3] = 65504 * rng.choice([-1.0, 1.0], length)
    pairs = (length - 3) // 2
    x[:, 4] = 0
    x[: 2 * pairs, 4] = np.repeat([65504.0, -65504.0], pairs)
    x[-3:, 4] = 2048, 1, 2.0**-14
    out = np.empty((1, 5), np.float32)
    want, want_over = reduced(x, Reduction.SUM, [range(len(x))], len(x))
    assert reduce_windows(x, Reduction.SUM, out, n=len(x), run=len(x)) == want_over
    assert same(out, want)


@pytest.mark.parametrize(
    "how",
    [
        {"n": 0, "run": 4},
        {"n": 2, "overlap": 2, "run": 4},
        {"n": 1, "overlap": 1, "run": 4},
        {"n": 2, "head": 0, "run": 4},
        {"n": 2, "run": 0},
    ],
)
def test_bad_windows_are_refused(how: dict[str, Any]) -> None:
    with pytest.raises(
        InputError, match=r"reduction: got n=.* \(allowed: n, head and run at least 1, overlap 0 or 1 and below n"
    ):
        reduce_windows(np.zeros((4, 1), np.float32), Reduction.MAX, np.zeros((2, 1), np.float32), **how)
    with pytest.raises(InputError, match=r"x: got 5 vectors \(allowed: a multiple of run=4\)"):
        reduce_windows(np.zeros((5, 1), np.float32), Reduction.MAX, np.zeros((2, 1), np.float32), n=2, run=4)
