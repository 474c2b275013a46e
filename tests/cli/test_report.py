"""The report adds up, has the contract's keys, and the timeline covers every cycle."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import model, residual
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

import npusim_models
from npusim.cli.tables import NAME_WIDTH, layer_lines, shorten
from npusim.compiler.back.backend import to_program
from npusim.compiler.back.verify import verify_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.config import NpuConfig, load_config
from npusim.engine.timing import CAUSES, Timing
from npusim.program import NodeRow, Program
from npusim.report.account import BOUNDS, build_report
from npusim.report.bounds import stream_cycles
from npusim.report.crossings import crossings, depends_on, link_cycles, run_clock
from npusim.report.layers import OUTPUT
from npusim.report.trace import TRACKS, trace_events

CONTRACT = {
    "model", "config", "clock_mhz", "cycles", "latency_ms", "latency_with_link_ms", "macs_useful", "tile_multiplies",
    "weight_tiles", "utilisation", "bound_ms", "stalls", "layers", "dram_bytes", "wall_s",
}  # fmt: skip

MACHINES = ("arria10", "tiny", "tiny_private")
NETWORKS = ("mlp", "residual")


def compiled(made: Any, config: NpuConfig) -> Program:
    return to_program(to_graph(load_model(made)), config)


@cache
def small(network: str, machine: str) -> Program:
    made = residual() if network == "residual" else npusim_models.build(network, inputs=20, hidden=30)
    return compiled(made, load_config(machine))


def clock(program: Program) -> Timing:
    return run_clock(program, verify_program(program))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("network", NETWORKS)
def test_everything_adds_up(network: str, machine: str) -> None:
    program = small(network, machine)
    timing = clock(program)
    report = build_report(program, timing)
    data = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert set(data) >= CONTRACT
    assert set(data["bound_ms"]) == {"compute", "reader", "stream", "dram", "best_possible"}
    assert data["bound_ms"]["reader"] - data["bound_ms"]["compute"] == pytest.approx(
        report.ms(data["budget"]["vector"])
    )
    assert set(data["dram_bytes"]) == {"read", "written", "weights"}
    assert 0 < data["dram_bytes"]["weights"] <= data["dram_bytes"]["read"]
    assert data["bound_by"] in BOUNDS
    assert data["bound_ms"][data["bound_by"]] == data["bound_ms"]["best_possible"]
    assert set(data["stalls"]) == set(CAUSES)
    assert sum(data["budget"].values()) == data["cycles"] == sum(row["cycles"] for row in data["layers"])
    for kind in ("compute", "vector"):
        assert sum(row[kind] for row in data["layers"]) == data["budget"][kind]
    for cause in CAUSES:
        assert sum(row["stalls"].get(cause, 0) for row in data["layers"]) == data["stalls"][cause]
    for row in data["layers"]:
        assert set(row) >= {"name", "op", "cycles", "macs", "tile_multiplies", "bound_by"}
        assert row["cycles"] == row["compute"] + row["vector"] + sum(row["stalls"].values())
        assert row["bound_by"] in ("compute", "vector", *CAUSES)
        busy = row["compute"] / row["cycles"] if row["cycles"] else 0
        assert row["utilisation"] == pytest.approx(row["tiles_full"] * row["engines_busy"] * busy)
        assert 0 <= row["tiles_full"] <= 1
        assert 0 <= row["engines_busy"] <= 1
    assert data["layers"][-1]["name"] == OUTPUT
    assert sum(row["macs"] for row in data["layers"]) == data["macs_useful"]
    assert sum(row["tile_multiplies"] for row in data["layers"]) == data["tile_multiplies"]
    assert sum(row["weight_tiles"] for row in data["layers"]) == data["weight_tiles"]
    assert sum(row["weight_bytes"] for row in data["layers"]) == data["dram_bytes"]["weights"]
    moved = data["dram_bytes"]["read"] + data["dram_bytes"]["written"]
    assert sum(row["weight_bytes"] + row["map_bytes"] for row in data["layers"]) <= moved
    assert sum(data["coverage"]["nodes"].values()) == len(program.coverage)
    assert sum(data["coverage"]["macs"].values()) == sum(info.macs for info in program.coverage)
    assert data["bound_ms"]["best_possible"] <= data["latency_ms"] < data["latency_with_link_ms"]
    assert 0 < data["utilisation"] <= 1


def test_the_bounds_by_hand() -> None:
    program = compiled(npusim_models.build("mlp"), load_config("arria10"))
    report = build_report(program, clock(program))
    tiles = 2 * 4 + 4 * 4 + 4  # 256 -> 512 -> 512 -> 10 in tiles of 128
    assert report.tiling.tile_multiplies == report.tiling.weight_tiles == tiles
    assert report.bound_ms["compute"] == pytest.approx(tiles * 8 / 8 / 300e3)
    read = report.dram_bytes["read"]
    assert read >= tiles * program.config.tile_bytes
    assert report.bound_ms["dram"] == pytest.approx(read / (34.1e9 * 0.967) * 1e3)
    assert report.macs_useful == 256 * 512 + 512 * 512 + 512 * 10


def rows(*layers: tuple[int, int]) -> list[NodeRow]:
    return [NodeRow("", "Conv", (), (), 0, multiplies, tiles, multiplies, tiles) for tiles, multiplies in layers]


def test_weights_in_order_by_hand() -> None:
    config = replace(load_config("tiny"), mrf_tiles=4, name="four")  # a tile multiplies in 1 cycle, loads in 8
    load = float(config.tile_bytes / config.dram_rate)
    assert stream_cycles(rows((1, 100)), config) == pytest.approx(load + 100)
    assert stream_cycles(rows((6, 6)), config) == pytest.approx(6 * load + 1)
    # two layers: the second's first three tiles hide behind the first layer's only tile, the rest cannot
    assert stream_cycles(rows((1, 1000), (8, 8)), config) == pytest.approx(load + 1000 + 5 * load + 1)
    endless = replace(config, mrf_tiles=1000)
    assert stream_cycles(rows((1, 1000), (8, 8)), endless) == pytest.approx(load + 1000 + 8)


def test_the_published_tiling_of_resnet50() -> None:
    """The figures of the firmware that Microsoft published for this network; shapes alone, without the weights."""
    network = npusim_models.describe("resnet50")
    rng = np.random.default_rng(0)
    from npusim_models.graph import to_model

    made = to_model(
        network, {n: np.ones(p.shape, np.float32) * rng.uniform(0.5, 1) for n, p in network.params.items()}, {}
    )
    report = build_report(program := compiled(made, load_config("arria10")), clock(program))
    assert report.tiling.plain_conv == (1460, 293_525)
    assert report.tiling.plain_other == (128, 128)
    assert report.latency_ms < 1.8
    assert report.latency_ms <= 1.25 * report.bound_ms["best_possible"]
    lines = layer_lines(report)
    assert all(len(line) <= 110 for line in lines)
    low = [
        (row, text) for row, text in zip(report.layers, lines[2:], strict=False) if row.macs and row.utilisation < 0.9
    ]
    assert len(low) > 20
    for row, text in low:  # none without its explanation
        assert f"{row.cycles:,}" in text
        assert row.bound_by != "compute" or "% full" in text or "% busy" in text


# ---- crossings


def net_with_host_in_the_middle() -> Any:
    """Two convolutions with an LRN between, which the host runs, and a second output that never goes back."""
    rng = np.random.default_rng(0)
    weights = {f"w{n}": rng.standard_normal((8, 8, 1, 1)).astype(np.float32) for n in (1, 2)}
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], name="first"),
        helper.make_node("LRN", ["a"], ["b"], name="lrn", size=3),
        helper.make_node("Conv", ["b", "w2"], ["c"], name="second"),
        helper.make_node("Softmax", ["c"], ["d"], name="softmax", axis=1),
    ]
    return model(nodes, {"x": (1, 8, 4, 4)}, ["d"], weights)


def test_a_crossing_in_the_middle_takes_both_ways() -> None:
    program = compiled(net_with_host_in_the_middle(), load_config("tiny"))
    directions = [(p.direction, p.tensor) for p in program.io]
    assert directions == [("in", "x"), ("out", "a"), ("in", "b"), ("out", "c")]
    assert depends_on(program) == {0: [], 2: [1]}
    assert [c.inside for c in crossings(program)] == [False, True, True, False]
    timing = clock(program)
    report = build_report(program, timing, {"host.lrn": 1e-3, "host.softmax": 2e-3})
    c = program.config
    there_and_back = 2 * float(link_cycles(program.io[1].vectors * c.vector_bytes, c))
    assert report.budget["link"] >= there_and_back
    outside = sum(x.microseconds for x in report.crossings if not x.inside)
    assert report.latency_with_link_ms == pytest.approx(report.latency_ms + outside * 1e-3)
    assert report.host_ms == pytest.approx(3.0)
    assert report.latency_with_link_and_host_ms == pytest.approx(report.latency_with_link_ms + 3.0)


def test_link_time_by_hand() -> None:
    config = load_config("arria10")  # 1 us, 7.9 GB/s, 300 MHz
    assert float(link_cycles(7900, config)) == pytest.approx(300 + 300)


# ---- the timeline


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("network", NETWORKS)
def test_the_timeline(network: str, machine: str) -> None:
    program = small(network, machine)
    timing = clock(program)
    events = json.loads(json.dumps(trace_events(program, timing), allow_nan=False))
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    assert tuple(names.values()) == TRACKS
    slices = [e for e in events if e["ph"] == "X"]
    for tid, track in names.items():
        mine = sorted((e for e in slices if e["tid"] == tid), key=lambda e: e["args"]["start"])
        for one, two in pairwise(mine):
            assert one["args"]["start"] + one["args"]["cycles"] <= two["args"]["start"], track
            assert one["ts"] + one["dur"] <= two["ts"] + 1e-9
    unit = [e for e in slices if names[e["tid"]] == "matrix-vector unit"]
    assert sum(e["args"]["cycles"] for e in unit) == timing.cycles
    by_kind = {
        kind: sum(e["args"]["cycles"] for e in unit if e["cat"] == kind) for kind in ("compute", "vector", "stall")
    }
    assert by_kind["compute"] == timing.account["compute"]
    assert by_kind["stall"] == sum(timing.stalls.values())
    assert {e["args"]["cause"] for e in unit if e["cat"] == "stall"} <= set(CAUSES)
    onnx_nodes = {info.name for info in program.coverage}
    assert all(e["name"].removesuffix(" (reader only)") in onnx_nodes for e in unit if e["cat"] != "stall")
    used = {names[e["tid"]] for e in slices}
    assert used >= {"host link", "DMA", "weight stream", "matrix-vector unit", "write-back"}
    assert {e["ph"] for e in events} == {"M", "X", "C"}


def test_the_timeline_in_a_file(npusim: Any, tmp_path: Path) -> None:
    assert npusim("run", "mlp", "--no-values", "--trace", tmp_path / "t.json").status == 0
    assert set(json.loads((tmp_path / "t.json").read_text())) == {"displayTimeUnit", "traceEvents"}


# ---- properties


@st.composite
def _nets(draw: st.DrawFn) -> Iterator[Any]:
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    channels, size, nodes, weights, now = draw(st.integers(1, 20)), draw(st.integers(1, 7)), [], {}, "x"
    shape = channels
    for at in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(("Conv", "Relu", "MaxPool", "Softmax", "Add")))
        out = f"t{at}"
        if kind == "Conv":
            k, m = draw(st.sampled_from((1, 3))), draw(st.integers(1, 20))
            weights[f"w{at}"] = rng.standard_normal((m, shape, k, k)).astype(np.float32)
            nodes.append(helper.make_node("Conv", [now, f"w{at}"], [out], name=f"n{at}", pads=[k // 2] * 4))
            shape = m
        elif kind == "MaxPool":
            nodes.append(helper.make_node(kind, [now], [out], name=f"n{at}", kernel_shape=[3, 3], pads=[1] * 4))
        else:
            nodes.append(helper.make_node(kind, [now, now] if kind == "Add" else [now], [out], name=f"n{at}"))
        now = out
    return model(nodes, {"x": (1, channels, size, size)}, [now], weights)


@given(_nets(), st.sampled_from(("tiny", "tiny_private")))
@settings(max_examples=15)
def test_sums_hold_for_any_network(made: Any, machine: str) -> None:
    program = compiled(made, load_config(machine))
    timing = clock(program)
    report = build_report(program, timing)
    assert sum(row.cycles for row in report.layers) == timing.cycles == sum(report.budget.values())
    assert report.bound_ms["best_possible"] <= report.latency_ms
    unit = [e for e in trace_events(program, timing) if e["ph"] == "X" and e["tid"] == 4]
    assert sum(e["args"]["cycles"] for e in unit) == timing.cycles


def test_a_program_without_a_layer_table() -> None:
    program = dataclasses.replace(small("mlp", "tiny"), nodes=())
    report = build_report(program, clock(program))
    assert report.layers[0].name.startswith("(node ")
    assert report.utilisation == 0


@given(st.text(max_size=200))
def test_names_fit_a_table(name: str) -> None:
    short = shorten(name)
    assert len(short) <= NAME_WIDTH
    assert short.isprintable()
