"""Run a cocotb bench on one module: build (cached), run, and say on failure what failed and how to replay it.

A test module holds both sides; pytest calls `simulate`, the simulator imports the module again and runs what
`@cocotb.test()` marks (do not name those test_*, or pytest would call them too):

    import cocotb
    import pytest
    from bench import GAPS, simulate
    from streams import Bench, Sink, Source, compare

    pytestmark = pytest.mark.rtl

    @pytest.mark.parametrize("gaps", GAPS)                       # free, source, sink, both
    def test_queue(simulator: str, gaps: str) -> None:           # simulator: verilator, then icarus
        simulate("npu_queue", ["npu_queue.v"], __name__, simulator, parameters={"QUEUE_DEPTH": 4}, gaps=gaps,
                 job={"beats": 100})                             # JSON, read back as bench.job

    @cocotb.test()
    async def keeps_order(dut) -> None:
        bench = Bench(dut)                                       # clk, rst, random numbers, gaps, job
        await bench.reset()
        source, sink = Source(bench, "s"), Sink(bench, "m")      # s_valid, s_ready, s_data; m_...
        want = [bench.rng.getrandbits(32) for _ in range(bench.job["beats"])]
        source.send(want)
        got = await sink.take(len(want), timeout=5000)
        compare(got, want)

Sources are paths, or names in rtl/, rtl/generated/ and the package's bench-only Verilog; `.vh` files in rtl/ are found.
Replay: NPUSIM_SEED=7 sets the seed of all benches, NPUSIM_WAVES=FILE.fst writes a waveform. `lint` is Verilator -Wall.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from npusim_hls.numba_executor import cache_folder
from npusim_hls.simulators import environment, tail, tools, waveform_args

ROOT = Path(__file__).resolve().parents[2]
RTL = ROOT / "rtl"
FOLDERS = (RTL, RTL / "generated", ROOT / "sim" / "npusim" / "rtl" / "verilog")
WAIVERS = RTL / "lint.vlt"
GAPS = ("free", "source", "sink", "both")
BUILD_ARGS = {
    "verilator": ["--x-assign", "unique", "--x-initial", "unique", "--quiet"],
    "icarus": ["-Wall", "-Wno-timescale"],
}


def simulate(
    top: str,
    sources: Sequence[str | Path],
    test: str,
    simulator: str,
    *,
    parameters: Mapping[str, int] | None = None,
    job: Any = None,
    gaps: str = "free",
    seed: int | None = None,
    cases: Sequence[str] | None = None,
    build_args: Sequence[str] = (),
    plusargs: Sequence[str] = (),
) -> Path:
    """Build `top`, run the cocotb tests of module `test` (only `cases`, if given); returns the folder of the run.

    Fails the pytest test with the first failure, the end of the log where there is none, and the line that replays it.
    No test run is a failure. The folder is kept until the session ends, for files that the bench wrote there.
    """
    assert gaps in GAPS, f"gaps is {gaps!r}, expected one of {', '.join(GAPS)}"
    seed = int(os.environ.get("NPUSIM_SEED", "1")) if seed is None else seed
    waves = os.environ.get("NPUSIM_WAVES")
    files = [locate(source) for source in sources]
    with tools(simulator):
        from cocotb_tools.runner import get_runner

        runner = get_runner(simulator)
        built = _build(runner, top, files, simulator, dict(parameters or {}), [*build_args], waves is not None)
        place = Path(tempfile.mkdtemp(prefix="run-", dir=_session()))
        (place / "job.json").write_text(json.dumps({"seed": seed, "gaps": gaps, "job": job}))
        results, log = place / "results.xml", place / "run.log"
        dump = [f"+dumpfile_path={place}/icarus.fst"] if simulator == "icarus" and waves is not None else []
        with suppress(RuntimeError, SystemExit):  # the results say what failed, or are not there
            runner.test(
                test_module=test,
                hdl_toplevel=top,
                hdl_toplevel_lang="verilog",
                build_dir=built,
                test_dir=place,
                results_xml=str(results),
                log_file=log,
                seed=seed,
                testcase=cases,
                waves=waves is not None,
                test_args=_start_args(simulator, seed, place, waves is not None),
                extra_env={"NPUSIM_JOB": str(place / "job.json"), "COCOTB_LOG_LEVEL": "INFO"},
                plusargs=[*plusargs, *dump],
            )
    if waves:
        found = [*place.glob("*.fst")]
        if found:
            shutil.copyfile(found[0], waves)
    problem = _problem(results, log)
    if problem is not None:
        pytest.fail(f"{top} on {simulator}, seed {seed}, gaps {gaps}: {problem}\nreplay: {_replay(seed)}", False)
    return place


def lint(top: str, sources: Sequence[str | Path], parameters: Mapping[str, int] | None = None) -> None:
    """Fail with every warning of Verilator -Wall that rtl/lint.vlt does not waive."""
    command = ["verilator", "--lint-only", "-Wall", f"-I{RTL}", "--top-module", top]
    command += [f"-G{name}={value}" for name, value in (parameters or {}).items()]
    command += [str(WAIVERS)] if WAIVERS.exists() else []
    with tools("verilator"):
        done = subprocess.run(
            [*command, *(str(locate(source)) for source in sources)], capture_output=True, text=True, check=False
        )
    if done.returncode or done.stderr.strip():
        pytest.fail(f"{top}: verilator -Wall is not clean\n{done.stderr}", False)


def locate(source: str | Path) -> Path:
    """The file of a source: a path, or a name in one of FOLDERS."""
    if isinstance(source, Path):
        return source
    found = next((folder / source for folder in FOLDERS if (folder / source).exists()), None)
    assert found is not None, f"{source} is in none of {', '.join(str(folder.relative_to(ROOT)) for folder in FOLDERS)}"
    return found


def _build(
    runner: Any, top: str, files: list[Path], simulator: str, parameters: dict[str, int], extra: list[str], waves: bool
) -> Path:
    """Folder of the built simulation; it is filed under a digest of all that goes into it."""
    args = [*BUILD_ARGS[simulator], *extra, *(waveform_args() if waves and simulator == "verilator" else [])]
    if simulator == "icarus" and not waves:
        args.append("-g2005")
    digest = hashlib.sha256(json.dumps([top, simulator, parameters, args, waves, _tools(simulator)]).encode())
    for file in [*files, *sorted(RTL.glob("*.vh"))]:
        digest.update(file.name.encode() + file.read_bytes())
    kept = _folder() / f"{top}-{simulator}-{digest.hexdigest()[:20]}"
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f"{top}-", dir=kept.parent))
    log = staging / "build.log"
    try:
        runner.build(
            sources=files,
            includes=[RTL],
            hdl_toplevel=top,
            parameters=parameters,
            build_dir=staging,
            build_args=args,
            timescale=("1ns", "1ps"),
            waves=waves,
            always=True,
            log_file=log,
        )
    except (RuntimeError, SystemExit) as error:
        text = log.read_text(errors="replace") if log.exists() else str(error)
        shutil.rmtree(staging, ignore_errors=True)
        pytest.fail(f"{top} does not build with {simulator}:\n{text[-4000:]}", False)
    for leftover in [*staging.glob("*.o"), *staging.glob("*.gch"), *staging.glob("*.a"), *staging.glob("*.cpp")]:
        leftover.unlink()
    try:
        staging.rename(kept)
    except OSError:  # another run was faster
        shutil.rmtree(staging, ignore_errors=True)
    return kept


def _tools(simulator: str) -> str:
    import cocotb

    return f"{cocotb.__version__} {environment(simulator).get('VERILATOR_ROOT')}"


def _folder() -> Path:
    return cache_folder().parent / "benches"


def _session() -> Path:
    """A folder for the runs of this process, removed when it ends."""
    global _RUNS  # noqa: PLW0603
    if _RUNS is None:
        _RUNS = tempfile.TemporaryDirectory(prefix="npusim-benches-")
    return Path(_RUNS.name)


_RUNS: tempfile.TemporaryDirectory[str] | None = None


def _start_args(simulator: str, seed: int, place: Path, waves: bool) -> list[str]:
    if simulator != "verilator":
        return []
    random = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % 0x7FFFFFFF + 1}"]
    return [*random, *(["--trace-file", str(place / "verilator.fst")] if waves else [])]


def _problem(results: Path, log: Path) -> str | None:
    """What went wrong, or None: the first failed case, no results, no case run."""
    if not results.exists():
        return f"the simulator ended without results; {tail(log)}"
    cases = list(ET.parse(results).getroot().iter("testcase"))
    failed = [(case, *case.iter("failure"), *case.iter("error")) for case in cases]
    failed = [found for found in failed if len(found) > 1]
    if failed:
        case, reason = failed[0][:2]
        text = (reason.text or reason.get("message") or reason.get("error_msg") or tail(log)).strip()
        more = f"\n({len(failed)} of {len(cases)} cases failed)" if len(failed) > 1 else ""
        return f"{case.get('name')}: {text}{more}"
    if not any(case.find("skipped") is None for case in cases):
        return f"no test ran; {tail(log)}"
    return None


def _replay(seed: int) -> str:
    name = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]
    return f"NPUSIM_SEED={seed} NPUSIM_WAVES=waves.fst .venv/bin/python -m pytest '{name}'"
