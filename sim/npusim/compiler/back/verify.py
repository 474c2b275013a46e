"""Prove that a program runs to its end and computes what its words in order say, whatever the timing.

Works on the decoded words alone, so that it holds for programs from anywhere: assembler, compiler, a file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from npusim.chain import (
    Chain,
    ComputeChain,
    Decoded,
    Memory,
    Region,
    VectorMove,
    WeightMove,
    decode_stream,
    slot_tiles,
    spans,
)
from npusim.compiler.back.sync import Clocks, Tracker, on_chip, places_of, touched
from npusim.config import NpuConfig
from npusim.errors import ProgramError
from npusim.isa import QUEUE_NAMES, Queue, Space
from npusim.program import Program

MAX_TOKENS = 255


def verify_program(program: Program) -> Decoded:
    """Verify a whole program; returns it decoded.  Raises `ProgramError` naming the word of the first offence."""
    decoded = decode_stream(program.words, program.config)
    verify_chains(decoded.chains, program.config)
    _verify_ports(decoded, program)
    _verify_dram(decoded, program)
    return decoded


def verify_chains(chains: tuple[Chain, ...], config: NpuConfig) -> None:
    """Refuse deadlocks, data races, token overflow and reads of on-chip vectors that nobody wrote.

    Tokens: in program order every wait must find a token given earlier; then no chain can block for ever, since the
    oldest unfinished chain never waits for a younger one.  Races: two chains that touch the same address, one of them
    writing, must be ordered by tokens or by their queue (`sync.Tracker.needed`).
    """
    tracker, clocks = Tracker(config), Clocks()
    tokens: dict[tuple[Queue, Queue], deque[int]] = {(a, b): deque() for a in Queue for b in Queue}
    counts = dict.fromkeys(Queue, 0)
    ends: dict[Queue, list[int]] = {q: [] for q in Queue}
    written: dict[Memory, npt.NDArray[np.bool_]] = {}
    for chain in chains:
        queue, index = chain.queue, counts[chain.queue]
        waits = []
        for other in Queue:
            if chain.wait >> other & 1:
                if not tokens[other, queue]:
                    raise ProgramError(
                        f"word {chain.end}: end_chain waits for a token of the {QUEUE_NAMES[other]} queue that no "
                        "earlier chain gives: the program would deadlock"
                    )
                waits.append((other, tokens[other, queue].popleft()))
        clock = clocks.start(queue, waits)
        reads, writes = touched(chain, config)
        for number, needed in enumerate(tracker.needed(chain, reads, writes)):
            if needed > clock[number]:
                raise ProgramError(
                    f"word {chain.end}: the chain uses memory of the chain that ends at word "
                    f"{ends[Queue(number)][needed]} ({QUEUE_NAMES[Queue(number)]} queue) without waiting for it"
                )
        _check_written(chain, reads, writes, written, config)
        for other in Queue:
            if chain.give >> other & 1:
                tokens[queue, other].append(index)
                if len(tokens[queue, other]) > MAX_TOKENS:
                    raise ProgramError(
                        f"word {chain.end}: more than {MAX_TOKENS} tokens wait in the semaphore from the "
                        f"{QUEUE_NAMES[queue]} to the {QUEUE_NAMES[other]} queue"
                    )
        tracker.record(chain, index, reads, writes)
        ends[queue].append(chain.end)
        counts[queue] += 1


def _check_written(
    chain: Chain,
    reads: list[Region],
    writes: list[Region],
    written: dict[Memory, npt.NDArray[np.bool_]],
    config: NpuConfig,
) -> None:
    """On-chip memories start empty: reading an address before anything was written to it is an error."""
    ways = slot_tiles(config)
    for regions, writing in ((reads, False), (writes, True)):
        for region in on_chip(regions):
            if region.memory not in written:
                tiles = region.memory is Memory.MATRIX_RF
                depth = config.mrf_slots * ways if tiles else config.depth(Space(region.memory))
                written[region.memory] = np.zeros(depth, np.bool_)
            table, places = written[region.memory], places_of(region)
            if writing:
                table[places] = True
            elif not table[places].all():
                at = int(region.addresses[np.argmin(table[places])])
                raise ProgramError(
                    f"word {chain.first}: the chain reads {region.memory.name} {at}, which nothing has written"
                )


_WAYS: dict[str, Callable[[VectorMove], bool]] = {
    "in": lambda move: move.source.space is Space.NET_IN_Q,
    "out": lambda move: any(target.space is Space.NET_OUT_Q for target in move.targets),
}


def _verify_ports(decoded: Decoded, program: Program) -> None:
    """Each network queue must pass exactly the vectors of the input/output table, tensor by tensor, in its order."""
    tables = {way: deque(port for port in program.io if port.direction == way) for way in _WAYS}
    passed = dict.fromkeys(_WAYS, 0)  # vectors of the first tensor in the table
    for chain in decoded.chains:
        if not isinstance(chain, VectorMove):
            continue
        for direction, passes in _WAYS.items():
            if not passes(chain):
                continue
            table, queue = tables[direction], f"Net{direction.title()}Q"
            if not table:
                count = sum(port.direction == direction for port in program.io)
                raise ProgramError(
                    f"word {chain.first}: more tensors pass {queue} than the program's table names ({count})"
                )
            left = table[0].vectors - passed[direction]
            if chain.positions > left:
                raise ProgramError(
                    f"word {chain.first}: {chain.positions} vectors pass {queue} where the table expects tensor "
                    f"{table[0].tensor!r} ({left} vectors left)"
                )
            passed[direction] += chain.positions
            if chain.positions == left:
                table.popleft()
                passed[direction] = 0
    for direction, table in tables.items():
        if table:
            raise ProgramError(f"the program ends before tensor {table[0].tensor!r} has passed Net{direction.title()}Q")


def _verify_dram(decoded: Decoded, program: Program) -> None:
    """Reads stay inside initialised or written bytes, writes inside scratch regions, constants are numbers."""
    for r in program.regions:
        if r.kind == "scratch" and r.address < len(program.dram):
            raise ProgramError(f"scratch region {r.name!r} begins at byte {r.address}, inside the DRAM image")
        if r.kind == "constants":
            halves = program.dram[r.address : r.address + r.size // 2 * 2].view("<u2")
            if (halves & 0x7C00 == 0x7C00).any():
                raise ProgramError(f"constants {r.name!r} hold NaN or infinity; every value must be finite")
    scratch = [_Scratch(r.address, r.address + r.size, program.config.vector_bytes) for r in program.regions
               if r.kind == "scratch"]  # fmt: skip
    for chain in decoded.chains:
        if isinstance(chain, ComputeChain):
            continue
        for regions, writing in zip(touched(chain, program.config), (False, True), strict=True):
            for region in regions:
                if region.memory is Memory.DRAM and len(region.spans):
                    _verify_access(chain, region, writing, scratch, len(program.dram))


class _Scratch:
    """A scratch region, and which of its vectors have been written."""

    def __init__(self, low: int, high: int, vector: int) -> None:
        self.low, self.high, self.vector = low, high, vector
        self.written = np.zeros(-(-(high - low) // vector), np.bool_)

    def cells(self, region: Region) -> npt.NDArray[np.int64]:
        """Numbers of the region's vectors."""
        first = (region.spans[:, 0] - self.low) // self.vector
        last = -((self.low - region.spans[:, 1]) // self.vector)
        return spans.expand(spans.merge(first, last - first))


def _verify_access(chain: Chain, region: Region, writing: bool, scratch: list[_Scratch], image: int) -> None:
    low, high = int(region.spans[0, 0]), int(region.spans[-1, 1])
    home = next((s for s in scratch if s.low <= low and high <= s.high), None)
    if home is None or isinstance(chain, WeightMove):
        if writing or high > image:
            what = "writes" if writing else "reads"
            raise ProgramError(
                f"word {chain.first}: the chain {what} DRAM bytes {low}..{high - 1}; the image has {image} bytes, "
                "weights lie inside it, and only scratch regions can be written"
            )
    elif writing:
        home.written[home.cells(region)] = True
    elif not home.written[home.cells(region)].all():
        raise ProgramError(
            f"word {chain.first}: the chain reads DRAM bytes {low}..{high - 1}; not all of them were written"
        )
