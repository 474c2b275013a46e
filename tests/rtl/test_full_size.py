"""The full-size machine: layers of ResNet-50 on its RTL, and what its build takes for granted."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import onnx
import pytest

import npusim_models
from npusim.rtl.build import BENCH, rtl_folder

TOOL = Path(__file__).parents[2] / "tools" / "verify_full.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_full", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def test_lanes_that_keep_their_code_are_there() -> None:
    rows = re.findall(r'^(\w+) -module "(\w+)"(?: -var "(\w+)")?$', (BENCH / "npu_lanes.vlt").read_text(), re.M)
    assert {kind for kind, _, _ in rows} == {"no_inline", "public_flat_rd"}
    for _, module, port in rows:
        text = (rtl_folder() / f"{module}.v").read_text()
        assert not port or re.search(rf"input +wire .*\b{port}\b,", text), f"{module}.{port}"


def test_parts_are_layers_of_the_network(tool: ModuleType) -> None:
    model = onnx.shape_inference.infer_shapes(npusim_models.build("resnet50", seed=0))
    kinds = {name: [node.op_type for node in tool.cut(model, name).graph.node] for name in tool.PARTS}
    assert (kinds["stem"].count("Conv"), kinds["stem"].count("MaxPool")) == (1, 1)
    for block in range(1, 5):
        assert kinds[f"block{block}"].count("Conv") == 3
        assert kinds[f"block{block}"].count("Add") == 1
    assert kinds["last"] == ["GlobalAveragePool", "Flatten", "Gemm", "Softmax"]


def test_an_unknown_part_is_refused(tool: ModuleType) -> None:
    with pytest.raises(SystemExit) as caught:
        tool.main(["middle"])
    assert caught.value.code == 2


@pytest.mark.rtl
@pytest.mark.slow
def test_the_last_layer_in_full_size(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["last"]) == 0
    assert re.search(r"^last +([\d,]+) +\1 +equal", capsys.readouterr().out, re.M)
