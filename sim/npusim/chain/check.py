"""What makes a chain legal on a machine: register values, memories and addresses.

Each check raises `ProgramError`: word, instruction, what was found, what is allowed.  Products of counts are bounded
before anything of their size is built, so a hostile program costs no more time or memory than the largest legal one.
"""

from __future__ import annotations

from typing import NoReturn

from npusim.chain import spans
from npusim.chain.forms import Registers
from npusim.chain.reduce import windows_per_run
from npusim.config import DRAM_ALIGN, NpuConfig
from npusim.errors import ProgramError
from npusim.isa import SPACE_NAMES, Space

MAX_ELEMENTS = 1 << 22
"""Bound on ROWS · COLS · KH · KW · KC · MV_ROWS of a chain: vectors read, and tile-multiplies."""

MAX_PITCH = 1 << 20
"""Bound on a window's strides, dilations, paddings and source pitches: their products have 40 bits."""

VRFS = frozenset(
    {Space.INITIAL_VRF, Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1, Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1}
)


def refuse(word: int, name: str, text: str) -> NoReturn:
    """Raise the `ProgramError` of one instruction."""
    raise ProgramError(f"word {word} ({name}): {text}")


def at_least_one(end: int, regs: Registers, *names: str) -> None:
    """Refuse a count of zero."""
    for name in names:
        if not getattr(regs, name):
            refuse(end, "end_chain", f"{name.upper()} is 0, expected at least 1")


def bounded(end: int, regs: Registers, *names: str) -> int:
    """Return the product of the counts; refuse zero counts and a product above `MAX_ELEMENTS`."""
    at_least_one(end, regs, *names)
    product = 1
    for name in names:
        product *= getattr(regs, name)
    if product > MAX_ELEMENTS:
        refuse(end, "end_chain", f"{'·'.join(n.upper() for n in names)} is {product}, expected at most {MAX_ELEMENTS}")
    return product


def window_pitches(end: int, regs: Registers, space: Space) -> None:
    """Refuse strides, dilations, paddings and source pitches beyond `MAX_PITCH`; the Expander has no column pitch."""
    names = ["stride_h", "stride_w", "dilation_h", "dilation_w", "pad_top", "pad_left", "rd_row"]
    for name in names if space == Space.EXPANDER else [*names, "rd_col"]:
        if getattr(regs, name) >= MAX_PITCH:
            refuse(end, "end_chain", f"{name.upper()} is {getattr(regs, name)}, expected less than {MAX_PITCH}")


def one_end_on_chip(end: int, source: Space, targets: list[Space]) -> None:
    """Refuse a move from DRAM to DRAM: the vector DMA reads or writes DRAM in a move, never both."""
    if source == Space.DRAM and Space.DRAM in targets:
        refuse(end, "end_chain", "moves vectors from DRAM to DRAM; expected a VRF or a network queue at one end")


def outputs(end: int, regs: Registers, elements: int) -> int:
    """Return the number of outputs of the reduce stage; refuse illegal windows."""
    at_least_one(end, regs, "red_n", "red_head", "red_run")
    for name in ("red_overlap", "red_tail"):
        if getattr(regs, name) > 1:
            refuse(end, "end_chain", f"{name.upper()} is {getattr(regs, name)}, expected 0 or 1")
    if regs.red_n <= regs.red_overlap:
        refuse(end, "end_chain", "RED_N is 1 with RED_OVERLAP 1, expected at least 2: a window must advance")
    if elements % regs.red_run:
        refuse(end, "end_chain", f"RED_RUN is {regs.red_run}, expected a divisor of the stream's {elements} elements")
    count, _ = windows_per_run(regs.red_n, regs.red_head, regs.red_overlap, regs.red_run, regs.red_tail)
    if not count:
        refuse(end, "end_chain", f"no window of {regs.red_head} fits a run of {regs.red_run}: the chain has no output")
    return count * (elements // regs.red_run)


def nest_last(count: int, columns: int, row_pitch: int, column_pitch: int) -> int:
    """Return the largest i·row_pitch + j·column_pitch for n < count, i = n div columns, j = n mod columns."""
    row, column = divmod(count - 1, columns)
    last = row * row_pitch + column * column_pitch
    return max(last, (row - 1) * row_pitch + (columns - 1) * column_pitch) if row else last


def reader_last(regs: Registers) -> int | None:
    """Return the reader's largest offset in a VRF; None if every vector is padding."""
    ys = spans.axis(regs.rows, regs.stride_h, regs.kh, regs.dilation_h, regs.pad_top, regs.in_h)
    xs = spans.axis(regs.cols, regs.stride_w, regs.kw, regs.dilation_w, regs.pad_left, regs.in_w)
    if not ys.size or not xs.size:
        return None
    return int(ys[-1]) * regs.rd_row + int(xs[-1]) * regs.rd_col + regs.kc - 1


def vectors(word: int, name: str, space: Space, addr: int, last: int, config: NpuConfig) -> None:
    """Refuse an access of vectors addr … addr + last that leaves its memory; the network queues have no end."""
    if space == Space.DRAM:
        unit = min_alignment(config)
        if addr % unit:
            refuse(word, name, f"DRAM address {addr} is not a multiple of {unit} bytes")
        dram(word, name, addr + (last + 1) * config.vector_bytes, config)
    elif space == Space.EXPANDER:
        if addr >= config.expander:
            refuse(word, name, f"address {addr} is outside the Expander (0..{config.expander - 1})")
    elif space in VRFS:
        depth = config.depth(space)
        if addr + last >= depth:
            refuse(word, name, f"reaches vector {addr + last} of {SPACE_NAMES[space]} (0..{depth - 1})")


def dram(word: int, name: str, end: int, config: NpuConfig) -> None:
    """Refuse an access that ends behind the last byte of DRAM."""
    if end > config.dram_bytes:
        refuse(word, name, f"reaches byte {end - 1} of DRAM (0..{config.dram_bytes - 1})")


def min_alignment(config: NpuConfig) -> int:
    """Return the largest power of two that divides every vector's address in an aligned DRAM buffer."""
    return min(DRAM_ALIGN, config.vector_bytes & -config.vector_bytes)


def expander(end: int, regs: Registers, config: NpuConfig) -> None:
    """Refuse a window or an image row that the Expander cannot hold."""
    if regs.kh > config.expander_rows:
        refuse(end, "end_chain", f"KH is {regs.kh}, the Expander reads at most {config.expander_rows} rows at once")
    taps = regs.kh * regs.kw * regs.channels
    if taps > regs.kc * config.native_dim:
        refuse(
            end,
            "end_chain",
            f"KH·KW·CHANNELS is {taps}, expected at most KC·{config.native_dim} = {regs.kc * config.native_dim}",
        )
    row = -(-regs.in_w * regs.channels // config.native_dim)
    if not row <= regs.rd_row <= config.expander:
        refuse(end, "end_chain", f"RD_ROW is {regs.rd_row}, expected {row}..{config.expander} vectors an image row")


def slots(word: int, name: str, tile: int, count: int, config: NpuConfig) -> None:
    """Refuse a first slot outside the MatrixRf, and more slots than it has."""
    if tile >= config.mrf_slots:
        refuse(word, name, f"slot {tile} is outside the MatrixRf (0..{config.mrf_slots - 1})")
    if count > config.mrf_slots:
        refuse(word, name, f"needs {count} slots, the MatrixRf has {config.mrf_slots}")


def accumulators(end: int, regs: Registers, config: NpuConfig) -> None:
    """Refuse more sums than the accumulators hold between two chains."""
    positions = regs.rows * regs.cols
    if config.shared_weights:
        if positions > config.engines:
            refuse(end, "end_chain", f"acc or hold with {positions} positions, expected at most {config.engines}")
    elif positions != 1 or regs.mv_rows > config.engines:
        refuse(
            end,
            "end_chain",
            f"acc or hold with {positions} positions of {regs.mv_rows} row tiles, "
            f"expected 1 of at most {config.engines}",
        )
