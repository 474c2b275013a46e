"""The published record: its rows, their errors, what was calibrated, and warm runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from cli_tools import Call

from npusim.cli.validate import markdown_lines, summary, text_lines
from npusim.compiler.back.verify import verify_program
from npusim.config import load_config
from npusim.report import validate
from npusim.report.crossings import run_clock
from npusim.report.validate import Row, all_rows, published_figures, stand_in, warm
from npusim.report.warm import pinned_moves, resident_moves

ROOT = Path(__file__).parent.parent.parent
DATA = published_figures()
DEEPBENCH = {
    "GRU 2816x750": 1.987, "GRU 2560x375": 0.993, "GRU 2048x375": 0.954, "GRU 1536x375": 0.951,
    "GRU 1024x1500": 3.792, "GRU 512x1": 0.013, "LSTM 2048x25": 0.074, "LSTM 1536x50": 0.145,
    "LSTM 1024x25": 0.074, "LSTM 512x25": 0.077, "LSTM 256x150": 0.425,
}  # fmt: skip


@cache
def rows() -> dict[str, Row]:
    made = all_rows()
    assert len({row.what for row in made}) == len(made)
    return {row.what: row for row in made}


# ---- the table; everything is simulated, so these take a while


@pytest.mark.slow
def test_every_published_row_is_there() -> None:
    got = rows()
    assert {what: row.published for what, row in got.items() if row.group.startswith("DeepBench")} == DEEPBENCH
    assert "2800 = 7 x 400" in got["GRU 2816x750"].note
    expected = {
        "ResNet-50, latency": 1.8, "ResNet-50, no overlap": 559, "ResNet-50, tiles": 1460,
        "ResNet-50, tile-multiplies": 293_525, "VGG-16, tiles of the convolutions": 916,
        "28x28x128, 3x3x128": 1326, "56x56x64, 1x1x256": 646,
        "arria10_rnn, ALM": 216_602, "arria10_rnn, M20K": 2171, "arria10_rnn, DSP": 1518, "512-512": 3.55,
    }  # fmt: skip
    assert {what: got[what].published for what in expected} == expected
    for row in got.values():
        assert row.source
        assert row.error == pytest.approx((row.simulated - row.published) / row.published)
        assert row.close == (abs(row.error) <= 0.1)


@pytest.mark.slow
def test_counts_are_met_exactly() -> None:
    got = rows()
    assert got["ResNet-50, tiles"].simulated == 1460
    assert got["ResNet-50, tile-multiplies"].simulated == 293_525
    assert got["VGG-16, tiles of the convolutions"].simulated == 910
    assert "hypothesis for the other 6" in got["VGG-16, tiles of the convolutions"].note
    assert got["ResNet-50, no overlap"].simulated == pytest.approx(1e3 / got["ResNet-50, latency"].simulated)
    for what, bound in (("28x28x128, 3x3x128", 1204), ("56x56x64, 1x1x256", 535)):
        assert got[what].simulated > bound


@pytest.mark.slow
def test_two_rows_are_calibrated_and_met() -> None:
    calibrated = [row for row in rows().values() if row.calibrated]
    assert [row.what for row in calibrated] == DATA["deepbench"]["calibration"]
    assert len(calibrated) == 2
    assert all(row.close for row in calibrated)
    assert {row.what.split()[0] for row in calibrated} == {"GRU", "LSTM"}


@pytest.mark.slow
def test_the_page_shows_what_the_command_prints() -> None:
    """After a change: npusim validate --markdown | python tools/validation_page.py."""
    page = (ROOT / "docs/validation.md").read_text("utf-8")
    tables = page.split("<!-- tables -->\n")[1].split("<!-- end of tables -->")[0]
    assert tables.strip() == "\n".join(markdown_lines(list(rows().values()))).strip()


# ---- parts


def made(group: str) -> list[Row]:
    return [row for _, make in getattr(validate, group)(DATA) for row in make()]


@pytest.mark.slow
def test_the_preset_has_the_calibrated_interval() -> None:
    """Of its neighbours no interval meets the two rows better."""
    table, preset = DATA["deepbench"], load_config("bw_s10", fit=False)
    rows = [row for row in table["rows"] if validate.deepbench_name(row) in table["calibration"]]
    programs = [validate.deepbench_program(row, preset) for row in rows]

    def cost(interval: int) -> float:
        config = replace(preset, dispatch_interval=interval)
        cycles = [warm(replace(program, config=config))[0].cycles for program in programs]
        return sum((got / (row["ms"] * 250e3) - 1) ** 2 for got, row in zip(cycles, rows, strict=True))

    best = preset.dispatch_interval
    assert cost(best) < min(cost(best - 1), cost(best + 1))


def test_the_depths_are_those_that_the_kernels_need() -> None:
    """Every kernel has its stages, and with one stage less one has not."""
    kernels = pytest.importorskip("npusim.rtl.kernels")
    preset = load_config("bw_s10", fit=False)
    kernels.check_latencies(preset)
    with pytest.raises(Exception, match="lat_act is"):
        kernels.check_latencies(replace(preset, lat_act=1))


def test_the_largest_network_of_deepbench_stays_on_chip() -> None:
    """Seven row tiles a gate fill MatrixRf without a gap."""
    preset = load_config("bw_s10", fit=False)
    _, pinned = warm(validate.deepbench_program({**DATA["deepbench"]["rows"][0], "steps": 3}, preset))
    assert (pinned.tiles, pinned.loaded) == (6 * 7 * 7, 0)
    assert pinned.tiles <= preset.mrf_tiles


@pytest.mark.slow
def test_no_tile_is_loaded_in_a_warm_run_of_deepbench() -> None:
    assert not [what for what, row in rows().items() if row.group.startswith("DeepBench") and "loaded" in row.note]


@pytest.mark.slow
def test_nine_rows_of_deepbench_are_close() -> None:
    got = [row for row in rows().values() if row.group.startswith("DeepBench")]
    assert len(got) == 11
    assert sum(row.close for row in got) >= 9


def test_dense_layers_of_another_machine() -> None:
    got = made("_intel")
    assert [row.what for row in got][-1] == "1024-512-256-256"
    for row, facts in zip(got, DATA["intel"]["rows"], strict=True):
        cycles = int(re.match(r"([\d,]+) cycles", row.note)[1].replace(",", ""))  # type: ignore[index]
        macs = sum(a * b for a, b in pairwise(facts["layers"])) * 6
        assert row.simulated == pytest.approx(2 * macs / (cycles / 300e6) / 1e12)
        assert row.simulated < 2 * 2 * 3 * 11200 * 300e6 / 1e12  # both cores' peak


def test_resources_are_those_of_the_model() -> None:
    assert {row.what for row in made("_resources")} >= {"arria10_rnn, ALM", "arria10_rnn, M20K", "arria10_rnn, DSP"}
    assert all(row.close for row in made("_resources"))


def test_texts_name_what_was_calibrated() -> None:
    table = [
        Row("DeepBench on x", "GRU 1", "ms", 2.0, 2.1, "A", True, "a note"),
        Row("DeepBench on x", "GRU 2", "ms", 2.0, 3.0, "A"),
        Row("Other", "tiles", "", 1000, 1001, "B"),
    ]
    assert summary(table) == "1 of 2 DeepBench rows within 10%; calibrated on GRU 1, the others predicted"
    text = "\n".join(text_lines(table))
    assert re.search(r"GRU 1 +2 ms +2.1 ms +\+5\.0% +\* +\[1\]", text)
    assert "[1] a note" in text
    page = "\n".join(markdown_lines(table))
    assert "| GRU 2 | 2 ms | 3 ms | +50.0% |  |  |" in page
    assert "| tiles | 1,000 | 1,001 | +0.1% |  |  |" in page


def test_the_page_is_rewritten_only_from_the_tables(tmp_path: Path) -> None:
    page, tool = (ROOT / "docs/validation.md").read_bytes(), ROOT / "tools/validation_page.py"
    done = subprocess.run(
        [sys.executable, tool], input="nothing", text=True, capture_output=True, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert "stays as it is" in done.stderr
    assert (ROOT / "docs/validation.md").read_bytes() == page


# ---- warm runs


def test_a_warm_run_waits_for_no_weights() -> None:
    program = stand_in("lstm", load_config("tiny_private"), hidden=8, steps=3)
    decoded = verify_program(program)
    cold = run_clock(program, decoded)
    timing, pinned = warm(program)
    assert pinned.loaded == 0
    assert pinned.moves == resident_moves(program, decoded)
    assert cold.account["weights"] > 0 == timing.account["weights"]
    assert timing.cycles < cold.cycles
    assert timing.dram_read == cold.dram_read - pinned.tiles * program.config.tile_bytes
    assert [span.chain for span in timing.spans] == [span.chain for span in cold.spans]


def test_what_does_not_stay_is_loaded() -> None:
    config = replace(load_config("tiny_private"), mrf_tiles=4, name="small")
    program = stand_in("mlp", config, inputs=20, hidden=30)
    decoded = verify_program(program)
    pinned = pinned_moves(decoded, config)
    assert 0 < pinned.loaded < pinned.tiles
    timing, _ = warm(program)
    assert timing.dram_read >= pinned.loaded * config.tile_bytes
    assert timing.cycles <= run_clock(program, decoded).cycles


def test_bench_warm(npusim: Call) -> None:
    warm_run = npusim("bench", "mlp", "--warm", "--runs", "0", "--json", "-")
    cold = json.loads(npusim("bench", "mlp", "--runs", "0", "--json", "-").out)
    data = json.loads(warm_run.out)
    assert data["warm"]
    assert not cold["warm"]
    assert data["cycles"] < cold["cycles"]
    assert data["bound_ms"]["stream"] == 0
    assert data["bound_ms"]["best_possible"] <= data["latency_ms"]
    assert "weights in MatrixRf before the run" in npusim("bench", "mlp", "--warm", "--runs", "0").out


def test_bench_warm_refuses_what_does_not_stay(npusim: Call, tmp_path: Path) -> None:
    machine = tmp_path / "few.toml"
    machine.write_text('base = "arria10"\nname = "few"\nmrf_tiles = 8\n')
    said = npusim("bench", "mlp", "--warm", "--runs", "0", "-c", machine)
    assert said.status == 2
    assert "has no warm run on few" in said.err
