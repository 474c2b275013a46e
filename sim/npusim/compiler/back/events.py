"""What the scheduler puts in order: chains with symbolic tile slots, and the writer that turns them into words."""

from __future__ import annotations

from dataclasses import dataclass, field

from npusim import isa
from npusim.isa import Queue, Reg, Space


@dataclass(eq=False, slots=True)
class TileSet:
    """Tiles that are moved to MatrixRf together.  Identity matters: a set that is moved twice is two sets.

    address: DRAM byte address; tiles: how many; slots: MatrixRf slots taken; slot: first slot, known after
    `weights.insert`.
    """

    address: int
    tiles: int
    slots: int
    node: int
    slot: int = -1


@dataclass(slots=True)
class Event:
    """One chain: its queue, the registers it depends on, its instructions without `end_chain`, its node."""

    queue: Queue
    regs: dict[Reg, int]
    body: list[tuple[str, dict[str, int]]]
    node: int
    tiles: TileSet | None = None
    place: tuple[int, ...] = ()  # what part of the layer's output a compute chain makes, see `chains.ChainBuilder`

    def words(self, state: dict[Reg, int]) -> list[int]:
        """Encode: `s_wr` for registers that differ from `state` (updated), the chain, `end_chain` without masks."""
        out = []
        for reg, value in self.regs.items():
            if state.get(reg) != value:
                out.append(isa.encode("s_wr", reg=reg, value=value))
                state[reg] = value
        for name, values in self.body:
            if name in ("mv_mul", "m_wr"):
                assert self.tiles is not None
                assert self.tiles.slot >= 0
                out.append(isa.encode(name, **values, tile=self.tiles.slot))
            else:
                out.append(isa.encode(name, **values))
        out.append(isa.encode("end_chain", node=self.node))
        return out


@dataclass(frozen=True, slots=True)
class Area:
    """A block of vectors in some memory: `rows` lines of `cols` vectors; pitches in vectors, address in its unit."""

    space: Space
    address: int
    row: int = 0
    col: int = 1


def move(source: Area, targets: list[Area], rows: int, cols: int, node: int) -> Event:
    """A vector move of rows x cols vectors.  All targets have equal pitches."""
    if rows > 1 and source.row == cols * source.col and all(t.row == cols * t.col for t in targets):
        rows, cols = 1, rows * cols
    if rows > 1 and cols == 1:
        source = Area(source.space, source.address, 0, source.row)
        targets = [Area(t.space, t.address, 0, t.row) for t in targets]
        rows, cols = 1, rows
    regs = {Reg.ROWS: rows, Reg.COLS: cols, Reg.OUT_COLS: cols, Reg.RD_COL: source.col, Reg.WR_COL: targets[0].col}
    if rows > 1:
        regs.update({Reg.RD_ROW: source.row, Reg.WR_ROW: targets[0].row})
    body = [("v_rd", {"space": int(source.space), "addr": source.address})]
    body += [("v_wr", {"space": int(t.space), "addr": t.address}) for t in targets]
    return Event(Queue.VECTOR, regs, body, node)


@dataclass(slots=True)
class WordStream:
    """Concatenates events into instruction words, writing only registers that change."""

    words: list[int] = field(default_factory=list)
    state: dict[Reg, int] = field(default_factory=lambda: {r: info.reset for r, info in isa.REGISTERS.items()})

    def add(self, event: Event) -> None:
        """Append one event."""
        self.words += event.words(self.state)

    def halt(self) -> list[int]:
        """Append `halt` and return all words."""
        self.words.append(isa.encode("halt"))
        return self.words
