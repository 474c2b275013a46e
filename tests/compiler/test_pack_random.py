"""Random networks of joined maps, in memories of every size: the bits are ONNX Runtime's, wherever the parts lie."""

from __future__ import annotations

import dataclasses

import numpy as np
import onnx
import pytest
from interp import reference
from test_pack import EXACT, ROOM, Whole

from npusim.compiler.back.backend import to_program
from npusim.compiler.back.pack import pack
from npusim.compiler.front.frontend import to_graph
from npusim.config import NpuConfig, load_config
from npusim.errors import PlacementError
from npusim.runtime import Session

PRIVATE = dataclasses.replace(load_config("tiny_private"), weight_mantissa=7, act_mantissa=7, **ROOM)


class Random(Whole):
    """A graph that grows by random operators; values stay between -3 and 3."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed)
        self.low, self.high = self.const(np.float32(-3)), self.const(np.float32(3))
        self.width: dict[str, int] = {}
        size, first = int(self.rng.integers(3, 8)), int(self.rng.integers(2, 10))
        self.made = [self.small("", self.conv(self.input(1, 3, size, size), first, 3, 3), first)]

    def small(self, act: str, x: str, width: int) -> str:
        """Append a clip, and an activation."""
        y = self("Clip", x, self.low, self.high)
        y = self(act, y) if act else y
        self.width[y] = width
        return y

    def any(self, among: int) -> str:
        """Return one of the latest tensors."""
        return self.made[-int(self.rng.integers(1, min(among, len(self.made)) + 1))]

    def grow(self) -> None:
        """Append one tensor."""
        x, act = self.any(4), str(self.rng.choice(["", "Relu"]))
        width = self.width[x]
        match str(self.rng.choice(["conv", "norm", "pool", "join", "join", "dense", "dense", "add"])):
            case "conv":
                out = int(self.rng.integers(1, 13))
                made = self.small(act, self.conv(x, out, width, int(self.rng.choice([1, 3]))), out)
            case "norm":
                made = self.small("Relu", self.norm(x, width), width)
            case "pool":
                made = self("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
            case "join":
                made = self.join([self.any(6) for _ in range(int(self.rng.integers(2, 5)))])
            case "dense":
                inner = self.small("Relu", self.norm(x, width), width)
                inner = self.small("Relu", self.conv(inner, 8, width), 8)
                part = int(self.rng.integers(1, 6))
                made = self.join([x, self.small("", self.conv(inner, part, 8, 3), part)])
            case _:
                same = [other for other in self.made if self.width[other] == width]
                made = self.small(act, self("Add", x, same[0]), width)
        self.width.setdefault(made, width)
        self.made.append(made)

    def join(self, parts: list[str]) -> str:
        """Append a concatenation of channels."""
        y = self("Concat", *parts, axis=1)
        self.width[y] = sum(self.width[part] for part in parts)
        return y


def random_case(seed: int) -> tuple[onnx.ModelProto, NpuConfig]:
    """Return a network and a machine that may be too small to hold its maps."""
    b = Random(seed)
    for _ in range(int(b.rng.integers(4, 12))):
        if b.width[b.made[-1]] < 48:
            b.grow()
    outputs = dict.fromkeys([b.made[-1], b.any(12)] if b.rng.random() < 0.3 else [b.made[-1]])
    sizes = {
        "initial_vrf": int(b.rng.choice([4096, 300, 150, 100])),
        "addsub_vrf_1": int(b.rng.choice([4096, 200, 60])),
    }
    return b.model(*outputs), dataclasses.replace(PRIVATE if b.rng.random() < 0.3 else EXACT, **sizes)


@pytest.mark.parametrize("seeds", [range(0, 20), range(20, 40)], ids=str)
def test_random_networks(seeds: range) -> None:
    packed = striped = spilled = 0
    for seed in seeds:
        model, config = random_case(seed)
        graph, stages = to_graph(model), {}
        try:
            program = to_program(graph, config, lambda stage, text, to=stages: to.update({stage: text()}))
        except PlacementError:
            continue
        packed += any(fmap.lane for fmap in pack(graph, config).maps.values())
        striped += " a stripe of " in stages["place"]
        spilled += bool(program.metadata["spilled"])
        rng = np.random.default_rng(seed)
        feeds = {i.name: rng.integers(-1, 2, i.shape).astype(np.float32) for i in program.inputs}
        found, wanted = Session(program).run(feeds).outputs, reference(model, feeds)
        for name, value in found.items():
            np.testing.assert_array_equal(value, wanted[name], err_msg=f"seed {seed}")
    assert min(packed, striped, spilled) >= 1
