"""The examples of docs/hls.md run as printed, and its table is the committed one."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from npusim_hls import report
from npusim_hls.compiler import verilog
from npusim_hls.rtl_executor import BUILD_ARGS
from npusim_hls.simulators import tools

DOCS = Path(__file__).parents[2] / "docs" / "hls.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)


def module_of(text: str, name: str, folder: Path) -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_examples_run(tmp_path: Path) -> None:
    examples = [text for text in BLOCKS if "import cocotb" not in text]
    assert len(examples) == 3
    for index, text in enumerate(examples):
        module = module_of(text, f"docs_example_{index}", tmp_path)
        if hasattr(module, "dot8"):
            assert "module dot8 (" in verilog(module.dot8)


def test_gelu_is_as_exact_as_stated(tmp_path: Path) -> None:
    gelu = module_of(BLOCKS[0], "docs_gelu", tmp_path).gelu.bind()
    words = [word for word in range(0, 1 << 16, 13) if word >> 10 & 31 != 31 and (word & 0x7FFF) < 0x4900]
    numbers = np.array(words, np.uint16).view(np.float16).astype(np.float64)
    got = np.array([gelu(word)[0] for word in words], np.uint16).view(np.float16).astype(np.float64)
    true = np.array([x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in numbers])
    assert 0.015 < np.abs(got - true).max() < 0.025


@pytest.mark.rtl
def test_the_cocotb_example_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    instance = module_of(BLOCKS[0], "gelu", tmp_path).gelu.bind()
    (tmp_path / "gelu.v").write_text(verilog(instance))
    (tmp_path / "test_gelu.py").write_text(next(text for text in BLOCKS if "import cocotb" in text))
    monkeypatch.syspath_prepend(str(tmp_path))
    with tools("verilator"):
        runner = get_runner("verilator")
        place = tmp_path / "build"
        arguments = [word for word in BUILD_ARGS["verilator"] if "public" not in word]
        log = tmp_path / "log"
        runner.build(
            sources=[tmp_path / "gelu.v"], hdl_toplevel="gelu", build_dir=place, build_args=arguments, log_file=log
        )
        results = runner.test(
            test_module="test_gelu", hdl_toplevel="gelu", build_dir=place, test_dir=tmp_path, log_file=log
        )
    assert get_results(results) == (1, 0)


def test_the_table_is_the_committed_one() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCS.read_text(), re.MULTILINE)
    shown = {name: values for name, values in rows if values.count("|") == 5}
    figures = report.load()
    assert list(shown) == list(figures)
    for name, row in figures.items():
        values = (row.latency, row.register_bits, row.fmax_mhz, row.alms, row.registers, row.dsps)
        assert shown[name] == " | ".join(f"{value:g}" for value in values), name
