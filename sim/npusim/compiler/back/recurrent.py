"""Recurrent layers: one step as events, the loop around it, and what happens before and behind.

Tokens never cross the edge of a loop (`sync`), so the last chain of a step has waited for everything the next step
relies on: the copy of the new state to the layer's output, a product of the inputs, or a chain for this alone.  The
state and, if it fits, the matrix stay on chip.  A sequence that lies in DRAM, or that comes from NetInQ step by step,
passes through two slots on chip, of which the steps use one after the other, and so do the gates where the layer
multiplies its inputs itself; such a loop has two steps in its body, and the first and the last ones stand outside.
States that go to DRAM or NetOutQ are taken from where the layer keeps its state, in the step behind theirs.
"""

from __future__ import annotations

from itertools import islice

from npusim.compiler.back.cells import AHEAD, IDLE, CellChain, cell_chains
from npusim.compiler.back.events import Area, Bases, Event, Item, Loop, TileSet, move
from npusim.compiler.back.image import DramImage
from npusim.compiler.back.layout import Slice
from npusim.compiler.back.placement import Placement, source_space, state_maps
from npusim.compiler.back.recurrent_chains import INTERNAL, CellBuilder, write
from npusim.compiler.back.recurrent_matrix import Product, RecurrentMatrix
from npusim.compiler.back.stages import Body
from npusim.compiler.ir import Recurrent
from npusim.config import NpuConfig
from npusim.isa import Queue, Reg, Space


class RecurrentBuilder:
    """Makes the items of one recurrent layer."""

    def __init__(
        self,
        index: int,
        step: Recurrent,
        matrix: RecurrentMatrix,
        config: NpuConfig,
        place: Placement,
        image: DramImage,
    ) -> None:
        self.index, self.step, self.matrix = index, step, matrix
        self.config, self.place, self.image = config, place, image
        self.chains = cell_chains(step)
        self.out, self.source = place.layout.slice(step.out), place.layout.slice(step.source)
        self.receives, self.sends = step.source in place.streams, step.out in place.streams
        self.loads = self.receives or self.source.root in place.spilled
        self.stores = self.sends or self.out.root in place.spilled
        self.ahead = AHEAD if step.inputs is not None else 0  # steps by which the gates are made ahead of their use
        self.direction = -1 if step.reverse else 1
        self.first = step.steps - 1 if step.reverse else 0  # pixel of the first step

    def items(self, node: int) -> list[Item]:
        """Return everything, in order."""
        whole = self.matrix.resident
        tiles = self.matrix.tiles if whole else 0
        slots = self.matrix.slots if whole else self.config.mrf_slots
        self.node, self.tiles = node, TileSet(self.matrix.address, tiles, slots, node)
        self.cell = CellBuilder(self.index, self.step, self.place, node, self.tiles)
        return [*self._begin(), *self._steps(), *self._end()]

    # ---- before and behind -------------------------------------------------------------------------------------

    def _begin(self) -> list[Item]:
        """The initial state; behind it a chain that waits for it and for all that comes before the loop."""
        step = self.step
        items: list[Item] = []
        for name in state_maps(step):
            own = self.place.layout.slice(name)
            if own.root in self.place.spilled:
                target = Area(Space.INITIAL_VRF, self.cell.slot(name, Space.INITIAL_VRF))
                items.append(move(Area(Space.DRAM, self._dram(own)), [target], 1, own.vectors, self.node))
        items.append(self.cell.initial("h", step.h0))
        if step.op == "LSTM":
            items.append(self.cell.initial("c", step.c0))
        return [*items, *self._first(), self.cell.copy([])]

    def _first(self) -> list[Item]:
        """The gates of the first steps, and base registers."""
        made = range(min(self.ahead, self.step.steps))
        items: list[Item] = []
        if self.loads:
            items += [self._load(t % 2, self._pixel(t)) for t in (*made, *([] if made else [0]))]
        for t in made:
            if not self.loads:
                items.append(Bases({Reg.RD_BASE: self._pixel(t) * self.source.pitch}))
            items += self._gates(t)
        if self.loads and 0 < self.ahead < self.step.steps:
            items.append(self._load(self.ahead % 2, self._pixel(self.ahead)))
        items.append(Bases(self._bases()))
        return items

    def _end(self) -> list[Item]:
        """The last state to where it is wanted, zeros behind the last step."""
        items: list[Item] = [self.cell.copy(self.cell.targets(self.step.last_h))]
        if self.stores:
            items.append(self._store())
        for name, area in ((self.step.last_h, "h"), (self.step.last_c, "c")):
            own = self.place.layout.slice(name) if name else None
            if own is not None and own.root in self.place.spilled:
                source = Area(Space.INITIAL_VRF, self.cell.area(area, Space.INITIAL_VRF))
                items.append(move(source, [Area(Space.DRAM, self._dram(own))], 1, own.vectors, self.node))
        if targets := self.cell.targets(self.step.last_c):
            regs, body = self.cell.stream(self.cell.area("c", Space.INITIAL_VRF))
            items.append(self.cell.event(regs, body + write(targets)))
        return [*items, *self._behind()]

    def _behind(self) -> list[Event]:
        """Zeros for the steps of the sequence that are not run."""
        first, pitch = self.step.steps, self.out.pitch
        count = self.place.layout.map(self.step.out).pixels - first
        targets = self.cell.targets(self.step.out)
        if not count or not (targets or self.stores):
            return []
        regs, body = self.cell.zeros()
        if self.stores:
            idle = Area(Space.INITIAL_VRF, self.cell.area(IDLE, Space.INITIAL_VRF))
            target = Area(Space.DRAM, self._dram(self.out, first), pitch)
            stored = move(idle, [target], count, self.out.vectors, self.node)
            return [self.cell.event(regs, body + self.cell.writes(IDLE)), stored]
        regs |= {Reg.ROWS: count, Reg.OUT_COLS: self.out.vectors, Reg.WR_ROW: pitch}
        return [self.cell.event(regs, body + write([(space, at + first * pitch) for space, at in targets]))]

    # ---- the loop ----------------------------------------------------------------------------------------------

    def _bases(self) -> dict[Reg, int]:
        """Base registers at the first step: what it takes of the sequence, or loads; its output, or what it stores."""
        first = {
            self._reader: self._pixel(self.ahead + self.loads) * self.source.pitch,
            Reg.WR_BASE: self._pixel(-int(self.stores)) * self.out.pitch,
        }
        return {reg: first[reg] for reg in self._pitches()}

    def _pitches(self) -> dict[Reg, int]:
        """Base registers that move from step to step, and how far; the network queues have no addresses."""
        found = {} if self.receives else {self._reader: self.source.pitch}
        if not self.sends and (self.stores or self.cell.targets(self.step.out)):
            found[Reg.WR_BASE] = self.out.pitch
        return found

    def _advance(self) -> Bases:
        return Bases({reg: self.direction * pitch for reg, pitch in self._pitches().items()}, add=True)

    @property
    def _reader(self) -> Reg:
        """The base register of the sequence: of loads and of products, or of operands."""
        return Reg.RD_BASE if self.loads or self.ahead else Reg.OP0_BASE

    def _pixel(self, t: int) -> int:
        """Return the pixel of step t."""
        return self.first + t * self.direction

    def _steps(self) -> list[Item]:
        """All steps: those in a loop, and in front of it and behind it the ones that load, store or make less."""
        steps, lead = self.step.steps, self.ahead + self.loads

        def step(t: int) -> list[Event | Bases]:
            load, make = self.loads and t + lead < steps, bool(self.ahead) and t + self.ahead < steps
            return [*self._step(t, load, self.stores and t > 0, make), self._advance()]

        front, width = int(self.stores), 2 if lead else 1
        times = (steps - front - lead) // width
        if times < 2:
            return [item for t in range(steps) for item in step(t)]
        loop = Loop(times, self._repeated([i for t in range(front, front + width) for i in step(t)], width), self.tiles)
        rest = range(front + width * times, steps)
        return [*(i for t in range(front) for i in step(t)), loop, *(i for t in rest for i in step(t))]

    def _repeated(self, body: list[Event | Bases], steps: int) -> list[Event | Bases]:
        """Let the place of an output move with the iterations."""
        far = steps * self.direction
        along = (far, 0) if self.place.layout.map(self.step.out).height > 1 else (0, far)
        for item in body:
            if isinstance(item, Event) and item.place and item.place != INTERNAL:
                item.place = (*item.place, *along)
        return body

    def _step(self, t: int, load: bool = False, store: bool = False, make: bool = False) -> list[Event]:
        """Step t; load, store, make: also the moves, and the gates of a later step.

        The first chain lets the moves in: when it is complete, the step before has been, too.  Tiles that pass through
        MatrixRf come one product ahead, if there are two slots.  The other moves stand behind the first chain over the
        vectors of the state, with which they share their registers.
        """
        slot, streamed = t % 2, not self.matrix.resident
        events = [self.cell.copy([])] if streamed else []
        moves = [self._store()] if store else []
        if load:
            moves.append(self._load(1 - slot, 0, base=0 if self.receives else 1))
        waiting = iter(self.matrix.order if streamed else [])
        if self.config.mrf_slots > 1:
            events += [self._tiles(product) for product in islice(waiting, 1)]
        for chain in self.chains:
            if chain.ahead and not make:
                continue
            if chain.gates is None:
                events += [self._made(self.cell.combine(chain, slot), chain, t), *moves]
                moves = []
                continue
            for product in self.matrix.products[chain]:
                events += [self._tiles(ahead) for ahead in islice(waiting, 1)]
                event = self.cell.multiply(chain, product, slot)
                events.append(event if product.hold else self._made(event, chain, t, product.first, product.rows))
        assert not moves, "a step has a chain without a matrix"
        return [*events, *self._output(t)]

    def _gates(self, t: int) -> list[Event]:
        """Multiply the inputs of step t."""
        ahead = [chain for chain in self.chains if chain.ahead]
        return [self.cell.multiply(chain, product, t) for chain in ahead for product in self.matrix.products[chain]]

    def _output(self, t: int) -> list[Event]:
        """Copy the new state to the layer's output on chip; or nowhere, if its maker would else be last."""
        targets = self.cell.targets(self.step.out)
        if not targets:
            return [] if self.ahead else [self.cell.copy([])]
        event = self.cell.copy(targets, base=1)
        event.place = self._part(t, 0, self.out.vectors)
        return [event]

    def _made(self, event: Event, chain: CellChain, t: int, first: int = 0, count: int = 0) -> Event:
        """Note that a chain makes the new state, or vectors of it, where nothing copies it to the layer's output."""
        if chain.target == "h" and self.stores:
            event.place = self._part(t, first, count or self.out.vectors)
        return event

    def _part(self, t: int, first: int, count: int) -> tuple[int, ...]:
        """Return what part of the layer's output some vectors of a step's state are."""
        fmap, at = self.place.layout.map(self.step.out), self._pixel(t)
        row, col = (at, 0) if fmap.height > 1 else (0, at)
        return (row, 1, col, 1, first, count, self.out.vectors, 0)

    # ---- moves -------------------------------------------------------------------------------------------------

    def _dram(self, own: Slice, pixel: int = 0) -> int:
        return self.image.address(own.root) + (own.offset + pixel * own.pitch) * self.config.vector_bytes

    def _load(self, slot: int, pixel: int, base: int = 0) -> Event:
        """Load the gates of a step, or its inputs."""
        name, count, space = self.step.source, self.source.vectors, source_space(self.step)
        source = Area(Space.NET_IN_Q, 0) if self.receives else Area(Space.DRAM, self._dram(self.source, pixel))
        event = self._move(source, Area(space, self.cell.slot(name, space, slot)), count)
        event.body[0][1]["base"] = base
        return event

    def _store(self) -> Event:
        """Store or send the output of the step before."""
        source = Area(Space.INITIAL_VRF, self.cell.area("h", Space.INITIAL_VRF))
        if self.sends:
            return self._move(source, Area(Space.NET_OUT_Q, 0), self.out.vectors)
        event = self._move(source, Area(Space.DRAM, self._dram(self.out)), self.out.vectors)
        event.body[1][1]["base"] = 1
        return event

    def _move(self, source: Area, target: Area, count: int) -> Event:
        """Return a move of one step's vectors, with the output nest that the layer's chains have."""
        event = move(source, [target], 1, count, self.node)
        event.regs[Reg.OUT_COLS] = self.cell.wide
        return event

    def _tiles(self, product: Product) -> Event:
        body: Body = [("m_rd", {"addr": product.address}), ("m_wr", {"tile": product.slot})]
        return Event(Queue.WEIGHT, {Reg.TILES: product.tiles}, body, self.node, self.tiles)
