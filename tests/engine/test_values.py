"""The fast engine against the golden model, bit for bit: random programs and compiled networks."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from random_programs import random_case, small_machine

import npusim_models
from npusim.asm import assemble
from npusim.chain import Chain, ComputeChain, VectorMove, decode_stream
from npusim.chain.addresses import nest
from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.config import NpuConfig, load_config
from npusim.engine.values import Engine
from npusim.errors import InputError
from npusim.golden import GoldenMachine, NetQueues
from npusim.isa import Space
from npusim.numerics import from_f16_bits, to_f16_bits
from npusim.runtime import Session

sys.path.insert(0, str(Path(__file__).parent.parent / "compiler"))
from test_backend import IMAGE, network

MACHINES = [small_machine(4, True), small_machine(4, False), small_machine(8, True)]


class Port:
    """All input vectors at once; keeps what is sent."""

    def __init__(self, incoming: npt.NDArray[np.uint16]) -> None:
        self.vectors, self.at = from_f16_bits(incoming), 0
        self.sent: list[npt.NDArray[np.float32]] = []

    def receive(self, count: int) -> npt.NDArray[np.float32]:
        self.at += count
        return self.vectors[self.at - count : self.at]

    def send(self, vectors: npt.NDArray[np.float32]) -> None:
        self.sent.append(np.array(vectors))


@pytest.mark.parametrize("config", MACHINES, ids=["shared-4", "private-4", "shared-8"])
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32 - 1))
def test_random_programs(config: NpuConfig, seed: int) -> None:
    case = random_case(Random(seed), config, chains=4)
    golden, queues = GoldenMachine(config, case.dram), NetQueues(case.incoming.tolist())
    golden.run(case.words, queues)
    port = Port(case.incoming)
    image = np.frombuffer(case.dram, np.uint8)
    engine = Engine(decode_stream(case.words, config), config, image, len(image) + 4096)
    overflow = engine.run(port)
    got = to_f16_bits(np.concatenate(port.sent))
    want = np.array(queues.sent, np.uint16)
    different = np.argwhere(got != want)
    assert not len(different), f"vector, lane {different[0]}: {got[tuple(different[0])]}, {want[tuple(different[0])]}"
    assert overflow == golden.overflow


@pytest.mark.parametrize("config", MACHINES, ids=["shared-4", "private-4", "shared-8"])
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32 - 1))
def test_observers_see_what_every_chain_writes(config: NpuConfig, seed: int) -> None:
    """And that they look changes nothing."""
    case = random_case(Random(seed), config, chains=4)
    decoded, image = decode_stream(case.words, config), np.frombuffer(case.dram, np.uint8)
    golden = GoldenMachine(config, case.dram)
    wanted: dict[int, list[tuple[int, ...] | None]] = {}

    def keep(chain: Chain) -> None:
        if isinstance(chain, ComputeChain) and chain.targets:
            wanted[chain.index] = [golden.vrf[chain.targets[0].space][at] for at in addresses(chain)]

    golden.run(case.words, NetQueues(case.incoming.tolist()), keep)
    engine, port, again = Engine(decoded, config, image, len(image) + 4096), Port(case.incoming), Port(case.incoming)
    seen: dict[int, list[tuple[int, ...] | None]] = {}

    def observe(chain: ComputeChain, outputs: npt.NDArray[np.float32]) -> None:
        at = dict(zip(addresses(chain), map(tuple, to_f16_bits(outputs).tolist()), strict=True))  # the last one stays
        seen[chain.index] = [at[address] for address in addresses(chain)]

    moves: list[int] = []
    engine.run(port, observe, moved=lambda move, vectors: moves.append(move.index))
    assert seen == wanted
    assert moves == [chain.index for chain in decoded.chains if isinstance(chain, VectorMove)]
    engine.run(again)
    np.testing.assert_array_equal(np.concatenate(port.sent), np.concatenate(again.sent))


def addresses(chain: ComputeChain) -> list[int]:
    """Where the first target's vectors go, in order."""
    r = chain.regs
    steps = nest(chain.outputs, r.out_cols, r.wr_row, r.wr_col)
    return [int(at) for at in chain.targets[0].addr + steps]


def test_an_infinity_in_dram_is_refused() -> None:
    """The verifier refuses such constants; here nobody has looked at the image."""
    words = [int(w) for w in assemble("v_rd DRAM 0\nv_wr InitialVrf 0\nend_chain\nhalt")]
    image = np.array([0x3C00, 0xFC00, 0, 0], "<u2").view(np.uint8)
    engine = Engine(decode_stream(words, MACHINES[0]), MACHINES[0], image, len(image))
    with pytest.raises(InputError, match="DRAM: a vector that is read holds an infinity or NaN"):
        engine.run(Port(np.zeros((0, 4), np.uint16)))


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("vectors", [200, 4096])
def test_compiled_networks(shared: bool, vectors: int) -> None:
    config = dataclasses.replace(IMAGE, initial_vrf=vectors, addsub_vrf_1=vectors, shared_weights=shared)
    program = to_program(to_graph(network(7, (3, 20, 12), 10, pool=3, kernel=3, dilation=2)), config)
    session = Session(program)
    inputs = {"x": np.random.default_rng(0).standard_normal((1, 3, 10, 10)).astype(np.float32)}
    np.testing.assert_array_equal(session.run(inputs).outputs["y"], session.run_golden(inputs).outputs["y"])


@pytest.mark.parametrize("name", ["tiny_resnet_16", "mlp"])
def test_built_in_networks_on_tiny(name: str) -> None:
    config = dataclasses.replace(load_config("tiny"), imem_words=1 << 16)
    session = Session(to_program(to_graph(npusim_models.build(name)), config))
    inputs = npusim_models.sample_input(name)
    fast, golden = session.run(inputs), session.run_golden(inputs)
    for key, value in golden.outputs.items():
        np.testing.assert_array_equal(fast.outputs[key], value)


def test_runs_are_independent() -> None:
    """Memories are kept between runs; no run sees what another left."""
    program = to_program(to_graph(network(8, (3, 12, 12), 9, pool=2, kernel=3, dilation=1)), IMAGE)
    rng = np.random.default_rng(1)
    a, b = ({"x": rng.standard_normal((1, 3, 9, 9)).astype(np.float32)} for _ in range(2))
    session = Session(program)
    first = session.run(a).outputs["y"].copy()
    session.run(b)
    np.testing.assert_array_equal(session.run(a).outputs["y"], first)
    np.testing.assert_array_equal(Session(program, threads=2).run(a).outputs["y"], first)


def test_unwritten_scratch_is_separate_from_the_image() -> None:
    """DRAM writes never touch the program's image."""
    case = random_case(Random(5), MACHINES[0])
    image = np.frombuffer(case.dram, np.uint8)
    engine = Engine(decode_stream(case.words, MACHINES[0]), MACHINES[0], image, len(image) + 4096)
    engine.run(Port(case.incoming))
    assert image.tobytes() == case.dram
    assert engine.memory[Space.INITIAL_VRF].shape[0] == MACHINES[0].initial_vrf + 2


def test_a_move_that_overwrites_itself_in_one_target_is_whole_in_the_other() -> None:
    """More vectors than the Expander's ring holds, from DRAM; an observer sees each as it was written."""
    config = load_config("tiny")
    count = config.expander + 44
    registers = {"ROWS": count, "RD_ROW": 1, "WR_ROW": 1}
    text = [f"s_wr {name} {value}" for name, value in registers.items()]
    text += ["v_rd DRAM 0", "v_wr Expander 0", "v_wr InitialVrf 0", "end_chain"]
    text += ["v_rd InitialVrf 0", "v_wr NetOutQ 0", "end_chain", "halt"]
    words = [int(word) for word in assemble("\n".join(text))]
    halves = np.arange(count * config.native_dim).reshape(count, -1).astype(np.float16).view(np.uint16)
    image = halves.view(np.uint8).ravel()
    port, seen = Port(halves[:0]), []
    engine = Engine(decode_stream(words, config), config, image, image.size)
    engine.run(port, moved=lambda _, vectors: seen.append(np.array(vectors)))
    for vectors in (port.sent[0], seen[0]):
        np.testing.assert_array_equal(to_f16_bits(vectors), halves)
