"""The test library itself: streams with gaps keep order, faults of a design fail, and the message replays them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cocotb
import descriptor
import pytest
from bench import GAPS, lint, simulate
from streams import Bench, Sink, Source, compare, pack, unpack

from npusim.chain import decode_stream
from npusim.config import load_config
from npusim.isa import Reg, Space, encode
from npusim_hls.simulators import missing

pytestmark = pytest.mark.rtl

SKID = """// skid: a register that holds one beat.
`default_nettype none
module skid #(parameter DATA_W = 8, parameter BROKEN = 0) (
    input  wire              clk,
    input  wire              rst,
    input  wire              s_valid,
    output wire              s_ready,
    input  wire [DATA_W-1:0] s_data,
    output wire              m_valid,
    input  wire              m_ready,
    output wire [DATA_W-1:0] m_data
);
    reg valid_q;
    reg [DATA_W-1:0] data_q;
    assign s_ready = !valid_q || m_ready;
    assign m_valid = valid_q;
    assign m_data  = data_q ^ {DATA_W{BROKEN == 1 && data_q[7:0] == 8'd77}};
    always @(posedge clk) begin
        if (s_ready || BROKEN == 2) begin
            valid_q <= s_valid;
            data_q  <= s_data;
        end
        if (rst && BROKEN != 3) valid_q <= 1'b0;
    end
endmodule
`default_nettype wire
"""


@pytest.fixture
def skid(tmp_path: Path) -> Path:
    path = tmp_path / "skid.v"
    path.write_text(SKID)
    return path


@cocotb.test()
async def keeps_order(dut: Any) -> None:
    bench = Bench(dut)
    source, sink = Source(bench, "s"), Sink(bench, "m")
    await bench.reset()
    want = [bench.rng.getrandbits(dut.DATA_W.value) for _ in range(bench.job["beats"] - 2)] + [77, 77]
    source.send(want)
    compare(await sink.take(len(want), timeout=20 * len(want)), want)
    if bench.job["free"]:
        assert sink.when[-1] - sink.when[0] == len(want) - 1


@pytest.mark.parametrize("gaps", GAPS)
def test_a_stream_keeps_order_under_all_gaps(simulator: str, gaps: str, skid: Path) -> None:
    job = {"beats": 200, "free": gaps == "free"}
    simulate("skid", [skid], __name__, simulator, parameters={"DATA_W": 24}, gaps=gaps, job=job)


@pytest.mark.parametrize(
    ("broken", "gaps", "message"),
    [
        (1, "free", r"beat \d+: got 0xb2, want 0x4d"),
        (2, "sink", r"m_data changed at cycle \d+ while it waited|m_valid fell"),
        (3, "free", "m_valid has unknown bits|beat 0: got"),
    ],
)
def test_a_broken_design_fails_with_its_replay_line(
    simulator: str, skid: Path, broken: int, gaps: str, message: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=message) as caught:
        simulate(
            "skid", [skid], __name__, simulator, parameters={"BROKEN": broken}, gaps=gaps, seed=5,
            job={"beats": 2000, "free": False},
        )  # fmt: skip
    here = os.environ["PYTEST_CURRENT_TEST"].rsplit(" ", 1)[0]
    line = f"replay: NPUSIM_SEED=5 NPUSIM_WAVES=waves.fst .venv/bin/python -m pytest '{here}'"
    assert line in str(caught.value)


def test_no_test_run_is_a_failure(simulator: str, skid: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"no test ran|without results"):
        simulate("skid", [skid], __name__, simulator, cases=["there_is_none"])


def test_a_waveform_is_written(simulator: str, skid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPUSIM_WAVES", str(tmp_path / "waves.fst"))
    simulate("skid", [skid], __name__, simulator, job={"beats": 20, "free": True})
    assert (tmp_path / "waves.fst").read_bytes()[:1] == b"\0"  # an FST header block


def test_verilator_needs_no_python_on_path(skid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian has python3 alone; the makefile of Verilator's package calls python."""
    if missing("verilator"):
        pytest.skip(str(missing("verilator")))
    broken = tmp_path / "bin" / "python"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("NPUSIM_CACHE_DIR", str(tmp_path))  # so that it is built
    simulate("skid", [skid], __name__, "verilator", job={"beats": 20, "free": True})


def test_lint_names_the_warning(tmp_path: Path) -> None:
    bad = tmp_path / "bad.v"
    bad.write_text("module bad (input wire [3:0] a, output wire [2:0] b);\n    assign b = a;\nendmodule\n")
    with pytest.raises(pytest.fail.Exception, match="WIDTHTRUNC"):
        lint("bad", [bad])


def test_packing_is_reversible() -> None:
    values = [-3, 2, -4, 0, 3]
    assert unpack(pack(values, 3), 5, 3, signed=True) == values
    assert pack([1, 2, 3], 16) == 0x0003_0002_0001


def test_a_descriptor_holds_the_chain() -> None:
    regs = {Reg.ROWS: 3, Reg.COLS: 2, Reg.KH: 2, Reg.RD_ROW: 7, Reg.STRIDE_H: 2, Reg.IN_H: 9, Reg.RD_COL: 1}
    words = [
        encode("m_rd", addr=128), encode("m_wr", tile=5), encode("end_chain", give=4),
        *(encode("s_wr", reg=reg, value=value) for reg, value in regs.items()),
        encode("v_rd", space=Space.INITIAL_VRF, addr=11, low=1), encode("mv_mul", tile=3),
        encode("vv_max", mfu=0, addr=9, step=1), encode("v_clip", mfu=1, a=0x3C00, b=0x4600),
        encode("v_wr", space=Space.ADDSUB_VRF_1, addr=200), encode("v_wr", space=Space.INITIAL_VRF, addr=300),
        encode("end_chain", wait=1, give=2), encode("halt"),
    ]  # fmt: skip
    weights, compute = decode_stream(words, load_config("tiny")).chains
    bus = descriptor.descriptor(weights)
    assert bus < 1 << descriptor.constant("D_W")
    found = {key: value for key, value in descriptor.describe(bus).items() if key not in Reg.__members__}
    assert found == {"ADDR": 128, "TILE": 5, "GIVE": 4, "WORD": 2, "POSITIONS": 1, "WINDOW": 1}
    found = descriptor.describe(descriptor.descriptor(compute, seq=1))
    wanted = {
        "SPACE": 4, "ADDR": 11, "LOW": 1, "MM": 1, "TILE": 3, "M0_AS": 4, "M0_ASTEP": 1, "M0_AADDR": 9,
        "M1_ACT": 2, "M1_A": 0x3C00, "M1_B": 0x4600, "WR": 1 << 6 | 1 << 4, "WR_ADDR(6)": 200, "WR_ADDR(4)": 300,
        "GIVE": 2, "WAIT": 1, "WORD": 16, "SEQ": 1, "POSITIONS": 6, "WINDOW": 2, "STEP_Y": 14, "STEP_X": 1,
        "TAP_Y": 7, "TAP_X": 1, "ROWS": 3, "COLS": 2, "RD_ROW": 7,
    }  # fmt: skip
    assert {key: found.get(key) for key in wanted} == wanted
    assert not {"ACC", "HOLD", "M0_MUL", "M1_MUL", "RED", "WR_ADDR(5)", "PAD_Y"} & set(found)
