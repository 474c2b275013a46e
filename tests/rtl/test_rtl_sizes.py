"""The synthesis figures of the RTL: they belong to its present sources, and are counted by instance and group."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from npusim.device import load_device
from npusim.rtl import sizes
from npusim.rtl.build import RtlError

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "rtl_sizes.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """The program behind `make rtl-sizes`."""
    spec = importlib.util.spec_from_file_location("rtl_sizes", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_figures_belong_to_the_sources() -> None:
    assert sizes.stale(sizes.load(), ROOT) == [], f"run `{sizes.REFRESH}`"


def test_a_changed_source_and_a_new_module_are_stale() -> None:
    figures = sizes.load()
    other = [replace(row, digest="0") if row.module == "npu_dot" else row for row in figures["tiny"]]
    fewer = [row for row in figures["mid"] if row.module != "npu_csr"]
    assert sizes.stale({"tiny": other, "mid": fewer}, ROOT) == ["tiny: npu_dot", "mid: npu_csr.v"]


def test_comments_and_blanks_change_no_digest_but_code_and_parameters_do() -> None:
    files = {"m.v": '`include "n.vh"\nwire a; // a wire\n', "n.vh": "`define N 1 // one\n"}
    known = sizes.digest("m", {"P": 1}, files)
    assert sizes.digest("m", {"P": 1}, {**files, "m.v": '`include "n.vh"\n\n  wire a;\n'}) == known
    for changed in ({**files, "m.v": files["m.v"] + "wire b;"}, {**files, "n.vh": "`define N 2"}):
        assert sizes.digest("m", {"P": 1}, changed) != known
    assert sizes.digest("m", {"P": 2}, files) != known


def test_groups_count_instances_and_memories() -> None:
    device = load_device(sizes.DEVICE)
    row = sizes.Size(module="npu_ram", parameters={}, instances={"MatrixRf": 2}, alms=1, registers=3, dsps=0.5,
                     memories=[[512, 40, 1, 1]], digest="")  # fmt: skip
    dual = replace(row, instances={"vector memories": 1}, memories=[[512, 40, 2, 2]])
    small = replace(row, module="npu_fifo", instances={"DMA": 3}, memories=[[32, 20, 2, 1]])
    late = replace(row, module="npu_reader", instances={"control": 1}, alms=None, memories=[])
    found = sizes.totals([row, dual, small, late], device)
    assert found["MatrixRf"] == sizes.Total(2, 6, 1.0, 2, True)
    assert found["vector memories"].m20k == 2  # two ports that write are 20 bits wide at most
    assert found["DMA"].alms == 3 * (1 + 2 * device.mlab_alms(32, 20))
    assert not found["control"].whole


def test_every_group_has_a_counterpart_in_the_model() -> None:
    assert set(sizes.GROUPS.values()) | {sizes.CONTROL} == set(sizes.PARTS)
    for name in sizes.MACHINES:
        assert set(sizes.modelled(sizes.machine(name, ROOT))) == set(sizes.PARTS)


def test_figures_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "sizes.json"
    broken.write_text('{"machines": {"tiny": [{"module": "npu_ram"}]}}')
    with pytest.raises(RtlError, match=r"sizes.json: the figures cannot be read .*; make them with `make rtl-sizes`"):
        sizes.load(broken)


def test_without_yosys_it_says_how_to_get_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, TOOL], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "error: yosys is missing; on Debian and Ubuntu: apt-get install yosys\n"


@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
def test_one_module_synthesises_to_its_figures(tool: ModuleType, tmp_path: Path) -> None:
    design = tool.elaborate(sizes.machine("tiny", ROOT), tmp_path)
    instances = tool.instances(design)
    (name,) = (name for name, net in design.items() if net.module == "npu_accumulator")
    (row,) = (row for row in sizes.load()["tiny"] if row.module == "npu_accumulator")
    cells, memories = tool.synthesise(name, design, tmp_path, sizes.LIMIT)
    alms, _, dsps = tool.taken(cells)
    assert (row.alms, row.registers, row.dsps) == (alms, cells["MISTRAL_FF"], dsps)
    assert (row.memories, row.instances) == (memories, dict(instances[name]))
