"""The published record: every published figure that we know beside what the simulator says.

Figures and sources are data, `published.toml`.  All programs here are the compiler's own; weights are stand-ins, since
neither times nor counts depend on their values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np

from npusim.compiler.back.backend import to_program
from npusim.compiler.back.verify import verify_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import load_model
from npusim.config import NpuConfig, load_config
from npusim.device import load_device
from npusim.engine.timing import Timing
from npusim.program import Program
from npusim.report.account import tiling
from npusim.report.crossings import run_clock
from npusim.report.warm import Pinned, pinned_moves
from npusim.resources import FUNCTIONS, IMAGE_PARTS, PUBLISHED, PUBLISHED_ON, estimate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CLOSE = 0.10
"""A row is close if its error is at most this."""


@dataclass(frozen=True, slots=True)
class Row:
    """One published figure.  calibrated: the machine's `dispatch_interval` was chosen to meet it."""

    group: str
    what: str
    unit: str
    published: float
    simulated: float
    source: str
    calibrated: bool = False
    note: str = ""

    @property
    def error(self) -> float:
        """Relative error of the simulated figure."""
        return self.simulated / self.published - 1

    @property
    def close(self) -> bool:
        """Error of at most a tenth."""
        return abs(self.error) <= CLOSE

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        keys = ("group", "what", "unit", "published", "simulated", "error", "calibrated", "source", "note")
        return {key: getattr(self, key) for key in keys}


def published_figures() -> dict[str, Any]:
    """Return `published.toml`."""
    text = (resources.files("npusim.report") / "published.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return data


def all_rows(on_job: Callable[[int, int, str], None] = lambda done, total, what: None) -> list[Row]:
    """Simulate everything; on_job is called with the number of the next job, how many there are, and its name."""
    data = published_figures()
    jobs = [job for group in (_deepbench, _networks, _convolutions, _resources, _intel) for job in group(data)]
    rows: list[Row] = []
    for at, (what, make) in enumerate(jobs, 1):
        on_job(at, len(jobs), what)
        rows += make()
    return rows


Jobs = Iterator[tuple[str, Callable[[], list[Row]]]]


# ---- programs --------------------------------------------------------------------------------------------------------


Span = tuple[tuple[str, ...], tuple[str, ...]]


def stand_in(name: str, config: NpuConfig, span: Span | None = None, **options: object) -> Program:
    """Compile one of the built-in networks, or a part of it, with weights that nobody looks at."""
    import npusim_models
    from npusim_models.graph import to_model

    network = npusim_models.describe(name, **options)
    network = replace(network, span=span) if span is not None else network
    values = {key: np.full(p.shape, 0.01, np.float32) for key, p in network.params.items()}
    return compiled(to_model(network, values, {}), config)


def compiled(model: Any, config: NpuConfig) -> Program:
    """Compile a ModelProto."""
    return to_program(to_graph(load_model(model), sigmoid_tanh=config.sigmoid_tanh), config)


def dense_layers(sizes: list[int], vectors: int) -> Any:
    """Return a model of dense layers over several vectors, as convolutions over a row of that many pixels."""
    return _convolution_model([(a, b, 1) for a, b in pairwise(sizes)], (1, vectors))


def _convolution_model(layers: list[tuple[int, int, int]], size: tuple[int, int]) -> Any:
    """layers: channels, filters, window."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, now = [], [], "x"
    for at, (channels, filters, window) in enumerate(layers):
        weights.append(
            numpy_helper.from_array(np.full((filters, channels, window, window), 0.01, np.float32), f"w{at}")
        )
        pads = [window // 2] * 4
        nodes.append(helper.make_node("Conv", [now, f"w{at}"], [f"y{at}"], name=f"layer{at}", pads=pads))
        now = f"y{at}"
    shape = (1, layers[0][0], *size)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "layers", [given], [helper.make_empty_tensor_value_info(now)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def warm(program: Program) -> tuple[Timing, Pinned]:
    """Return the times of a run with its weights in MatrixRf as far as they fit (`npusim.report.warm`)."""
    decoded = verify_program(program)
    pinned = pinned_moves(decoded, program.config)
    return run_clock(program, decoded, pinned.moves), pinned


def _loaded(pinned: Pinned) -> str:
    if not pinned.loaded:
        return ""
    return f"{pinned.loaded:,} of {pinned.tiles:,} tiles do not fit beside the others and are loaded in the run"


# ---- groups ----------------------------------------------------------------------------------------------------------


def deepbench_name(row: dict[str, Any]) -> str:
    """Return what a DeepBench row is called."""
    return f"{row['cell'].upper()} {row['hidden']}x{row['steps']}"


def deepbench_program(row: dict[str, Any], config: NpuConfig) -> Program:
    """Compile the network of a DeepBench row."""
    return stand_in(row["cell"], config, hidden=row.get("run_as", row["hidden"]), steps=row["steps"])


def _deepbench(data: dict[str, Any]) -> Jobs:
    table = data["deepbench"]
    config = load_config(table["machine"])

    def make(row: dict[str, Any]) -> list[Row]:
        timing, pinned = warm(deepbench_program(row, config))
        name = deepbench_name(row)
        notes = [text for text in (row.get("note", ""), _loaded(pinned)) if text]
        made = Row(
            f"DeepBench on {config.name}", name, "ms", row["ms"], timing.cycles / (config.clock_mhz * 1e3),
            data["source"][table["source"]], name in table["calibration"], "; ".join(notes),
        )  # fmt: skip
        return [made]

    for row in table["rows"]:
        yield deepbench_name(row), lambda row=row: make(row)  # type: ignore[misc]


def _networks(data: dict[str, Any]) -> Jobs:
    table = data["networks"]
    config = load_config(table["machine"])
    group = f"Networks on {config.name}"

    def resnet() -> list[Row]:
        facts = table["resnet50"]
        azure, firmware = data["source"][facts["source"]], data["source"][facts["tiling_source"]]
        program = stand_in("resnet50", config)
        ms = run_clock(program, verify_program(program)).cycles / (config.clock_mhz * 1e3)
        tiles, multiplies = tiling(program).plain_conv
        ours = tiling(program).tile_multiplies
        note = f"straightforward tiling of the convolutions; this compiler's, with the classifier, has {ours:,}"
        return [
            Row(group, "ResNet-50, latency", "ms", facts["ms"], ms, azure,
                note="the device alone, weights from DRAM; what else the published figure holds is not known"),
            Row(group, "ResNet-50, no overlap", "images/s", facts["images_per_second"], 1e3 / ms, azure,
                note="one over the latency: no overlap between images"),
            Row(group, "ResNet-50, tiles", "", facts["tiles"], tiles, firmware,
                note="of the convolutions, each counted once"),
            Row(group, "ResNet-50, tile-multiplies", "", facts["tile_multiplies"], multiplies, firmware, note=note),
        ]  # fmt: skip

    def vgg() -> list[Row]:
        facts = table["vgg16"]
        program = stand_in("vgg16", config, (("InputImage:0",), ("vgg_16/conv5/conv5_3/Relu:0",)))
        tiles = tiling(program).plain_conv[0]
        note = (
            f"a hypothesis for the other {facts['tiles'] - tiles}: the firmware takes conv1_1 in seven stripes of 32 "
            "rows and loads its only tile for each, seven times instead of once"
        )
        source = data["source"][facts["source"]]
        return [Row(group, "VGG-16, tiles of the convolutions", "", facts["tiles"], tiles, source, note=note)]

    yield "ResNet-50", resnet
    yield "VGG-16", vgg


def _convolutions(data: dict[str, Any]) -> Jobs:
    table = data["convolutions"]
    config = load_config(table["machine"])

    def make(row: dict[str, Any]) -> list[Row]:
        layer = (row["channels"], row["filters"], row["window"])
        timing, pinned = warm(compiled(_convolution_model([layer], (row["size"], row["size"])), config))
        full = row["size"] ** 2 * row["channels"] * row["filters"] * row["window"] ** 2 / config.macs_per_cycle
        note = (
            f"published structural bound {row['bound']:,}, {full:,.0f} if every multiplier is busy; a native vector of "
            f"{config.native_dim} holds {row['channels']} channels, engines with private weights share no pixel, and "
            "how the published machine packed its tiles is not known"
        )
        notes = [text for text in (note, _loaded(pinned)) if text]
        source = data["source"][table["source"]]
        group = f"Convolutions on {config.name}"
        return [Row(group, _named(row), "cycles", row["cycles"], timing.cycles, source, note="; ".join(notes))]

    for row in table["rows"]:
        yield f"convolution {_named(row)}", lambda row=row: make(row)  # type: ignore[misc]


def _named(row: dict[str, Any]) -> str:
    size, window = row["size"], row["window"]
    return f"{size}x{size}x{row['channels']}, {window}x{window}x{row['filters']}"


def _resources(data: dict[str, Any]) -> Jobs:
    source = data["source"][data["resources"]["source"]]

    def make(name: str) -> list[Row]:
        config, device = load_config(name), load_device(PUBLISHED_ON[name])
        bare = estimate(config, device, without=(*IMAGE_PARTS, *FUNCTIONS)).totals
        whole = estimate(config, device).totals
        return [
            Row(f"Resources of {name}", f"{name}, {kind}", "", PUBLISHED[name][kind], bare[kind][0], source,
                note=f"without units for images and without sigmoid and tanh; the whole preset: {whole[kind][0]:,}")
            for kind in ("ALM", "M20K", "DSP")
        ]  # fmt: skip

    for name in PUBLISHED:
        yield f"resources of {name}", lambda name=name: make(name)  # type: ignore[misc]


def intel_machine(facts: dict[str, Any]) -> NpuConfig:
    """Return the machine of this family whose geometry is that of intel/fpga-npu."""
    changes = {key: value for key, value in facts["machine"].items() if key != "base"}
    return replace(load_config(facts["machine"]["base"], fit=False), **changes)


def _intel(data: dict[str, Any]) -> Jobs:
    facts = data["intel"]
    config = intel_machine(facts)

    def make(row: dict[str, Any]) -> list[Row]:
        sizes = row["layers"]
        timing, _ = warm(compiled(dense_layers(sizes, facts["vectors"]), config))
        macs = sum(a * b for a, b in pairwise(sizes)) * facts["vectors"] * facts["cores"]
        tops = 2 * macs * config.clock_mhz * 1e-6 / timing.cycles
        source = data["source"][facts["source"]]
        note = f"{timing.cycles:,} cycles; published {2 * macs * config.clock_mhz * 1e-6 / row['tops']:,.0f}"
        return [Row("Dense layers of intel/fpga-npu", _sizes(sizes), "TOPS", row["tops"], tops, source, note=note)]

    for row in facts["rows"]:
        yield f"dense layers {_sizes(row['layers'])}", lambda row=row: make(row)  # type: ignore[misc]


def _sizes(sizes: list[int]) -> str:
    return "-".join(map(str, sizes))
