"""Random chains, perhaps illegal: what `npusim.rtl.random_programs` strings together and the decoder then judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from npusim.chain import Decoded, Memory, VectorMove
from npusim.config import NpuConfig
from npusim.isa import BY_NAME, Reg, Space

Body = list[tuple[str, dict[str, int]]]

VRFS = [space for space in Space if space >= Space.INITIAL_VRF]
MUL = (Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)
ADDSUB = (Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1)
HALVES = (0, 0x8000, 0x3C00, 0xC000, 0x2E66, 0x4600, 0x7BFF, 0xFBFF, 0x0400)


@dataclass(frozen=True, slots=True)
class Item:
    """One chain: registers that are not at their reset values, instructions between the registers and end_chain."""

    regs: dict[Reg, int]
    body: Body

    def based(self, random: Random) -> Item:
        """Return the chain with some addresses relative to base registers."""
        body = [
            (name, values | {"base": int(random.random() < 0.6)} if _has_base(name, values) else values)
            for name, values in self.body
        ]
        return replace(self, body=body)


@dataclass(frozen=True, slots=True)
class Draft:
    """What chains are made of: a window of every memory from `base` on, constants, tiles and scratch in DRAM."""

    config: NpuConfig
    random: Random
    window: int
    constants: int  # vectors of DRAM from byte 0 on
    tiles_at: int
    tiles: int
    scratch_at: int
    scratch: int  # vectors
    base: dict[Space, int]

    def depth(self, space: Space) -> int:
        """Vectors of a memory's window."""
        return min(self.window, self.config.depth(space))

    def place(self, space: Space, room: int = 0) -> int:
        """An address in a window, `room` vectors before its end at the latest, where that is possible."""
        return self.base[space] + self.random.randint(0, max(0, self.depth(space) - 1 - room))

    def fill(self) -> list[Item]:
        """Chains that write every window, the Expander and the whole MatrixRf."""
        c = self.config
        whole = max(self.depth(space) for space in VRFS)
        items = []
        read: dict[str, int]
        for space in VRFS:
            regs = {Reg.ROWS: self.depth(space), Reg.WR_ROW: 1, Reg.RD_ROW: 1}
            if self.random.random() < 0.5:
                read = {"space": Space.NET_IN_Q}
            else:
                read = {"space": Space.DRAM, "addr": self.random.randint(0, self.constants - whole) * c.vector_bytes}
            items.append(Item(regs, [("v_rd", read), ("v_wr", {"space": space, "addr": self.base[space]})]))
        left, at = c.expander, 0
        while left:
            rows = min(left, self.constants)
            regs = {Reg.ROWS: rows, Reg.RD_ROW: 1, Reg.WR_ROW: 1}
            items.append(Item(regs, [("v_rd", {"space": Space.DRAM}), ("v_wr", {"space": Space.EXPANDER, "addr": at})]))
            left, at = left - rows, at + rows
        tiles = {"addr": self.tiles_at}
        items.append(Item({Reg.TILES: c.mrf_tiles}, [("m_rd", tiles), ("m_wr", {"tile": self.random.randint(0, 3)})]))
        regs = {Reg.ROWS: self.scratch, Reg.RD_ROW: 0, Reg.WR_ROW: 1}
        scratch: dict[str, int] = {"space": Space.DRAM, "addr": self.scratch_at}
        items.append(Item(regs, [("v_rd", {"space": VRFS[0], "addr": self.base[VRFS[0]]}), ("v_wr", scratch)]))
        return items

    def empty(self) -> list[Item]:
        """Chains that send every window out."""
        return [
            Item(
                {Reg.ROWS: self.depth(space), Reg.RD_ROW: 1},
                [("v_rd", {"space": space, "addr": self.base[space]}), ("v_wr", {"space": Space.NET_OUT_Q})],
            )
            for space in VRFS
        ]


def weights(draft: Draft) -> Item:
    """A weight move: some tiles to some slots."""
    c, random = draft.config, draft.random
    count = random.choice([1, 1, 2, random.randint(1, c.mrf_tiles)])
    addr = draft.tiles_at + random.randint(0, draft.tiles - count) * c.tile_bytes
    return Item({Reg.TILES: count}, [("m_rd", {"addr": addr}), ("m_wr", {"tile": random.randint(0, c.mrf_slots - 1)})])


def moves(draft: Draft) -> Item:
    """A vector move between any two places that a move may have."""
    c, random = draft.config, draft.random
    rows, cols = random.randint(1, 6), random.randint(1, 5)
    regs = {
        Reg.ROWS: rows, Reg.COLS: cols, Reg.RD_ROW: random.randint(0, 6), Reg.RD_COL: random.randint(0, 2),
        Reg.OUT_COLS: random.randint(1, 6), Reg.WR_ROW: random.randint(0, 6), Reg.WR_COL: random.randint(0, 2),
    }  # fmt: skip
    source = random.choice([Space.DRAM, Space.DRAM, Space.NET_IN_Q, *VRFS])
    read: dict[str, int] = {"space": source}
    if source is Space.DRAM:
        scratch = random.random() < 0.4
        first = draft.scratch_at // c.vector_bytes if scratch else 0
        read["addr"] = (first + random.randint(0, (draft.scratch if scratch else draft.constants) - 1)) * c.vector_bytes
        if scratch and draft.scratch_at % c.vector_bytes:
            read["addr"] = draft.scratch_at + random.randint(0, draft.scratch - 1) * c.vector_bytes
    elif source is not Space.NET_IN_Q:
        read["addr"] = draft.place(source, 12)
    outside: list[Space] = [Space.DRAM, Space.NET_OUT_Q]
    choices = [*outside] if source in VRFS else [*outside, Space.EXPANDER, *VRFS, *VRFS]
    if source is Space.DRAM:
        choices.remove(Space.DRAM)
    target = random.choice(choices)
    if target in outside:
        spaces = [target]
    else:
        spaces = list(dict.fromkeys([target, *random.sample([Space.EXPANDER, *VRFS], random.randint(0, 3))]))
    body: Body = [("v_rd", read)]
    for space in spaces:
        addr = 0
        if space is Space.DRAM:
            addr = draft.scratch_at + random.randint(0, draft.scratch // 2) * c.vector_bytes
        elif space is Space.EXPANDER:
            addr = random.randint(0, c.expander - 1)
        elif space is not Space.NET_OUT_Q:
            addr = draft.place(space, 12)
        body.append(("v_wr", {"space": space, "addr": addr}))
    return Item(regs, body)


def compute(draft: Draft) -> list[Item]:
    """A compute chain, or a few of which all but the last hold their sums."""
    c, random, lanes = draft.config, draft.random, draft.config.native_dim
    pick = random.randint
    regs = {reg: pick(1, 3) for reg in (Reg.ROWS, Reg.COLS, Reg.KH, Reg.KW, Reg.KC, Reg.STRIDE_H, Reg.STRIDE_W)}
    if random.random() < 0.2:
        regs |= dict.fromkeys((Reg.KH, Reg.KW), 1)
    if random.random() < 0.1:
        regs[Reg.COLS] = pick(4, 12)
    regs |= {reg: pick(1, 2) for reg in (Reg.DILATION_H, Reg.DILATION_W)}
    regs |= {reg: pick(0, 2) for reg in (Reg.PAD_TOP, Reg.PAD_LEFT)}
    regs |= {reg: pick(1, 4) for reg in (Reg.IN_H, Reg.IN_W, Reg.OUT_COLS, Reg.CHANNELS)}
    steps = (Reg.RD_ROW, Reg.RD_COL, Reg.OP0_ROW, Reg.OP0_COL, Reg.OP1_ROW, Reg.OP1_COL, Reg.WR_ROW, Reg.WR_COL)
    regs |= {reg: pick(0, 6) for reg in steps}
    matmul = random.random() < 0.6
    regs[Reg.MV_ROWS] = pick(1, c.engines + 2) if matmul and not c.shared_weights else 1
    read: dict[str, int] = {"space": Space.INITIAL_VRF, "addr": draft.place(Space.INITIAL_VRF, 24), "low": pick(0, 1)}
    if random.random() < 0.3:
        read = {"space": Space.EXPANDER, "addr": pick(0, c.expander - 1)}
        regs[Reg.KC] = -(-regs[Reg.KH] * regs[Reg.KW] * regs[Reg.CHANNELS] // lanes) + pick(0, 1)
        regs[Reg.RD_ROW] = -(-regs[Reg.IN_W] * regs[Reg.CHANNELS] // lanes) + pick(0, 1)
    if matmul and random.random() < 0.25:
        return _held(draft, regs, read)
    body: Body = [("v_rd", read)]
    if matmul:
        body.append(("mv_mul", {"tile": pick(0, c.mrf_slots - 1)}))
    taps = regs[Reg.KC] * (1 if read["space"] == Space.EXPANDER else regs[Reg.KH] * regs[Reg.KW])
    elements = regs[Reg.ROWS] * regs[Reg.COLS] * (regs[Reg.MV_ROWS] if matmul else taps)
    body += _mfu(draft, 0)
    if regs[Reg.MV_ROWS] == 1 and random.random() < 0.5:
        regs[Reg.RED_RUN] = random.choice([d for d in range(1, elements + 1) if elements % d == 0])
        regs[Reg.RED_OVERLAP], regs[Reg.RED_TAIL] = pick(0, 1), pick(0, 1)
        regs[Reg.RED_N], regs[Reg.RED_HEAD] = pick(1, 4), pick(1, 5)
        body.append((random.choice(["v_red_max", "v_red_add"]), {}))
    return [Item(regs, [*body, *_mfu(draft, 1), *_writes(draft)])]


def _held(draft: Draft, regs: dict[Reg, int], read: dict[str, int]) -> list[Item]:
    c, random = draft.config, draft.random
    regs |= {Reg.ROWS: 1, Reg.COLS: random.randint(1, c.engines) if c.shared_weights else 1}
    regs[Reg.MV_ROWS] = min(regs[Reg.MV_ROWS], c.engines)
    items = []
    for number in range(random.randint(1, 2)):
        tile = {"tile": random.randint(0, c.mrf_slots - 1), "hold": 1, "acc": int(number > 0)}
        items.append(Item(regs, [("v_rd", read), ("mv_mul", tile)]))
    last: Body = [("v_rd", read), ("mv_mul", {"tile": random.randint(0, c.mrf_slots - 1), "acc": 1})]
    return [*items, Item(regs, [*last, *_mfu(draft, 0), *_mfu(draft, 1), *_writes(draft)])]


def _mfu(draft: Draft, mfu: int) -> Body:
    random = draft.random
    body: Body = []
    for names, space in ((["vv_mul"], MUL[mfu]), (["vv_add", "vv_a_sub_b", "vv_b_sub_a", "vv_max"], ADDSUB[mfu])):
        if random.random() < 0.4:
            operand = {"mfu": mfu, "addr": draft.place(space, 16), "step": random.randint(0, 1)}
            body.append((random.choice(names), operand))
    if random.random() < 0.5:
        name = random.choice(["v_relu", "v_clip", "v_lrelu", "v_sigm", "v_tanh"])
        halves = {"a": random.choice(HALVES), "b": random.choice(HALVES)}
        body.append((name, {"mfu": mfu} | {f.name: halves[f.name] for f in BY_NAME[name].fields if f.name != "mfu"}))
    return body


def _writes(draft: Draft) -> Body:
    spaces = draft.random.sample(VRFS, draft.random.randint(1, 3))
    return [("v_wr", {"space": space, "addr": draft.place(space, 16)}) for space in spaces]


def reads_numbers(draft: Draft, decoded: Decoded) -> bool:
    """True if every vector move reads constants or scratch of DRAM alone, and writes only scratch."""
    size = draft.config.vector_bytes
    homes = [(0, draft.constants * size), (draft.scratch_at, draft.scratch_at + draft.scratch * size)]
    for chain in decoded.chains:
        if not isinstance(chain, VectorMove):
            continue
        for regions, allowed in ((chain.reads(draft.config), homes), (chain.writes(draft.config), homes[1:])):
            for region in regions:
                low, high = int(region.spans[0, 0]), int(region.spans[-1, 1])
                inside = any(first <= low and high <= end for first, end in allowed)
                if region.memory is Memory.DRAM and not inside:
                    return False
    return True


def _has_base(name: str, values: dict[str, int]) -> bool:
    if not any(field.name == "base" for field in BY_NAME[name].fields):
        return False
    return values.get("space") not in (Space.NET_IN_Q, Space.NET_OUT_Q)
