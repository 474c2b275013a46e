"""The RTL executor: generated Verilog in a simulator under cocotb, several kernels in one build.

Each kernel becomes a pipeline of one harness module: operands packed into one vector, results into another.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from npusim_hls.compiler import CLOCK_MHZ, plan
from npusim_hls.emit import emit, ports
from npusim_hls.errors import HlsError
from npusim_hls.harness import fields_of, harness, pack, unpack
from npusim_hls.kernel import Instance
from npusim_hls.simulators import tail, tools

BUILD_ARGS = {"verilator": ["--x-assign", "unique", "--x-initial", "unique", "--no-public-flat-rw"], "icarus": []}
STEPPED = 150  # operand sets that cocotb drives one by one, with gaps and stalls


@dataclass(frozen=True, slots=True)
class RtlResult:
    """What one kernel gave: a list of output leaves per operand set (None where bits are unknown), and the latency."""

    outputs: list[list[int] | None]
    latencies: list[int]
    latency: int


def simulate(
    work: Sequence[tuple[Instance, Sequence[Sequence[int]]]],
    simulator: str,
    *,
    seed: int = 1,
    clock_mhz: float = CLOCK_MHZ,
    waves: Path | None = None,
    folder: Path | None = None,
) -> list[RtlResult]:
    """Run operand sets (flattened leaves) through the Verilog of each kernel.

    simulator: "verilator" or "icarus"; waves: file for the waveform (VCD from Verilator, FST from Icarus); folder:
    where to build (default a temporary one). Raises HlsError when a tool is missing or fails.
    """
    with tools(simulator), tempfile.TemporaryDirectory(prefix="npusim-hls-") as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        sources, latencies = [], []
        for instance, _ in work:
            schedule = plan(instance, clock_mhz)
            latencies.append(schedule.latency)
            sources.append(place / f"{instance.name}.v")
            sources[-1].write_text(emit(instance, schedule))
        parts = [split(instance, operands, place, k) for k, (instance, operands) in enumerate(work)]
        stepped, played = [job for job, _ in parts], [count for _, count in parts]
        top = place / "harness.v"
        top.write_text(harness([(instance, count) for (instance, _), count in zip(work, played, strict=True)]))
        drain = max(latencies) + 2
        job = {"seed": seed, "drain": drain, "cycles": max(played) + drain + 2, "kernels": stepped}
        (place / "job.json").write_text(json.dumps(job))
        run_cocotb([*sources, top], simulator, place, waves=waves)
        found = json.loads((place / "results.json").read_text())
        results = []
        for k, ((instance, _), latency, item) in enumerate(zip(work, latencies, found, strict=True)):
            fields = fields_of(ports({**instance.outputs}))
            words = [*item["got"], *read_hex(place / f"played_{k}.hex")]
            outputs = [None if word is None else unpack(word, fields) for word in words]
            results.append(RtlResult(outputs, item["latencies"], latency))
    return results


def split(instance: Instance, operands: Sequence[Sequence[int]], place: Path, k: int) -> tuple[dict[str, object], int]:
    """The operands that cocotb drives, for the job; the others go to the harness's memory, with their count."""
    fields = fields_of(ports({**instance.inputs}))
    words = [pack(leaves, fields) for leaves in operands]
    memory = words[STEPPED:] or [0]
    (place / f"memory_{k}.hex").write_text("".join(f"{word:x}\n" for word in memory))
    job = {"operands": words[:STEPPED], "width": sum(width for width, _ in fields)}
    return job, max(0, len(words) - STEPPED)


def read_hex(path: Path) -> list[int | None]:
    """Words of a results file; None where bits are unknown."""
    words = path.read_text().split() if path.exists() else []
    return [int(word, 16) if set(word) <= set("0123456789abcdef") else None for word in words]


def run_cocotb(sources: list[Path], simulator: str, place: Path, *, waves: Path | None) -> None:
    """Build the harness and run the bench; raises HlsError with the end of the log."""
    from cocotb_tools.runner import get_runner

    log, results = place / "build.log", place / "results.json"
    results.unlink(missing_ok=True)
    traced = waves is not None
    try:
        runner = get_runner(simulator)
        runner.build(
            sources=sources,
            hdl_toplevel="harness",
            build_dir=place / "build",
            build_args=BUILD_ARGS[simulator],
            waves=traced,
            always=True,
            timescale=("1ns", "1ps"),
            log_file=log,
        )
        log = place / "run.log"
        runner.test(
            test_module="npusim_hls.bench",
            hdl_toplevel="harness",
            build_dir=place / "build",
            test_dir=place,
            waves=traced,
            extra_env={"NPUSIM_HLS_JOB": str(place / "job.json")},
            results_xml=str(place / "results.xml"),
            log_file=log,
        )
    except (RuntimeError, OSError, SystemExit) as error:
        raise HlsError(f"{simulator} failed: {error}; {tail(log)}") from error
    if not results.exists():
        raise HlsError(f"{simulator} ended without results; {tail(log)}")
    if waves is not None:
        found = [*place.glob("dump.vcd"), *place.glob("build/*.fst"), *place.glob("*.fst")]
        if not found:
            raise HlsError(f"{simulator} wrote no waveform; {tail(log)}")
        waves.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found[0], waves)
