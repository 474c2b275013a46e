"""Loop geometry of a layer: stripes of output rows, the stream rows and input rows they need, matrix tile counts."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.compiler.back.layout import Layout, ceil_div
from npusim.compiler.ir import Layer, MapOperand, Operand
from npusim.config import NpuConfig


@dataclass(frozen=True, slots=True)
class Stripe:
    """Half-open row ranges: final output rows, rows of the position stream, input rows inside the map."""

    out: tuple[int, int]
    stream: tuple[int, int]
    source: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Geometry:
    """What the back end needs to know about a layer's loops on one machine."""

    layer: Layer
    in_h: int
    in_w: int
    in_vectors: int
    out_h: int
    out_w: int
    out_vectors: int
    expander: bool  # reads the raw image through the Expander
    image_row_vectors: int  # vectors of a raw image row

    @classmethod
    def of(cls, layer: Layer, layout: Layout, expander: bool) -> Geometry:
        """Derive from a layer and the layout of its maps."""
        src, out = layout.map(layer.source), layout.map(layer.out)
        return cls(
            layer=layer,
            in_h=src.height,
            in_w=src.width,
            in_vectors=layout.slice(layer.source).vectors,
            out_h=out.height,
            out_w=out.width,
            out_vectors=layout.slice(layer.out).vectors,
            expander=expander,
            image_row_vectors=ceil_div(src.width * src.channels, layout.native_dim),
        )

    @property
    def transposed(self) -> bool:
        """True if the position nest runs down the columns (a reduction along rows)."""
        return self.layer.reduce is not None and self.layer.reduce.axis == "rows"

    @property
    def divisible(self) -> bool:
        """True if the layer can be processed in stripes of output rows."""
        return self.layer.reduce is None or self.layer.reduce.axis != "all"

    def stripe(self, low: int, high: int) -> Stripe:
        """Return the stripe that makes final output rows low..high-1."""
        w, r = self.layer.window, self.layer.reduce
        s_low, s_high = low, high
        if r is not None and r.axis == "rows":
            hop, pad = r.n - r.overlap, r.n - r.head
            s_low = max(0, low * hop - pad)
            s_high = min(w.out_h, (high - 1) * hop - pad + r.n)
        elif r is not None and r.axis == "all":
            s_low, s_high = 0, w.out_h
        first = s_low * w.sh - w.pad_top
        last = (s_high - 1) * w.sh - w.pad_top + (w.kh - 1) * w.dh
        return Stripe((low, high), (s_low, s_high), (max(0, first), max(0, min(self.in_h, last + 1))))

    def stripes(self, rows: int) -> tuple[Stripe, ...]:
        """Cut the layer into stripes of at most `rows` output rows."""
        return tuple(self.stripe(low, min(low + rows, self.out_h)) for low in range(0, self.out_h, rows))

    def source_rows(self, rows: int) -> int:
        """Input rows that the largest stripe of `rows` output rows needs."""
        return max(s.source[1] - s.source[0] for s in self.stripes(rows))


def operands(layer: Layer) -> list[tuple[str, Operand]]:
    """Return the layer's memory operands as (slot, operand): slots pre.mul, pre.addsub, post.mul, post.addsub."""
    out: list[tuple[str, Operand]] = []
    for unit, mfu in (("pre", layer.pre), ("post", layer.post)):
        if mfu.mul is not None:
            out.append((f"{unit}.mul", mfu.mul))
        if mfu.addsub is not None:
            out.append((f"{unit}.addsub", mfu.addsub[1]))
    return out


def map_operands(layer: Layer) -> list[tuple[str, MapOperand]]:
    """Return the operands that are feature maps."""
    return [(slot, op) for slot, op in operands(layer) if isinstance(op, MapOperand)]


def fits_expander(layer: Layer, layout: Layout, config: NpuConfig) -> bool:
    """True if im2col in the Expander saves tiles for this convolution and its rows fit."""
    if layer.weights is None or layer.groups != 1 or (layer.reduce is not None and layer.reduce.axis == "rows"):
        return False
    src, w, n = layout.map(layer.source), layer.window, config.native_dim
    if len(src.segments) != 1 or w.kh > config.expander_rows:
        return False
    flat = ceil_div(w.kh * w.kw * src.channels, n)
    taps = w.kh * w.kw * ceil_div(src.channels, n)
    row = ceil_div(src.width * src.channels, n)
    needed = (w.kh - 1) * w.dh + 1 + w.sh  # rows in use, and those of the next position row
    return flat < taps and needed * row <= config.expander and flat <= config.mrf_slots
