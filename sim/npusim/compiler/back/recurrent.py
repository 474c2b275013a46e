"""Recurrent layers: one step as events, the loop around it, and what happens before and behind.

Tokens never cross the edge of a loop (`sync`), so a step ends with a copy of its new state that has waited for
everything the next step relies on: to the layer's output, or nowhere.  The state and, if it fits, the matrix stay on
chip.  A sequence that lies in DRAM passes through two slots on chip, of which the steps use one after the other, and so
do the gates where the layer multiplies its inputs itself; such a loop has two steps in its body, and the first and the
last ones stand outside.
"""

from __future__ import annotations

from itertools import islice

from npusim.compiler.back.cells import AHEAD, cell_chains
from npusim.compiler.back.events import Area, Bases, Event, Item, Loop, TileSet, move
from npusim.compiler.back.image import DramImage
from npusim.compiler.back.layout import Slice
from npusim.compiler.back.place import Placement, source_space, state_maps
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
        self.loads = self.source.root in place.spilled
        self.stores = self.out.root in place.spilled
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
        steps = self._passing() if self.loads or self.stores or self.ahead else self._resting()
        return [*self._begin(), *steps, *self._end()]

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
            items.append(self._store((self.step.steps - 1) % 2))
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
            slot = self.cell.slot(self.step.out, Space.INITIAL_VRF)
            target = Area(Space.DRAM, self._dram(self.out, first), pitch)
            stored = move(Area(Space.INITIAL_VRF, slot), [target], count, self.out.vectors, self.node)
            return [self.cell.event(regs, body + write([(Space.INITIAL_VRF, slot)])), stored]
        regs |= {Reg.ROWS: count, Reg.OUT_COLS: self.out.vectors, Reg.WR_ROW: pitch}
        return [self.cell.event(regs, body + write([(space, at + first * pitch) for space, at in targets]))]

    # ---- the loop ----------------------------------------------------------------------------------------------

    def _bases(self) -> dict[Reg, int]:
        """Base registers at the first step: what it takes of the sequence, or loads; its output, or what it stores."""
        behind = 1 if self.stores else 0
        return {
            self._reader: self._pixel(self.ahead + self.loads) * self.source.pitch,
            Reg.WR_BASE: self._pixel(-behind) * self.out.pitch,
        }

    def _advance(self) -> Bases:
        pitches = {self._reader: self.source.pitch, Reg.WR_BASE: self.out.pitch}
        return Bases({reg: self.direction * pitch for reg, pitch in pitches.items()}, add=True)

    @property
    def _reader(self) -> Reg:
        """The base register of the sequence: of loads and of products, or of operands."""
        return Reg.RD_BASE if self.loads or self.ahead else Reg.OP0_BASE

    def _pixel(self, t: int) -> int:
        """Return the pixel of step t."""
        return self.first + t * self.direction

    def _resting(self) -> list[Item]:
        """Steps over sequences that are on chip from the first to the last."""
        body: list[Event | Bases] = [*self._step(0), self._advance()]
        if self.step.steps == 1:
            return [*body]
        return [Loop(self.step.steps, self._repeated(body, 1), self.tiles)]

    def _passing(self) -> list[Item]:
        """Steps over what passes through slots: each loads or makes what a later one needs."""
        steps, lead = self.step.steps, self.ahead + self.loads

        def step(t: int) -> list[Event | Bases]:
            load, make = self.loads and t + lead < steps, bool(self.ahead) and t + self.ahead < steps
            return [*self._step(t, load, self.stores and t > 0, make), self._advance()]

        front = int(self.stores)
        pairs = (steps - front - lead) // 2
        if pairs < 2:
            return [item for t in range(steps) for item in step(t)]
        loop = Loop(pairs, self._repeated([*step(front), *step(front + 1)], 2), self.tiles)
        rest = range(front + 2 * pairs, steps)
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

        Its first chain lets the moves in: when it is complete, the step before has been, too.  Tiles that pass through
        MatrixRf come one product ahead, if there are two slots.
        """
        slot, streamed = t % 2, not self.matrix.resident
        events = [self.cell.copy([])] if streamed or load or store else []
        if load:
            events.append(self._load(1 - slot, 0, base=1))
        if store:
            events.append(self._store(1 - slot))
        waiting = iter(self.matrix.order if streamed else [])
        if self.config.mrf_slots > 1:
            events += [self._tiles(product) for product in islice(waiting, 1)]
        for chain in self.chains:
            if chain.ahead and not make:
                continue
            if chain.gates is None:
                events.append(self.cell.combine(chain, slot))
                continue
            for product in self.matrix.products[chain]:
                events += [self._tiles(ahead) for ahead in islice(waiting, 1)]
                events.append(self.cell.multiply(chain, product, slot))
        return [*events, self._output(t)]

    def _gates(self, t: int) -> list[Event]:
        """Multiply the inputs of step t."""
        ahead = [chain for chain in self.chains if chain.ahead]
        return [self.cell.multiply(chain, product, t) for chain in ahead for product in self.matrix.products[chain]]

    def _output(self, t: int) -> Event:
        """Copy the new state to the layer's output."""
        if self.stores:
            event = self.cell.copy([(Space.INITIAL_VRF, self.cell.slot(self.step.out, Space.INITIAL_VRF, t % 2))])
        else:
            event = self.cell.copy(self.cell.targets(self.step.out), base=1)
        fmap, at = self.place.layout.map(self.step.out), self._pixel(t)
        row, col = (at, 0) if fmap.height > 1 else (0, at)
        if self.stores or self.cell.targets(self.step.out):
            event.place = (row, 1, col, 1, 0, self.out.vectors, self.out.vectors, 0)
        return event

    # ---- moves -------------------------------------------------------------------------------------------------

    def _dram(self, own: Slice, pixel: int = 0) -> int:
        return self.image.address(own.root) + (own.offset + pixel * own.pitch) * self.config.vector_bytes

    def _load(self, slot: int, pixel: int, base: int = 0) -> Event:
        """Load the gates of a step, or its inputs."""
        name, count, space = self.step.source, self.source.vectors, source_space(self.step)
        target = Area(space, self.cell.slot(name, space, slot))
        event = move(Area(Space.DRAM, self._dram(self.source, pixel)), [target], 1, count, self.node)
        event.body[0][1]["base"] = base
        return event

    def _store(self, slot: int) -> Event:
        """Store the output of the step before."""
        source = Area(Space.INITIAL_VRF, self.cell.slot(self.step.out, Space.INITIAL_VRF, slot))
        event = move(source, [Area(Space.DRAM, self._dram(self.out))], 1, self.out.vectors, self.node)
        event.body[1][1]["base"] = 1
        return event

    def _tiles(self, product: Product) -> Event:
        body: Body = [("m_rd", {"addr": product.address}), ("m_wr", {"tile": product.slot})]
        return Event(Queue.WEIGHT, {Reg.TILES: product.tiles}, body, self.node, self.tiles)
