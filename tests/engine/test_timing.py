"""The event-driven clock against one that counts every cycle, and its account of where the time went."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from naive_clock import Clock
from random_programs import random_case, small_machine

from npusim.asm import assemble
from npusim.chain import ComputeChain, Decoded, decode_stream
from npusim.compiler.back.backend import to_program
from npusim.compiler.back.sync import timed_reads, timed_writes
from npusim.compiler.back.verify import verify_program
from npusim.compiler.front.frontend import to_graph
from npusim.config import NpuConfig, load_config
from npusim.engine.timing import Timing, simulate_time
from npusim.errors import PlacementError
from npusim.isa import Queue

sys.path.insert(0, str(Path(__file__).parent.parent / "compiler"))
from test_backend import IMAGE, network


def programs(config: NpuConfig, seed: int = 0, channels: tuple[int, ...] = (3, 20, 12), size: int = 8) -> Decoded:
    model = network(seed, channels, size, pool=3, kernel=3, dilation=1)
    return verify_program(to_program(to_graph(model), config))


def check_account(timing: Timing, config: NpuConfig) -> None:
    """What must hold for every run."""
    assert sum(timing.account.values()) == timing.cycles
    assert all(cycles >= 0 for cycles in timing.account.values())
    for queue in Queue:
        spans = [s for s in timing.spans if s.chain.queue is queue]
        for a, b in itertools.pairwise(spans):
            assert a.start <= b.start
            assert a.complete <= b.complete or queue is Queue.VECTOR
        if queue is Queue.COMPUTE:
            assert all(b.start >= a.busy and b.tail[0] > a.tail[1] for a, b in itertools.pairwise(spans))
        for early, late in zip(spans, spans[config.queue_depth :], strict=False):
            assert late.dispatched >= early.start
    assert (timing.dram_read + timing.dram_written) / config.dram_rate <= timing.cycles


def check_data_is_there(timing: Timing, config: NpuConfig) -> None:
    """No chain reads a vector before the chain that wrote it has put it there, by the cycles of this very run."""
    ready: dict[object, np.ndarray] = {}
    for span in timing.spans:
        chain = span.chain
        if not isinstance(chain, ComputeChain):
            continue
        for memory, addresses, times in timed_reads(chain, config):
            if memory in ready:
                assert (ready[memory][addresses] <= span.start + times).all()
        for memory, addresses, times in timed_writes(chain, config):
            table = ready.setdefault(memory, np.zeros(1 << 16, np.int64))
            table[addresses] = span.start + times


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(
    st.integers(0, 1 << 16),
    st.tuples(st.integers(1, 10), st.integers(1, 24), st.integers(1, 24)),
    st.integers(5, 10),
    st.sampled_from([64, 128, 4096]),
    st.sampled_from([6, 16, 64]),
    st.booleans(),
    st.sampled_from([2, 3, 16]),
    st.sampled_from([0.7, 5.3, 34.1]),
    st.integers(1, 9),
    st.sampled_from([1, 2, 7]),
)
def test_every_chain_starts_and_completes_when_the_document_says(
    seed: int, channels: tuple[int, ...], size: int, vectors: int, slots: int, shared: bool, depth: int, gbps: float,
    latency: int, interval: int,
) -> None:  # fmt: skip
    config = dataclasses.replace(
        IMAGE, initial_vrf=vectors, addsub_vrf_1=vectors, mrf_tiles=slots // 2 * 4, shared_weights=shared,
        queue_depth=depth, dram_gbps=gbps, dram_burst=256, lat_mul=latency, lat_bfp=latency, lat_dma=latency,
        lat_sem=1 + latency % 3, expander=64, dispatch_interval=interval,
    )  # fmt: skip
    try:
        decoded = programs(config, seed, channels, size)
    except PlacementError:
        return
    timing = simulate_time(decoded, config)
    clock = Clock(decoded, config)
    clock.run()
    assert {s.chain.index: s.start for s in timing.spans} == clock.start
    assert {s.chain.index: s.complete for s in timing.spans} == clock.complete
    check_account(timing, config)
    check_data_is_there(timing, config)


@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(st.integers(0, 1 << 32), st.booleans(), st.sampled_from([2, 16]), st.sampled_from([1, 3, 11]))
def test_random_programs_and_their_loops_take_the_documented_time(
    seed: int, shared: bool, depth: int, interval: int
) -> None:
    config = dataclasses.replace(small_machine(4, shared), queue_depth=depth, dispatch_interval=interval)
    decoded = decode_stream(random_case(Random(seed), config, chains=4).words, config)
    timing = simulate_time(decoded, config)
    clock = Clock(decoded, config)
    clock.run()
    assert {s.chain.index: s.start for s in timing.spans} == clock.start
    assert {s.chain.index: s.complete for s in timing.spans} == clock.complete
    check_account(timing, config)


@pytest.mark.parametrize("interval", [1, 3, 11])
def test_every_word_of_a_loop_takes_an_interval_and_its_end_no_more(interval: int) -> None:
    text = "loop 5|s_add WR_BASE, 1|loop 2|end_loop|v_rd NetInQ, 0|v_wr InitialVrf, 0, base|end_chain|end_loop|halt"
    config = dataclasses.replace(small_machine(4, True), dispatch_interval=interval)
    timing = simulate_time(decode_stream(assemble(text.replace("|", "\n")), config), config)
    assert [s.dispatched for s in timing.spans] == [(7 + 8 * i) * interval for i in range(5)]


@pytest.mark.parametrize("interval", [1, 3, 11])
def test_words_behind_a_full_queue_keep_the_interval(interval: int) -> None:
    chain = "v_rd NetInQ, 0|v_wr InitialVrf, 0|end_chain|"
    config = dataclasses.replace(small_machine(4, True), dispatch_interval=interval, queue_depth=2, net_bytes=1)
    text = f"s_wr ROWS, 20|s_wr WR_ROW, 1|{chain * 8}halt"
    timing = simulate_time(decode_stream(assemble(text.replace("|", "\n")), config), config)
    starts = [s.start for s in timing.spans]
    assert [s.dispatched for s in timing.spans[3:]] == starts[1:-2], "a word leaves when a chain of its queue starts"
    assert timing.cycles == timing.spans[-1].complete


@pytest.mark.parametrize("interval", [1, 3, 11])
def test_halt_keeps_the_interval(interval: int) -> None:
    config = dataclasses.replace(small_machine(4, True), dispatch_interval=interval)
    alone = simulate_time(decode_stream(assemble("halt"), config), config)
    behind = simulate_time(decode_stream(assemble("s_wr ROWS, 3\n" * 4 + "halt"), config), config)
    assert (alone.cycles, behind.cycles) == (1, 4 * interval + 1)


@pytest.mark.parametrize("name", ["tiny", "tiny_private"])
def test_account_adds_up_on_presets(name: str) -> None:
    config = dataclasses.replace(load_config(name), imem_words=1 << 16)
    timing = simulate_time(programs(config, 1, (3, 8, 8), 6), config)
    check_account(timing, config)
    check_data_is_there(timing, config)
