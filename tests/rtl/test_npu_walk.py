"""Marks of elements against the stream's geometry: positions, rows, windows of the reduce stage, outputs."""

from __future__ import annotations

import random
from typing import Any

import cocotb
import pytest
from bench import GAPS, lint, simulate
from streams import Bench, known

from npusim.chain.reduce import reduce_windows

pytestmark = pytest.mark.rtl

MARKS = ("more", "row_end", "load", "seed", "out", "out_first", "out_row_end", "misfit")
HUGE = (1 << 32) - 1


def chain(rng: random.Random) -> tuple[dict[str, int], list[dict[str, int]]]:
    """Registers, and the marks of each element; marks that mean nothing for an element are left out."""
    inner, cols, rows = rng.choice((1, 1, 2, 5)), rng.randint(1, 4), rng.randint(1, 4)
    count = inner * cols * rows
    run = rng.choice([d for d in range(1, count + 1) if count % d == 0])
    overlap = rng.randint(0, 1)
    n, head = overlap + rng.choice((1, 2, 3, HUGE - 1)), rng.choice((1, 2, 3, 4, HUGE))
    reduce, tail, out_cols = rng.randint(0, 1), rng.randint(0, 1), rng.choice((1, 2, 3, HUGE))
    regs = {
        "inner": inner, "cols": cols, "reduce": reduce, "red_n": n, "red_head": head, "red_overlap": overlap,
        "red_run": run, "red_tail": tail, "out_cols": out_cols,
    }  # fmt: skip
    misfit = bool(reduce) and run > 1 and rng.random() < 0.2
    whole = count
    if misfit:
        count -= rng.randint(1, run - 1)
    windows = reduce_windows(n, head, overlap, run, tail, whole).tolist() if reduce else [(k, 1) for k in range(count)]
    ends = {start + length - 1: start for start, length in windows}
    starts = {start for start, _ in windows}
    marks: list[dict[str, int]] = []
    outputs = 0
    for k in range(count):
        mark = {"more": int(k % inner < inner - 1), "row_end": int(k // inner % cols == cols - 1)}
        mark |= {"out": int(k in ends), "misfit": 0}
        if k in ends:
            mark |= {"out_first": int(outputs == 0), "out_row_end": int(outputs % out_cols == out_cols - 1)}
            outputs += 1
            if reduce and (k + 1) % run:  # what the next element finds accumulated
                mark["seed"] = overlap
        if k in starts and not (reduce and overlap and k in ends and k % run):
            mark["load"] = 1  # no element of a window before belongs to it
        elif any(start < k <= end for end, start in ends.items()):
            mark["load"] = 0
        marks.append(mark)
    marks[-1]["misfit"] = int(misfit or not outputs)
    return regs, marks


@cocotb.test()
async def marks_elements(dut: Any) -> None:
    bench = Bench(dut)
    names = chain(random.Random(0))[0]
    dut.s_valid.value = 0
    await bench.tick()
    seen = dict.fromkeys(MARKS, 0)
    for number in range(bench.job["chains"]):
        regs, marks = chain(bench.rng)
        for k, want in enumerate(marks):
            while bench.gap("source"):
                dut.s_valid.value = 0
                for name in (*names, "first", "last"):
                    signal = getattr(dut, f"s_{name}")
                    signal.value = bench.rng.getrandbits(len(signal))
                await bench.tick()
            dut.s_valid.value = 1
            for name, value in (regs | {"first": int(k == 0), "last": int(k == len(marks) - 1)}).items():
                getattr(dut, f"s_{name}").value = value
            await bench.tick()
            got = {name: known(getattr(dut, f"m_{name}")) for name in want}
            assert got == want, f"chain {number} {regs}, element {k} of {len(marks)}: got {got}, want {want}"
            for name, value in want.items():
                seen[name] += value
    assert all(seen.values()), f"marks that never were 1: {[name for name, count in seen.items() if not count]}"


@pytest.mark.parametrize("gaps", [GAPS[0], GAPS[1]])
def test_marks(simulator: str, gaps: str) -> None:
    simulate("npu_walk", ["npu_walk.v"], __name__, simulator, gaps=gaps, job={"chains": 300})


def test_lint() -> None:
    lint("npu_walk", ["npu_walk.v"])
