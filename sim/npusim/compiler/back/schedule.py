"""Put a placed graph into the order of chains: loads, compute chains and stores, stripe by stripe.

The order is a legal sequential execution; `sync` later adds the tokens that let the three queues run ahead of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from npusim.compiler.back import weights
from npusim.compiler.back.cells import cell_chains
from npusim.compiler.back.chains import ChainBuilder
from npusim.compiler.back.events import Area, Event, Item, Loop, WordStream, move
from npusim.compiler.back.geometry import Stripe, map_operands
from npusim.compiler.back.image import DramImage
from npusim.compiler.back.layout import Slice
from npusim.compiler.back.matrix import Weights, row_group
from npusim.compiler.back.placement import SLOT_SPACE, Constant, Placement, first_use
from npusim.compiler.back.recurrent import RecurrentBuilder
from npusim.compiler.back.recurrent_matrix import RecurrentMatrix
from npusim.compiler.back.tile import tile_weights, work_of
from npusim.compiler.ir import Graph, HostStep, Layer, Receive, Recurrent, Send
from npusim.config import DRAM_ALIGN, NpuConfig
from npusim.isa import Space
from npusim.program import HostCall, NodeRow, Port


@dataclass(slots=True)
class Schedule:
    """The scheduled program, before synchronisation."""

    words: list[int]
    image: DramImage
    ports: tuple[Port, ...]
    host_calls: tuple[HostCall, ...]
    nodes: tuple[NodeRow, ...]
    outputs: list[tuple[int, ...]]  # of every compute chain that writes, in the order of words: what of its layer
    lanes: dict[str, list[int]]  # node -> lane of every channel, where channels are not simply in order


class Scheduler:
    """Walks the graph's steps once; `run` returns the schedule."""

    def __init__(self, graph: Graph, config: NpuConfig, placement: Placement) -> None:
        self.graph, self.config, self.place = graph, config, placement
        self.layout = placement.layout
        self.image = DramImage(config)
        self.events: list[Item] = []
        self.ports: list[Port] = []
        self.host_calls: list[HostCall] = []
        self.nodes: list[NodeRow] = []
        self.sent: dict[str, int] = {}  # tensor -> number of ports passed once it is sent
        self.matrices: dict[int, Weights] = {}
        self.recurrent: dict[int, RecurrentMatrix] = {}
        self.lanes: dict[str, list[int]] = {}
        self.rows: dict[str, int] = {}  # layer -> its row in the program's table
        self.cut: dict[tuple[int, str], int] = {}  # constants loaded in stripes -> DRAM address

    def run(self) -> Schedule:
        """Build everything."""
        self._tile()
        early, late = self._constant_groups()
        sizes = (len(c.vectors) * self.config.vector_bytes for c, _ in self.place.constants.values())
        bound = sum(-(-size // DRAM_ALIGN) for size in sizes)
        self.image.begin_scratch(bound * DRAM_ALIGN)
        setup = self._node(NodeRow("constants", "constants", (), (), 0, 0, 0, 0, 0))
        self._load_constants(early, setup)
        pending = late
        for root in sorted(self.place.spilled):
            self.image.scratch(root, self.layout.size(root) * self.config.vector_bytes)
        for index, step in enumerate(self.graph.steps):
            if isinstance(step, Receive) and step.view.map in self.place.images | self.place.streams:
                continue  # the layer that reads it loads it row by row, or step by step
            if isinstance(step, Send) and step.view.map in self.place.streams:
                continue  # the layer that makes it sends it
            low, high = self.place.turns[index]
            if index > low:
                continue  # done together with the first of those that take turns
            timely = [c for c in pending if self._preloaded(c) or first_use(self.place.turns, c.step) <= index]
            pending = [c for c in pending if c not in timely]
            if isinstance(step, Layer):
                self._layers(range(low, high + 1), timely, setup)
                continue
            if isinstance(step, Recurrent):
                self._load_constants(timely, setup)
                self._recurrent(index, step)
                continue
            if isinstance(step, Receive):
                self._receive(step)
            elif isinstance(step, Send):
                self._send(step)
            elif isinstance(step, HostStep):
                self._host(step)
            self._load_constants(timely, setup)
        stream = WordStream(self.config.mrf_slots)
        for item in weights.insert(self.events, self.config):
            stream.add(item)
        flat = (e for item in self.events for e in (item.body if isinstance(item, Loop) else [item]))
        outputs = [event.place for event in flat if isinstance(event, Event) and event.place]
        return Schedule(
            stream.halt(), self.image, tuple(self.ports), tuple(self.host_calls), tuple(self.nodes), outputs, self.lanes
        )

    def _tile(self) -> None:
        """Tile every layer's weights into the DRAM image."""
        for index, geometry in self.place.geometry.items():
            if geometry.layer.weights is not None:
                tiles = tile_weights(geometry, self.layout, self.config)
                layer, group = geometry.layer, row_group(geometry.layer, self.config)
                self.matrices[index] = Weights(layer.name, tiles, self.config, self.image, group)
        for index, step in enumerate(self.graph.steps):
            if isinstance(step, Recurrent):
                segments = self.layout.map(step.source).segments
                self.recurrent[index] = RecurrentMatrix(step, cell_chains(step), segments, self.config, self.image)

    # ---- constants ---------------------------------------------------------------------------------------------

    def _preloaded(self, constant: Constant) -> bool:
        return SLOT_SPACE[constant.slot] in self.place.preloaded

    def _constant_groups(self) -> tuple[list[Constant], list[Constant]]:
        """The constants of the first layer that has any, and all others in order of use."""
        placed = (c for c, address in self.place.constants.values() if address >= 0)
        everything = sorted(placed, key=lambda c: (c.step, c.slot))
        first = everything[0].step if everything else 0
        return [c for c in everything if c.step == first], [c for c in everything if c.step != first]

    def _load_constants(self, constants: list[Constant], node: int) -> None:
        """Move constants to their memories, neighbours in one move."""
        by_space: dict[Space, list[tuple[int, Constant]]] = {}
        for c in constants:
            by_space.setdefault(SLOT_SPACE[c.slot], []).append((self.place.constants[c.step, c.slot][1], c))
        for space, group in by_space.items():
            group.sort(key=lambda entry: entry[0])
            runs: list[tuple[int, list[npt.NDArray[np.float32]]]] = []
            end = -1
            for address, c in group:
                if address == end:
                    runs[-1][1].append(c.vectors)
                else:
                    runs.append((address, [c.vectors]))
                end = address + len(c.vectors)
            for address, blocks in runs:
                vectors = np.concatenate(blocks)
                where = self.image.constants(f"{SLOT_SPACE[group[0][1].slot].name.lower()}@{address}", vectors)
                source = Area(Space.DRAM, where, len(vectors))
                self.events.append(move(source, [Area(space, address, len(vectors))], 1, len(vectors), node))

    # ---- tensors from and to the host --------------------------------------------------------------------------

    def _receive(self, step: Receive) -> None:
        name = step.view.map
        own = self.layout.slice(name)
        node = self._io_node(step.tensor, "receive", name)
        targets = self._storage(name, own)
        self._port("in", step, "vectors")
        if not targets:
            raise AssertionError(f"received map {name} has no reader")
        row = targets[0].row
        assert all(t.row == row for t in targets)
        self.events.append(move(Area(Space.NET_IN_Q, 0, own.vectors), targets, self._pixels(name), own.vectors, node))

    def _send(self, step: Send) -> None:
        name = step.view.map
        own = self.layout.slice(name)
        node = self._io_node(step.tensor, "send", name)
        source = next(a for a in self._storage(name, own) if a.space in (Space.INITIAL_VRF, Space.DRAM))
        self._port("out", step, "vectors")
        target = Area(Space.NET_OUT_Q, 0, own.vectors)
        self.events.append(move(source, [target], self._pixels(name), own.vectors, node))
        self.sent[step.tensor] = len(self.ports)

    def _host(self, step: HostStep) -> None:
        after = max((self.sent[name] for name in step.inputs if name in self.sent), default=0)
        self.host_calls.append(
            HostCall(step.name, step.model, step.inputs, step.outputs, step.nodes, step.macs, step.reasons, after)
        )

    def _storage(self, name: str, own: Slice) -> list[Area]:
        """Where a whole map lies: its DRAM area if it is spilled, else every memory that wants it."""
        if own.root in self.place.spilled:
            address = self.image.address(own.root) + own.offset * self.config.vector_bytes
            return [Area(Space.DRAM, address, own.pitch)]
        return [
            Area(space, self.place.resident[own.root, space] + own.offset, own.pitch)
            for space in sorted(self.place.spaces.get(own.root, ()))
        ]

    def _pixels(self, name: str) -> int:
        return self.layout.map(name).pixels

    def _port(
        self,
        direction: Literal["in", "out"],
        step: Receive | Send,
        layout: Literal["vectors", "image"],
    ) -> None:
        fmap, view = self.layout.map(step.view.map), step.view
        bare = Port(
            direction,
            step.tensor,
            view.shape,
            step.dtype,
            layout,
            fmap.height,
            fmap.width,
            fmap.segments,
            0,
            view.index,
        )
        self.ports.append(replace(bare, vectors=bare.vectors_on(self.config.native_dim)))

    def _io_node(self, tensor: str, op: str, name: str) -> int:
        fmap = self.layout.map(name)
        shape = (fmap.channels, fmap.height, fmap.width)
        return self._node(NodeRow(tensor, op, (), shape, 0, 0, 0, 0, 0))

    def _node(self, row: NodeRow) -> int:
        self.nodes.append(row)
        return len(self.nodes) - 1

    # ---- recurrent layers --------------------------------------------------------------------------------------

    def _recurrent(self, index: int, step: Recurrent) -> None:
        out = self.layout.map(step.out)
        shape, matrix = (out.channels, out.height, out.width), self.recurrent[index]
        given = self.layout.slice(step.source).vectors if step.inputs is not None else 0
        tiles = step.gates * matrix.vectors * (matrix.vectors + given)
        weights = step.weights.size + (0 if step.inputs is None else step.inputs.size)
        macs, plain = step.steps * weights, step.steps * tiles
        done = step.steps * (tiles + matrix.idle)
        row = NodeRow(step.name, step.op, step.nodes, shape, macs, done, matrix.tiles, plain, tiles)
        for at in self.graph.steps:
            if isinstance(at, Receive | Send) and self.place.streams.get(at.view.map) == index:
                self._port("in" if isinstance(at, Receive) else "out", at, "vectors")
                if isinstance(at, Send):
                    self.sent[at.tensor] = len(self.ports)
        builder = RecurrentBuilder(index, step, matrix, self.config, self.place, self.image)
        self.events += builder.items(self._node(row))

    # ---- layers ------------------------------------------------------------------------------------------------

    def _layers(self, turns: range, constants: list[Constant], setup: int) -> None:
        """Layers that take turns, stripe by stripe; most have no other beside them."""
        nodes = {index: self._layer_node(index) for index in turns}
        stripes = {index: self.place.stripes[index] for index in turns}
        count = len(stripes[turns[0]])
        assert all(len(cut) == count for cut in stripes.values())
        builders = {
            index: ChainBuilder(index, self.config, self.place, nodes[index], self.matrices.get(index), count)
            for index in turns
        }
        single = {i for (i, *_), buffer in self.place.buffers.items() if buffer.count == 1 and not buffer.whole}

        def load(number: int) -> None:
            for index in turns:
                self._load_stripe(index, stripes[index], number, nodes[index])

        load(0)
        self._load_constants([c for c in constants if c.step in turns], setup)
        ahead = not single & set(turns)
        for number in range(count):
            if ahead:
                load(number + 1)
            if number + 2 >= count:  # constants of later layers come behind these layers' loads
                self._load_constants([c for c in constants if c.step not in turns], setup)
                constants = []
            for index in turns:
                self.events += builders[index].stripe(number, stripes[index][number])
            if not ahead:
                load(number + 1)
            for index in turns:
                self._store_stripe(index, number, stripes[index][number], nodes[index])
        for index in turns:
            layer = self.place.geometry[index].layer
            if self.place.geometry[index].expander:
                self._load_image_rows(layer, stripes[index], count, nodes[index])
            self._count(index, nodes[index], builders[index].tile_multiplies)

    def _layer_node(self, index: int) -> int:
        """Return the row of a layer in the program's table; layers of one name share it."""
        layer = self.place.geometry[index].layer
        if layer.name in self.rows:
            return self.rows[layer.name]
        parts = [i for i, g in self.place.geometry.items() if g.layer.name == layer.name]
        outs = [self.place.geometry[i].layer.out for i in parts]
        n = self.config.native_dim
        lanes = np.concatenate(
            [self.place.shares[i][0] * n + self.layout.lanes(out) for i, out in zip(parts, outs, strict=True)]
        )
        out = self.layout.map(layer.out)
        node = self._node(
            NodeRow(layer.name, layer.op, layer.nodes, (len(lanes), out.height, out.width), 0, 0, 0, 0, 0)
        )
        if (lanes != np.arange(len(lanes))).any():
            self.lanes[str(node)] = lanes.tolist()
        self.rows[layer.name] = node
        return node

    def _count(self, index: int, node: int, tile_multiplies: int) -> None:
        """Add a layer's work to its row."""
        work, row = work_of(self.place.geometry[index], self.layout, self.config), self.nodes[node]
        matrix = self.matrices.get(index)
        self.nodes[node] = replace(
            row,
            macs=row.macs + work.macs,
            tile_multiplies=row.tile_multiplies + tile_multiplies,
            weight_tiles=row.weight_tiles + (matrix.total if matrix is not None else 0),
            plain_tile_multiplies=row.plain_tile_multiplies + work.plain_multiplies,
            plain_weight_tiles=row.plain_weight_tiles + work.plain_tiles,
        )

    def _load_stripe(self, index: int, stripes: tuple[Stripe, ...], number: int, node: int) -> None:
        """Load what stripe `number` needs that is not on chip: image rows, spilled source rows, spilled operands."""
        if number >= len(stripes):
            return
        stripe, geometry = stripes[number], self.place.geometry[index]
        layer = geometry.layer
        if geometry.expander:
            self._load_image_rows(layer, stripes, number, node)
        elif (buffer := self.place.buffers.get((index, layer.source, Space.INITIAL_VRF))) is not None:
            low, high = stripe.source
            self._from_dram(layer.source, low, high, Area(Space.INITIAL_VRF, buffer.area(number)), node)
        for slot, op in map_operands(layer):
            held = self.place.buffers.get((index, op.map, SLOT_SPACE[slot]))
            if held is None or (held.whole and number > 0):
                continue
            rows = (0, geometry.out_h) if held.whole else stripe.out
            high = min(self.layout.map(op.map).height, (rows[1] - 1) * op.sh + 1)
            self._from_dram(op.map, rows[0] * op.sh, high, Area(SLOT_SPACE[slot], held.area(number)), node)
        for (step, slot), (constant, _) in self.place.constants.items():
            held = self.place.buffers.get((step, slot, SLOT_SPACE[slot]))
            if step != index or held is None or (held.whole and number > 0):
                continue
            low, high = (0, geometry.out_h) if held.whole else stripe.out
            if (step, slot) not in self.cut:
                self.cut[step, slot] = self.image.constants(f"{layer.name} {slot}", constant.vectors)
            first = self.cut[step, slot] + low * geometry.out_w * self.config.vector_bytes
            target, count = Area(SLOT_SPACE[slot], held.area(number)), (high - low) * geometry.out_w
            self.events.append(move(Area(Space.DRAM, first), [target], 1, count, node))

    def _load_image_rows(self, layer: Layer, stripes: tuple[Stripe, ...], number: int, node: int) -> None:
        fmap, geometry = self.layout.map(layer.source), self.place.geometry[self.place.images[layer.source]]
        done = stripes[number - 1].source[1] if number else 0
        high = stripes[number].source[1] if number < len(stripes) else fmap.height
        if number == 0:
            receive = next(s for s in self.graph.steps if isinstance(s, Receive) and s.view.map == layer.source)
            self._port("in", receive, "image")
        if high > done:
            row = geometry.image_row_vectors
            target = Area(Space.EXPANDER, done * row % self.config.expander, row)
            self.events.append(move(Area(Space.NET_IN_Q, 0, row), [target], high - done, row, node))

    def _from_dram(self, name: str, low: int, high: int, target: Area, node: int) -> None:
        own, width = self.layout.slice(name), self.layout.map(name).width
        first = self.image.address(own.root) + (low * width * own.pitch + own.offset) * self.config.vector_bytes
        pixels = (high - low) * width
        source = Area(Space.DRAM, first, own.pitch)
        target = Area(target.space, target.address, own.vectors)
        self.events.append(move(source, [target], pixels, own.vectors, node))

    def _store_stripe(self, index: int, number: int, stripe: Stripe, node: int) -> None:
        layer = self.place.geometry[index].layer
        buffer = self.place.buffers.get((index, layer.out, Space.INITIAL_VRF))
        if buffer is None:
            return
        own, width = self.layout.slice(layer.out), self.layout.map(layer.out).width
        low, high = stripe.out
        offset = low * width * own.vectors if buffer.whole else 0
        source = Area(Space.INITIAL_VRF, buffer.area(number) + offset, own.vectors)
        first = self.image.address(own.root) + (low * width * own.pitch + own.offset) * self.config.vector_bytes
        target = Area(Space.DRAM, first, own.pitch)
        self.events.append(move(source, [target], (high - low) * width, own.vectors, node))
