"""Programs for tests: hypothesis strategies drawn from the instruction table, and one program that uses every field."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from npusim import isa
from npusim.compiler.ir import NodeInfo, TensorInfo
from npusim.config import NpuConfig, load_config
from npusim.program import HostCall, NodeRow, Port, Program, Region


@st.composite
def instructions(draw: Any) -> int:
    """Any row with any field values."""
    row = draw(st.sampled_from(isa.TABLE))
    return isa.encode(row.name, **{f.name: draw(st.integers(0, f.limit)) for f in row.fields})


words = st.lists(instructions(), min_size=1, max_size=40).map(lambda w: np.array(w, np.uint64))
names = st.text(max_size=20)


def tiny() -> NpuConfig:
    """Return the small machine."""
    return load_config("tiny")


def sample(word_list: Any = None, *, name: str = "sample", layer: str = "layer/0") -> Program:
    """Return a program whose every field holds something."""
    code = [isa.encode("s_wr", reg=isa.Reg.ROWS, value=3), isa.encode("end_chain", wait=5, node=1), isa.encode("halt")]
    image = Port("in", "image", (1, 3, 4, 5), "float32", "image", 4, 5, (3,), 4 * 2)
    flipped = np.arange(24, dtype=np.int64)[::-1].reshape(1, 24)
    features = Port("out", "features", (1, 24), "float16", "vectors", 1, 2, (9, 3), 2 * 3, flipped)
    return Program(
        model=name,
        config=tiny(),
        words=np.array(code if word_list is None else word_list, np.uint64),
        dram=np.arange(1000, dtype=np.uint64).astype(np.uint8),
        dram_size=4096,
        io=(image, features),
        inputs=(TensorInfo("image", (1, 3, 4, 5), "float32"),),
        outputs=(TensorInfo("probabilities", (1, 10), "float32"),),
        host_steps=(
            HostCall(
                "classifier", b"\x00onnx", ("features",), ("probabilities",), (("fc", "Gemm"),), 240, ("too big",), 2
            ),
        ),
        nodes=(
            NodeRow(layer, "Conv", ("conv", "relu"), (9, 1, 2), 100, 8, 4, 9, 5),
            NodeRow("pool", "MaxPool", ("pool",), (9, 1, 1), 0, 0, 0, 0, 0),
        ),
        coverage=(NodeInfo("conv", "Conv", "npu", layer, 100), NodeInfo("drop", "Dropout", "folded", "no effect")),
        regions=(Region("weights", 0, 512, "tiles"), Region("spill", 1024, 3072, "scratch")),
        compiler="0.1.0",
        source_sha256="0" * 64,
        metadata={"seed": 1, "note": "ünïcode\n; not a comment"},
    )
