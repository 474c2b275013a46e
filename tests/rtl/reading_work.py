"""Random compute chains for the benches of the reading side, and what each of them reads in which cycle.

Expectations come from `npusim.pipeline` and `npusim.chain.addresses`; the model knows no signals.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from npusim.chain import ComputeChain, decode_stream
from npusim.chain.addresses import PADDING, window
from npusim.config import NpuConfig
from npusim.errors import ProgramError
from npusim.isa import Reg, Space, encode
from npusim.pipeline import chain_times, entry_times, matrix_latency, read_times, source_latency

VRFS = (Space.INITIAL_VRF, Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1, Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)


@dataclass(frozen=True, slots=True)
class Read:
    """One vector of the reader: `at` is its address in InitialVrf, None for padding and the Expander."""

    at: int | None
    k: int
    position: int
    engine: int
    count: int
    slot: int
    first: bool  # tile of its sum
    last: bool
    elem: bool  # completes elements of the stream: the first, the last of the chain
    elem_first: bool
    elem_last: bool


def reads(chain: ComputeChain, config: NpuConfig) -> dict[int, Read]:
    """Every read of a chain by cycle after its start."""
    found: dict[int, Read] = {}
    shared, engines, tc = config.shared_weights, config.engines, config.tile_cycles
    vrf = chain.source.space == Space.INITIAL_VRF
    offsets = window(chain.regs) if vrf else None
    groups = -(-chain.row_tiles // engines)  # times that the reader takes a position
    last_entry = int(entry_times(chain, config)[-1])
    source = source_latency(chain, config)
    for position, row in enumerate(read_times(chain, config).tolist()):
        for k, first_time in enumerate(row):
            offset = PADDING if offsets is None else int(offsets[position, k])
            at = None if offset == PADDING else chain.source.addr + offset
            for group in range(groups):
                time = first_time + group * chain.window * tc
                last = k == chain.window - 1
                if chain.matmul is None:
                    elem, enters, count, slot = True, time + source, 1, 0
                else:
                    count = 1 if shared else min(engines, chain.row_tiles - group * engines)
                    slot = (chain.matmul.tile + group * chain.window + k) % config.mrf_slots
                    elem, enters = last, time + source + matrix_latency(config) + count - 1
                assert time not in found, f"two reads in cycle {time}"
                found[time] = Read(
                    at=at,
                    k=k,
                    position=position,
                    engine=position % engines if shared and chain.matmul is not None else 0,
                    count=count,
                    slot=slot,
                    first=k == 0,
                    last=last,
                    elem=elem,
                    elem_first=elem and position == 0 and group == 0 and (chain.matmul is not None or k == 0),
                    elem_last=elem and enters == last_entry,
                )
    return found


def skew(chain: ComputeChain, config: NpuConfig) -> int:
    """x of section 5.3."""
    times = chain_times(chain, config)
    return times.last - (source_latency(chain, config) + matrix_latency(config) + times.busy - config.tile_cycles)


# ---- random chains ---------------------------------------------------------------------------------------------------


def random_chains(rng: random.Random, config: NpuConfig, sources: tuple[Space, ...]) -> tuple[ComputeChain, ...]:
    """A legal compute chain, or some of which all but the last hold their sums."""
    while True:
        try:
            return decode_stream([*_words(rng, config, rng.choice(sources)), 0], config).chains  # type: ignore[return-value]
        except ProgramError:
            continue


def _words(rng: random.Random, config: NpuConfig, source: Space) -> list[int]:
    pick, few = rng.randint, rng.choice((1, 1, 3))
    regs = {reg: pick(1, few) for reg in (Reg.KH, Reg.KW, Reg.KC)}
    regs |= {reg: pick(1, 3) for reg in (Reg.STRIDE_H, Reg.STRIDE_W, Reg.DILATION_H, Reg.DILATION_W)}
    regs |= {reg: rng.choice((1, 1, pick(1, 5))) for reg in (Reg.ROWS, Reg.COLS)}
    regs |= {reg: rng.choice((0, 0, pick(0, 3))) for reg in (Reg.PAD_TOP, Reg.PAD_LEFT)}
    regs |= {reg: pick(1, 7) for reg in (Reg.IN_H, Reg.IN_W, Reg.OUT_COLS)}
    regs |= {reg: pick(0, 9) for reg in (Reg.RD_ROW, Reg.RD_COL, Reg.WR_ROW, Reg.WR_COL, Reg.OP0_ROW, Reg.OP1_COL)}
    matmul = rng.random() < 0.6
    hold = matmul and rng.random() < 0.25
    if matmul and not config.shared_weights:
        regs[Reg.MV_ROWS] = pick(1, config.engines if hold else 2 * config.engines + 1)
    if hold:
        regs |= {Reg.ROWS: 1, Reg.COLS: pick(1, config.engines) if config.shared_weights else 1}
    low = 0
    if source == Space.EXPANDER:
        _image(rng, config, regs)
        address = pick(0, config.expander - 1)
    else:
        low = pick(0, 1)
        address = pick(0, config.initial_vrf - 1) if rng.random() < 0.2 else pick(0, config.initial_vrf // 2)
    reduce = not matmul and rng.random() < 0.3
    if reduce:  # each window of the reader is one of the reduce stage
        taps = regs[Reg.KC] * (1 if source == Space.EXPANDER else regs[Reg.KH] * regs[Reg.KW])
        regs |= dict.fromkeys((Reg.RED_N, Reg.RED_HEAD, Reg.RED_RUN), taps)
    read = encode("v_rd", space=source, addr=address, low=low)
    words = [encode("s_wr", reg=reg, value=value) for reg, value in regs.items()]
    end = encode("end_chain", give=pick(0, 7))
    if hold:
        words += [read, encode("mv_mul", tile=_slot(rng, config), hold=1), end]
        if rng.random() < 0.3:
            words += [read, encode("mv_mul", tile=_slot(rng, config), hold=1, acc=1), end]
    words.append(read)
    if matmul:
        words.append(encode("mv_mul", tile=_slot(rng, config), acc=int(hold)))
    words += _stages(rng, config, reduce)
    for space in rng.sample(VRFS, rng.choice((1, 1, 2))):
        words.append(encode("v_wr", space=space, addr=pick(0, config.depth(space) - 1)))
    return [*words, end]


def _image(rng: random.Random, config: NpuConfig, regs: dict[Reg, int]) -> None:
    """Registers that describe a raw image in the Expander."""
    lanes = config.native_dim
    regs[Reg.KH] = min(rng.randint(1, 5), config.expander_rows)
    regs |= {Reg.KW: rng.randint(1, 5), Reg.CHANNELS: rng.choice((1, 3, 3, rng.randint(1, 6)))}
    regs |= {Reg.IN_W: rng.randint(1, 20)}
    regs[Reg.KC] = -(-regs[Reg.KH] * regs[Reg.KW] * regs[Reg.CHANNELS] // lanes) + rng.choice((0, 0, 1))
    regs[Reg.RD_ROW] = -(-regs[Reg.IN_W] * regs[Reg.CHANNELS] // lanes) + rng.choice((0, 0, 1))


def _slot(rng: random.Random, config: NpuConfig) -> int:
    return rng.randrange(config.mrf_slots)


def _stages(rng: random.Random, config: NpuConfig, reduce: bool) -> list[int]:
    """A few stages, so that the tail's operands and its pipeline are in use too."""
    words = []
    if rng.random() < 0.3:
        words.append(encode("vv_add", mfu=0, addr=rng.randrange(config.addsub_vrf_0), step=rng.randint(0, 1)))
    if reduce:
        words.append(encode("v_red_max"))
    if rng.random() < 0.3:
        words.append(encode("vv_mul", mfu=1, addr=rng.randrange(config.multiply_vrf_1), step=rng.randint(0, 1)))
    if rng.random() < 0.3:
        words.append(encode("v_relu", mfu=1))
    return words
