"""What several operator functions share: attributes, windows, shapes."""

from __future__ import annotations

from npusim.compiler.front.lower import Lowering
from npusim.compiler.front.net import Node
from npusim.compiler.front.views import Refuse
from npusim.compiler.ir import FeatureMap, Window

Ints = tuple[int, ...]


def text(value: str | bytes) -> str:
    """Return a string attribute, which ONNX keeps as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def axes(low: Lowering, node: Node, since: int) -> Ints | None:
    """Return the axes of a node: an attribute before opset `since`, a constant input from it on; None if absent."""
    if node.version < since:
        found = node.attrs.get("axes")
        return None if found is None else tuple(found)
    name = node.input(1)
    if not name:
        return None
    value = low.const(name)
    if value is None:
        raise Refuse(f"its axes '{name}' are not constant")
    return tuple(int(a) for a in value.reshape(-1))


def only_first_output(low: Lowering, node: Node) -> None:
    """Refuse a node whose further outputs are used."""
    for name in node.outputs[1:]:
        if name and low.uses[name]:
            raise Refuse(f"its further output '{name}' is used")


def pads_begin(node: Node, kernel: Ints, strides: Ints, dilations: Ints, extent: Ints, out: Ints) -> tuple[Ints, Ints]:
    """Return the padding in front of and behind each spatial axis, from `pads` or `auto_pad`."""
    auto = text(node.attrs.get("auto_pad", "NOTSET"))
    rank = len(kernel)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [
            (o - 1) * s + (k - 1) * d + 1 - n
            for o, s, k, d, n in zip(out, strides, kernel, dilations, extent, strict=True)
        ]
        if min(total) < -1:  # strides beyond the kernel: ONNX Runtime crops the front, TensorFlow does not
            raise Refuse("its automatic padding would crop the map")
        small, large = tuple(max(t, 0) // 2 for t in total), tuple(max(t, 0) - max(t, 0) // 2 for t in total)
        return (small, large) if auto == "SAME_UPPER" else (large, small)
    pads = tuple(node.attrs.get("pads", (0,) * 2 * rank)) if auto == "NOTSET" else (0,) * 2 * rank
    if min(pads, default=0) < 0:
        raise Refuse("its padding is negative")
    return pads[:rank], pads[rank:]


def spatial(values: Ints, fmap: FeatureMap, fill: int) -> tuple[int, int]:
    """Return (rows, columns) of a spatial attribute; a single axis is whichever of the map's is longer."""
    if len(values) == 2:
        return values[0], values[1]
    return (fill, values[0]) if fmap.height == 1 else (values[0], fill)


def sliding(low: Lowering, node: Node, fmap: FeatureMap, kernel: Ints) -> tuple[Window, tuple[int, int]]:
    """Return the window of a convolution or pooling over a map and the padding behind it.

    Raises `Refuse` for three spatial axes and for one axis over a map of several rows and columns.
    """
    rank = len(kernel)
    extent, out = low.shape(node.inputs[0])[2:], low.shape(node.outputs[0])[2:]
    strides = tuple(node.attrs.get("strides", (1,) * rank))
    dilations = tuple(node.attrs.get("dilations", (1,) * rank))
    if rank not in (1, 2) or not len(extent) == len(out) == len(strides) == len(dilations) == rank:
        raise Refuse(f"it has {rank} spatial axes")
    if min(*out, *strides, *dilations, *kernel) < 1:
        raise Refuse("its result is empty")
    begin, end = pads_begin(node, kernel, strides, dilations, extent, out)
    pointwise = kernel == strides == (1,) and begin == end == (0,)
    if rank == 1 and pointwise:
        return Window(out_h=fmap.height, out_w=fmap.width), (0, 0)
    if rank == 1 and fmap.height != 1 and fmap.width != 1:
        raise Refuse("its single spatial axis lies in several rows and columns")
    kh, kw = spatial(kernel, fmap, 1)
    sh, sw = spatial(strides, fmap, 1)
    dh, dw = spatial(dilations, fmap, 1)
    top, left = spatial(begin, fmap, 0)
    out_h, out_w = spatial(out, fmap, 1)
    return Window(kh, kw, sh, sw, dh, dw, top, left, out_h, out_w), spatial(end, fmap, 0)
