"""The compiler's intermediate representation between ONNX and instructions: feature maps and chain layers.

A `Layer` is what one sweep of the machine's datapath can do: read a feature map through a window, optionally multiply
by a matrix, pass MFU0, reduce, pass MFU1, write.  A `Recurrent` is a loop of such sweeps over a sequence.  The front
end (`importer`, `fold`, `fuse`, `partition`) makes a `Graph` of layers and host steps; the back end (`tile`,
`allocate`, `schedule`, `emit`) turns it into a program.  Every node is frozen; `verify` states the legal forms and is
run after each pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

Activation = Literal["relu", "clip", "lrelu", "sigm", "tanh"]
AddSub = Literal["add", "a_sub_b", "b_sub_a", "max"]


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """A tensor on the NPU: height x width pixels, each a list of channel segments.

    segments: channel counts; each segment starts at a native vector of its own, so a pixel takes
    sum(ceil(segment / N)) vectors and the lanes behind a segment's end hold zeros or garbage that nobody reads as a
    channel (weights for them are zero).  Only a channel concatenation has more than one segment.
    lane: channels in front of this map in its owner's segment, where the back end has joined several maps in one
    (`back.pack`); the front end has none.
    A batch of one has no axis here.
    """

    name: str
    height: int
    width: int
    segments: tuple[int, ...]
    lane: int = 0

    @property
    def channels(self) -> int:
        """Logical channels."""
        return sum(self.segments)

    @property
    def pixels(self) -> int:
        """Positions."""
        return self.height * self.width

    @property
    def elements(self) -> int:
        """Logical elements, without padding."""
        return self.pixels * self.channels


@dataclass(frozen=True, slots=True)
class View:
    """How an ONNX tensor lies in a feature map.

    index: int64[shape of the ONNX tensor], for every element its flat (h * width + w) * channels + c position in the
    map; None for the canonical layouts (1, C, H, W) of a map, or (1, C) of a 1 x 1 map.
    """

    map: str
    shape: tuple[int, ...]
    index: I64 | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The reader's loops: kernel, stride, dilation, zero padding, and the output extent they give."""

    kh: int = 1
    kw: int = 1
    sh: int = 1
    sw: int = 1
    dh: int = 1
    dw: int = 1
    pad_top: int = 0
    pad_left: int = 0
    out_h: int = 1
    out_w: int = 1


@dataclass(frozen=True, slots=True)
class ConstOperand:
    """A constant operand: values float32[channels] (one per output channel, the same at every position), or
    float32[positions] with per_position=True (the same in every lane)."""

    values: F32
    per_position: bool = False


@dataclass(frozen=True, slots=True)
class MapOperand:
    """A second feature map, read point-wise at (row * sh, column * sw) for each output position."""

    map: str
    sh: int = 1
    sw: int = 1


Operand = ConstOperand | MapOperand


@dataclass(frozen=True, slots=True)
class Mfu:
    """What one multifunction unit does, in this order: multiply, add/subtract/maximum, unary."""

    mul: Operand | None = None
    addsub: tuple[AddSub, Operand] | None = None
    act: Activation | None = None
    act_args: tuple[float, ...] = ()  # clip: low, high; lrelu: alpha

    @property
    def empty(self) -> bool:
        """True if the unit passes its input on."""
        return self.mul is None and self.addsub is None and self.act is None


@dataclass(frozen=True, slots=True)
class Reduce:
    """The reduce stage.

    axis "window": all kh * kw elements of the reader's window (no matrix); the output extent is the window's.
    axis "cols" / "rows": sliding windows along one axis of the (out_h, out_w) stream: n elements, neighbouring
    windows `overlap` (0 or 1) elements in common, the first window has only `head` elements (padding in front of the
    map), `tail` writes a last window that the map's end cuts short.  `count` is the number of outputs along the axis.
    axis "all": every position of the stream, one output.
    """

    op: Literal["max", "add"]
    axis: Literal["window", "cols", "rows", "all"]
    n: int = 1
    overlap: int = 0
    head: int = 1
    tail: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Layer:
    """One sweep of the datapath over a feature map.

    weights: float32[M, C / groups, kh, kw] after folding, or None for a chain without the matrix-vector unit; then
    channels pass through and the output has the source's segments.
    low_padding: padding reads as -65504 (maximum pooling) instead of 0.
    nodes: names of the ONNX nodes whose work this layer does, the main one first.
    shared_image: the source is a network input that no other kind of layer reads, so that the Expander can do im2col.
    """

    name: str
    op: str
    nodes: tuple[str, ...]
    source: str
    out: str
    window: Window
    weights: F32 | None = None
    groups: int = 1
    pre: Mfu = field(default_factory=Mfu)
    reduce: Reduce | None = None
    post: Mfu = field(default_factory=Mfu)
    low_padding: bool = False


@dataclass(frozen=True, slots=True)
class Recurrent:
    """A recurrent layer: one step after another over a sequence, the state on chip, the loop the program's own.

    source: the gates' inputs at every step (inputs times weights plus biases), pixels in the order of time, one segment
    of H channels a gate; out: h at every step.  weights: float32[gates * H, H], what the gates take from h.

    LSTM, gates f, i, o, g (no f if coupled: f = 1 - i):  c = f * c + i * g,  h = o * tanh(c)
    GRU, gates u, r, n:  h = u * n + (1 - u) * h,  n = tanh(source + weights (r * h)), or with `reset_after`
    tanh(source + r * (weights h + bias))

    f, i, o, u and r are sigmoids, g is a tanh; their arguments are clipped to +-clip unless that is 0.
    steps: the first ones of the sequence are run, `out` is 0 behind them; reverse: the last of them comes first.
    h0, c0: the state before the first step, None for zeros; last_h, last_c: maps of the state behind the last one.

    inputs: float32[gates * H, channels of `source`], where the back end has the layer multiply its inputs itself, step
    by step: `source` is then the sequence of inputs; input_bias: float32[gates * H] or None, added to the products.
    """

    name: str
    op: Literal["LSTM", "GRU"]
    nodes: tuple[str, ...]
    source: str
    out: str
    weights: F32
    steps: int
    reverse: bool = False
    h0: Operand | None = None
    c0: Operand | None = None
    last_h: str = ""
    last_c: str = ""
    bias: F32 | None = None
    clip: float = 0.0
    coupled: bool = False
    reset_after: bool = False
    inputs: F32 | None = None
    input_bias: F32 | None = None

    @property
    def hidden(self) -> int:
        """H, the channels of the state."""
        return int(self.weights.shape[1])

    @property
    def gates(self) -> int:
        """Segments of the source."""
        return int(self.weights.shape[0]) // self.hidden

    @property
    def outs(self) -> tuple[str, ...]:
        """The maps that it writes."""
        return tuple(name for name in (self.out, self.last_h, self.last_c) if name)


@dataclass(frozen=True, slots=True)
class HostStep:
    """ONNX nodes that ONNX Runtime executes between two parts of the program.

    model: a serialised ONNX model of exactly these nodes; inputs and outputs are ONNX tensor names.  Inputs may be
    graph inputs, outputs of other host steps, or tensors that the NPU sends (`Graph.sends`); outputs may be received
    by the NPU (`Graph.receives`) or be graph outputs.
    """

    name: str
    nodes: tuple[tuple[str, str], ...]  # (node name, op type)
    model: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    macs: int  # multiply-accumulates of Conv/Gemm/MatMul nodes that fell to the host, for the coverage report
    reasons: tuple[str, ...]  # one sentence a node: why the NPU does not run it


@dataclass(frozen=True, slots=True)
class Send:
    """The NPU sends a tensor to the host through NetOutQ."""

    tensor: str  # ONNX tensor name
    view: View
    dtype: str = "float32"  # what the host sees: float32 or float16


@dataclass(frozen=True, slots=True)
class Receive:
    """The NPU takes a tensor from the host through NetInQ into a feature map.

    The layout is canonical, or the view's index puts every element in its place (channels-last tensors, sequences).
    """

    tensor: str
    view: View
    dtype: str = "float32"  # what the host has: float32 or float16


Step = Layer | Recurrent | HostStep | Send | Receive


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A graph input or output: ONNX name, shape (batch 1), NumPy dtype name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """Where one ONNX node went: for the coverage report and `--npu-only`."""

    name: str
    op: str
    where: Literal["npu", "host", "folded"]
    layer: str  # layer or host step that does its work; for folded nodes the reason
    macs: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """A compiled-to-layers model: steps in execution order.

    aliases: a map that is a slice of a concatenated map: child -> (parent, first segment); concatenation copies
    nothing, its producers write straight into the parent.
    """

    name: str
    maps: dict[str, FeatureMap]
    aliases: dict[str, tuple[str, int]]
    steps: tuple[Step, ...]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    coverage: tuple[NodeInfo, ...]
    sigmoid_tanh: tuple[bool, bool] = (True, True)  # which MFUs of the machine have these functions

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The NPU's layers in order."""
        return tuple(s for s in self.steps if isinstance(s, Layer))
