"""Passes of streams from memory to memories, and the block floating point form of what has changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from npusim.engine.passes import Pass, apply_stages, refresh
from npusim.engine.vector import Op, Stage, Stages
from npusim.errors import InputError
from npusim.numerics import offset_activations, round_f16

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]


def halves(count: int, width: int, seed: int = 0) -> F32:
    values: F32 = round_f16(np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32))[0]
    return values


def rows_of(*numbers: int) -> I32:
    return np.array(numbers, np.int32)


@pytest.mark.parametrize("width", [4, 16, 40, 128])
@pytest.mark.parametrize("count", [1, 15, 17, 600])
def test_a_pass_gathers_works_and_scatters(count: int, width: int) -> None:
    """Also where its blocks end, and with an operand that steps with the stream."""
    rng = np.random.default_rng(count)
    memory, operand = halves(50, width), halves(count + 3, width, 1)
    rows, index = rng.integers(0, 50, count).astype(np.int32), rng.permutation(count + 3)[:count].astype(np.int32)
    stages = [Stage(op=Op.MUL, operand=operand, index=index), Stage(op=Op.RELU)]
    one, two = np.full((count, width), np.nan, np.float32), np.full((2 * count, width), np.nan, np.float32)
    places = rng.permutation(2 * count)[:count].astype(np.int32)
    ready = Pass(memory, rows, Stages(stages, count, width), [(one, rows_of(*range(count))), (two, places)])
    for seed in (0, 5):  # it may run again, on what the memory holds then
        memory[:] = halves(50, width, seed)
        assert not ready.run()
        want = np.maximum(round_f16(memory[rows] * operand[index])[0], 0)
        np.testing.assert_array_equal(one, want)
        np.testing.assert_array_equal(two[places], want)
        assert np.isnan(two).any(axis=1).sum() == count


def test_without_stages_bits_are_kept() -> None:
    memory = np.array([[0.0, -0.0, 65504.0, -65504.0]], np.float32)
    out = np.empty((2, 4), np.float32)
    assert not Pass(memory, rows_of(0, 0), Stages([], 2, 4), [(out, rows_of(1, 0))]).run()
    assert (out.view(np.uint32) == memory.view(np.uint32)).all()


def test_the_last_vector_for_a_row_stays() -> None:
    memory, out = halves(40, 128), np.zeros((2, 128), np.float32)
    rows = np.arange(40, dtype=np.int32)
    Pass(memory, rows, Stages([], 40, 128), [(out, rows % 2)]).run()
    np.testing.assert_array_equal(out, memory[38:])


@pytest.mark.parametrize("shift", [0, 1])
def test_a_memory_may_be_updated_in_place(shift: int) -> None:
    """A vector is overwritten by the one that is made of it, or by a later one of the stream."""
    memory = halves(101, 128)
    want = memory.copy()
    want[: 101 - shift] = round_f16(memory[shift:] + memory[shift:])[0]
    stages = Stages([Stage(op=Op.ADD, operand=memory, index=np.arange(shift, 101, dtype=np.int32))], 101 - shift, 128)
    read, write = np.arange(shift, 101, dtype=np.int32), np.arange(101 - shift, dtype=np.int32)
    Pass(memory, read, stages, [(memory, write)]).run()
    np.testing.assert_array_equal(memory, want)


def test_saturation_is_reported() -> None:
    memory = np.full((3, 8), 60000.0, np.float32)
    out = np.empty((1, 8), np.float32)
    double = Stages([Stage(op=Op.ADD, operand=memory, index=2)], 1, 8)
    assert Pass(memory, rows_of(1), double, [(out, rows_of(0))]).run()
    assert (out == 65504).all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"rows": rows_of(0, 4)}, r"rows: got 0..4 \(allowed: 0..3\)"),
        ({"rows": rows_of(-1, 0)}, r"rows: got -1..0 \(allowed: 0..3\)"),
        ({"places": rows_of(0, 2)}, r"rows: got 0..2 \(allowed: 0..1\)"),
        ({"places": rows_of(0)}, r"rows: got int32\(1,\) \(allowed: int32\(2,\)"),
        ({"places": np.array([0, 1])}, r"rows: got int64"),
        ({"out": np.zeros((2, 9), np.float32)}, r"memory: got vectors of 9 \(allowed: 8"),
        ({"out": np.zeros((2, 8))}, "memory: got float64"),
        ({"stages": Stages([], 3, 8)}, r"stages: made ready for \(3, 8\) \(allowed: \(2, 8\)\)"),
    ],
)
def test_misfits_are_refused(change: dict[str, Any], text: str) -> None:
    fits = {"rows": rows_of(0, 3), "places": rows_of(1, 0), "out": np.zeros((2, 8), np.float32)}
    got: dict[str, Any] = {**fits, "stages": Stages([], 2, 8), **change}
    with pytest.raises(InputError, match=text):
        Pass(np.zeros((4, 8), np.float32), got["rows"], got["stages"], [(got["out"], got["places"])])


def test_stages_into_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"out: got shape \(2, 8\) \(allowed: that of x, \(3, 8\)\)"):
        apply_stages(np.zeros((3, 8), np.float32), [], np.zeros((2, 8), np.float32))


@pytest.mark.parametrize("width", [6, 16])
def test_only_what_is_stale_is_converted(width: int) -> None:
    x, padded = halves(20, width), -(-width // 4) * 4
    q, exp = np.full((20, padded), 7, np.uint8), np.full(20, 99, np.int16)
    want_q, want_exp = q.copy(), exp.copy()
    stale = np.zeros(20, np.bool_)
    stale[[3, 4, 9, 15]] = True
    inside = [4, 9]
    offset_activations(x[inside], 5, fresh := np.empty((2, width), np.uint8), fresh_exp := np.empty(2, np.int16))
    want_q[inside, :width], want_exp[inside] = fresh, fresh_exp
    refresh(x, stale, 4, 15, 5, q, exp)
    np.testing.assert_array_equal(q, want_q)
    np.testing.assert_array_equal(exp, want_exp)
    assert np.flatnonzero(stale).tolist() == [3, 15]
    with pytest.raises(InputError, match="low, high: got 0, 21"):
        refresh(x, stale, 0, 21, 5, q, exp)
