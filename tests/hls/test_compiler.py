"""Passes, schedule and Verilog text: what each promises."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from npusim_hls import kernels
from npusim_hls.compiler import dataflow, plan, verilog
from npusim_hls.emit import Options, emit
from npusim_hls.errors import HlsError
from npusim_hls.frontend import trace
from npusim_hls.ir import evaluate
from npusim_hls.kernel import Instance, kernel
from npusim_hls.kernels import KERNELS
from npusim_hls.lang import bits
from npusim_hls.lower import lower
from npusim_hls.simplify import simplify
from npusim_hls.simulators import tools
from npusim_hls.vectors import corners, leaves_of, random_set
from npusim_hls.widths import u

GENERATED = Path(__file__).parents[2] / "rtl" / "generated"
LOWERED = {"input", "const", "add", "sub", "mul", "shl", "shr", "and", "or", "xor", "eq", "lt", "select", "bits"}
LOWERED |= {"signed", "cat", "rom", "refine"}


@pytest.mark.parametrize("name", KERNELS)
def test_every_stage_computes_the_same(name: str) -> None:
    instance, rng = KERNELS[name], random.Random(name)
    leaves = leaves_of(instance)
    edges = [corners(leaf) for leaf in leaves]
    sets = [[rng.choice(edge) for edge in edges] for _ in range(150)]
    sets += [random_set(leaves, rng) for _ in range(150)]
    stages = [trace(instance)]
    stages.append(simplify(stages[0]))
    stages.append(lower(stages[1]))
    assert {node.op for node in stages[2].nodes} <= LOWERED
    for values in sets:
        results = [evaluate(stage, values) for stage in stages]
        assert results[0] == results[1] == results[2], values


@pytest.mark.parametrize("name", KERNELS)
def test_schedule_is_legal(name: str) -> None:
    schedule = plan(KERNELS[name])
    for node in schedule.graph.nodes:
        for arg in node.args:
            if not arg.is_const:
                assert schedule.stage[arg.index] <= schedule.stage[node.index]
                assert schedule.last_use[arg.index] >= schedule.stage[node.index]
    assert schedule.fmax_mhz >= 300
    assert schedule.latency == 1 + max(schedule.stage[node.index] for _, node in schedule.graph.outputs)


def test_a_slower_clock_gives_fewer_stages() -> None:
    latencies = [plan(KERNELS["f32_add"], clock).latency for clock in (100, 200, 300)]
    assert latencies == sorted(latencies)
    assert latencies[0] < latencies[2]


def test_an_impossible_clock_is_refused_with_the_line() -> None:
    with pytest.raises(
        HlsError, match=r"floats.py:\d+: a \d+-bit \w+ takes \d\.\d\d ns; a cycle at 900 MHz leaves 0.76 ns"
    ):
        plan(KERNELS["f32_mul"], 900)
    with pytest.raises(HlsError, match="clock 0 MHz is not accepted; a target clock is 1 to 1000 MHz"):
        plan(KERNELS["f32_mul"], 0)


def one_use(a: u[16], b: u[16]) -> u[4]:
    return bits(a * 5 + b + 0, 3, 0)


def test_dead_bits_constants_and_multiplications_go() -> None:
    graph = dataflow(kernel(one_use).bind())
    ops = [node.op for node in graph.nodes]
    assert "mul" not in ops, "a multiplication by 5 is a shift and an add"
    assert max(node.width for node in graph.nodes if node.op in ("add", "shl")) == 4
    assert evaluate(graph, [65535, 65535]) == [(65535 * 5 + 65535) & 15]


def test_common_subexpressions_are_one_node() -> None:
    def twice(a: u[8], b: u[8]) -> tuple[u[16], u[17]]:
        return a * b, a * b + 1

    graph = dataflow(kernel(twice).bind())
    assert [node.op for node in graph.nodes].count("mul") == 1


def test_committed_verilog_is_fresh() -> None:
    committed = {path.stem: path.read_text() for path in GENERATED.glob("*.v")}
    assert sorted(committed) == sorted(KERNELS), "run `npusim hls emit --all rtl/generated`"
    for name, instance in KERNELS.items():
        assert committed[name] == verilog(instance), f"{name}.v is stale: run `npusim hls emit --all rtl/generated`"
        assert "do not edit" in committed[name]


def test_generating_all_kernels_is_quick_and_deterministic() -> None:
    script = (
        "import hashlib; from npusim_hls.kernels import KERNELS; from npusim_hls.compiler import verilog;"
        "print(hashlib.sha256(''.join(verilog(i) for i in KERNELS.values()).encode()).hexdigest())"
    )
    found = set()
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        start = time.process_time()
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
        assert time.process_time() - start < 5
    assert len(found) == 1
    start = time.process_time()
    for instance in KERNELS.values():
        verilog(instance)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("options", [Options(), Options(valid=False), Options(clock_enable=False, valid=False)])
def test_options_decide_the_control_ports(options: Options) -> None:
    instance = KERNELS["f16_mul"]
    text = emit(instance, plan(instance), options)
    assert ("input wire ce" in text) == options.clock_enable
    assert ("m_valid" in text) == options.valid == ("input wire rst" in text)


def test_tables_are_functions_or_always_blocks() -> None:
    instance = KERNELS["f16_add"]
    assert "endfunction" in emit(instance, plan(instance), Options())
    text = emit(instance, plan(instance), Options(functions=False))
    assert "function" not in text
    assert "always @(*) begin\n        case(" in text


def lint(sources: list[Path]) -> None:
    for source in sources:
        command = ["verilator", "--lint-only", "-Wall", "-Wpedantic", str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.rtl
def test_lint_is_clean_under_verilator(tmp_path: Path) -> None:
    others = []
    for valid in (True, False):
        for enable in (True, False):
            folder = tmp_path / f"{valid}{enable}"
            folder.mkdir()
            for name in ("f16_add", "f16_relu", "f16_tanh"):
                others.append(folder / f"{name}.v")
                schedule = plan(KERNELS[name])
                others[-1].write_text(emit(KERNELS[name], schedule, Options(valid=valid, clock_enable=enable)))
    with tools("verilator"):
        lint([*sorted(GENERATED.glob("*.v")), *others])


@pytest.mark.rtl
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="iverilog is not installed")
def test_icarus_accepts_every_module(tmp_path: Path) -> None:
    for source in sorted(GENERATED.glob("*.v")):
        command = ["iverilog", "-g2005", "-Wall", "-o", str(tmp_path / "out"), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.rtl
@pytest.mark.skipif(shutil.which("yosys") is None, reason="yosys is not installed")
def test_yosys_accepts_every_module() -> None:
    script = "; ".join(f"read_verilog {source}" for source in sorted(GENERATED.glob("*.v")))
    command = ["yosys", "-q", "-p", f"{script}; hierarchy -check; proc; check -assert"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_any_block_size_compiles() -> None:
    for instance in (kernels.bfp_instance(3, 2), kernels.bfp_instance(16, 11), kernels.dot_instance(40, 2)):
        assert isinstance(instance, Instance)
        assert f"module {instance.name} (" in verilog(instance)
