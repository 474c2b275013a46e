"""The RTL with all parameters of `arria10`, on layers of ResNet-50 in their full sizes: bits and cycles.

`make verify-full` runs six parts and then the whole inference; `python tools/verify_full.py last` one of them. One
simulation is built, in some minutes, and kept. Parts are cut out of the built-in network, weights and all, so that they
are its layers in their own sizes.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import dataclass
from typing import Any

import onnx
from onnx.utils import Extractor

import npusim_models
from npusim.cli.console import note
from npusim.cli.load import compile_model, default_inputs
from npusim.compiler.front.importer import load_model
from npusim.config import NpuConfig, load_config
from npusim.errors import NpuError
from npusim.rtl.cosim import Outcome, cosimulate, of_program
from npusim.runtime import Session, check_inputs

NETWORK = "resnet50"
WHOLE = "whole"
SCOPE = "resnet_v1_50"
TRUNK = SCOPE + "/block{}/unit_{}/bottleneck_v1/Relu:0"
PARTS = {
    "stem": ("InputImage:0", f"{SCOPE}/pool1/MaxPool:0"),
    "block1": (TRUNK.format(1, 1), TRUNK.format(1, 2)),
    "block2": (TRUNK.format(2, 1), TRUNK.format(2, 2)),
    "block3": (TRUNK.format(3, 1), TRUNK.format(3, 2)),
    "block4": (TRUNK.format(4, 1), TRUNK.format(4, 2)),
    "last": (TRUNK.format(4, 3), f"classifier_1/{SCOPE}/predictions/Softmax:0"),
}
"""Name -> input and output in the network: 7 x 7 convolution and pooling, one bottleneck of each stage, classifier."""


@dataclass(frozen=True, slots=True)
class Row:
    """One part: what was compared; seconds and processor seconds of the RTL's run."""

    name: str
    outcome: Outcome
    seconds: float
    processor: float

    def line(self) -> str:
        """Return it as a line of the table."""
        found = self.outcome.comparison
        same = found.chains - len(found.cycles)
        bits = "equal" if found.same_bits else "DIFFERENT"
        return (
            f"{self.name:<8} {found.simulated:>9,} {found.rtl:>9,} {bits:>9} {same:>6,} of {found.chains:<6,}"
            f"{self.seconds:>8.1f} {self.processor:>10.1f} {found.rtl / max(self.processor, 0.01):>9,.0f}"
        )


HEAD = "part     simulated       RTL      bits  chains on time  seconds  processor  cycles/s"
"""The last: cycles in a second of processor time."""


def cut(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Return a part of the network as a model of its own."""
    if name == WHOLE:
        return model
    first, last = PARTS[name]
    part: onnx.ModelProto = Extractor(model).extract_model([first], [last])
    part.graph.name = f"{NETWORK} {name}"
    return part


def verify(name: str, model: onnx.ModelProto, config: NpuConfig, seed: int) -> Row:
    """Run one part on both sides."""
    checked: Any = load_model(cut(model, name))
    program = compile_model(checked, config)
    subject = of_program(Session(program), check_inputs(program.inputs, default_inputs(program, seed)))
    begin = spent = 0.0

    def tick(what: str, done: int, total: int) -> None:
        nonlocal begin, spent
        if what.startswith("running"):
            if not begin:
                begin, spent = time.perf_counter(), processor_seconds()
            if done % 20_000 == 0:
                note(f"{name}: cycle {done:,} of {total:,}, {time.perf_counter() - begin:.0f} s")

    outcome = cosimulate(subject, "verilator", seed=seed, say=note, progress=tick)
    return Row(name, outcome, time.perf_counter() - begin, processor_seconds() - spent)


def processor_seconds() -> float:
    """Return the processor time of all simulations and builds that have ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def main(arguments: list[str] | None = None) -> int:
    """Verify the parts named; exit code 1 where anything differs."""
    parser = argparse.ArgumentParser(description="Compare the full-size RTL with the simulator, layer by layer.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, WHOLE, []], help="default: all, `whole` last")
    parser.add_argument("-c", "--config", default="arria10", help="machine (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, inputs and initial registers")
    given = parser.parse_args(arguments)
    try:
        config = load_config(given.config)
        model = onnx.shape_inference.infer_shapes(npusim_models.build(NETWORK, seed=given.seed))
        print(HEAD, flush=True)
        wrong = 0
        for name in given.parts or [*PARTS, WHOLE]:
            row = verify(name, model, config, given.seed)
            print(row.line(), flush=True)
            wrong += not row.outcome.comparison.agrees
            for line in row.outcome.lines:
                print(f"    {line}", flush=True)
    except NpuError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
