"""Random legal programs: every memory is filled first, then a few compute chains run, then everything is sent out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np
import numpy.typing as npt

from npusim.chain import decode_stream
from npusim.config import NpuConfig, load_config
from npusim.errors import ProgramError
from npusim.isa import BY_NAME, REGISTERS, Reg, Space, decode, encode

DEPTH = 96
CORNERS = [0, 0x8000, 0x7BFF, 0xFBFF, 0x0400, 0x8400, 0x3C00, 0x03FF]
VRFS = [s for s in Space if s >= Space.INITIAL_VRF]


def small_machine(native_dim: int, shared: bool) -> NpuConfig:
    """A machine that a test fills in no time."""
    return replace(
        load_config("arria10"),
        name="small", device="none", native_dim=native_dim, lanes=2, engines=2, shared_weights=shared,
        block=native_dim, weight_mantissa=4, act_mantissa=5, mrf_tiles=40, lat_acc=2, initial_vrf=DEPTH,
        addsub_vrf_0=DEPTH, addsub_vrf_1=DEPTH, multiply_vrf_0=DEPTH, multiply_vrf_1=DEPTH, expander=23,
        expander_rows=3, dram_mbytes=1,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A program with its data: incoming uint16[vectors, N], the DRAM image."""

    words: list[int]
    incoming: npt.NDArray[np.uint16]
    dram: bytes


def random_halves(rng: np.random.Generator, count: int, lanes: int) -> npt.NDArray[np.uint16]:
    """Finite float16 patterns: vectors of numbers of similar size, of any size, and of corners."""
    normal = (rng.standard_normal((count, lanes)) * 2.0 ** rng.integers(-6, 6, (count, 1))).astype(np.float16)
    patterns: npt.NDArray[np.uint16] = normal.view(np.uint16)
    anything = rng.integers(0, 1 << 16, (count, lanes)).astype(np.uint16)
    anything = np.where(anything & 0x7C00 == 0x7C00, anything & 0x83FF, anything)
    corners = rng.choice(
        np.array([0, 0x8000, 0x7BFF, 0xFBFF, 0x0400, 0x8400, 0x3C00, 0x03FF], np.uint16), (count, lanes)
    )
    kind = rng.choice(3, (count, 1), p=[0.8, 0.1, 0.1])
    return np.select([kind == 0, kind == 1], [patterns, anything], corners).astype(np.uint16)


def random_tiles(rng: np.random.Generator, count: int, config: NpuConfig) -> bytes:
    """Tiles of any mantissas, some of them mostly zero; exponents near 0 and a few at the ends."""
    out = b""
    bits = config.native_dim**2 * (config.weight_mantissa + 1)
    for _ in range(count):
        exponents = rng.integers(-6, 7, config.native_dim)
        if rng.random() < 0.1:
            exponents = rng.choice([-128, -126, 127], config.native_dim)
        mantissas = np.frombuffer(rng.bytes(-(-bits // 8)), np.uint8).copy()
        mantissas[rng.random(mantissas.size) < rng.choice([0, 0.5, 0.9, 1])] = 0
        tile = mantissas.tobytes() + exponents.astype(np.int8).tobytes()
        out += tile.ljust(config.tile_bytes, b"\0")
    return out


def random_case(random: Random, config: NpuConfig, chains: int = 3) -> Case:
    """Return a legal program; the same `random` gives the same one."""
    rng = np.random.default_rng(random.getrandbits(32))
    vectors = random_halves(rng, DEPTH, config.native_dim).tobytes()
    tiles_at = -(-len(vectors) // 64) * 64
    dram = vectors.ljust(tiles_at, b"\0") + random_tiles(rng, config.mrf_tiles, config)
    fill = {Reg.ROWS: DEPTH, Reg.WR_ROW: 1}
    ring = {Reg.ROWS: config.expander, Reg.RD_ROW: 1, Reg.WR_ROW: 1}
    words = [
        *_chain("v_rd", fill, {"space": Space.NET_IN_Q}, [("v_wr", {"space": s}) for s in VRFS]),
        *_chain("v_rd", ring, {"space": Space.DRAM}, [("v_wr", {"space": Space.EXPANDER, "addr": 7})]),
        *_chain("v_rd", {Reg.ROWS: 40, Reg.WR_ROW: 2}, {"space": Space.DRAM},
                [("v_wr", {"space": s, "addr": random.randint(0, 17)}) for s in VRFS[1:]]),
        *_chain("m_rd", {Reg.TILES: config.mrf_tiles}, {"addr": tiles_at}, [("m_wr", {"tile": random.randint(0, 19)})]),
    ]  # fmt: skip
    for _ in range(chains):
        for _ in range(100):
            added = _compute(random, config)
            if random.random() < 0.3:
                added = _looped(random, added)
            try:
                decode_stream([*words, *added, 0], config)
            except ProgramError:
                continue
            words += added
            break
    for space in VRFS:
        words += _chain(
            "v_rd", {Reg.ROWS: DEPTH, Reg.RD_ROW: 1}, {"space": space}, [("v_wr", {"space": Space.NET_OUT_Q})]
        )
    behind = -(-len(dram) // 64) * 64
    nest = {Reg.ROWS: 3, Reg.COLS: 5, Reg.RD_ROW: 6, Reg.RD_COL: 2, Reg.OUT_COLS: 4, Reg.WR_ROW: 9, Reg.WR_COL: 2}
    words += _chain("v_rd", nest, {"space": VRFS[1], "addr": 3}, [("v_wr", {"space": Space.DRAM, "addr": behind})])
    words.append(encode("halt"))
    return Case(words, random_halves(rng, DEPTH, config.native_dim), dram)


Body = list[tuple[str, dict[str, int]]]


def _chain(first: str, regs: dict[Reg, int], read: dict[str, int], body: Body) -> list[int]:
    """Words of one chain that states every register."""
    words = [
        encode("s_wr", reg=reg, value=value)
        for reg, value in ({reg: REGISTERS[reg].reset for reg in Reg} | regs).items()
    ]
    words += [encode(name, **values) for name, values in [(first, read), *body]]
    return [*words, encode("end_chain")]


def _compute(random: Random, config: NpuConfig) -> list[int]:
    """One compute chain, or a pair of which the first holds its sums; perhaps illegal."""
    pick, lanes = random.randint, config.native_dim
    regs = {reg: pick(1, 3) for reg in (Reg.ROWS, Reg.COLS, Reg.KH, Reg.KW, Reg.KC, Reg.STRIDE_H, Reg.STRIDE_W)}
    regs |= {reg: pick(1, 2) for reg in (Reg.DILATION_H, Reg.DILATION_W)}
    regs |= {reg: pick(0, 2) for reg in (Reg.PAD_TOP, Reg.PAD_LEFT)}
    regs |= {reg: pick(1, 4) for reg in (Reg.IN_H, Reg.IN_W, Reg.OUT_COLS, Reg.CHANNELS)}
    regs |= {reg: pick(0, 6) for reg in (Reg.RD_ROW, Reg.RD_COL, Reg.OP0_ROW, Reg.OP0_COL, Reg.OP1_ROW, Reg.OP1_COL)}
    regs |= {reg: pick(0, 7) for reg in (Reg.WR_ROW, Reg.WR_COL)}
    matmul = random.random() < 0.6
    regs[Reg.MV_ROWS] = pick(1, 5) if matmul and not config.shared_weights else 1
    read = {"space": Space.INITIAL_VRF, "addr": pick(0, 20), "low": pick(0, 1)}
    if random.random() < 0.3:
        read = {"space": Space.EXPANDER, "addr": pick(0, 22)}
        regs[Reg.KC] = -(-regs[Reg.KH] * regs[Reg.KW] * regs[Reg.CHANNELS] // lanes) + pick(0, 1)
        regs[Reg.RD_ROW] = -(-regs[Reg.IN_W] * regs[Reg.CHANNELS] // lanes) + pick(0, 1)
    if matmul and random.random() < 0.25:
        return _held(random, config, regs, read)
    body: Body = [("mv_mul", {"tile": pick(0, 19)})] if matmul else []
    taps = regs[Reg.KC] * (1 if read["space"] == Space.EXPANDER else regs[Reg.KH] * regs[Reg.KW])
    elements = regs[Reg.ROWS] * regs[Reg.COLS] * (regs[Reg.MV_ROWS] if matmul else taps)
    body += _mfu(random, 0)
    if regs[Reg.MV_ROWS] == 1 and random.random() < 0.5:
        regs[Reg.RED_RUN] = random.choice([d for d in range(1, elements + 1) if elements % d == 0])
        regs[Reg.RED_OVERLAP], regs[Reg.RED_TAIL] = pick(0, 1), pick(0, 1)
        regs[Reg.RED_N], regs[Reg.RED_HEAD] = pick(1, 4), pick(1, 5)
        body.append((random.choice(["v_red_max", "v_red_add"]), {}))
    body += _mfu(random, 1)
    return _chain("v_rd", regs, read, body + _writes(random))


def _looped(random: Random, words: list[int]) -> list[int]:
    """The words in a loop or two, their addresses moved by base registers from iteration to iteration."""
    bases = (Reg.RD_BASE, Reg.OP0_BASE, Reg.OP1_BASE, Reg.WR_BASE)
    body = []
    for word in words:
        row, values = decode(word)
        if row.name == "s_wr" and values["reg"] in bases:
            continue
        moved = "base" in values and random.random() < 0.6
        body.append(encode(row.name, **values | {"base": 1}) if moved else word)
    for reg in random.sample(bases, random.randint(0, 4)):
        body.append(encode("s_add", reg=reg, value=random.randint(-3, 5) % 2**32))
    if random.random() < 0.3:
        body = [encode("loop", count=random.randint(1, 2)), *body, encode("end_loop")]
    begin = [encode("s_wr", reg=reg, value=random.randint(-4, 8) % 2**32) for reg in bases]
    return [*begin, encode("loop", count=random.randint(1, 3)), *body, encode("end_loop")]


def _held(random: Random, config: NpuConfig, regs: dict[Reg, int], read: dict[str, int]) -> list[int]:
    regs |= {Reg.ROWS: 1, Reg.COLS: random.randint(1, config.engines) if config.shared_weights else 1}
    regs[Reg.MV_ROWS] = min(regs[Reg.MV_ROWS], config.engines)
    words = _chain("v_rd", regs, read, [("mv_mul", {"tile": random.randint(0, 19), "hold": 1})])
    if random.random() < 0.5:
        words += _chain("v_rd", regs, read, [("mv_mul", {"tile": random.randint(0, 19), "hold": 1, "acc": 1})])
    body: Body = [("mv_mul", {"tile": random.randint(0, 19), "acc": 1}), *_mfu(random, 1)]
    return words + _chain("v_rd", regs, read, body + _writes(random))


def _mfu(random: Random, mfu: int) -> Body:
    body: Body = []
    for names in (["vv_mul"], ["vv_add", "vv_a_sub_b", "vv_b_sub_a", "vv_max"]):
        if random.random() < 0.4:
            operand = {"mfu": mfu, "addr": random.randint(0, 60), "step": random.randint(0, 1)}
            body.append((random.choice(names), operand))
    if random.random() < 0.5:
        name = random.choice(["v_relu", "v_clip", "v_lrelu", "v_sigm", "v_tanh"])
        halves = {"a": random.choice([0xC000, 0x2E66, 0x8000]), "b": random.choice([0x4600, 0x3C00, 0])}
        body.append((name, {"mfu": mfu} | {f.name: halves[f.name] for f in BY_NAME[name].fields if f.name != "mfu"}))
    return body


def _writes(random: Random) -> Body:
    spaces = random.sample(VRFS, random.randint(1, 3))
    return [("v_wr", {"space": space, "addr": random.randint(40, 90)}) for space in spaces]
