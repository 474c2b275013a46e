"""What surrounds the co-simulation: parameters, checksums, random programs, coverage, files, commands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from descriptor import layout

from npusim.chain import ComputeChain, WeightMove, decode_stream
from npusim.cli.shell import run as command
from npusim.config import load_config
from npusim.engine.timing import simulate_time
from npusim.errors import ConfigError
from npusim.isa import Reg, Space, encode
from npusim.rtl import build as build_module
from npusim.rtl import coverage, table
from npusim.rtl.checksum import MATRIX_RF, M, hash_halves, terms, tile_writes, vector_sum, weight_sum
from npusim.rtl.cosim import Subject
from npusim.rtl.expect import beats
from npusim.rtl.micro import benchmarks
from npusim.rtl.parameters import parameters
from npusim.rtl.random_programs import random_program, random_tiles

MASK = (1 << 64) - 1
TINY = load_config("tiny")


# ---- parameters


def test_parameters_are_the_fields_and_what_follows_from_the_rate() -> None:
    found = parameters(TINY)
    assert found["NATIVE_DIM"] == 8
    assert found["SHARED_WEIGHTS"] == 1
    assert (found["AXI_BYTES"], found["DRAM_NUM"], found["DRAM_DEN"]) == (8, 8, 1)
    big = parameters(load_config("arria10"))
    assert big["AXI_BYTES"] == 128
    assert big["DRAM_NUM"] / big["DRAM_DEN"] == pytest.approx(34.1e9 * 0.967 / 300e6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"native_dim": 24, "block": 24}, "native_dim is 24, the RTL needs a power of two"),
        ({"lat_dot": 1}, "lat_dot is 1, the RTL needs at least 2: one cycle accumulates"),
        ({"dram_gbps": 20.0}, "DRAM gives 200.0 bytes a cycle, the RTL's AXI bus carries at most 128"),
        ({"initial_vrf": 1 << 25}, "initial_vrf is 33554432, the RTL has 24-bit addresses"),
    ],
)  # fmt: skip
def test_a_machine_that_the_rtl_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        parameters(replace(TINY, **change))  # type: ignore[arg-type]


def test_constants_name_every_parameter_of_the_top() -> None:
    text = build_module._constants({**parameters(TINY), "DRAM_BYTES": 1 << 20, "DRAM_LATENCY": 20})
    first = text.splitlines()[0]
    for name in ("NATIVE_DIM(8)", "AXI_BYTES(8)", "LAT_DMA(4)", "SHARED_WEIGHTS(1)"):
        assert f".{name}" in first
    assert "DRAM_BYTES" not in first
    assert "localparam DRAM_BYTES = 1048576;" in text


# ---- checksums


def naive_term(space: int, number: int, address: int, halves: list[int]) -> int:
    value = 0
    for half in reversed(halves):
        value = (value * M + half) & MASK
    value = ((value ^ value >> 32) + 1) & MASK
    key = space << 60 | number << 40 | address
    return value * (key * M | 1) & MASK


def test_checksums_are_what_the_document_says() -> None:
    rng = np.random.default_rng(1)
    halves = rng.integers(0, 1 << 16, (5, 8)).astype(np.uint16)
    want = sum(naive_term(6, n, 3 * n + 1, row) for n, row in enumerate(halves.tolist())) & MASK
    assert terms(6, np.arange(5), 3 * np.arange(5) + 1, halves) == want
    assert len({int(value) for value in hash_halves(halves)}) == 5


def test_a_swap_a_move_and_a_flipped_bit_change_the_checksum() -> None:
    halves = np.arange(32, dtype=np.uint16).reshape(4, 8)
    at, number = np.array([4, 5, 9, 2]), np.arange(4)
    base = terms(4, number, at, halves)
    flipped = halves.copy()
    flipped[2, 7] ^= 1
    assert (
        len({base, terms(4, number, at[::-1], halves), terms(4, number, at, flipped), terms(5, number, at, halves)})
        == 4
    )


def test_sums_of_chains_cover_every_target() -> None:
    regs = {Reg.ROWS: 3, Reg.RD_ROW: 1, Reg.IN_H: 3, Reg.WR_ROW: 2}
    words = [
        *(encode("s_wr", reg=reg, value=value) for reg, value in regs.items()),
        encode("v_rd", space=Space.INITIAL_VRF, addr=1),
        encode("v_wr", space=Space.ADDSUB_VRF_0, addr=7),
        encode("v_wr", space=Space.MULTIPLY_VRF_1, addr=9),
        encode("end_chain"),
        encode("v_rd", space=Space.ADDSUB_VRF_0, addr=1),
        encode("v_wr", space=Space.DRAM, addr=128),
        encode("end_chain"),
        encode("halt"),
    ]
    copy, spill = decode_stream(words, TINY).chains
    data = np.arange(24, dtype=np.uint16).reshape(3, 8) + 100
    want = sum(
        naive_term(space, n, base + 2 * n, data[n].tolist()) for n in range(3) for space, base in ((5, 7), (8, 9))
    )
    assert isinstance(copy, ComputeChain)
    assert vector_sum(copy, data, TINY) == want & MASK
    halves = [(128 + 32 * n + 2 * lane, int(data[n, lane])) for n in range(3) for lane in range(8)]
    assert vector_sum(spill, data, TINY) == sum(naive_term(0, 0, at, [half]) for at, half in halves) & MASK


@pytest.mark.parametrize("name", ["tiny", "tiny_private"])
def test_sums_of_weight_moves_cover_every_bit(name: str) -> None:
    config = load_config(name)
    words = [encode("s_wr", reg=Reg.TILES, value=5), encode("m_rd", addr=0), encode("m_wr", tile=2)]
    words += [encode("end_chain"), encode("halt")]
    chain = decode_stream(words, config).chains[0]
    assert isinstance(chain, WeightMove)
    dram = np.frombuffer(random_tiles(np.random.default_rng(3), 5, config), np.uint8).copy()
    base = weight_sum(chain, dram, config)
    bits = config.native_dim**2 * (config.weight_mantissa + 1)
    for bit in (0, bits - 1, bits // 2, bits + 7, bits + 8 * config.native_dim - 1):
        changed = dram.copy()
        changed[config.tile_bytes + bit // 8] ^= 1 << bit % 8
        assert weight_sum(chain, changed, config) != base
    chunks = tile_writes(dram.reshape(5, -1), config)
    assert len(chunks) == config.tile_cycles + 1
    assert MATRIX_RF == 9


def test_beats_hold_the_vectors_lowest_bytes_first() -> None:
    vectors = np.arange(24, dtype=np.uint16).reshape(3, 8)
    found = beats(vectors, TINY)
    assert found[:2] == ["0003000200010000", "0007000600050004"]
    wide = beats(vectors, replace(TINY, net_bytes=32))
    assert len(wide) == 2
    assert wide[1].endswith("0013001200110010")
    assert wide[1].startswith("0" * 32)


# ---- random programs


@pytest.mark.parametrize("name", ["tiny", "tiny_private"])
def test_random_programs_follow_from_their_seed_and_use_the_isa(name: str) -> None:
    config = load_config(name)
    one, two = random_program(5, config), random_program(5, config)
    assert (one.words == two.words).all()
    assert (one.incoming == two.incoming).all()
    assert bytes(one.dram) == bytes(two.dram)
    assert not np.array_equal(one.words, random_program(6, config).words)
    found = sum(
        (coverage.points(p.words, p.decoded, simulate_time(p.decoded, config), config)
         for p in (random_program(seed, config) for seed in range(8))), coverage.Counter(),
    )  # fmt: skip
    assert set(found) <= coverage.universe(config)
    assert len(found) > 0.75 * len(coverage.universe(config))


def test_coverage_names_what_was_not_met() -> None:
    wanted = coverage.universe(TINY)
    found = coverage.Counter(dict.fromkeys(wanted - {"stride", "word v_tanh"}, 3))
    text = coverage.report(found, TINY)
    assert text[0] == f"coverage: {len(wanted) - 2} of {len(wanted)} points"
    assert text[-1] == "not covered: stride, word v_tanh"


# ---- commands


def test_doctor_tells_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["doctor"]) == 0
    said = capsys.readouterr().out
    for name in ("python", "verilator", "icarus", "cocotb", "cocotbext-axi", "g++", "make", "yosys"):
        assert f" {name} " in said
    assert "verilator      5." in said


def test_doctor_names_the_command_that_helps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command(["doctor"]) == 1
    said = capsys.readouterr()
    assert "FAIL  g++ " in said.out
    assert "missing; for Verilator's models: apt-get install g++" in said.out
    assert "skip  yosys" in said.out
    assert "npusim: missing: g++, make, perl" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected one model, or --random, or --table"),
        (["--random", "1", "--table"], "--random and --table do not go together"),
        (["a.onnx", "--random", "2"], "--random makes its own programs, but a.onnx is given"),
        (["--random", "2", "--waves", "x.fst"], "--waves is not for --random of more than one program"),
        (["a.npu", "--waves-window", "1:2"], "--waves-window is for --waves"),
        (["a.npu", "--waves", "x.fst", "--waves-window", "9:2"], "--waves-window is '9:2', expected FIRST:LAST"),
        (["a.npu", "--simulator", "vcs"], "'vcs' is not one of"),
    ],
)  # fmt: skip
def test_bad_usage_is_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["verify", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_table_has_all_machines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(subjects: Iterable[tuple[str, Subject]], *_: object) -> Iterator[table.Row]:
        return (table.Row(name, subject.config.name, 9, 9, True, 1, 0) for name, subject in subjects)

    monkeypatch.setattr(table, "measure", measure)
    assert command(["verify", "--table", "-c", "tiny,tiny_private"]) == 0
    rows = capsys.readouterr().out.splitlines()
    for name in ("tiny", "tiny_private"):
        found = [row for row in rows if name in row.split()]
        assert len(found) == len(benchmarks(load_config(name)))


@pytest.mark.rtl
def test_verify_prints_and_writes_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    simulator = "icarus" if shutil_icarus() else "verilator"
    assert command(["verify", "--random", "1", "--simulator", simulator, "--json", str(report)]) == 0
    said = capsys.readouterr().out
    assert f"1 of 1 random programs on tiny agree in {simulator}, seeds 0 to 0:" in said
    assert "not covered: " in said
    data = json.loads(report.read_text())
    assert data["failed"] == []
    assert data["covered"]["word halt"] == 1


def shutil_icarus() -> bool:
    import shutil

    return shutil.which("iverilog") is not None


def test_the_descriptor_layout_has_every_register() -> None:
    assert "D_REG" in layout()
