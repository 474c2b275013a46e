"""Programs on the RTL against the simulator: every bit and every cycle; and that a difference is seen and told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rtl_networks import Net, dense, machine, residual, striped

from npusim.chain import ComputeChain
from npusim.cli.shell import run as command
from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.config import NpuConfig
from npusim.isa import Space
from npusim.report.trace import trace_events
from npusim.rtl import build as build_module
from npusim.rtl import table
from npusim.rtl.compare import compare
from npusim.rtl.cosim import Outcome, cosimulate, of_program
from npusim.rtl.explain import explain
from npusim.rtl.micro import benchmarks
from npusim.rtl.random_programs import of_random, random_program
from npusim.rtl.run import Written
from npusim.runtime import Session
from npusim.tensors import seeded_inputs
from npusim_hls.simulators import missing

pytestmark = pytest.mark.rtl

MACHINES = ["tiny", "tiny_private"]


def baseline(name: str) -> dict[tuple[str, str], table.Row]:
    """The rows of a machine in the committed table, which `make cycles` writes."""
    rows = table.read_baseline(Path(__file__).parent / "cycles.json")
    return {key: row for key, row in rows.items() if row.config == name}


def agree(outcome: Outcome) -> None:
    assert outcome.lines == []
    assert outcome.comparison.agrees


# ---- agreement


@pytest.mark.parametrize("name", MACHINES)
def test_every_micro_benchmark_takes_the_simulated_cycles(name: str) -> None:
    rows = list(table.measure(table.micro_subjects(machine(name)), "verilator"))
    assert len(rows) > 50
    assert table.worse(rows, baseline(name)) == []


@pytest.mark.parametrize("name", MACHINES)
def test_the_baseline_is_exact_and_knows_every_program(name: str) -> None:
    rows = baseline(name)
    assert {(row.error, row.other_cycles, row.bits) for row in rows.values()} == {(0.0, 0, True)}
    assert {program for program, _ in rows} == set(benchmarks(machine(name)))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", MACHINES)
def test_random_programs_agree(name: str, seed: int) -> None:
    config = machine(name)
    agree(cosimulate(of_random(random_program(seed, config), config), "verilator", seed=seed))


def test_paused_network_queues_change_cycles_alone() -> None:
    config = machine("tiny")
    outcome = cosimulate(of_random(random_program(3, config), config), "verilator", gaps=7)
    assert outcome.comparison.same_bits
    assert outcome.comparison.rtl > outcome.comparison.simulated


def run_network(model: object, config: NpuConfig) -> Outcome:
    program = to_program(to_graph(model), config)
    return cosimulate(of_program(Session(program), seeded_inputs(program.inputs, 1)), "verilator")


def test_a_residual_network_agrees() -> None:
    outcome = run_network(residual(), machine("tiny"))
    agree(outcome)
    sources = {c.source.space for c in outcome.expected.decoded.chains if isinstance(c, ComputeChain)}
    assert sources == {Space.EXPANDER, Space.INITIAL_VRF}


def test_an_image_that_goes_through_dram_agrees_within_the_limit() -> None:
    """The RTL begins to write such an image before all of it has come, so that other DRAM turns move a little."""
    outcome = run_network(residual(channels=3), machine("tiny"))
    assert outcome.comparison.same_bits
    assert outcome.comparison.error < table.ALLOWED


def test_a_network_in_stripes_agrees() -> None:
    program = to_program(to_graph(striped()), machine("tiny"))
    assert any(region.kind == "scratch" for region in program.regions)
    agree(cosimulate(of_program(Session(program), seeded_inputs(program.inputs, 2)), "verilator"))


def test_a_dense_block_agrees() -> None:
    """Chains that add to what is in a vector, layers that take turns."""
    stages: dict[str, str] = {}
    program = to_program(to_graph(dense()), machine("tiny"), lambda stage, text: stages.update({stage: text()}))
    assert " a stripe of " in stages["place"]
    assert not program.metadata["spilled"]
    outcome = cosimulate(of_program(Session(program), seeded_inputs(program.inputs, 1)), "verilator")
    chains = [c for c in outcome.expected.decoded.chains if isinstance(c, ComputeChain)]
    added = [c for c in chains if c.matmul and any(o.space is Space.ADDSUB_VRF_1 for o in c.mfu1.operands)]
    assert len(added) == 3
    assert [t.space for c in added for t in c.targets] == [Space.INITIAL_VRF] * 3
    agree(outcome)


def test_a_residual_network_agrees_with_private_weights() -> None:
    agree(run_network(residual(size=10), machine("tiny_private")))


def test_the_first_example_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """What a new user runs first prints what docs/rtl.md says."""
    page = (Path(__file__).parents[2] / "docs" / "rtl.md").read_text("utf-8")
    (example,) = re.findall(r"npusim (verify \w+ -c \w+) ", page)
    printed = re.search(r"```text\n(bits: .*?)```", page, re.DOTALL)
    assert printed is not None
    assert command(example.split()) == 0
    assert printed[1] in capsys.readouterr().out


def test_a_tensor_that_the_host_computes_comes_in_its_cycle() -> None:
    net = Net(5, 4, 4)
    inside = net.op("Erf", net.op("Relu", net.conv("x", 6, 3, pads=[1, 1, 1, 1])))
    program = to_program(to_graph(net.model(net.conv(inside, 5, 1), [1, 5, 4, 4])), machine("tiny"))
    assert [port.direction for port in program.io] == ["in", "out", "in", "out"]
    subject = of_program(Session(program), seeded_inputs(program.inputs, 1))
    assert max(subject.arrivals.values()) > 100
    agree(cosimulate(subject, "verilator"))


@pytest.mark.slow
@pytest.mark.parametrize("name", MACHINES)
def test_many_random_programs_agree(name: str) -> None:
    config = machine(name)
    for seed in range(100, 160):
        agree(cosimulate(of_random(random_program(seed, config), config), "verilator", seed=seed))


# ---- both simulators; what a difference looks like


@pytest.fixture(scope="module")
def narrow() -> NpuConfig:
    """A machine that Icarus runs quickly."""
    return replace(machine("tiny"), imem_words=512, expander=16)


SAMPLE = ("v_rd, v_wr", "mv_mul", "v_red_add", "move DRAM to NetOutQ", "m_rd, m_wr")


@pytest.fixture(scope="module")
def quick() -> str:
    """The simulator that builds in the shortest time."""
    return "verilator" if missing("icarus") else "icarus"


def test_icarus_agrees_too(narrow: NpuConfig) -> None:
    problem = missing("icarus")
    if problem is not None:
        pytest.skip(problem)
    programs = benchmarks(narrow)
    for name in SAMPLE:
        agree(cosimulate(of_random(programs[name], narrow), "icarus"))


@pytest.fixture(scope="module")
def outcome() -> tuple[NpuConfig, Outcome]:
    """One run that agrees, for tests that then spoil one side."""
    config = machine("tiny")
    return config, cosimulate(of_random(benchmarks(config)["both DMAs"], config), "verilator")


def told(config: NpuConfig, outcome: Outcome) -> str:
    expected, rtl = outcome.expected, outcome.rtl
    program = benchmarks(config)["both DMAs"]
    found = compare(expected, rtl, config)
    return "\n".join(explain(found, expected, rtl, config, program.words, (), program.dram))


def test_a_wrong_vector_is_told(outcome: tuple[NpuConfig, Outcome]) -> None:
    config, run = outcome
    rtl = replace(run.rtl, sums=dict(run.rtl.sums), writes=dict(run.rtl.writes))
    writes = rtl.writes[3]
    last = writes[-1]
    rtl.writes[3] = [*writes[:-1], Written(last.space, last.number, last.address, last.data ^ 1 << 35)]
    rtl.sums[3] ^= 1
    text = told(config, Outcome(run.expected, rtl, run.comparison, []))
    assert "first difference in values, of 1 chains that differ:" in text
    assert "chain 3, a vector move, words " in text
    assert "v_wr AddSubVrf_0, 2" in text
    assert f"output {last.number} to AddSubVrf_0[{last.address}], lane 2: RTL 0x" in text
    assert ", simulator 0x" in text
    assert "started" in text
    assert "in both" in text


def test_a_wrong_weight_is_told(outcome: tuple[NpuConfig, Outcome]) -> None:
    config, run = outcome
    rtl = replace(run.rtl, sums=dict(run.rtl.sums), writes=dict(run.rtl.writes))
    number = next(span.chain.index for span in run.expected.timing.spans if span.chain.queue == 0)
    first = rtl.writes[number][0]
    rtl.writes[number] = [replace(first, data=first.data ^ 1 << 13), *rtl.writes[number][1:]]
    rtl.sums[number] ^= 1
    text = told(config, Outcome(run.expected, rtl, run.comparison, []))
    assert "tile 0 to MatrixRf slot 0, chunk 0, row 1, lane 0: RTL " in text


def test_a_late_chain_is_told(outcome: tuple[NpuConfig, Outcome]) -> None:
    config, run = outcome
    rtl = replace(run.rtl, completed=dict(run.rtl.completed))
    rtl.completed[2] += 3
    text = told(config, Outcome(run.expected, rtl, run.comparison, []))
    want = run.expected.timing.spans[2].complete
    assert "first difference in cycles, of 1 chains that differ:" in text
    assert f"complete {want + 3} on the RTL, {want} in the simulator" in text


def test_a_missing_chain_and_a_fault_are_told(outcome: tuple[NpuConfig, Outcome]) -> None:
    config, run = outcome
    registers = run.rtl.registers | {"STATUS": 4, "ERROR_CODE": 3, "ERROR_WORD": 17}
    rtl = replace(run.rtl, completed=dict(run.rtl.completed), registers=registers)
    del rtl.completed[4]
    text = told(config, Outcome(run.expected, rtl, run.comparison, []))
    assert "the machine stopped with fault ADDRESS_RANGE at word 17: " in text
    assert f"1 of {len(run.expected.timing.spans)} chains did not complete, the first is number 4" in text


def test_a_broken_kernel_is_found_and_explained(narrow: NpuConfig, quick: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A multiplier that drops its sign bit: the chain, the instruction, the lane and both values are told."""
    original = build_module.kernel_modules

    def broken(config: NpuConfig) -> dict[str, str]:
        text = original(config)["k_f16_mul.v"]
        changed = text.replace("module k_f16_mul (", "module k_f16_mul_right (") + _WRONG_SIGN
        assert "module k_f16_mul_right (" in changed
        return original(config) | {"k_f16_mul.v": changed}

    monkeypatch.setattr(build_module, "kernel_modules", broken)
    found = cosimulate(of_random(benchmarks(narrow)["vv_mul mfu0"], narrow), quick)
    assert not found.comparison.same_bits
    assert found.comparison.cycles == []
    text = "\n".join(found.lines)
    assert "a compute chain, words " in text
    assert "vv_mul mfu0, 3" in text
    assert "to InitialVrf[40], lane " in text


_WRONG_SIGN = """
module k_f16_mul (
    input  wire        clk,
    input  wire [15:0] a,
    input  wire [15:0] b,
    output wire [15:0] product,
    output wire        overflow
);
    wire [15:0] right;
    k_f16_mul_right inner (.clk(clk), .a(a), .b(b), .product(right), .overflow(overflow));
    assign product = {1'b0, right[14:0]};
endmodule
"""


# ---- what else comes out of a run


def test_the_timeline_has_the_same_slices_as_the_simulators(outcome: tuple[NpuConfig, Outcome]) -> None:
    config, run = outcome

    class Program:
        model, nodes = "both DMAs", ()

    Program.config = config  # type: ignore[attr-defined]
    ours = trace_events(Program, run.timing())  # type: ignore[arg-type]
    assert ours == trace_events(Program, run.expected.timing)  # type: ignore[arg-type]


def test_a_waveform_of_some_cycles(narrow: NpuConfig, quick: str, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.fst", tmp_path / "part.fst"
    subject = of_random(benchmarks(narrow)["s_wr, s_add, halt"], narrow)
    cosimulate(subject, quick, waves=whole)
    cosimulate(subject, quick, waves=part, window=(20, 30))
    assert 0 < part.stat().st_size < whole.stat().st_size


def test_the_table_is_text_and_json(narrow: NpuConfig) -> None:
    rows = [table.Row("a", "tiny", 200, 201, True, 3, 1), table.Row("b", "tiny", 100, 100, True, 2, 0)]
    assert table.lines(rows)[-1] == "1 of 2 programs equal in every cycle; worst error 0.500%"
    assert [table.Row(**row) for row in json.loads(table.to_json(rows))] == rows
    better = {("a", "tiny"): replace(rows[0], rtl=200), ("b", "tiny"): rows[1]}
    assert table.worse(rows, better) == [
        "a on tiny: 201 cycles on the RTL, 200 simulated, 1 chains off; "
        "the baseline has an error of 0.000%, 1 chains off"
    ]
    assert table.worse([replace(rows[1], bits=False)], better) == ["b on tiny: bits differ"]
