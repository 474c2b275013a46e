"""What the scheduler puts in order: chains with symbolic tile slots, and the writer that turns them into words."""

from __future__ import annotations

from dataclasses import dataclass, field

from npusim import isa
from npusim.isa import Queue, Reg, Space


@dataclass(eq=False, slots=True)
class TileSet:
    """Tiles that are moved to MatrixRf together.  Identity matters: a set that is moved twice is two sets.

    address: DRAM byte address; tiles: how many, 0 for slots that moves of their own fill; slots: MatrixRf slots taken;
    slot: first slot, known after `weights.insert`.
    """

    address: int
    tiles: int
    slots: int
    node: int
    slot: int = -1


@dataclass(slots=True)
class Event:
    """One chain: its queue, the registers it depends on, its instructions without `end_chain`, its node.

    The `tile` of mv_mul and m_wr counts from the first slot of `tiles`.
    """

    queue: Queue
    regs: dict[Reg, int]
    body: list[tuple[str, dict[str, int]]]
    node: int
    tiles: TileSet | None = None
    place: tuple[int, ...] = ()  # what part of the layer's output a compute chain makes, see `chains.ChainBuilder`

    def words(self, state: dict[Reg, int], slots: int) -> list[int]:
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
                slot = (self.tiles.slot + values.get("tile", 0)) % slots
                out.append(isa.encode(name, **values | {"tile": slot}))
            else:
                out.append(isa.encode(name, **values))
        out.append(isa.encode("end_chain", node=self.node))
        return out


@dataclass(slots=True)
class Bases:
    """Base registers set, or moved on, between chains."""

    values: dict[Reg, int]
    add: bool = False
    tiles: None = None


@dataclass(slots=True)
class Loop:
    """Chains that run `count` times over."""

    count: int
    body: list[Event | Bases]
    tiles: TileSet | None = None  # that its chains use


Item = Event | Bases | Loop


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
    """Concatenates items into instruction words, writing only registers that change.  slots: of the MatrixRf."""

    slots: int
    words: list[int] = field(default_factory=list)
    state: dict[Reg, int] = field(default_factory=lambda: {r: info.reset for r, info in isa.REGISTERS.items()})

    def add(self, item: Item) -> None:
        """Append one item."""
        if isinstance(item, Event):
            self.words += item.words(self.state, self.slots)
        elif isinstance(item, Bases):
            self._bases(item)
        else:
            self._loop(item)

    def _bases(self, item: Bases) -> None:
        for reg, value in item.values.items():
            if not item.add:
                self.words.append(isa.encode("s_wr", reg=reg, value=value % 2**isa.REG_BITS))
            elif value:
                self.words.append(isa.encode("s_add", reg=reg, value=value % 2**isa.REG_BITS))
            self.state.pop(reg, None)

    def _loop(self, loop: Loop) -> None:
        """Registers that the body leaves as it needs them first are set in front of it, others are unknown there."""
        first: dict[Reg, int] = {}
        last: dict[Reg, int] = {}
        for item in loop.body:
            if isinstance(item, Event):
                first = item.regs | first
                last |= item.regs
        for reg, value in first.items():
            if last[reg] != value:
                self.state.pop(reg, None)
            elif self.state.get(reg) != value:
                self.state[reg] = value
                self.words.append(isa.encode("s_wr", reg=reg, value=value))
        self.words.append(isa.encode("loop", count=loop.count))
        for item in loop.body:
            self.add(item)
        self.words.append(isa.encode("end_loop"))

    def halt(self) -> list[int]:
        """Append `halt` and return all words."""
        self.words.append(isa.encode("halt"))
        return self.words
