"""LSTM and GRU: lowering against ONNX Runtime, programs against it and the golden model, loops and memories."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from interp import Interpreter, reference
from onnx import TensorProto, helper
from recurrent_models import Cell, cells, model

from npusim import isa
from npusim.asm import disassemble
from npusim.chain import VectorMove
from npusim.compiler.back.backend import to_program
from npusim.compiler.back.cells import cell_chains
from npusim.compiler.back.order import absorb_inputs
from npusim.compiler.back.recurrent_rows import row_plan
from npusim.compiler.front.check import check_graph
from npusim.compiler.front.frontend import dump, to_graph
from npusim.compiler.ir import HostStep, Recurrent
from npusim.config import NpuConfig, load_config
from npusim.engine.timing import Timing, simulate_time
from npusim.errors import ModelError, PlacementError
from npusim.program import Program
from npusim.report.crossings import arrivals, run_clock
from npusim.runtime import Session

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))
from naive_clock import Clock

MACHINES = {
    name: dataclasses.replace(load_config(name), weight_mantissa=7, act_mantissa=7, imem_words=1 << 14)
    for name in ("tiny", "tiny_private")
}
BOTH = pytest.mark.parametrize("name", list(MACHINES))


def run(cell: Cell, config: NpuConfig, golden: bool = True) -> tuple[Program, Timing]:
    """Compile and run a cell; the engine agrees with the golden model, and with ONNX Runtime as far as BFP allows."""
    made, feeds = model(cell), cell.feeds()
    program = to_program(to_graph(made), config)
    session = Session(program)
    result = session.run(feeds, capture=True)
    if golden:
        exact = session.run_golden(feeds)
        for key, value in exact.outputs.items():
            np.testing.assert_array_equal(result.outputs[key], value)
    for key, value in reference(made, feeds).items():
        np.testing.assert_allclose(result.outputs[key], value, atol=0.06)
    node = next(i for i, row in enumerate(program.nodes) if row.layer == "cell")
    if "Y" in result.outputs:
        y = result.outputs["Y"]
        np.testing.assert_array_equal(result.layers[node][:, : cell.lens or None, 0], y[: cell.lens or None, 0, 0].T)
    return program, simulate_time(session.decoded, config)


def names(program: Program) -> list[str]:
    return [isa.decode(int(word))[0].name for word in program.words]


# ---- lowering --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells())
def test_lowering_keeps_the_meaning(cell: Cell) -> None:
    made, feeds = model(cell), cell.feeds()
    graph = to_graph(made, npu_only=True)
    got = Interpreter(graph).run(feeds)
    for key, value in reference(made, feeds).items():
        np.testing.assert_allclose(got[key], value, atol=2e-5, rtol=1e-4)
    assert "LSTM 'cell'" in dump(graph) or "GRU 'cell'" in dump(graph)
    total = sum(s.steps * s.weights.size for s in graph.steps if isinstance(s, Recurrent))
    assert all(info.macs >= total for info in graph.coverage)


@pytest.mark.parametrize("op", ["LSTM", "GRU"])
def test_the_batch_may_be_the_first_axis(op: str) -> None:
    """ONNX Runtime has no layout 1; the same numbers come in another order."""
    cell = Cell(op, direction="bidirectional", states="input")
    turned = dataclasses.replace(cell, layout=1)
    feeds = cell.feeds()
    want = Interpreter(to_graph(model(cell))).run(feeds)
    got = Interpreter(to_graph(model(turned))).run({key: value.swapaxes(0, 1) for key, value in feeds.items()})
    np.testing.assert_array_equal(got["Y"], want["Y"].transpose(2, 0, 1, 3))
    np.testing.assert_array_equal(got["Y_h"], want["Y_h"].swapaxes(0, 1))


def changed(cell: Cell, change: str, value: object = None) -> onnx.ModelProto:
    made = model(cell)
    node = made.graph.node[0]
    match change:
        case "P":
            node.input.extend([""] * (7 - len(node.input)) + ["P"])
            values = np.ones((cell.ways, 3 * cell.hidden), np.float32)
            made.graph.initializer.append(onnx.numpy_helper.from_array(values, "P"))
        case "lens":
            node.input.extend([""] * (4 - len(node.input)) + ["len"])
            made.graph.input.append(helper.make_tensor_value_info("len", TensorProto.INT32, [1]))
        case "batch":
            for value_info in (*made.graph.input, *made.graph.output):
                value_info.type.tensor_type.shape.dim[-2].dim_value = 3
        case _:
            node.attribute.append(helper.make_attribute(change, value))
    return made


@pytest.mark.parametrize(
    ("change", "value", "reason"),
    [
        ("P", None, "it has peepholes"),
        ("lens", None, "its sequence_lens 'len' is not constant"),
        (
            "activations",
            ["Sigmoid", "Relu", "Tanh"],
            "its activations are sigmoid, relu, tanh; the NPU has the standard's",
        ),
        ("clip", 1e-6, "it clips at 1e-06, which is no float16"),
    ],
)
def test_what_the_npu_lacks_goes_to_the_host(change: str, value: object, reason: str) -> None:
    made = changed(Cell(), change, value)
    graph = to_graph(made)
    assert [s.reasons for s in graph.steps if isinstance(s, HostStep)] == [(reason,)]
    with pytest.raises(ModelError, match="need the host"):
        to_graph(made, npu_only=True)


def test_a_batch_is_refused() -> None:
    with pytest.raises(ModelError, match=r"input 'X': batch 3 in shape \[4, 3, 5\], allowed: 1 or symbolic"):
        to_graph(changed(Cell(), "batch"))


def test_the_standards_own_activations_may_be_named() -> None:
    made = changed(Cell("GRU", direction="bidirectional"), "activations", ["sigmoid", "Tanh"] * 2)
    assert not [s for s in to_graph(made).steps if isinstance(s, HostStep)]


@pytest.mark.parametrize("change", ["weights", "source", "steps", "out", "bias"])
def test_a_malformed_recurrence_is_found(change: str) -> None:
    graph = to_graph(model(Cell("GRU", after=1)))
    step = next(s for s in graph.steps if isinstance(s, Recurrent))
    wrong = {
        "weights": {"weights": step.weights[1:]},
        "source": {"source": "X"},
        "steps": {"steps": 5},
        "out": {"out": step.last_h, "last_h": step.out},
        "bias": {"reset_after": False},
    }[change]
    steps = tuple(dataclasses.replace(s, **wrong) if s is step else s for s in graph.steps)
    with pytest.raises(AssertionError, match="recurrences_fit: recurrent layer cell"):
        check_graph(dataclasses.replace(graph, steps=steps))


# ---- programs --------------------------------------------------------------------------------------------------------


@BOTH
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(cell=cells())
def test_programs_compute_what_onnx_runtime_does(name: str, cell: Cell) -> None:
    run(cell, MACHINES[name])


@BOTH
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    cell=cells(),
    sequence=st.integers(1, 12),
    slots=st.sampled_from([4, 8, 20, 64]),
    vectors=st.sampled_from([27, 40, 1000]),
    operands=st.sampled_from([30, 1000]),
    depth=st.sampled_from([2, 16]),
)
def test_small_memories_change_no_bit(
    name: str, cell: Cell, sequence: int, slots: int, vectors: int, operands: int, depth: int
) -> None:
    """Sequences pass through DRAM and matrices through MatrixRf; both clocks agree on when."""
    cell = dataclasses.replace(cell, steps=sequence, lens=min(cell.lens, sequence), outputs=(True, True, True))
    large = dataclasses.replace(MACHINES[name], mrf_tiles=1 << 10)
    small = dataclasses.replace(
        MACHINES[name], mrf_tiles=slots, initial_vrf=vectors, addsub_vrf_0=operands, queue_depth=depth
    )
    feeds, graph = cell.feeds(), to_graph(model(cell))
    want = Session(to_program(graph, large)).run(feeds).outputs
    try:
        session = Session(to_program(graph, small))
    except PlacementError:
        return
    got = session.run(feeds).outputs
    for key, value in want.items():
        np.testing.assert_array_equal(got[key], value)
    clock = Clock(session.decoded, small)
    clock.run()
    timing = simulate_time(session.decoded, small)
    assert {s.chain.index: s.complete for s in timing.spans} == clock.complete


@BOTH
@pytest.mark.parametrize("op", ["LSTM", "GRU"])
def test_the_loop_is_in_the_program_once(name: str, op: str) -> None:
    cell = Cell(op, steps=30, hidden=8)
    program, _ = run(cell, MACHINES[name], golden=False)
    longer, _ = run(dataclasses.replace(cell, steps=60), MACHINES[name], golden=False)
    assert len(program.words) == len(longer.words)
    assert names(program).count("loop") == names(program).count("end_loop") == 1


def test_the_matrix_stays_where_it_fits_and_passes_where_not() -> None:
    cell = Cell(steps=10, hidden=16)
    resident, fast = run(cell, dataclasses.replace(MACHINES["tiny_private"], mrf_tiles=24), golden=False)
    streamed, slow = run(cell, MACHINES["tiny_private"], golden=False)
    for program, inside in ((resident, 0), (streamed, 3)):
        text = names(program)
        assert text[text.index("loop") : text.index("end_loop")].count("m_rd") == inside
    tiles = 3 * 2 * MACHINES["tiny_private"].engines  # six slots
    assert slow.dram_read - fast.dram_read == 9 * tiles * MACHINES["tiny_private"].tile_bytes


@pytest.mark.parametrize("cell", [Cell(steps=20), Cell("GRU", steps=20, after=1), Cell("GRU", steps=20, clip=0.5)])
@pytest.mark.parametrize("vectors", [1000, 22])
def test_inputs_are_multiplied_ahead_where_both_matrices_fit(cell: Cell, vectors: int) -> None:
    """The loop makes the gates of later steps while it waits: the same bits, and less time but for weights."""
    both = dataclasses.replace(MACHINES["tiny_private"], mrf_tiles=28, initial_vrf=vectors)
    cell = dataclasses.replace(cell, direction="forward" if vectors == 1000 else "reverse")  # which is not streamed
    apart, slow = run(cell, dataclasses.replace(both, mrf_tiles=8), golden=False)
    joined, fast = run(cell, both)
    assert [row.layer for row in apart.nodes if row.macs] == ["cell.input", "cell"]
    assert [row.layer for row in joined.nodes if row.macs] == ["cell"]
    assert sum(row.macs for row in apart.nodes) == sum(row.macs for row in joined.nodes)
    if vectors == 1000:
        assert fast.cycles - fast.account["weights"] < slow.cycles - slow.account["weights"]
    assert ("X" in joined.metadata["spilled"]) == (vectors < 1000)
    feeds = cell.feeds()
    want, got = (Session(program).run(feeds).outputs for program in (apart, joined))
    for key, value in want.items():
        np.testing.assert_array_equal(got[key], value)


def test_a_sequence_that_does_not_fit_passes_through_dram() -> None:
    small = dataclasses.replace(MACHINES["tiny_private"], initial_vrf=24, addsub_vrf_0=24)
    program, timing = run(Cell(steps=41, direction="reverse", lens=40), small, golden=False)
    assert {"Y", "Y.gates"} <= set(program.metadata["spilled"])
    text = names(program)
    assert text[text.index("loop") : text.index("end_loop")].count("v_tanh") == 4  # two steps
    assert timing.dram_written >= 41 * 5 * small.vector_bytes


def test_layers_around_it_work_on_chip() -> None:
    """A product of every step in front, a second LSTM and a product of the last state behind: nothing on the host."""
    rng = np.random.default_rng(3)

    def constant(key: str, *shape: int) -> onnx.TensorProto:
        return onnx.numpy_helper.from_array((rng.normal(size=shape) / 3).astype(np.float32), key)

    nodes = [
        helper.make_node("MatMul", ["X", "E"], ["e"], name="embed"),
        helper.make_node("GRU", ["e", "W1", "R1"], ["y1"], name="first", hidden_size=10, direction="bidirectional"),
        helper.make_node("Transpose", ["y1"], ["t1"], name="turn", perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["t1", "shape"], ["s1"], name="flat"),
        helper.make_node("LSTM", ["s1", "W2", "R2"], ["", "h2"], name="second", hidden_size=9),
        helper.make_node("Reshape", ["h2", "row"], ["r2"], name="row2"),
        helper.make_node("Gemm", ["r2", "F"], ["out"], name="classify"),
    ]
    weights = [
        constant("E", 7, 12), constant("W1", 2, 30, 12), constant("R1", 2, 30, 10), constant("W2", 1, 36, 20),
        constant("R2", 1, 36, 9), constant("F", 9, 4),
        onnx.numpy_helper.from_array(np.array([6, 1, 20]), "shape"),
        onnx.numpy_helper.from_array(np.array([1, 9]), "row"),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "stack", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [6, 1, 7])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 4])], weights,
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    feeds = {"X": rng.normal(size=(6, 1, 7)).astype(np.float32)}
    lowered = to_graph(made)
    assert not [s for s in lowered.steps if isinstance(s, HostStep)]
    for config in MACHINES.values():
        session = Session(to_program(lowered, config))
        result = session.run(feeds)
        np.testing.assert_array_equal(result.outputs["out"], session.run_golden(feeds).outputs["out"])
        np.testing.assert_allclose(result.outputs["out"], reference(made, feeds)["out"], atol=0.05)


# ---- sequences that pass the network queues, and matrices without gaps -----------------------------------------------


@pytest.mark.parametrize("cell", [Cell(steps=20), Cell("GRU", steps=20, after=1), Cell("GRU", steps=20)])
def test_sequences_pass_the_network_queues_as_the_steps_need_them(cell: Cell) -> None:
    """The loop takes inputs and gives states itself: of any length, no more than a few steps are on chip."""
    config = dataclasses.replace(MACHINES["tiny_private"], mrf_tiles=28, initial_vrf=24)
    program, timing = run(cell, config)
    body = names(program)[names(program).index("loop") : names(program).index("end_loop")]
    assert body.count("end_chain") > 2 * 4
    text = disassemble(program.words)
    inside = text[text.index("loop") : text.index("end_loop")]
    assert inside.count("v_rd NetInQ") == inside.count("v_wr NetOutQ") == 2  # two steps
    assert not program.metadata["spilled"]
    assert timing.dram_written == 0
    longer, late = run(dataclasses.replace(cell, steps=200), config, golden=False)
    assert longer.metadata["vectors_used"] == program.metadata["vectors_used"]
    assert len(longer.words) == len(program.words)
    first = next(
        s for s in late.spans if isinstance(s.chain, VectorMove) and s.chain.targets[0].space is isa.Space.NET_OUT_Q
    )
    assert first.complete < late.cycles / 20, "the first state leaves while the others are made"


def test_a_sequence_that_the_host_computes_is_streamed_too() -> None:
    """Erf between two cells runs on the host: it waits for all states of one, the other's first step for its result."""
    cell = Cell(steps=12, inputs=6)
    made, feeds = model(cell), cell.feeds()
    made.graph.node.append(helper.make_node("Erf", ["Y"], ["erf"], name="host"))
    made.graph.node.append(helper.make_node("Reshape", ["erf", "shape"], ["sequence"], name="shape"))
    made.graph.node.append(helper.make_node("LSTM", ["sequence", "W", "R"], ["Z"], name="second", hidden_size=6))
    made.graph.initializer.append(onnx.numpy_helper.from_array(np.array([12, 1, 6]), "shape"))
    del made.graph.output[:]
    made.graph.output.append(helper.make_tensor_value_info("Z", TensorProto.FLOAT, [12, 1, 1, 6]))
    program = to_program(to_graph(made), dataclasses.replace(MACHINES["tiny_private"], mrf_tiles=64))
    session = Session(program)
    result = session.run(feeds)
    np.testing.assert_array_equal(result.outputs["Z"], session.run_golden(feeds).outputs["Z"])
    np.testing.assert_allclose(result.outputs["Z"], reference(made, feeds)["Z"], atol=0.06)
    timing = run_clock(program, session.decoded)
    when = arrivals(program, session.decoded, timing)
    late = [span.start for span in timing.spans if when.get(span.chain.index, 0) > 0]
    assert len(late) == cell.steps
    assert min(late) >= max(when.values()) > 0


@pytest.mark.parametrize("name", ["tiny", "tiny_private"])
@pytest.mark.parametrize(
    "cell",
    [
        Cell(steps=9, direction="reverse"),
        Cell(steps=9, lens=7),
        Cell(steps=9, direction="bidirectional"),
        Cell("GRU", steps=9, states="input", outputs=(False, True, False)),
    ],
)
def test_what_cannot_be_streamed_is_not(name: str, cell: Cell) -> None:
    """Out of order, cut short, interleaved or not asked for: such a sequence crosses as a whole, or not at all."""
    program, _ = run(cell, dataclasses.replace(MACHINES[name], mrf_tiles=28))
    text = disassemble(program.words)
    assert text.count("v_wr NetOutQ") == sum(cell.outputs) - (cell.op == "GRU" and cell.outputs[2])


@pytest.mark.parametrize("op", ["LSTM", "GRU"])
@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("hidden", [20, 36])
def test_a_matrix_without_gaps_gives_the_same_bits(op: str, after: int, hidden: int) -> None:
    """Products begin at any engine where they would not fit otherwise; the rows in front of them are nobody's."""
    cell = Cell(op, steps=9, hidden=hidden, inputs=hidden, after=after)
    graph = to_graph(model(cell))
    large = dataclasses.replace(MACHINES["tiny_private"], mrf_tiles=1 << 11)
    joined = next(s for s in absorb_inputs(graph, large).steps if isinstance(s, Recurrent))
    assert joined.inputs is not None
    plain = row_plan(joined, cell_chains(joined), (hidden,), large)
    dense = row_plan(joined, cell_chains(joined), (hidden,), dataclasses.replace(large, mrf_tiles=4 * plain.slots - 4))
    assert dense.slots <= plain.slots
    if dense.slots == plain.slots:
        assert (op, after, hidden) not in (("LSTM", 0, 36), ("GRU", 1, 36)), "these have gaps to fill"
        assert dense == plain
        return
    assert dense.lead > 0
    small = dataclasses.replace(large, mrf_tiles=4 * dense.slots)
    packed, _ = run(cell, small)
    spread = to_program(graph, large)
    feeds = cell.feeds()
    for key, value in Session(spread).run(feeds).outputs.items():
        np.testing.assert_array_equal(Session(packed).run(feeds).outputs[key], value)
    body = names(packed)[names(packed).index("loop") : names(packed).index("end_loop")]
    assert "m_rd" not in body


@settings(max_examples=60, deadline=None)
@given(
    op=st.sampled_from(["LSTM", "GRU"]), after=st.integers(0, 1), hidden=st.integers(1, 90),
    inputs=st.integers(1, 90), engines=st.integers(1, 8),
)  # fmt: skip
def test_row_tiles_never_share_a_place(op: str, after: int, hidden: int, inputs: int, engines: int) -> None:
    config = dataclasses.replace(
        MACHINES["tiny_private"], native_dim=16, block=16, lanes=2, engines=engines, mrf_tiles=engines << 10
    )
    graph = to_graph(model(Cell(op, hidden=hidden, inputs=inputs, after=after)))
    step = next(s for s in absorb_inputs(graph, config).steps if isinstance(s, Recurrent))
    chains = cell_chains(step)
    plain = row_plan(step, chains, (inputs,), config)
    tight = dataclasses.replace(config, mrf_tiles=engines * max(1, plain.slots - 1))
    for plan in (plain, row_plan(step, chains, (inputs,), tight)):
        taken: set[tuple[int, int]] = set()
        made: dict[bool, list[int]] = {False: [], True: []}
        for chain, rows in plan.rows.items():
            assert chain.gates is not None
            first = chain.gates[0] * -(-hidden // 16) + rows.first
            made[chain.ahead] += range(first, first + rows.count)
            for row in range(rows.lead, rows.lead + rows.count):
                slot = rows.slot + row // engines * rows.depth
                places = {(row % engines, slot + k) for k in range(rows.depth)}
                assert not places & taken
                taken |= places
            assert rows.lead < engines
        assert all(sorted(rows) == list(range(step.gates * -(-hidden // 16))) for rows in made.values())
        assert max(slot for _, slot in taken) < plan.slots
