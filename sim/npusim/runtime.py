"""Run a compiled program on tensors: pack inputs, drive a machine, run host steps, unpack outputs.

The same `Session` drives the fast engine and the golden model, so that both see the same bits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from npusim.chain import Chain, ComputeChain, Decoded
from npusim.compiler.back.verify import verify_program
from npusim.compiler.ir import TensorInfo
from npusim.config import NpuConfig
from npusim.errors import InputError, ModelError
from npusim.numerics import from_f16_bits, round_f16, to_f16_bits
from npusim.program import HostCall, Port, Program
from npusim.segments import lanes_of

F32 = npt.NDArray[np.float32]
Tensors = dict[str, npt.NDArray[Any]]


@dataclass(slots=True)
class RunResult:
    """What a run gave: graph outputs by name, the machine's sticky overflow flag, host seconds by step.

    sent: tensors as they left the NPU through NetOutQ.
    """

    outputs: Tensors
    overflow: bool
    host_s: dict[str, float]
    layers: dict[int, F32] = field(default_factory=dict)  # node -> float32[C, H, W], if captured
    sent: Tensors = field(default_factory=dict)


def pack(port: Port, tensor: npt.NDArray[Any], native_dim: int) -> tuple[F32, bool]:
    """Return the vectors of a tensor, float32[vectors, N] of float16 values, and whether any value saturated.

    Raises `InputError` for NaN and infinity.
    """
    values = np.ascontiguousarray(tensor, np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"input {port.tensor!r} holds NaN or infinity; every value must be finite")
    halves, saturated = round_f16(values)
    pixels, channels = port.height * port.width, port.channels
    if port.index is None:
        flat = np.ascontiguousarray(halves.reshape(channels, pixels).T)
    else:
        flat = np.zeros(pixels * channels, np.float32)
        flat[port.index.reshape(-1)] = halves.reshape(-1)
        flat = flat.reshape(pixels, channels)
    if port.layout == "image":
        row = -(-port.width * channels // native_dim) * native_dim
        out = np.zeros((port.height, row), np.float32)
        out[:, : port.width * channels] = flat.reshape(port.height, -1)
    else:
        out = np.zeros((pixels, port.vectors // pixels * native_dim), np.float32)
        out[:, lanes_of(port.segments, native_dim)] = flat
    return out.reshape(port.vectors, native_dim), saturated


def unpack(port: Port, vectors: F32, native_dim: int) -> npt.NDArray[Any]:
    """Return the ONNX tensor of a port from its vectors."""
    pixels = port.height * port.width
    flat = vectors.reshape(pixels, -1)[:, lanes_of(port.segments, native_dim)]
    if port.index is None:
        tensor = np.ascontiguousarray(flat.T).reshape(port.shape)
    else:
        tensor = flat.reshape(-1)[port.index.reshape(-1)].reshape(port.shape)
    return tensor.astype(port.dtype)


class HostNode:
    """One host step as an ONNX Runtime session."""

    def __init__(self, call: HostCall, threads: int) -> None:
        import onnxruntime as ort

        self.call = call
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self.session = ort.InferenceSession(call.model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            text = str(error).strip().splitlines()[-1]
            raise ModelError(f"host step {call.name}: ONNX Runtime cannot run it: {text}") from None

    def __call__(self, tensors: Tensors) -> Tensors:
        feed = {name: tensors[name] for name in self.call.inputs}
        try:
            values = self.session.run(list(self.call.outputs), feed)
        except Exception as error:
            text = str(error).strip().splitlines()[-1]
            raise ModelError(f"host step {self.call.name}: ONNX Runtime failed: {text}") from None
        return dict(zip(self.call.outputs, values, strict=True))


class Host:
    """The host's side of one run: tensors by name, ports in order, host steps as soon as their inputs are there."""

    def __init__(self, program: Program, nodes: Sequence[HostNode], inputs: Tensors) -> None:
        self.program, self.nodes = program, nodes
        self.n = program.config.native_dim
        self.tensors: Tensors = dict(inputs)
        self.waiting = {way: deque(port for port in program.io if port.direction == way) for way in ("in", "out")}
        self.coming: F32 = np.zeros((0, self.n), np.float32)  # vectors of the current port that are not received yet
        self.going: list[F32] = []  # vectors of the current port that have been sent
        self.gone = 0  # their number
        self.done = [False] * len(nodes)
        self.host_s: dict[str, float] = {}
        self.saturated = False

    def advance(self) -> None:
        """Run every host step whose inputs are there."""
        progress = True
        while progress:
            progress = False
            for at, node in enumerate(self.nodes):
                if not self.done[at] and all(name in self.tensors for name in node.call.inputs):
                    begin = time.perf_counter()
                    self.tensors.update(node(self.tensors))
                    self.host_s[node.call.name] = time.perf_counter() - begin
                    self.done[at] = progress = True

    def receive(self, count: int) -> F32:
        """Return the next vectors for NetInQ."""
        if not len(self.coming):
            port = self.waiting["in"].popleft()
            if port.tensor not in self.tensors:
                self.advance()
            if port.tensor not in self.tensors:
                raise ModelError(f"tensor {port.tensor!r} that NetInQ expects is not there")
            self.coming, saturated = pack(port, self.tensors[port.tensor], self.n)
            self.saturated |= saturated
        vectors, self.coming = self.coming[:count], self.coming[count:]
        return vectors

    def send(self, vectors: F32) -> None:
        """Take vectors from NetOutQ."""
        self.going.append(np.array(vectors, np.float32))
        self.gone += len(vectors)
        port = self.waiting["out"][0]
        if self.gone == port.vectors:
            self.waiting["out"].popleft()
            self.tensors[port.tensor] = unpack(port, np.concatenate(self.going), self.n)
            self.going, self.gone = [], 0


class _BitPort:
    """The golden model's view of the host: one vector of bit patterns at a time."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def receive(self) -> list[int]:
        bits: list[int] = to_f16_bits(self.host.receive(1))[0].tolist()
        return bits

    def send(self, vector: Sequence[int]) -> None:
        self.host.send(from_f16_bits(np.array([vector], np.uint16)))


class Session:
    """A program made ready to run: verified, tiles unpacked, host steps loaded.

    threads: processor cores for the engine and for host steps.  Raises `ProgramError` for a program that does not
    verify and `ModelError` for host steps that ONNX Runtime refuses.
    """

    def __init__(self, program: Program, *, threads: int = 1, decoded: Decoded | None = None) -> None:
        self.program, self.threads = program, threads
        self.decoded = verify_program(program) if decoded is None else decoded
        self.nodes = [HostNode(call, threads) for call in program.host_steps]
        self._engine: Any = None

    @property
    def config(self) -> NpuConfig:
        """The machine."""
        return self.program.config

    @property
    def engine(self) -> Any:
        """The fast engine, built on first use."""
        if self._engine is None:
            from npusim.engine.values import Engine

            p = self.program
            self._engine = Engine(self.decoded, p.config, p.dram, p.dram_size, self.threads)
        return self._engine

    def run(
        self,
        inputs: Tensors,
        *,
        capture: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> RunResult:
        """Run one inference on the fast engine.

        inputs: by name, checked against the program's table; capture: keep every layer's output; progress: called
        with the number of each chain.  Raises `InputError`.
        """
        host = Host(self.program, self.nodes, check_inputs(self.program.inputs, inputs))
        collector = Collector(self.program) if capture else None
        overflow = self.engine.run(host, collector, progress)
        result = self._result(host, overflow)
        if collector is not None:
            result.layers = collector.finish()
        return result

    def run_golden(self, inputs: Tensors, progress: Callable[[Chain], None] | None = None) -> RunResult:
        """Run one inference on the golden model: plain Python, slow, the specification.

        progress: called after each chain.
        """
        from npusim.golden import GoldenMachine

        host = Host(self.program, self.nodes, check_inputs(self.program.inputs, inputs))
        machine = GoldenMachine(self.config, self.program.dram)
        machine.run(self.program.words, _BitPort(host), progress)
        return self._result(host, machine.overflow)

    def _result(self, host: Host, overflow: bool) -> RunResult:
        host.advance()
        names = [info.name for info in self.program.outputs]
        for info in self.program.outputs:
            if host.tensors[info.name].shape != info.shape:
                got, expected = _shape(host.tensors[info.name].shape), _shape(info.shape)
                raise ModelError(f"output {info.name!r} has shape {got}, the model says {expected}")
        sent = {port.tensor: host.tensors[port.tensor] for port in self.program.io if port.direction == "out"}
        return RunResult({n: host.tensors[n] for n in names}, overflow or host.saturated, host.host_s, sent=sent)


class Collector:
    """Assembles each layer's output map from the outputs of its chains.

    A place names rows, columns and vectors of the map; a chain of a loop moves on by the rows and columns behind that.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.n = program.config.native_dim
        self.places: Iterator[list[int]] = iter(program.metadata.get("outputs", []))
        self.by_word: dict[int, list[int]] = {}
        self.maps: dict[int, F32] = {}

    def __call__(self, chain: ComputeChain, outputs: F32) -> None:
        """Take the outputs of one chain."""
        place = self.by_word.get(chain.end) or next(self.places, None)
        if place is None:
            return
        self.by_word[chain.end] = place
        if len(place) == 1:  # what its layer keeps to itself
            return
        row, rows, col, cols, vector, vectors, total, turned, *along = place
        if along:
            self.by_word[chain.end] = [row + along[0], rows, col + along[1], *place[3:]]
        node = self.program.nodes[chain.node]
        _, height, width = node.shape
        if chain.node not in self.maps:
            self.maps[chain.node] = np.zeros((height, width, total, self.n), np.float32)
        shape = (cols, rows) if turned else (rows, cols)
        block = outputs.reshape(*shape, vectors, self.n)
        if turned:
            block = block.transpose(1, 0, 2, 3)
        self.maps[chain.node][row : row + rows, col : col + cols, vector : vector + vectors] = block

    def finish(self) -> dict[int, F32]:
        """Return float32[C, H, W] for every layer; `metadata["lanes"]` names the channels' lanes where not 0..C-1."""
        found = {}
        lanes = self.program.metadata.get("lanes", {})
        for node, block in self.maps.items():
            height, width = block.shape[:2]
            flat: F32 = block.reshape(height, width, -1)
            channels = self.program.nodes[node].shape[0]
            chosen = lanes.get(str(node))
            flat = flat[:, :, :channels] if chosen is None else flat[:, :, np.array(chosen)]
            found[node] = np.ascontiguousarray(flat.transpose(2, 0, 1))
        return found


def check_inputs(wanted: Sequence[TensorInfo], inputs: Tensors) -> Tensors:
    """Return the inputs as arrays of the declared dtypes; `InputError` for a wrong name, shape, dtype or value."""
    known = {info.name: info for info in wanted}
    for name in inputs:
        if name not in known:
            raise InputError(f"the model has no input {name!r} (inputs: {', '.join(known) or 'none'})")
    checked: Tensors = {}
    for name, info in known.items():
        if name not in inputs:
            raise InputError(f"input {name!r} is missing (inputs: {', '.join(known)})")
        array = np.asarray(inputs[name])
        if array.shape != info.shape:
            raise InputError(f"input {name!r} has shape {_shape(array.shape)}, expected {_shape(info.shape)}")
        same = array.dtype == np.dtype(info.dtype)
        floats = array.dtype.kind == "f" and np.dtype(info.dtype).kind == "f"
        if not same and not floats:
            raise InputError(f"input {name!r} has dtype {array.dtype}, expected {info.dtype}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"input {name!r} holds NaN or infinity; every value must be finite")
        checked[name] = np.asarray(array, info.dtype, order="C")
    return checked


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
