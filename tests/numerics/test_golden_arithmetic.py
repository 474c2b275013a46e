"""Section 4 of docs/architecture.md through the golden machine, against NumPy's float16 and exact rationals."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npusim.asm import assemble
from npusim.config import load_config
from npusim.golden import GoldenMachine, NetQueues
from npusim.isa import Space

F64 = npt.NDArray[np.float64]
U16 = npt.NDArray[np.uint16]

LANES = 64
WIDE = replace(
    load_config("arria10"),
    name="wide", device="none", native_dim=LANES, block=LANES, lanes=16, engines=4, initial_vrf=1024, addsub_vrf_0=1024,
    multiply_vrf_0=1024, lat_acc=4, sigmoid_tanh_0=True, sigmoid_tanh_1=True,
)  # fmt: skip
NARROW = replace(WIDE, name="narrow", native_dim=8, block=8, lanes=2, mrf_tiles=8)


def all_halves() -> U16:
    """Every finite pattern, in whole vectors."""
    bits = np.arange(1 << 16, dtype=np.uint16)
    finite: U16 = bits[bits & 0x7C00 != 0x7C00].reshape(-1, LANES)
    return finite


def run(text: str, *inputs: U16) -> tuple[U16, bool]:
    """Run a text; NetInQ delivers the inputs one after the other.  Returns NetOutQ, the overflow flag."""
    net = NetQueues([tuple(v) for array in inputs for v in array.tolist()])
    machine = GoldenMachine(WIDE)
    machine.run(assemble("\n".join([*text.split("|"), "halt"])), net)
    return np.array(net.sent, np.uint16), machine.overflow


def apply(stage: str, x: U16, operand: U16 | None = None) -> tuple[U16, bool]:
    """Pass x, and an operand in AddSubVrf_0 and MultiplyVrf_0, through one stage of MFU0."""
    pitch = "| s_wr RD_ROW 1 | s_wr OP0_ROW 1 | s_wr WR_ROW 1"
    text = f"s_wr ROWS {len(x)} | s_wr IN_H {len(x)} {pitch} | v_rd NetInQ 0 | v_wr InitialVrf 0 | end_chain"
    if operand is not None:
        text += "| v_rd NetInQ 0 | v_wr AddSubVrf_0 0 | v_wr MultiplyVrf_0 0 | end_chain"
    text += f"| v_rd InitialVrf 0 | {stage} | v_wr InitialVrf 0 | end_chain"
    text += "| v_rd InitialVrf 0 | v_wr NetOutQ 0 | end_chain"
    return run(text, x, *([] if operand is None else [operand]))


def values(bits: U16) -> F64:
    """float16 patterns as numbers, subnormals as zeros."""
    flushed = np.where(bits & 0x7C00 == 0, bits & 0x8000, bits).astype(np.uint16)
    return flushed.view(np.float16).astype(np.float64)


def rounded(exact: F64) -> tuple[U16, bool]:
    """Round by NumPy's float16.  Near zero its quantum is the wrong one, so small numbers are scaled up first."""
    small = np.abs(exact) < 2.0**-13
    with np.errstate(over="ignore"):
        result = np.where(small, (exact * 2.0**10).astype(np.float16).astype(np.float64) * 2.0**-10, 0)
        result = np.where(small, result, exact.astype(np.float16).astype(np.float64))
    result = np.where(np.abs(result) < 2.0**-14, np.copysign(0.0, exact), result)
    overflow = np.isinf(result)
    result = np.where(overflow, np.copysign(65504.0, exact), result)
    return result.astype(np.float16).view(np.uint16), bool(overflow.any())


def assert_same(got: tuple[U16, bool], want: tuple[U16, bool]) -> None:
    wrong = np.argwhere(got[0] != want[0])
    assert not len(wrong), f"at {wrong[0]}: got {got[0][tuple(wrong[0])]:04x}, want {want[0][tuple(wrong[0])]:04x}"
    assert got[1] == want[1]


# ---- unary -----------------------------------------------------------------------------------------------------------


def test_relu_of_every_number() -> None:
    x = all_halves()
    want = np.where(values(x) > 0, values(x), 0.0)
    assert_same(apply("v_relu mfu0", x), rounded(want))


@pytest.mark.parametrize(("low", "high"), [(0.0, 6.0), (-1.5, 65504.0), (-65504.0, -0.25), (2.0, 1.0)])
def test_clip_of_every_number(low: float, high: float) -> None:
    x = all_halves()
    want = np.minimum(np.where(values(x) > low, values(x), low), high)
    assert_same(apply(f"v_clip mfu0 {low} {high}", x), rounded(want))


@pytest.mark.parametrize("alpha", [0.01, 0.2, -3.0, 65504.0])
def test_leaky_relu_of_every_number(alpha: float) -> None:
    x = all_halves()
    half = float(np.float16(alpha))
    exact = np.where(values(x) < 0, values(x) * half, values(x))
    assert_same(apply(f"v_lrelu mfu0 {half}", x), rounded(exact))


@pytest.mark.parametrize("name", ["sigm", "tanh"])
def test_sigmoid_and_tanh_of_every_number(name: str) -> None:
    x = all_halves()
    got, overflow = apply(f"v_{name} mfu0", x)
    with np.errstate(over="ignore"):
        want = np.tanh(values(x)) if name == "tanh" else 1 / (1 + np.exp(-values(x)))
    ulp = 2.0 ** (np.floor(np.log2(np.maximum(np.abs(want), 2.0**-14))) - 10)
    flushed = np.abs(want) < 2.0**-14
    assert not overflow
    assert (np.abs(values(got) - want)[~flushed] <= 0.75 * ulp[~flushed]).all()
    assert (np.abs(values(got))[flushed] <= 2.0**-14).all()
    order = np.argsort(values(x).ravel(), kind="stable")
    assert (np.diff(values(got).ravel()[order]) >= 0).all(), "not monotonic"


# ---- binary ----------------------------------------------------------------------------------------------------------

CORNERS = [0x0000, 0x0001, 0x03FF, 0x0400, 0x0401, 0x07FF, 0x0800, 0x1400, 0x1BFF, 0x2BFF, 0x3555, 0x3BFF,
           0x3C00, 0x3C01, 0x4000, 0x43FF, 0x5BFF, 0x6400, 0x67FF, 0x6800, 0x77FF, 0x7800, 0x7801, 0x7BFE,
           0x7BFF]  # fmt: skip


def pairs() -> tuple[U16, U16]:
    """Every pair of corners with both signs; random pairs, half of them of similar exponents."""
    signed = np.array([c | s for c in CORNERS for s in (0, 0x8000)], np.uint16)
    a, b = (grid.ravel() for grid in np.meshgrid(signed, signed))
    rng = np.random.default_rng(5)
    x = all_halves().ravel()
    more = rng.choice(x, 56000)
    near = rng.choice(x, 28000)
    close = near + rng.integers(-2048, 2049, 28000)
    close = np.where((close & 0x7C00 == 0x7C00) | (close >> 15 != near >> 15), near, close)
    close ^= rng.choice([0, 0x8000], 28000).astype(close.dtype)
    a, b = np.concatenate([a, more[:28000], near]), np.concatenate([b, more[28000:], close])
    whole = len(a) // LANES * LANES
    return a[:whole].astype(np.uint16).reshape(-1, LANES), b[:whole].astype(np.uint16).reshape(-1, LANES)


@pytest.mark.parametrize("name", ["vv_mul", "vv_add", "vv_a_sub_b", "vv_b_sub_a", "vv_max"])
def test_binary_operations(name: str) -> None:
    a, b = pairs()
    x, y = values(a), values(b)
    both_zero = (x == 0) & (y == 0)
    either = np.where(both_zero, np.where(np.signbit(x), y, x), np.maximum(x, y))
    exact = {"vv_mul": x * y, "vv_add": x + y, "vv_a_sub_b": x - y, "vv_b_sub_a": y - x, "vv_max": either}[name]
    assert_same(apply(f"{name} mfu0 0 step", a, b), rounded(exact))


# ---- reduce ----------------------------------------------------------------------------------------------------------


def test_sums_are_exact_and_rounded_once() -> None:
    rng = np.random.default_rng(6)
    x = rng.choice(all_halves().ravel(), (960, LANES)).astype(np.uint16)
    x[::7] ^= 0x8000
    reduce = "s_wr RED_N 12 | s_wr RED_HEAD 12 | s_wr RED_RUN 12 | v_rd InitialVrf 0 | v_red_add"
    text = (
        "s_wr ROWS 960 | s_wr IN_H 960 | s_wr RD_ROW 1 | s_wr WR_ROW 1 |"
        "v_rd NetInQ 0 | v_wr InitialVrf 0 | end_chain |"
        f"{reduce} | v_wr InitialVrf 0 | end_chain |"
        "s_wr ROWS 80 | v_rd InitialVrf 0 | v_wr NetOutQ 0 | end_chain"
    )
    sums = values(x).astype(np.float64).reshape(80, 12, LANES).sum(axis=1)  # float64 holds 2^12 such sums exactly
    assert_same(run(text, x), rounded(sums))


# ---- matrix ----------------------------------------------------------------------------------------------------------


def exact_f32(x: Fraction) -> tuple[Fraction, bool]:
    """Round to 24 bits, flush below 2^-126, saturate."""
    if x == 0:
        return x, False
    e = abs(x.numerator).bit_length() - x.denominator.bit_length()
    e -= abs(x) < Fraction(2) ** e
    quantum = Fraction(2) ** (e - 23)
    x = round(x / quantum) * quantum
    largest = (2 - Fraction(1, 2**23)) * 2**127
    if abs(x) > largest:
        return largest if x > 0 else -largest, True
    return (x if abs(x) >= Fraction(1, 2**126) else Fraction(0)), False


def exact_block(lanes: npt.NDArray[np.float16], m: int) -> list[Fraction]:
    """The numbers that a block stands for."""
    x = [Fraction(float(v)) for v in lanes]
    top = max(abs(v) for v in x)
    if not top:
        return x
    e = next(e for e in range(20, -40, -1) if top >= Fraction(2) ** e)
    limit = 2**m - 1
    return [max(-limit, min(limit, round(v * Fraction(2) ** (m - 1 - e)))) * Fraction(2) ** (e - m + 1) for v in x]


def pack(mantissas: npt.NDArray[np.int64], exponents: npt.NDArray[np.int64], bits: int, size: int) -> bytes:
    """A tile in DRAM."""
    rows, packed = len(mantissas), 0
    chunks = mantissas.reshape(rows, rows // NARROW.lanes, NARROW.lanes).transpose(1, 0, 2)
    for n, q in enumerate(chunks.ravel().tolist()):
        packed |= (q & ((1 << bits) - 1)) << (n * bits)
    raw = packed.to_bytes(-(-mantissas.size * bits // 8), "little") + exponents.astype(np.int8).tobytes()
    return raw.ljust(size, b"\0")


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), tiles=st.integers(1, 5), m_w=st.integers(2, 7), m_a=st.integers(2, 7),
    centre=st.sampled_from([0, 0, 0, -120, -128, 100, 110, 127]), spread=st.integers(0, 6),
)  # fmt: skip
def test_products_and_sums_are_those_of_exact_arithmetic(
    seed: int, tiles: int, m_w: int, m_a: int, centre: int, spread: int
) -> None:
    rng = np.random.default_rng(seed)
    config = replace(NARROW, weight_mantissa=m_w, act_mantissa=m_a)
    n = config.native_dim
    q = rng.integers(-(2**m_w) + 1, 2**m_w, (tiles, n, n))
    exponents = np.clip(rng.integers(centre - spread, centre + spread + 1, (tiles, n)), -128, 127)
    x = (rng.standard_normal((tiles, n)) * 2.0 ** rng.integers(-16, 15, (tiles, 1))).astype(np.float16)
    x[np.abs(x) < 2.0**-14] = 0
    if seed % 5 == 0:
        x[0] = 0
    image = b"".join(pack(q[k], exponents[k], m_w + 1, config.tile_bytes) for k in range(tiles))
    net = NetQueues([tuple(v) for v in x.view(np.uint16).tolist()])
    machine = GoldenMachine(config, image)
    load = f"s_wr TILES {tiles} | m_rd 0 | m_wr 0 | end_chain | s_wr ROWS {tiles} | s_wr WR_ROW 1 |"
    load += "v_rd NetInQ 0 | v_wr InitialVrf 0 | end_chain |"
    sum_up = f"s_wr ROWS 1 | s_wr KC {tiles} | v_rd InitialVrf 0 | mv_mul 0 hold | end_chain"
    once = "| s_wr KC 1 | v_rd InitialVrf 0 | mv_mul 0 acc | v_wr AddSubVrf_1 0 | end_chain"
    machine.run(assemble("\n".join(f"{load}{sum_up}{once}|halt".split("|"))), net)
    overflow = False
    held: list[Fraction] = []
    sums = [Fraction(0)] * n
    blocks = [exact_block(x[k], m_a) for k in range(tiles)]
    for step, k in enumerate([*range(tiles), 0]):
        held = list(sums)
        for row in range(n):
            weights = [Fraction(int(v)) * Fraction(2) ** (int(exponents[k, row]) - m_w + 1) for v in q[k, row]]
            term, over = exact_f32(sum((a * b for a, b in zip(weights, blocks[k], strict=True)), Fraction(0)))
            total, sum_over = exact_f32(sums[row] + term) if step else (term, False)
            sums[row], overflow = total, overflow | over | sum_over
    got = np.array(machine.sums[0], np.uint32).view(np.float32)
    assert [Fraction(float(v)) for v in got] == held
    want, over = rounded(np.array([float(total) for total in sums]))
    out = np.array(machine.vrf[Space.ADDSUB_VRF_1][0], np.uint16)
    assert (values(out) == values(want)).all()
    assert machine.overflow == (overflow or over)
