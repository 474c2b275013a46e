"""The resource model: geometry, published machines, refusals and ways out."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from npusim import costs
from npusim.config import NpuConfig, load_config
from npusim.device import device_names, load_device
from npusim.errors import ConfigError
from npusim.resources import FUNCTIONS, IMAGE_PARTS, PUBLISHED, PUBLISHED_ON, check_fit, estimate, misfit, ways_out

SIZES = {"initial_vrf": 9216, "addsub_vrf_1": 6144, "mrf_tiles": 128}  # whatever the preset says
ARRIA10 = dataclasses.replace(load_config("arria10"), **SIZES)  # type: ignore[arg-type]
DEVICE = load_device("arria10_gx1150")


def _with(**changes: Any) -> NpuConfig:
    return dataclasses.replace(ARRIA10, **changes)


def _m20k(config: NpuConfig) -> dict[str, int]:
    return {row.part: row.m20k for row in config.resources().rows}


def test_devices() -> None:
    assert device_names() == ["arria10_gx1150", "stratix10_gx2800"]
    assert (DEVICE.alm, DEVICE.dsp, DEVICE.m20k) == (427_200, 1_518, 2_713)
    with pytest.raises(
        ConfigError, match=r"device is 'aria10', expected a known one or 'none' \(nearest: arria10_gx1150"
    ):
        load_device("aria10")


@pytest.mark.parametrize(
    ("depth", "width", "blocks"),
    [
        (1, 1, 1),
        (512, 40, 1),
        (513, 40, 2),
        (1024, 20, 1),
        (2048, 10, 1),
        (2049, 10, 2),
        (512, 2048, 52),
        (9216, 2048, 927),
    ],
)
def test_m20k_shapes(depth: int, width: int, blocks: int) -> None:
    assert DEVICE.m20ks(depth, width) == blocks


def test_memories_follow_from_geometry() -> None:
    parts = _m20k(ARRIA10)
    assert parts["InitialVrf"] == 9 * 103  # 9 x 1024 vectors; 2048 bits are 103 x 20
    assert parts["AddSubVrf_1"] == 3 * 205  # 3 x 2048 vectors; 2048 bits are 205 x 10
    assert parts["MatrixRf mantissas"] == 615  # 128 tiles x 8 words of 128 * 16 * 6 bits, once
    private = _m20k(load_config("arria10_rnn"))
    assert private["MatrixRf mantissas"] == 8 * 154  # 64 tiles x 8 words of 128 * 16 * 3 bits, in each of 8 engines
    assert private["MatrixRf exponents"] == 8 * 4


def test_totals_are_sums() -> None:
    r = ARRIA10.resources()
    assert (r.alm, r.dsp, r.m20k) == tuple(need for need, _ in r.totals.values())
    assert r.excess == {}
    assert r.alm == sum(row.alm for row in r.rows)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("arria10_rnn", {"ALM": 0.1, "DSP": 0.0, "M20K": 0.065}), ("bw_s10", {"ALM": 0.07, "DSP": 0.1, "M20K": 0.005})],
)
def test_published_machines_but_for_sigmoid_and_tanh(name: str, tolerance: dict[str, float]) -> None:
    device = load_device(PUBLISHED_ON[name])
    totals = estimate(load_config(name), device, without=(*IMAGE_PARTS, *FUNCTIONS)).totals
    for kind, want in PUBLISHED[name].items():
        assert totals[kind][0] == pytest.approx(want, rel=tolerance[kind]), kind


def test_sigmoid_and_tanh_cost_what_their_kernels_do() -> None:
    lane = sum(costs.KERNEL_FIGURES[f"f16_{name}"].alms for name in ("sigmoid", "tanh"))
    parts = {
        (a, b): {row.part: row for row in estimate(_with(sigmoid_tanh_0=a, sigmoid_tanh_1=b), DEVICE).rows}
        for a in (False, True)
        for b in (False, True)
    }
    found = {which: rows["sigmoid and tanh"].alm for which, rows in parts.items()}
    assert found[False, False] == 0
    assert found[True, False] == found[False, True] == found[True, True] / 2 >= 128 * lane
    with pytest.raises(ConfigError, match=r"does not fit Arria 10 GX 1150: needs .* of 427,200 ALM"):
        check_fit(_with(sigmoid_tanh_0=True))


def test_no_device_is_not_checked_and_has_no_estimate() -> None:
    tiny = load_config("tiny")
    assert misfit(tiny) == ""
    with pytest.raises(ConfigError, match="device is 'none'"):
        tiny.resources()
    assert tiny.native_dim == 8
    assert estimate(tiny, DEVICE).alm < DEVICE.alm // 2


# -------------------------------------------------------------------------------------------------- formulas of costs


def test_products_cost_more_with_more_bits_and_less_in_dsp_blocks() -> None:
    soft = [costs.soft_dot_alms(16, m, m) for m in range(2, 8)]
    assert soft == sorted(soft)
    assert all(costs.dsp_dot_alms(16, m, m) < costs.soft_dot_alms(16, m, m) / 2 for m in range(2, 8))
    assert costs.soft_dot_alms(16, 2, 5) == costs.soft_dot_alms(16, 5, 2)


def test_packing_holds_every_product() -> None:
    """Compute two-lane sums of packed products with integers, and take the fields apart again."""
    for bits in range(2, 8):
        rows, field, top = costs.packed_rows(bits, bits), 2 * bits + 2, (1 << bits) - 1
        assert (rows - 1) * field + bits + 1 <= 18
        for signs in range(1 << (2 * rows)):
            weights = [[top * (1 - 2 * (signs >> (2 * r + lane) & 1)) for r in range(rows)] for lane in range(2)]
            for acts in ((top, top), (-top, top), (-top, -top)):
                total = sum(
                    a * sum(w << (field * r) for r, w in enumerate(ws)) for a, ws in zip(acts, weights, strict=True)
                )
                for r in range(rows):
                    low = ((total + (1 << (field - 1))) % (1 << field)) - (1 << (field - 1))
                    assert low == sum(a * ws[r] for a, ws in zip(acts, weights, strict=True))
                    total = (total - low) >> field


def test_adder_trees() -> None:
    assert costs.tree_alms(1, 8, 99) == 0
    assert costs.tree_alms(2, 8, 99) == 9 / 2
    assert costs.tree_alms(3, 8, 99) == 10 / 2
    assert costs.tree_alms(4, 8, 99) == 10 / 2 + 11 / 2
    assert costs.tree_alms(3, 8, 8) == 8 / 2


# ---------------------------------------------------------------------------------------------------------- refusals


def test_a_refusal_names_the_excess_and_two_ways_out() -> None:
    with pytest.raises(ConfigError) as caught:
        check_fit(_with(initial_vrf=16384), "mine.toml")
    assert str(caught.value) == (
        "mine.toml: does not fit Arria 10 GX 1150: needs 3,193 of 2,713 M20K (480 too many); cheapest ways out: "
        "initial_vrf = 11264 (now 16384) or mrf_tiles = 64 (now 128) with addsub_vrf_1 = 4096 (now 6144)"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"initial_vrf": 16384},
        {"weight_mantissa": 7, "act_mantissa": 7},
        {"mrf_tiles": 400},
        {"clock_mhz": 400},
        {"initial_vrf": 12288, "act_mantissa": 6},
    ],
)
def test_ways_out_lead_out(changes: dict[str, int]) -> None:
    config = _with(**changes)
    assert misfit(config)
    ways = ways_out(config)
    assert ways
    for way in ways:
        new = {key: int(value) for key, value in re.findall(r"(\w+) = (\d+)", way)}
        assert misfit(dataclasses.replace(config, **new)) == ""  # type: ignore[arg-type]


def test_clocks_beyond_the_device() -> None:
    with pytest.raises(
        ConfigError, match="clock_mhz 400 above the DSP limit of 364; cheapest ways out: clock_mhz = 364"
    ):
        check_fit(_with(clock_mhz=400))


def test_hopeless_configurations_are_told_so() -> None:
    with pytest.raises(ConfigError, match="no single parameter is enough; lower engines and mantissa bits first"):
        check_fit(_with(native_dim=1024, block=1024, lanes=128))
