"""Every flavour of the matrix-vector kernel against a slow twin, bit for bit."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.engine import matvec as module
from npusim.engine.matvec import TilePool, available_kernels, choose_kernel, matvec
from npusim.engine.passes import apply_stages
from npusim.engine.vector import Op, Stage
from npusim.errors import InputError
from npusim.numerics import MANTISSA_BITS, quantise_activations, round_f16

F32 = npt.NDArray[np.float32]
KERNELS = available_kernels()
MAX_F32 = Fraction(float(np.finfo(np.float32).max))


@dataclass
class Case:
    """Tiles q, exp; activations; their arrangement."""

    q: npt.NDArray[np.int8]
    exp: npt.NDArray[np.int8]
    m: int
    acts: npt.NDArray[np.int8]
    act_exp: npt.NDArray[np.int16]
    act_m: int
    tiles: npt.NDArray[np.int32]
    src: npt.NDArray[np.int32]

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.tiles), len(self.src), self.q.shape[1]

    def run(self, **options: Any) -> tuple[F32, bool]:
        out = np.full(self.shape, np.nan, np.float32)
        over = self.into(out, **options)
        return out, over

    def into(self, out: F32, **options: Any) -> bool:
        pool = TilePool(self.q, self.exp, self.m)
        acts = self.acts.view(np.uint8) ^ 128
        return matvec(pool, self.tiles, acts, self.act_exp, self.act_m, self.src, out, **options)


def make(n: int, m: int = 5, act_m: int = 5, *, depth: int = 3, positions: int = 11, rows: int = 1, **how: Any) -> Case:
    """A random case; the last activation is the zero vector, the last tile has a zero row, extremes are frequent."""
    rng = np.random.default_rng([n, m, act_m, depth, positions])
    n_tiles, n_src = max(4, depth), positions + 5

    def mantissas(shape: tuple[int, ...], bits: int) -> npt.NDArray[np.int8]:
        top = 2**bits - 1
        q = rng.integers(-top, top + 1, shape)
        return np.where(rng.random(shape) < 0.3, rng.choice([-top, top], shape), q).astype(np.int8)

    low, high = how.get("exps", (-12, 4))
    q = mantissas((n_tiles, n, n), m)
    q[-1, n // 2] = 0
    q[0, 0] = 2**m - 1  # the largest dot products, of both signs
    q[0, -1] = -(2**m) + 1
    acts = mantissas((n_src, n), act_m)
    acts[0] = 2**act_m - 1
    acts[-1] = 0
    act_exp = rng.integers(-6, 4, n_src).astype(np.int16)
    act_exp[-1] = -14
    exp = rng.integers(low, high + 1, (n_tiles, n)).astype(np.int8)
    tiles = rng.integers(0, n_tiles, (rows, depth)).astype(np.int32)
    src = rng.integers(0, n_src, (positions, depth)).astype(np.int32)
    tiles[0, 0], src[0, 0] = 0, 0
    src[-1] = n_src - 1
    return Case(q, exp, m, acts, act_exp, act_m, tiles, src)


def by_numpy(c: Case, start: F32 | None = None) -> F32:
    """The fp32 sums: exact integers, one float32 addition a step, where the exponents are harmless."""
    n_out, n_pos, n = c.shape
    sums = np.zeros((n_out, n_pos, n), np.float32) if start is None else start.copy()
    for r in range(n_out):
        for k in range(c.tiles.shape[1]):
            tile, rows = c.tiles[r, k], c.src[:, k]
            dots = c.acts[rows].astype(np.int64) @ c.q[tile].astype(np.int64).T
            assert np.abs(dots).max() < 1 << 24
            scale = c.exp[tile].astype(int)[None, :] + c.act_exp[rows].astype(int)[:, None] - (c.m - 1) - (c.act_m - 1)
            sums[r] += np.ldexp(dots.astype(np.float32), scale).astype(np.float32)
    return sums


def ruled(x: Fraction, negative: bool, digits: int, least: int, largest: Fraction) -> tuple[Fraction, bool, bool]:
    """Return (rounded value, sign, saturated) by the contract's rule at `digits` bits."""
    mag = abs(x)
    if mag:
        e = math.frexp(float(mag))[1] - 1 if mag < Fraction(2) ** 1000 and mag > Fraction(2) ** -1000 else 0
        while Fraction(2) ** e > mag:
            e -= 1
        while Fraction(2) ** (e + 1) <= mag:
            e += 1
        ulp = Fraction(2) ** (e - digits + 1)
        mag = round(mag / ulp) * ulp
    over = mag > largest
    mag = Fraction(0) if mag < Fraction(2) ** least else min(mag, largest)
    return (-mag if negative else mag), negative, over


def by_fractions(c: Case) -> tuple[F32, bool]:
    """The whole rule in rational arithmetic."""
    n_out, n_pos, n = c.shape
    out, sticky = np.empty(c.shape, np.float32), False
    for r, p, i in np.ndindex(n_out, n_pos, n):
        total, sign = Fraction(0), False
        for k in range(c.tiles.shape[1]):
            tile, row = c.tiles[r, k], c.src[p, k]
            dot = sum(int(a) * int(b) for a, b in zip(c.q[tile, i], c.acts[row], strict=True))
            scale = int(c.exp[tile, i]) + int(c.act_exp[row]) - (c.m - 1) - (c.act_m - 1)
            term, term_sign, over = ruled(dot * Fraction(2) ** scale, dot < 0, 24, -126, MAX_F32)
            sticky |= over
            if k == 0:
                total, sign = term, term_sign
                continue
            exact = total + term
            negative = exact < 0 if exact else sign and term_sign
            total, sign, over = ruled(exact, negative, 24, -126, MAX_F32)
            sticky |= over
        value, sign, over = ruled(total, sign, 11, -14, Fraction(65504))
        sticky |= over
        out[r, p, i] = math.copysign(float(value), -1.0 if sign else 1.0)
    return out, sticky


def check(c: Case, kernel: str, **options: Any) -> None:
    want, want_over = round_f16(by_numpy(c))
    got, over = c.run(kernel=kernel, **options)
    assert (got.view(np.uint32) == want.view(np.uint32)).all()
    assert over == want_over


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n", [8, 10, 16, 40, 128, 400])
def test_native_dimensions(kernel: str, n: int) -> None:
    check(make(n, positions=13, rows=2), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("m", MANTISSA_BITS)
@pytest.mark.parametrize("act_m", [2, 5, 7])
def test_mantissas(kernel: str, m: int, act_m: int) -> None:
    check(make(128, m, act_m), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("positions", [*range(1, 15), 23, 24, 25, 49, 61])
def test_positions(kernel: str, positions: int) -> None:
    check(make(16, positions=positions), kernel)
    if kernel != "exact":
        check(make(48, positions=positions), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
def test_long_sums_keep_their_order(kernel: str) -> None:
    check(make(16, depth=300, positions=7, exps=(-40, 30)), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
def test_saturation_is_reported(kernel: str) -> None:
    check(make(16, exps=(10, 14)), kernel)
    c = make(16, exps=(10, 14))
    assert c.run(kernel=kernel)[1]
    assert not make(16, exps=(-12, -6)).run(kernel=kernel)[1]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("exps", [(-128, -96), (100, 127), (-128, 127)])
def test_exponents_near_the_limits_of_fp32(kernel: str, exps: tuple[int, int]) -> None:
    """Whatever flavour is asked for, such tiles go through the exact kernel."""
    c = make(8, depth=4, positions=6, exps=exps)
    want, want_over = by_fractions(c)
    got, over = c.run(kernel=kernel)
    assert (got.view(np.uint32) == want.view(np.uint32)).all()
    assert over == want_over


@pytest.mark.parametrize("kernel", KERNELS)
def test_safe_exponents_agree_with_fractions(kernel: str) -> None:
    """At both ends of the range that the fast kernels are trusted with."""
    for exps in (module._SAFE_WEIGHT_EXP, (-100, -99), (63, 64), (-8, 0)):
        c = make(8, 7, 7, depth=4, positions=5, exps=exps)
        pool = TilePool(c.q, c.exp, c.m)
        assert not pool.any_unsafe
        want, want_over = by_fractions(c)
        got, over = c.run(kernel=kernel)
        assert (got.view(np.uint32) == want.view(np.uint32)).all()
        assert over == want_over


def test_just_beyond_is_unsafe_unless_the_row_is_zero() -> None:
    q = np.ones((3, 8, 8), np.int8)
    exp = np.zeros((3, 8), np.int8)
    exp[0, 1], exp[1, 2], exp[2, 3] = -101, 65, -126
    q[2, 3] = 0
    assert TilePool(q, exp, 5).unsafe.tolist() == [True, True, False]


# First and last row and column that are not zero; of a tile of 48 rows, what the microkernels step by or not.
SPANS = [
    (0, 48, 0, 48),
    (0, 16, 0, 48),
    (32, 48, 0, 48),
    (16, 32, 0, 3),
    (17, 31, 5, 6),
    (0, 48, 44, 48),
    (47, 48, 47, 48),
]


def sparse(n: int, spans: list[tuple[int, int, int, int]], **how: Any) -> Case:
    """A case whose tiles are zero outside of their spans, the last everywhere, with whatever exponents there."""
    c = make(n, depth=len(spans) + 1, **how)
    inside = np.zeros((len(spans) + 1, n, n), np.bool_)
    for tile, (row, row_end, column, column_end) in enumerate(spans):
        inside[tile, row:row_end, column:column_end] = True
    c.q, c.exp = np.where(inside, c.q[: len(inside)], 0).astype(np.int8), c.exp[: len(inside)]
    c.tiles = np.stack([np.random.default_rng(row).permutation(len(inside)) for row in range(len(c.tiles))]).astype(
        "i4"
    )
    return c


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n", [48, 50])
def test_zero_rows_and_columns(kernel: str, n: int) -> None:
    check(sparse(n, SPANS, rows=3, positions=9), kernel)
    for span in SPANS:
        check(sparse(n, [span, (0, 0, 0, 0)], positions=7), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_random_sparsity(kernel: str, data: st.DataObject) -> None:
    n = data.draw(st.sampled_from([8, 24, 40]))
    edges = st.tuples(*[st.integers(0, n)] * 4)
    check(sparse(n, data.draw(st.lists(edges, min_size=1, max_size=5)), positions=data.draw(st.integers(1, 8))), kernel)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_zero_row_makes_a_positive_zero(kernel: str) -> None:
    """Also of a flushed -0, and where the sums before it have cancelled."""
    c = make(8, depth=3, positions=2)
    c.q = np.zeros((4, 8, 8), np.int8)
    c.q[0], c.q[1] = 1, -1
    c.acts[:], c.act_exp[:], c.exp[:] = -1, 0, 0
    c.tiles = np.array([[2, 3, 2], [0, 1, 2]], np.int32)
    got, _ = c.run(kernel=kernel)
    assert (got.view(np.uint32) == 0).all()
    c.exp[:2] = -126  # every dot product of these is flushed; of a zero tile it is +0 whatever its exponents
    c.acts[:] = 1
    c.tiles = np.array([[1, 1, 1], [1, 1, 2]], np.int32)
    got, _ = c.run(kernel=kernel)
    assert (got[0].view(np.uint32) == 1 << 31).all()
    assert (got[1].view(np.uint32) == 0).all()


def test_spans_of_a_pool() -> None:
    c = sparse(48, [(17, 31, 5, 6), (0, 33, 4, 48), (47, 48, 0, 1)])
    c.q[0, 17, 5], c.q[0, 30, 5], c.q[1, 0, 4], c.q[1, 32, 47], c.q[2, 47, 0] = 1, 1, 1, 1, 1
    assert TilePool(c.q, c.exp, c.m).spans.tolist() == [[16, 32, 1, 2], [0, 48, 1, 12], [32, 48, 0, 1], [0, 0, 0, 0]]


@pytest.mark.parametrize("kernel", KERNELS)
def test_held_sums_continue(kernel: str) -> None:
    c = make(40, depth=6, positions=9, rows=2)
    whole, _ = c.run(kernel=kernel)
    first = Case(**{**vars(c), "tiles": c.tiles[:, :4].copy(), "src": c.src[:, :4].copy()})
    rest = Case(**{**vars(c), "tiles": c.tiles[:, 4:].copy(), "src": c.src[:, 4:].copy()})
    held, over = first.run(kernel=kernel, hold=True)
    assert not over
    assert (held == by_numpy(first)).all()
    rest.into(held, kernel=kernel, start=held)
    assert (held.view(np.uint32) == whole.view(np.uint32)).all()


@pytest.mark.parametrize("kernel", KERNELS)
def test_held_sums_of_extreme_tiles_continue(kernel: str) -> None:
    c = make(8, depth=4, positions=5, exps=(-128, -100))
    c.exp[c.tiles[0, -1]] = 0  # the last tile alone is harmless
    whole, _ = by_fractions(c)
    first = Case(**{**vars(c), "tiles": c.tiles[:, :3].copy(), "src": c.src[:, :3].copy()})
    rest = Case(**{**vars(c), "tiles": c.tiles[:, 3:].copy(), "src": c.src[:, 3:].copy()})
    held, _ = first.run(kernel=kernel, hold=True)
    rest.into(held, kernel=kernel, start=held)
    assert (held.view(np.uint32) == whole.view(np.uint32)).all()


@pytest.mark.parametrize("kernel", KERNELS)
def test_fused_stages_are_the_stages(kernel: str) -> None:
    c = make(40, positions=31, rows=2)
    rng = np.random.default_rng(3)
    operand, _ = round_f16(rng.standard_normal((70, 40)).astype(np.float32))
    index = rng.integers(0, 70, 62).astype(np.int32)
    stages = [
        Stage(op=Op.MUL, operand=operand, index=3),
        Stage(op=Op.ADD, operand=operand, index=index),
        Stage(op=Op.RELU),
    ]
    plain, over = c.run(kernel=kernel)
    over |= apply_stages(plain.reshape(-1, 40), stages)
    for threads in (1, 2):
        fused, fused_over = c.run(kernel=kernel, stages=stages, threads=threads)
        assert (fused.view(np.uint32) == plain.view(np.uint32)).all()
        assert fused_over == over


@pytest.mark.parametrize(("positions", "rows"), [(50, 1), (3, 4), (13, 3), (1, 1), (1, 5)])
def test_threads_change_nothing(positions: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MIN_MACS_A_THREAD", 1)
    c = make(16, positions=positions, rows=rows, exps=(-4, 12))
    want, over = c.run()
    for threads in (2, 3, 7):
        got, got_over = c.run(threads=threads)
        assert (got.view(np.uint32) == want.view(np.uint32)).all()
        assert got_over == over


def test_real_vectors() -> None:
    """The product is near the float one."""
    rng = np.random.default_rng(1)
    x, _ = round_f16(rng.standard_normal((20, 128)).astype(np.float32))
    c = make(128, 7, 7, depth=1, positions=20)
    c.acts, c.act_exp = quantise_activations(x, 7)
    c.src = np.arange(20, dtype=np.int32)[:, None]
    c.exp[:] = 0
    got, _ = c.run()
    want = x @ (c.q[c.tiles[0, 0]].astype(np.float32) / 64).T
    assert np.abs(got[0] - want).max() < 0.02 * np.abs(want).max()


def test_one_output_tile_needs_no_axis() -> None:
    c = make(16)
    want, _ = c.run()
    out = np.empty(want.shape[1:], np.float32)
    c.tiles = c.tiles[0]
    c.into(out)
    assert (out == want[0]).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"src": np.full((11, 3), 16, np.int32)}, r"src: got 16..16 \(allowed: 0..15\)"),
        ({"src": np.full((11, 3), -1, np.int32)}, r"src: got -1..-1 \(allowed: 0..15\)"),
        ({"tiles": np.full((1, 3), 4, np.int32)}, r"tile_ids: got 4..4 \(allowed: 0..3\)"),
        ({"src": np.zeros((11, 2), np.int32)}, r"src: got \(11, 2\) \(allowed: \(P, 3\)"),
        ({"acts": np.zeros((16, 8), np.int8)}, r"q, act_exp: got \(16, 8\)"),
        ({"act_m": 8}, "act_mantissa: got 8"),
    ],
)
def test_misfits_are_refused(change: dict[str, Any], text: str) -> None:
    c = make(16)
    for name, value in change.items():
        setattr(c, name, value)
    with pytest.raises(InputError, match=text):
        c.into(np.empty((1, 11, 16), np.float32))


def test_activations_of_another_kind_are_refused() -> None:
    c = make(16)
    pool, out = TilePool(c.q, c.exp, c.m), np.empty((1, 11, 16), np.float32)
    for acts, text in [
        (c.acts, "q: got int8"),
        (np.zeros((16, 32), np.uint8)[:, ::2], "q: got uint8, not C-contiguous"),
    ]:
        with pytest.raises(InputError, match=text):
            matvec(pool, c.tiles, acts, c.act_exp, c.act_m, c.src, out)


def test_an_output_that_cannot_be_written_in_place_is_refused() -> None:
    with pytest.raises(InputError, match="out: got float32, not C-contiguous"):
        make(16).into(np.empty((1, 11, 32), np.float32)[:, :, ::2])
    with pytest.raises(InputError, match=r"out: got \(1, 10, 16\) \(allowed: \(1, 11, 16\)\)"):
        make(16).into(np.empty((1, 10, 16), np.float32))
    with pytest.raises(InputError, match=r"start: got \(1, 10, 16\)"):
        make(16).run(start=np.empty((1, 10, 16), np.float32))


def test_dot_products_beyond_24_bits_are_refused() -> None:
    n = 1044
    pool = TilePool(np.zeros((1, n, n), np.int8), np.zeros((1, n), np.int8), 7)
    zeros = np.zeros((1, 1), np.int32)
    with pytest.raises(InputError, match=r"1044 products of 7 by 7 bits got beyond 2\^24"):
        matvec(
            pool, zeros, np.zeros((1, n), np.uint8), np.zeros(1, np.int16), 7, zeros, np.empty((1, 1, n), np.float32)
        )


def test_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NPUSIM_KERNEL", raising=False)
    assert choose_kernel() == KERNELS[0]
    monkeypatch.setenv("NPUSIM_KERNEL", "plain")
    assert choose_kernel() == "plain"
    assert choose_kernel("exact") == "exact"
    monkeypatch.setenv("NPUSIM_KERNEL", "vnni51")
    with pytest.raises(InputError, match=r"NPUSIM_KERNEL: got 'vnni51' \(nearest: vnni512"):
        choose_kernel()
    monkeypatch.setattr(module, "available_kernels", lambda: ("plain", "exact"))
    module._usable_kernel.cache_clear()
    with pytest.raises(InputError, match=r"got 'avx2', which this processor lacks \(allowed: plain, exact\)"):
        choose_kernel("avx2")
    module._usable_kernel.cache_clear()


@pytest.mark.parametrize(
    ("setting", "want"),
    [
        ("NUMBA_CPU_NAME=generic", ["plain", "exact"]),
        ("NUMBA_ENABLE_AVX=0", ["plain", "exact"]),
        ("NUMBA_CPU_FEATURES=+sse2,+avx2,-avx512f", ["avx2", "plain", "exact"]),
    ],
)
def test_numba_target_decides(setting: str, want: list[str]) -> None:
    """Numba compiles for the processor that its settings name: no instruction beyond it may be chosen."""
    code = "from npusim.engine.matvec import available_kernels; print(*available_kernels())"
    name, _, value = setting.partition("=")
    env = {name: value, "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == want
