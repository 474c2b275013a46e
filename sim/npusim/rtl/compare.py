"""The RTL against the simulator: every vector sent, every chain's checksum, its first and its last cycle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from npusim.chain import Chain, VectorMove
from npusim.config import NpuConfig
from npusim.csr import FAULTS, Fault
from npusim.engine.timing import Span
from npusim.isa import Space
from npusim.rtl.checksum import U16
from npusim.rtl.expect import Expected
from npusim.rtl.run import RtlRun


@dataclass(slots=True)
class Comparison:
    """What agrees and what does not, chains by number.

    problems: the run itself went wrong, as sentences; values: chains whose writes differ; cycles: chains that start or
    complete in another cycle; errors: difference of every completion from the simulated one.
    """

    chains: int
    simulated: int  # cycles of the run
    rtl: int
    problems: list[str] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    cycles: list[int] = field(default_factory=list)

    @property
    def same_bits(self) -> bool:
        """True if the run went through and every bit agrees."""
        return not self.problems and not self.values

    @property
    def agrees(self) -> bool:
        """True if bits and cycles agree."""
        return self.same_bits and not self.cycles and self.simulated == self.rtl

    @property
    def error(self) -> float:
        """Difference of the run's cycles, in parts of the simulated ones."""
        return abs(self.rtl - self.simulated) / max(1, self.simulated)


def compare(expected: Expected, rtl: RtlRun, config: NpuConfig) -> Comparison:
    """Compare one run."""
    chains, spans = expected.decoded.chains, expected.timing.spans
    found = Comparison(len(chains), expected.timing.cycles, rtl.cycles, list(_problems(expected, rtl)))
    sent = dict(zip(sorted(expected.sent), rtl.sent, strict=False))
    for chain, span in zip(chains, spans, strict=True):
        if _differs(chain, expected, rtl, sent.get(chain.index), config):
            found.values.append(chain.index)
        if (rtl.started.get(chain.index), rtl.completed.get(chain.index)) != (span.start, span.complete):
            found.cycles.append(chain.index)
    return found


def first_by_time(numbers: list[int], spans: tuple[Span, ...], rtl: RtlRun) -> int:
    """Return the chain of these whose difference shows first, by the simulator's time."""

    def when(number: int) -> tuple[int, int]:
        span = spans[number]
        same = rtl.started.get(number) == span.start
        return (span.complete if same else span.start), number

    return min(numbers, key=when)


def vectors_of(data: bytes, config: NpuConfig) -> U16:
    """Return the whole vectors of a NetOutQ move's bytes: uint16[vectors, N]."""
    whole = len(data) // config.vector_bytes * config.vector_bytes
    halves: U16 = np.frombuffer(data[:whole], "<u2").astype(np.uint16).reshape(-1, config.native_dim)
    return halves


def _differs(chain: Chain, expected: Expected, rtl: RtlRun, sent: bytes | None, config: NpuConfig) -> bool:
    if chain.index not in rtl.completed:
        return False  # a problem is told instead
    if rtl.sums[chain.index] != expected.sums[chain.index]:
        return True
    if isinstance(chain, VectorMove) and any(target.space is Space.NET_OUT_Q for target in chain.targets):
        want = expected.sent[chain.index]
        got = vectors_of(sent or b"", config)
        return len(got) < len(want) or not np.array_equal(got[: len(want)], want)
    return False


def _problems(expected: Expected, rtl: RtlRun) -> Iterator[str]:
    yield from rtl.faults
    status, code = rtl.registers.get("STATUS", 0), rtl.registers.get("ERROR_CODE", 0)
    if status >> 2 & 1:
        name = Fault(code).name if code in set(Fault) else f"code {code}"
        text = FAULTS.get(Fault(code), "") if code in set(Fault) else "not in the table"
        yield f"the machine stopped with fault {name} at word {rtl.registers.get('ERROR_WORD', 0)}: {text}"
    elif rtl.given_up is not None:
        yield f"the run was given up in cycle {rtl.given_up}: no done and no fault"
    count = len(expected.decoded.chains)
    missing = [number for number in range(count) if number not in rtl.completed]
    if missing:
        yield f"{len(missing)} of {count} chains did not complete, the first is number {missing[0]}"
    extra = [number for number in rtl.completed if number >= count]
    if extra:
        yield f"chain {min(extra)} completed, the program has {count}"
    if len(rtl.sent) != len(expected.sent):
        yield f"{len(rtl.sent)} moves to NetOutQ, expected {len(expected.sent)}"
    if not missing and rtl.overflow != expected.overflow:
        yield f"the overflow flag is {int(rtl.overflow)}, expected {int(expected.overflow)}"
