"""Every kernel passes the check on the generated Verilog; wrong modules and lost or late results are seen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from npusim_hls import check as check_module
from npusim_hls import rtl_executor
from npusim_hls.catalogue import find
from npusim_hls.check import Verdict, check
from npusim_hls.emit import emit
from npusim_hls.errors import HlsError
from npusim_hls.harness import pack, unpack
from npusim_hls.kernels import KERNELS
from npusim_hls.vectors import operands

NEEDS_ICARUS = pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed")
SIMULATORS = ["verilator", pytest.param("icarus", marks=NEEDS_ICARUS)]


def problems(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.problem for verdict in verdicts if verdict.problem]


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """All kernels on all executors that are installed; plain Python runs once for all."""
    icarus = ["icarus"] if shutil.which("iverilog") else []
    return check(list(KERNELS.values()), ["numba", "verilator", *icarus], count=2000)


@pytest.mark.rtl
@pytest.mark.parametrize("executor", ["python", "numba", *SIMULATORS])
def test_every_kernel_passes_the_check(executor: str, verdicts: list[Verdict]) -> None:
    mine = [verdict for verdict in verdicts if verdict.executor == executor]
    assert problems(mine) == []
    assert [verdict.kernel for verdict in mine] == list(KERNELS)
    whole = {verdict.kernel for verdict in mine if verdict.exhaustive and verdict.sets == 1 << 16}
    unary = {f"f16_{name}" for name in ("sigmoid", "tanh", "exp", "recip", "rsqrt", "relu", "to_f32", "to_fixed")}
    assert whole == unary


@pytest.mark.rtl
@pytest.mark.slow
def test_a_full_block_passes_the_check() -> None:
    assert problems(check([find("f16_to_bfp_128x5")], ["numba", "verilator"], count=500)) == []


@pytest.mark.rtl
@NEEDS_ICARUS
def test_wrong_verilog_is_found_and_decoded(monkeypatch: pytest.MonkeyPatch) -> None:

    def wrong(*args: object) -> str:
        text = emit(*args)  # type: ignore[arg-type]
        return re.sub(r"wire sticky = ~", "wire sticky = ", text)

    monkeypatch.setattr(rtl_executor, "emit", wrong)
    found = problems(check([KERNELS["f16_mul"]], ["icarus"], count=100))
    assert len(found) == 1
    word = r"0x[0-9a-f]{4} \(\S+\)"
    result = rf"product={word}, overflow=[01]"
    pattern = rf"f16_mul: operand set \d+: a={word}, b={word} gives {result} in plain Python, {result} in icarus"
    assert re.fullmatch(pattern, found[0]), found[0]


def test_lost_unknown_and_late_results_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = KERNELS["f16_max"]

    def simulate(work: object, simulator: str, **options: object) -> list[rtl_executor.RtlResult]:
        return [results[simulator]]

    sets = operands(instance, 10, 1)
    good: list[list[int] | None] = [*check_module.run_plain(instance, sets)]
    results = {
        "short": rtl_executor.RtlResult(good[:-1], [2], 2),
        "unknown": rtl_executor.RtlResult([None, *good[1:]], [2], 2),
        "late": rtl_executor.RtlResult(good, [2, 3], 2),
        "right": rtl_executor.RtlResult(good, [2], 2),
    }
    monkeypatch.setattr(check_module, "simulate", simulate)
    found = {v.executor: v.problem for v in check([instance], list(results), count=10, seed=1)}
    assert found["right"] is None
    assert found["short"] == f"f16_max: short gave {len(sets) - 1} results for {len(sets)} operand sets"
    assert found["unknown"] is not None
    assert found["unknown"].endswith("unknown bits in unknown")
    assert found["late"] == "f16_max: late took [2, 3] cycles; the schedule says 2"
    assert replace(check([instance], [], count=10)[0], seconds=0) == Verdict(
        "f16_max", "python", len(sets), False, 0, None
    )


@pytest.mark.rtl
@NEEDS_ICARUS
def test_a_waveform_is_written_by_icarus_too(tmp_path: Path) -> None:
    waves = tmp_path / "out" / "waves.fst"
    assert problems(check([KERNELS["f16_relu"]], ["icarus"], waves=waves)) == []
    assert waves.stat().st_size > 1000


def test_packing_is_reversible_with_signs() -> None:
    fields = [(4, True), (3, False), (9, True)]
    for leaves in ([-8, 7, -256], [7, 0, 255], [-1, 5, 0]):
        assert unpack(pack(leaves, fields), fields) == leaves


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(HlsError, match="iverilog is not on PATH; install Icarus Verilog 11 or later"):
        check([KERNELS["f16_relu"]], ["icarus"])
    with pytest.raises(HlsError, match="simulator vcs is not known; choose verilator or icarus"):
        check([KERNELS["f16_relu"]], ["vcs"])
