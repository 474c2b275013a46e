"""Decide where every feature map and constant lives, which maps spill to DRAM, and into how many stripes layers fall.

Maps stay on chip as long as they fit.  When the placement of a memory fails, the largest buffer in the way gives: a
map of which a stripe at a time is enough shrinks to one, another is spilled to DRAM, or the stripes of a layer that
works on spilled maps are halved; until all memories can be placed or a stripe of a single row does not fit.
"""

from __future__ import annotations

from npusim.compiler.back import cells
from npusim.compiler.back.allocate import Failure, Item, place
from npusim.compiler.back.geometry import Geometry, Stripe, fits_expander, map_operands
from npusim.compiler.back.layout import Layout, ceil_div
from npusim.compiler.back.lifetime import Read, lifetimes
from npusim.compiler.back.placement import (
    SLOT_SPACE,
    Buffer,
    Placement,
    constants_of,
    first_use,
    shares_of,
    source_space,
    state_maps,
)
from npusim.compiler.back.recurrent_rows import row_plan
from npusim.compiler.back.stream import streams
from npusim.compiler.back.strips import strip_groups
from npusim.compiler.ir import Graph, Layer, Receive, Recurrent, Send
from npusim.config import NpuConfig
from npusim.errors import PlacementError
from npusim.isa import SPACE_NAMES, Space

VRFS = (Space.INITIAL_VRF, *cells.MUL_SPACES, *cells.ADDSUB_SPACES)


class Placer:
    """One placement run; `solve` loops until every memory can be placed."""

    def __init__(self, graph: Graph, config: NpuConfig) -> None:
        self.graph, self.config = graph, config
        self.layout = Layout(graph, config.native_dim)
        self.images = self._find_images()
        self.streams = streams(graph, self.layout)
        self.leads = {i: self._lead(step) for i, step in self._recurrent()}
        self.geometry = {
            i: Geometry.of(s, self.layout, s.source in self.images)
            for i, s in enumerate(graph.steps)
            if isinstance(s, Layer)
        }
        self.rows = {i: g.out_h for i, g in self.geometry.items()}
        self.spilled: set[str] = set()
        self.single: set[int] = set()  # steps whose stripes have one buffer: no overlap of loads with work
        self.cut: set[tuple[int, str]] = set()  # constants that are loaded stripe by stripe
        self.constants = constants_of(graph, self.layout, config.native_dim, self.leads)
        self.preloaded = set(SLOT_SPACE.values())
        self.groups = strip_groups(graph, self.layout, self.geometry, config)
        self.strips: set[str] = set()  # roots of which only a stripe exists at a time
        self.turns = [(index, index) for index in range(len(graph.steps))]
        self._turn()

    # ---- analysis ----------------------------------------------------------------------------------------------

    def _find_images(self) -> dict[str, int]:
        """Received maps whose only reader is a convolution that the Expander can feed."""
        received = {s.view.map for s in self.graph.steps if isinstance(s, Receive)}
        readers: dict[str, list[int]] = {}
        for index, step in enumerate(self.graph.steps):
            if isinstance(step, Layer):
                for name in (step.source, *(op.map for _, op in map_operands(step))):
                    readers.setdefault(name, []).append(index)
            elif isinstance(step, Recurrent):
                for name in (step.source, *state_maps(step)):
                    readers.setdefault(name, []).append(-1)
            elif isinstance(step, Send):
                readers.setdefault(step.view.map, []).append(-1)
        images = {}
        for name, indices in readers.items():
            if name in received and name not in self.graph.aliases and len(indices) == 1 and indices[0] >= 0:
                layer = self.graph.steps[indices[0]]
                if isinstance(layer, Layer) and layer.source == name and fits_expander(layer, self.layout, self.config):
                    images[name] = indices[0]
        return images

    def _reads(self) -> list[Read]:
        """Who reads which map from which memory."""
        found: list[Read] = []
        for index, step in enumerate(self.graph.steps):
            if isinstance(step, Layer):
                if step.source not in self.images:
                    found.append((index, step.source, Space.INITIAL_VRF))
                found += [(index, op.map, SLOT_SPACE[slot]) for slot, op in map_operands(step)]
            elif isinstance(step, Recurrent):
                if step.source not in self.streams:
                    found.append((index, step.source, source_space(step)))
                found += [(index, name, Space.INITIAL_VRF) for name in state_maps(step)]
            elif isinstance(step, Send) and step.view.map not in self.streams:
                found.append((index, step.view.map, Space.INITIAL_VRF))
        return found

    def _turn(self, root: str = "") -> None:
        """Let the steps of a root's group take turns, and find out anew how long every map is alive."""
        group = self.groups.get(root, range(0))
        for index in group:
            self.turns[index] = (group[0], group[-1])
        elsewhere = {*self.images, *self.streams}
        alive = lifetimes(self.graph, self.layout, self._reads(), self.turns, elsewhere)
        self.spaces, self.targets, self.lifetime = alive.spaces, alive.targets, alive.spans

    # ---- search ------------------------------------------------------------------------------------------------

    def solve(self) -> Placement:
        """Return the placement; `PlacementError` names the layer that does not fit even in stripes of one row."""
        while True:
            found: dict[Space, dict[str, int]] = {}
            for space in VRFS:
                items = self._items(space)
                result = place(items, self.config.depth(space))
                if isinstance(result, Failure):
                    result = place(items, self.config.depth(space), beam=200)
                if isinstance(result, Failure):
                    self._give(space, result)
                    break
                found[space] = result
            else:
                return self._finish(found)

    def _merged(self, space: Space) -> dict[str, str]:
        """In-place updates: root -> representative root that shares its storage in an operand memory."""
        into: dict[str, str] = {}
        for index, step in enumerate(self.graph.steps):
            if not isinstance(step, Layer):
                continue
            for slot, op in map_operands(step):
                a, b = self.layout.slice(op.map), self.layout.slice(step.out)
                if (
                    SLOT_SPACE[slot] is space
                    and (op.sh, op.sw) == (1, 1)
                    and slot.startswith("post")
                    and a.root != b.root
                    and (a.offset, a.vectors, a.pitch) == (b.offset, b.vectors, b.pitch)
                    and space in self.spaces.get(b.root, ())
                    and not {a.root, b.root} & (self.spilled | self.strips)
                    and self.layout.size(a.root) == self.layout.size(b.root)
                    and self.lifetime[a.root, space][1] == index
                    and self.lifetime[b.root, space][0] == index
                ):
                    into[b.root] = into.get(a.root, a.root)
        return into

    def _items(self, space: Space) -> list[Item]:
        merged = self._merged(space)
        spans: dict[str, tuple[int, int]] = {}
        for (root, where), (start, end) in self.lifetime.items():
            if where is space and root not in self.spilled | self.strips:
                key = merged.get(root, root)
                low, high = spans.get(key, (start, end))
                spans[key] = (min(low, start), max(high, end))
        items = [Item(f"map {root}", self.layout.size(root), *span) for root, span in spans.items()]
        for (index, name, where), size in self._buffer_sizes().items():
            if where is space:
                items.append(Item(f"buffer {index} {name}", size * self._buffer_count(index), *self.turns[index]))
        if space is Space.INITIAL_VRF:
            items += [Item(f"strip {root}", self._strip_size(root), *self._strip_span(root)) for root in self.strips]
        for (index, area, where), size in self._area_sizes().items():
            if where is space:
                items.append(Item(f"area {index} {area}", size, index, index))
        for c in self.constants:
            if SLOT_SPACE[c.slot] is space and (c.step, c.slot) not in self.cut:
                start = 0 if space in self.preloaded else first_use(self.turns, c.step)
                items.append(Item(f"constant {c.step} {c.slot}", len(c.vectors), start, self.turns[c.step][1]))
        return items

    def _strip_span(self, root: str) -> tuple[int, int]:
        return self.turns[self.groups[root][0]]

    def _strip_size(self, root: str) -> int:
        """Vectors of a strip: the rows of a stripe."""
        fmap, pitch = self.layout.map(root), self.layout.slice(root).pitch
        return self.rows[self.groups[root][0]] * fmap.width * pitch

    def _set_rows(self, index: int, rows: int) -> None:
        """Set the rows of a step's stripes, and of all that take turns with it."""
        for other in range(self.turns[index][0], self.turns[index][1] + 1):
            self.rows[other] = rows

    def _recurrent(self) -> list[tuple[int, Recurrent]]:
        return [(index, step) for index, step in enumerate(self.graph.steps) if isinstance(step, Recurrent)]

    def _lead(self, step: Recurrent) -> int:
        segments = self.layout.map(step.source).segments
        return row_plan(step, cells.cell_chains(step), segments, self.config).lead

    def _area_sizes(self) -> dict[tuple[int, str, Space], int]:
        """Vectors of every area of the recurrent layers, with those in front."""
        return {
            (index, area, space): (cells.AHEAD if area == cells.GATES else 1)
            * (self.leads[index] + blocks * self.layout.slice(step.out).vectors)
            for index, step in self._recurrent()
            for area, (blocks, spaces) in cells.area_spaces(step).items()
            for space in spaces
        }

    def _buffer_count(self, index: int) -> int:
        if index not in self.rows:  # a recurrent layer: the step that is loaded, and the one at work
            return 2
        return 1 if index in self.single or self.rows[index] >= self.geometry[index].out_h else 2

    def _buffer_sizes(self) -> dict[tuple[int, str, Space], int]:
        """Vectors of one stripe buffer for each spilled map at each layer that touches it."""
        sizes: dict[tuple[int, str, Space], int] = {}
        for index, g in self.geometry.items():
            layer, rows = g.layer, self.rows[index]
            source = self.layout.slice(layer.source)
            if source.root in self.spilled:
                sizes[index, layer.source, Space.INITIAL_VRF] = g.source_rows(rows) * g.in_w * source.vectors
            out = self.layout.slice(layer.out)
            if out.root in self.spilled:
                sizes[index, layer.out, Space.INITIAL_VRF] = rows * g.out_w * out.vectors
            for slot, op in map_operands(layer):
                operand = self.layout.slice(op.map)
                if operand.root in self.spilled:
                    fmap = self.layout.map(op.map)
                    high = min(fmap.height, (rows - 1) * op.sh + 1)
                    sizes[index, op.map, SLOT_SPACE[slot]] = high * fmap.width * operand.vectors
        for index, recurrent in self._recurrent():
            states = ((name, Space.INITIAL_VRF) for name in state_maps(recurrent))
            for name, space in [(recurrent.source, source_space(recurrent)), *states]:
                own = self.layout.slice(name)
                if own.root in self.spilled or name in self.streams:
                    sizes[index, name, space] = own.vectors
        for step, slot in self.cut:
            g = self.geometry[step]
            sizes[step, slot, SLOT_SPACE[slot]] = self.rows[step] * g.out_w
        return sizes

    def _give(self, space: Space, failure: Failure) -> None:
        """Make room: keep a stripe of a map only, spill the largest map, halve the largest stripes, or load constants
        later."""
        involved = sorted((failure.item, *failure.alive), key=lambda i: -i.size)
        if space in self.preloaded and failure.item.key.startswith("constant"):
            self.preloaded.discard(space)
            return
        names = [item.key.partition(" ")[::2] for item in involved]
        whole = (root for kind, root in names if kind == "map" and root in self.groups)
        if space is Space.INITIAL_VRF and (root := next(whole, "")):
            self._make_strip(root)
            return
        cut = (root for kind, root in names if kind == "strip" and self.rows[self.groups[root][0]] > 1)
        if root := next(cut, ""):
            first = self.groups[root][0]
            self._set_rows(first, ceil_div(self.rows[first], 2))
            return
        for item in involved:
            kind, _, rest = item.key.partition(" ")
            if kind == "map":
                self.spilled.add(rest)
                for root, target in self._merged(space).items():
                    if target == rest:
                        self.spilled.add(root)
                return
            if kind == "buffer":
                index = int(rest.split(" ", 1)[0])
                if index not in self.rows:
                    continue
                if self.rows[index] > 1 and self.geometry[index].divisible:
                    self._set_rows(index, ceil_div(self.rows[index], 2))
                    return
                if index not in self.single and self._buffer_count(index) > 1:
                    self.single.add(index)
                    return
            if kind == "constant":
                number, slot = rest.split(" ", 1)
                stepping = any(c.step == int(number) and c.slot == slot and c.stepping for c in self.constants)
                if stepping and self.geometry[int(number)].divisible:
                    self.cut.add((int(number), slot))
                    return
        if space in self.preloaded and any(i.key.startswith("constant") for i in involved):
            self.preloaded.discard(space)
            return
        step = self.graph.steps[failure.item.start]
        name = f"layer {step.name} ({step.op})" if isinstance(step, Layer | Recurrent) else "a network input"
        needed = sum(i.size for i in involved)
        raise PlacementError(
            f"{name}: needs {needed} native vectors of {SPACE_NAMES[space]} even in stripes of one row, "
            f"{self.config.name} has {self.config.depth(space)}"
        )

    def _make_strip(self, root: str) -> None:
        """Let the steps of a root's group take turns, in stripes of as many rows as there seems to be room for."""
        group = self.groups[root]
        self.strips.add(root)
        self._turn(root)
        others = [item for item in self._items(Space.INITIAL_VRF) if item.key != f"strip {root}"]
        taken = max(sum(i.size for i in others if i.start <= at <= i.end) for at in group)
        self._set_rows(group[0], 1)
        rows = (self.config.initial_vrf - taken) // self._strip_size(root)
        self._set_rows(group[0], max(1, min(rows, ceil_div(self.geometry[group[0]].out_h, 2))))

    def _finish(self, found: dict[Space, dict[str, int]]) -> Placement:
        out = Placement(
            self.layout,
            self.geometry,
            {
                i: (self._image_stripes(g, self.rows[i]) if g.expander else g.stripes(self.rows[i]))
                for i, g in self.geometry.items()
            },
            spilled=self.spilled,
            preloaded=self.preloaded,
            images=self.images,
            leads=self.leads,
            streams=self.streams,
            spaces=self.spaces,
            targets=self.targets,
            turns=self.turns,
            shares=shares_of(self.graph, self.layout),
        )
        for root in self.strips:
            address = found[Space.INITIAL_VRF][f"strip {root}"]
            out.strips[root] = Buffer(Space.INITIAL_VRF, address, self._strip_size(root), 1, False)
        sizes = self._buffer_sizes()
        for space, addresses in found.items():
            merged = self._merged(space)
            for root, where in self.lifetime:
                if where is space and root not in self.spilled | self.strips:
                    out.resident[root, space] = addresses[f"map {merged.get(root, root)}"]
            for (index, name, where), size in sizes.items():
                if where is space:
                    address = addresses[f"buffer {index} {name}"]
                    whole = index in self.rows and self.rows[index] >= self.geometry[index].out_h
                    out.buffers[index, name, space] = Buffer(space, address, size, self._buffer_count(index), whole)
            for index, area, where in self._area_sizes():
                if where is space:
                    out.areas[index, area, space] = addresses[f"area {index} {area}"]
            for c in self.constants:
                if (c.step, c.slot) in self.cut:
                    out.constants[c.step, c.slot] = (c, -1)
                elif SLOT_SPACE[c.slot] is space:
                    out.constants[c.step, c.slot] = (c, addresses[f"constant {c.step} {c.slot}"])
            items = self._items(space)  # what is alive only grows when something comes to life
            alive = (sum(i.size for i in items if i.start <= born.start <= i.end) for born in items)
            out.used[space] = max(alive, default=0)
        return out

    def _image_stripes(self, g: Geometry, limit: int) -> tuple[Stripe, ...]:
        """Stripes of a convolution from the Expander: small ones first, so that work starts early, then doubling as
        long as a stripe's rows and the new rows of the next fit the ring together."""
        ring = self.config.expander // g.image_row_vectors
        stripes: list[Stripe] = []
        low, rows = 0, 1
        while low < g.out_h:
            best = 1
            since = stripes[-1].source[0] if stripes else 0  # rows that must stay while this stripe's are loaded
            for candidate in range(1, min(2 * rows, limit, g.out_h - low) + 1):
                this = g.stripe(low, low + candidate)
                after = g.stripe(low, min(g.out_h, low + candidate + 1))
                if this.source[1] - since <= ring and after.source[1] - this.source[0] <= ring:
                    best = candidate
            stripes.append(g.stripe(low, low + best))
            low, rows = low + best, best
        return tuple(stripes)
