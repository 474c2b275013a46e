"""Micro-benchmarks: a program for each instruction and each kind of move, as small as it can be."""

from __future__ import annotations

import numpy as np

from npusim.chain import VectorMove, decode_stream
from npusim.compiler.back.sync import synchronise
from npusim.config import NpuConfig
from npusim.isa import REGISTERS, Reg, Space, encode
from npusim.pipeline import tail_latency
from npusim.rtl.random_chains import VRFS, Body, Item
from npusim.rtl.random_programs import RandomProgram, random_halves, random_tiles

VECTORS = 24  # that every memory is given before the chain under test
OUT = 32  # vectors of scratch in DRAM

Chains = list[Item]


def benchmarks(config: NpuConfig) -> dict[str, RandomProgram]:
    """Return the programs by name, in a fixed order."""
    chains = _moves(config) | _computes(config)
    found = {name: _program(config, items) for name, items in chains.items()}
    found["s_wr, s_add, halt"] = _bare(config)
    found["loop"] = _looped(config)
    return found


def _compute(body: Body, regs: dict[Reg, int] | None = None, targets: tuple[Space, ...] = (VRFS[0],)) -> Chains:
    writes: Body = [("v_wr", {"space": space, "addr": 40}) for space in targets]
    nest = {Reg.OUT_COLS: 64, Reg.WR_COL: 1}
    return [Item({**nest, **(regs or {})}, [*body, *writes])]


def _moves(config: NpuConfig) -> dict[str, Chains]:
    scratch = _layout(config)[1]
    nest = {Reg.ROWS: 3, Reg.COLS: 5, Reg.RD_ROW: 5, Reg.RD_COL: 1, Reg.OUT_COLS: 4, Reg.WR_ROW: 4, Reg.WR_COL: 1}

    def move(read: dict[str, int], *writes: dict[str, int]) -> Chains:
        return [Item(nest, [("v_rd", read), *(("v_wr", write) for write in writes)])]

    dram: dict[str, int] = {"space": Space.DRAM}
    net_in: dict[str, int] = {"space": Space.NET_IN_Q}
    net_out: dict[str, int] = {"space": Space.NET_OUT_Q}
    vrf: dict[str, int] = {"space": VRFS[1], "addr": 2}
    to_dram: dict[str, int] = {"space": Space.DRAM, "addr": scratch}
    all_vrfs: list[dict[str, int]] = [{"space": space, "addr": 30} for space in VRFS]
    expander: dict[str, int] = {"space": Space.EXPANDER, "addr": config.expander - 3}
    tiles = Item({Reg.TILES: 4}, [("m_rd", {"addr": _layout(config)[0]}), ("m_wr", {"tile": 1})])
    return {
        "m_rd, m_wr": [tiles],
        "move DRAM to VRF": move(dram, vrf),
        "move DRAM to every VRF and the Expander": move(dram, *all_vrfs, expander),
        "move NetInQ to VRF": move(net_in, vrf),
        "move NetInQ to Expander": move(net_in, expander),
        "move NetInQ to DRAM": move(net_in, to_dram),
        "move NetInQ to NetOutQ": move(net_in, net_out),
        "move DRAM to NetOutQ": move(dram, net_out),
        "move VRF to DRAM": move(vrf, to_dram),
        "move VRF to NetOutQ": move(vrf, net_out),
        "both DMAs": [*move(dram, vrf), tiles],
    }  # fmt: skip


def _computes(config: NpuConfig) -> dict[str, Chains]:
    read = ("v_rd", {"space": VRFS[0], "addr": 1})
    stream = {Reg.ROWS: 2, Reg.COLS: 3, Reg.RD_ROW: 3, Reg.RD_COL: 1, Reg.IN_H: 2, Reg.IN_W: 3}
    wide = {**stream, Reg.OP0_ROW: 3, Reg.OP0_COL: 1, Reg.OP1_COL: 1}
    window = {
        Reg.ROWS: 3, Reg.COLS: 2, Reg.KH: 2, Reg.KW: 3, Reg.KC: 2, Reg.STRIDE_H: 2, Reg.DILATION_W: 2, Reg.PAD_TOP: 1,
        Reg.PAD_LEFT: 2, Reg.IN_H: 4, Reg.IN_W: 3, Reg.RD_ROW: 6, Reg.RD_COL: 2,
    }  # fmt: skip
    found = {
        "v_rd, v_wr": _compute([read], stream),
        "v_rd window": _compute([("v_rd", {"space": VRFS[0], "low": 1})], window),
        "v_wr multicast": _compute([read], stream, tuple(VRFS)),
        "mv_mul": _compute([read, ("mv_mul", {"tile": 2})]),
        "mv_mul window": _compute([read, ("mv_mul", {"tile": 0})], {**window, Reg.KC: 1, Reg.KH: 2, Reg.KW: 2}),
        "mv_mul two rounds": _compute([read, ("mv_mul", {"tile": 0})], {Reg.COLS: config.engines + 1, Reg.RD_COL: 1,
                                                                         Reg.IN_W: config.engines + 1}),
        "mv_mul hold, acc": [
            Item({Reg.KC: 2}, [read, ("mv_mul", {"tile": 0, "hold": 1})]),
            *_compute([read, ("mv_mul", {"tile": 2, "acc": 1})], {Reg.KC: 2}),
        ],
    }  # fmt: skip
    image = {
        Reg.ROWS: 3, Reg.COLS: 3, Reg.KH: 3, Reg.KW: 3, Reg.CHANNELS: 2, Reg.PAD_TOP: 1, Reg.PAD_LEFT: 1, Reg.IN_H: 3,
        Reg.IN_W: 3, Reg.KC: -(-18 // config.native_dim), Reg.RD_ROW: -(-6 // config.native_dim),
    }  # fmt: skip
    expand = ("v_rd", {"space": Space.EXPANDER, "addr": config.expander - 2})
    found["v_rd Expander"] = _compute([expand], image)
    found["mv_mul Expander"] = _compute([expand, ("mv_mul", {"tile": 0})], image)
    found["mv_mul Expander, then InitialVrf"] = [*found["mv_mul Expander"], *found["mv_mul"]]
    if not config.shared_weights:
        for name, rows in (("mv_mul row tiles", config.engines - 1), ("mv_mul more row tiles", config.engines + 1)):
            found[name] = _compute([read, ("mv_mul", {"tile": 0})], {**stream, Reg.MV_ROWS: rows})
    found["v_rd in the first cycle"] = _first_cycle(config)
    for mfu in (0, 1):
        for name in ("vv_mul", "vv_add", "vv_a_sub_b", "vv_b_sub_a", "vv_max"):
            for step in (0, 1):
                how = " step" if step else ""
                operand = {"mfu": mfu, "addr": 3, "step": step}
                found[f"{name} mfu{mfu}{how}"] = _compute([read, (name, operand)], wide)
        for name, values in (("v_relu", {}), ("v_clip", {"a": 0xBC00, "b": 0x3C00}), ("v_lrelu", {"a": 0x2E66}),
                             ("v_sigm", {}), ("v_tanh", {})):  # fmt: skip
            found[f"{name} mfu{mfu}"] = _compute([read, (name, {"mfu": mfu, **values})], stream)
    reduce = {Reg.RED_RUN: 6, Reg.RED_N: 3, Reg.RED_HEAD: 2, Reg.RED_OVERLAP: 1, Reg.RED_TAIL: 1}
    for name in ("v_red_max", "v_red_add"):
        found[name] = _compute([read, (name, {})], {**stream, **reduce})
    return found


def _first_cycle(config: NpuConfig) -> Chains:
    """A chain writes a vector, and the next, which starts a cycle later, reads it in the first cycle that allows it.

    The chain in front keeps the reader busy until both are waiting.
    """
    other, target, earlier = VECTORS - 2, VECTORS - 1, config.lat_read + tail_latency(config) - 1
    busy = Item({Reg.COLS: 64, Reg.IN_W: 64, Reg.OUT_COLS: 64}, [("v_rd", {"space": VRFS[0]}), _to(VRFS[1], 40)])
    write = Item({}, [("v_rd", {"space": VRFS[0]}), _to(VRFS[0], target)])
    nest = {Reg.ROWS: 2, Reg.COLS: earlier, Reg.IN_H: 2, Reg.IN_W: earlier, Reg.RD_ROW: 1}
    read = Item({**nest, Reg.OUT_COLS: 2 * earlier, Reg.WR_COL: 1}, [("v_rd", {"space": VRFS[0], "addr": other}),
                                                                     _to(VRFS[2], 40)])  # fmt: skip
    return [busy, write, read]


def _to(space: Space, addr: int) -> tuple[str, dict[str, int]]:
    return ("v_wr", {"space": space, "addr": addr})


def _layout(config: NpuConfig) -> tuple[int, int]:
    """DRAM: where the tiles begin, behind the constants, and where scratch begins."""
    tiles = -(-max(VECTORS, 64) * config.vector_bytes // 64) * 64
    return tiles, tiles + config.mrf_tiles * config.tile_bytes


def _fill(config: NpuConfig) -> Chains:
    vectors = {Reg.ROWS: VECTORS, Reg.RD_ROW: 1, Reg.WR_ROW: 1}
    into: Body = [("v_wr", {"space": space}) for space in VRFS]
    ring: Body = [("v_rd", {"space": Space.DRAM}), ("v_wr", {"space": Space.EXPANDER, "addr": config.expander - 8})]
    return [
        Item(vectors, [("v_rd", {"space": Space.NET_IN_Q}), *into]),
        Item(vectors, ring),
        Item({Reg.TILES: config.mrf_tiles}, [("m_rd", {"addr": _layout(config)[0]}), ("m_wr", {"tile": 0})]),
    ]


def _words(items: Chains) -> list[int]:
    """Words of chains, each with the registers that differ from what they hold."""
    words: list[int] = []
    values = {reg: REGISTERS[reg].reset for reg in Reg}
    for item in items:
        wanted = {reg: item.regs.get(reg, REGISTERS[reg].reset) for reg in Reg}
        words += [encode("s_wr", reg=reg, value=value) for reg, value in wanted.items() if values[reg] != value]
        values = wanted
        words += [*(encode(name, **fields) for name, fields in item.body), encode("end_chain")]
    return words


def _program(config: NpuConfig, items: Chains) -> RandomProgram:
    return _finish(config, [*_words([*_fill(config), *items]), encode("halt")])


def _bare(config: NpuConfig) -> RandomProgram:
    words = [encode("s_wr", reg=Reg.ROWS, value=5), encode("s_add", reg=Reg.ROWS, value=3), encode("halt")]
    return _finish(config, words)


def _looped(config: NpuConfig) -> RandomProgram:
    """A copy, and three runs of it in a loop, its addresses stepping by base registers."""
    copy = _compute([("v_rd", {"space": VRFS[0], "addr": 1, "base": 1})], {Reg.COLS: 2, Reg.RD_COL: 1, Reg.IN_W: 2})
    copy = [Item(item.regs, [*item.body[:-1], ("v_wr", {"space": VRFS[1], "addr": 30, "base": 1})]) for item in copy]
    steps = [encode("s_add", reg=reg, value=2) for reg in (Reg.RD_BASE, Reg.WR_BASE)]
    body = _words([*_fill(config), *copy])
    fill = _words(_fill(config))
    inner = body[len(fill) :]
    registers = [word for word in inner if word >> 58 == encode("s_wr", reg=0, value=0) >> 58]
    chain = inner[len(registers) :]
    loop = [encode("loop", count=3), *chain, *steps, encode("end_loop"), encode("halt")]
    return _finish(config, [*fill, *registers, *chain, *loop])


def _finish(config: NpuConfig, words: list[int]) -> RandomProgram:
    rng = np.random.default_rng(7)
    tiles_at, scratch = _layout(config)
    dram = random_halves(rng, 64, config.native_dim).astype("<u2").tobytes().ljust(tiles_at, b"\0")
    dram += random_tiles(rng, config.mrf_tiles, config)
    synced = synchronise(words, config)
    decoded = decode_stream(synced, config)
    count = sum(c.positions for c in decoded.chains if isinstance(c, VectorMove) and c.source.space is Space.NET_IN_Q)
    size = scratch + OUT * config.vector_bytes
    incoming = random_halves(rng, count, config.native_dim)
    return RandomProgram(0, synced, decoded, incoming, np.frombuffer(dram, np.uint8), size)
