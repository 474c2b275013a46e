"""The interface of `onnx.backend.base`: `npusim.backend.prepare(model).run(inputs)`.

The simulated machine takes the device "CPU" of that interface, as nothing else does: the host's share runs there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnx.version_converter
from onnx.backend.base import Backend, BackendRep, Device, DeviceType, namedtupledict

from npusim.compiler.back.backend import to_program
from npusim.compiler.front.frontend import to_graph
from npusim.compiler.front.importer import MIN_OPSET, load_model
from npusim.config import NpuConfig, load_config
from npusim.errors import InputError, NpuError
from npusim.program import Program
from npusim.runtime import Session, check_inputs
from npusim.samples import single_sample

DEFAULT_CONFIG = "arria10"


class NpuBackendRep(BackendRep):  # type: ignore[misc]
    """A compiled model.  program: what it became; samples: how often it runs, once for each sample of the inputs."""

    def __init__(self, program: Program, samples: int = 1) -> None:
        self.program, self.samples = program, samples
        self._session = Session(program)

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Return the outputs, in the model's order.

        inputs: a sequence in the model's order, a mapping by name, or the array of a single input.  Raises `NpuError`.
        """
        names = [info.name for info in self.program.inputs]
        if isinstance(inputs, np.ndarray):
            inputs = [inputs]
        given = dict(inputs) if isinstance(inputs, dict) else dict(zip(names, inputs, strict=False))
        arrays = {name: np.asarray(array) for name, array in given.items()}
        if self.samples == 1:
            found = self._session.run(check_inputs(self.program.inputs, arrays)).outputs
        else:
            found = self._one_by_one(arrays)
        outputs = [info.name for info in self.program.outputs]
        made: tuple[Any, ...] = namedtupledict("Outputs", outputs)(*(found[name] for name in outputs))
        return made

    def _one_by_one(self, arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
        """Run the samples, which are along the first axis, one behind the other."""
        for name, array in arrays.items():
            if not array.ndim or len(array) != self.samples:
                raise InputError(f"input {name!r} has shape {array.shape}, expected {self.samples} samples")
        runs = []
        for at in range(self.samples):
            one = {name: array[at : at + 1] for name, array in arrays.items()}
            runs.append(self._session.run(check_inputs(self.program.inputs, one)).outputs)
        return {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}


class NpuBackend(Backend):  # type: ignore[misc]
    """Compiles a model for a configuration and simulates it."""

    @classmethod
    def prepare(
        cls, model: onnx.ModelProto, device: str = "CPU", config: NpuConfig | str = DEFAULT_CONFIG, **kwargs: Any
    ) -> NpuBackendRep:
        """Compile a model; config: a machine, a preset's name or a TOML file.  Raises `NpuError`.

        A network of N samples that its operators keep apart is compiled for one, and runs N times.
        """
        if not cls.supports_device(device):
            raise NpuError(f"device is {device!r}, expected CPU: the NPU is simulated")
        machine = load_config(config) if isinstance(config, str) else config
        model = _modern(model)
        one, samples = single_sample(model) or (model, 1)
        return NpuBackendRep(to_program(to_graph(load_model(one), sigmoid_tanh=machine.sigmoid_tanh), machine), samples)

    @classmethod
    def run_node(
        cls, node: onnx.NodeProto, inputs: Any, device: str = "CPU", outputs_info: Any = None, **kwargs: Any
    ) -> tuple[Any, ...]:
        """Run one node as a model of its own; outputs_info: (dtype, shape) of each output, if they are known."""
        arrays: Sequence[Any] = list(inputs.values()) if isinstance(inputs, dict) else list(inputs)
        names = [name for name in node.input if name]
        given = [
            onnx.helper.make_tensor_value_info(n, onnx.helper.np_dtype_to_tensor_dtype(np.asarray(a).dtype), a.shape)
            for n, a in zip(names, arrays, strict=True)
        ]
        blank = [onnx.helper.make_empty_tensor_value_info(name) for name in node.output if name]
        graph = onnx.helper.make_graph([node], "node", given, blank)
        opset = onnx.helper.make_opsetid("", kwargs.pop("opset_version", onnx.defs.onnx_opset_version()))
        return cls.prepare(onnx.helper.make_model(graph, opset_imports=[opset]), device, **kwargs).run(arrays)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Return whether the device is the CPU."""
        return bool(Device(device).type == DeviceType.CPU)


def _modern(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model of an opset before the compiler's first in that one, if the onnx package can convert it.

    Its converter leaves the slopes of PRelu on the last axis, where they now mean something else than channels.
    """
    versions = {entry.domain: entry.version for entry in model.opset_import}
    scalars = {tensor.name for tensor in model.graph.initializer if math.prod(tensor.dims) == 1}
    slopes = [node for node in model.graph.node if node.op_type == "PRelu" and node.input[1] not in scalars]
    if slopes or not 0 < versions.get("", MIN_OPSET) < MIN_OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, MIN_OPSET)
    except Exception:  # RuntimeError with the converter's own text: the compiler's sentence names the opset
        return model


prepare = NpuBackend.prepare
run_model = NpuBackend.run_model
run_node = NpuBackend.run_node
supports_device = NpuBackend.supports_device
