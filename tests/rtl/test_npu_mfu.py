"""A multifunction unit against the scalar operations: every operation on corners and random values, back to back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from descriptor import constant
from streams import Bench, halves, known, pack, unpack
from tail_work import IMMEDIATES, vector

from npusim import arith
from npusim.config import NpuConfig, load_config
from npusim.rtl.kernels import kernel_modules

pytestmark = pytest.mark.rtl

SOURCES = ["npu_mfu.v", "npu_mfu_lane.v", "npu_delay.v"]
KERNELS = [f"f16_{name}" for name in ("mul", "add", "max", "clip", "leaky_relu", "sigmoid", "tanh")]
ADDSUB = ("NONE", "ADD", "A_SUB_B", "B_SUB_A", "MAX")
ACTS = ("NONE", "RELU", "CLIP", "LRELU", "SIGM", "TANH")
CORNERS = (0x0000, 0x8000, 0x0400, 0x8400, 0x7BFF, 0xFBFF, 0x3C00, 0xBC00)


def lane(x: int, mul: int | None, addsub: str, b: int, act: str, low: int, high: int) -> tuple[int, bool]:
    """One element of one lane and its overflow."""
    over = [False]

    def note(result: arith.Rounded) -> int:
        over.append(bool(result[1]))
        return result[0]

    x = x if mul is None else note(arith.f16_mul(x, mul))
    match addsub:
        case "ADD":
            x = note(arith.f16_add(x, b))
        case "A_SUB_B":
            x = note(arith.f16_sub(x, b))
        case "B_SUB_A":
            x = note(arith.f16_sub(b, x))
        case "MAX":
            x = arith.f16_max(x, b)
    match act:
        case "RELU":
            x = arith.f16_relu(x)
        case "CLIP":
            x = arith.f16_clip(x, low, high)
        case "LRELU":
            x = note(arith.f16_leaky_relu(x, low))
        case "SIGM":
            x = arith.f16_sigmoid(x)
        case "TANH":
            x = arith.f16_tanh(x)
    return x, any(over)


@cocotb.test()
async def computes(dut: Any) -> None:
    """Elements enter every cycle or with gaps; overflow is told for runs of elements with gaps between them."""
    bench = Bench(dut)
    config = NpuConfig.from_dict(bench.job["config"])
    n, rng, acts = config.native_dim, bench.rng, ACTS[: 6 if bench.job["smooth"] else 4]
    depth = config.lat_mul + config.lat_add + config.lat_act
    dut.s_valid.value = 0
    await bench.reset()
    operands: dict[int, int] = {}
    want: dict[int, tuple[list[int], str]] = {}
    groups: list[tuple[int, int, bool]] = []  # cycles in which a group's flag may rise, and whether it does
    flags: list[int] = []
    cycle = 0
    todo = [(mul, add, act) for mul in (0, 1) for add in ADDSUB for act in acts] * bench.job["rounds"]
    rng.shuffle(todo)
    while todo or cycle <= max(want) + 2:
        group = groups[-1] if groups and cycle < groups[-1][0] + 4 else None
        dut.s_valid.value = 0
        for name in ("data", "mul_data", "add_data", "mul", "as", "act", "a", "b"):
            signal = getattr(dut, f"s_{name}")
            signal.value = rng.getrandbits(len(signal))
        if todo and (group or not groups or cycle > groups[-1][1]):
            mul, add, act = todo.pop()
            x, a, b = vector(rng, n), vector(rng, n), vector(rng, n)
            if rng.random() < 0.3:
                x, b = (tuple(rng.choice(CORNERS) for _ in range(n)) for _ in range(2))
            low, high = rng.choice(IMMEDIATES), rng.choice(IMMEDIATES)
            lanes = [lane(p, q if mul else None, add, r, act, low, high) for p, q, r in zip(x, a, b, strict=True)]
            values = {
                "valid": 1, "mul": mul, "as": constant(f"AS_{add}"), "act": constant(f"ACT_{act}"), "a": low, "b": high,
                "data": pack(x), "mul_data": pack(a),
            }  # fmt: skip
            for name, value in values.items():
                getattr(dut, f"s_{name}").value = value
            operands[cycle + config.lat_mul] = pack(b)
            want[cycle + depth] = [bits for bits, _ in lanes], f"mul {mul}, {add}, {act} {low:04x} {high:04x}"
            over = any(flag for _, flag in lanes)
            if group:
                groups[-1] = group[0], group[1], group[2] or over
            else:
                groups.append((cycle, cycle + depth + 5, over))
        if cycle in operands:
            dut.s_add_data.value = operands[cycle]
        await bench.tick()
        if cycle in want:
            right, what = want[cycle]
            got = unpack(known(dut.m_data), n)
            assert got == right, f"{what}: got {halves(pack(got), n)}, want {halves(pack(right), n)}"
        if known(dut.overflow):
            flags.append(cycle)
        cycle += 1
    for first, last, over in groups:
        assert any(first <= at <= last for at in flags) == over, f"overflow of elements from cycle {first} on"
    assert {over for _, _, over in groups} == {False, True}


def machine(clock: int, **changes: int) -> NpuConfig:
    return replace(load_config("tiny"), clock_mhz=clock, native_dim=4, lanes=1, block=4, **changes)


@pytest.mark.parametrize("smooth", [1, 0])
@pytest.mark.parametrize("config", [machine(60), machine(10, lat_mul=1, lat_add=1, lat_act=1)], ids=["tiny", "short"])
def test_operations(simulator: str, config: NpuConfig, smooth: int, tmp_path: Path) -> None:
    """smooth 0: a unit without sigmoid and tanh is built without their kernels."""
    texts = kernel_modules(config)
    names = [f"k_{name}.v" for name in KERNELS if smooth or name not in ("f16_sigmoid", "f16_tanh")]
    for name in names:
        (tmp_path / name).write_text(texts[name])
    sources = [*SOURCES, *(tmp_path / name for name in names)]
    fields = ("native_dim", "lat_mul", "lat_add", "lat_act")
    parameters = {field.upper(): getattr(config, field) for field in fields} | {"SIGMOID_TANH": smooth}
    lint("npu_mfu", sources, parameters)
    job = {"config": config.to_dict(), "rounds": 4, "smooth": smooth}
    simulate("npu_mfu", sources, __name__, simulator, parameters=parameters, job=job)
