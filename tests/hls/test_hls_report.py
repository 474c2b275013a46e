"""Committed figures: complete, fresh, and what Yosys says today."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from npusim_hls import report
from npusim_hls.compiler import plan, verilog
from npusim_hls.errors import HlsError
from npusim_hls.kernels import KERNELS


def test_figures_are_complete_and_fresh() -> None:
    figures = report.load()
    assert list(figures) == list(KERNELS)
    assert report.stale(figures, KERNELS.values()) == [], f"run `{report.REFRESH}`"
    head = json.loads(report.FIGURES.read_text())
    assert head["command"] == report.REFRESH
    assert head["yosys"].startswith("Yosys")
    for name, row in figures.items():
        schedule = plan(KERNELS[name])
        assert row.latency == schedule.latency
        assert row.register_bits == schedule.register_bits + schedule.latency
        assert row.registers <= 1.2 * row.register_bits + 8


def test_multipliers_are_in_dsp_blocks_and_adders_are_not() -> None:
    figures = report.load()
    assert figures["f32_add"].dsps == figures["f16_add"].dsps == 0
    assert figures["f16_mul"].dsps == 0.5
    assert figures["f32_mul"].dsps == 1
    assert [name for name, row in figures.items() if row.hardened] == [
        "f32_add",
        "f32_sub",
        "f32_mul",
        "f32_accumulate",
    ]


def test_changed_verilog_is_stale() -> None:
    figures = dict(report.load())
    del figures["f16_mul"]
    assert report.stale(figures, [KERNELS["f16_mul"], KERNELS["f16_max"]]) == ["f16_mul"]


def test_silent_yosys_is_an_error(tmp_path: Path) -> None:
    fake = tmp_path / "yosys"
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(HlsError, match="yosys failed on f16_relu: it printed no statistics"):
        report.synthesize("f16_relu", verilog(KERNELS["f16_relu"]), str(fake))
    with pytest.raises(HlsError, match="no-such-yosys is not on PATH; the committed figures need no Yosys"):
        report.synthesize("f16_relu", "", "no-such-yosys")


@pytest.mark.rtl
@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
def test_yosys_gives_figures(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    made = report.refresh(path, [KERNELS["f16_mul"]])
    assert report.load(path) == made
    committed = report.load()["f16_mul"]
    assert made["f16_mul"].dsps == committed.dsps
    assert abs(made["f16_mul"].alms - committed.alms) <= 0.2 * committed.alms


def test_unreadable_figures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HlsError, match="the figures cannot be read"):
        report.load(tmp_path / "none.json")
