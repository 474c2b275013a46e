"""Every command does what its help says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from cli_tools import Call, listing, residual, save, spawn

import npusim as package
from npusim.cli.commands import COMMANDS
from npusim.cli.configs import MEANING
from npusim.compiler.front.frontend import STAGES
from npusim.config import load_config, preset_names
from npusim.program import Program


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_is_quick_and_loads_nothing_slow() -> None:
    code = (
        "import sys; from npusim.cli.shell import run; status = run(['--help']); "
        "slow = [m for m in ('numpy', 'onnx', 'numba', 'onnxruntime', 'rich') if m in sys.modules]; "
        "sys.exit(status or len(slow))"
    )
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - begin)
    assert "Examples:" in done.stdout
    assert min(times) < 0.4 * 2  # a busy computer


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(npusim: Call, command: str) -> None:
    said = npusim(command, "--help")
    assert said.status == 0
    assert "Examples:" in said.out
    assert f"npusim {command}" in said.out
    assert said.err == ""


def test_version_and_no_arguments(npusim: Call) -> None:
    assert npusim("--version").out == f"npusim {package.__version__}\n"
    assert npusim().status == 2


def test_debug_shows_a_traceback(npusim: Call) -> None:
    said = npusim("run", "gone.onnx", "--debug")
    assert said.status == 2
    assert "Traceback" in said.err
    assert said.err.endswith("npusim: error: gone.onnx: cannot be read: No such file or directory\n")


def test_a_bug_keeps_its_traceback(npusim: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("npusim.config.load_config", fail)
    said = npusim("configs", "arria10")
    assert said.status == 70
    assert "ZeroDivisionError: ours" in said.err
    assert "please report it" in said.err


def test_memory_that_is_not_there(npusim: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("npusim.config.load_config", fail)
    said = npusim("configs", "arria10")
    assert (said.status, said.err) == (2, "npusim: error: not enough memory for this model\n")


# ---- build, compile


def test_build_writes_a_network(npusim: Call, tmp_path: Path) -> None:
    assert npusim("build", "mlp", "--seed", 3, "-o", "net.onnx").status == 0
    assert npusim("build", "mlp", "--seed", 3).status == 0
    assert (tmp_path / "net.onnx").read_bytes() == (tmp_path / "mlp.onnx").read_bytes()
    weights = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load("net.onnx").graph.initializer}
    np.savez(tmp_path / "w.npz", **weights)
    assert npusim("build", "mlp", "--weights", "w.npz", "-o", "again.onnx").status == 0
    again = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load("again.onnx").graph.initializer}
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    assert sorted(listing(tmp_path)) == ["again.onnx", "mlp.onnx", "net.onnx", "w.npz"]


def test_build_lists_the_networks(npusim: Call) -> None:
    said = npusim("build", "--list")
    assert re.search(r"^resnet50 +InputImage:0 1x3x224x224 +\d+ +25\.\d\d$", said.out, re.M)


def test_compile_says_what_runs_where(npusim: Call, tmp_path: Path, resnet: Path) -> None:
    said = npusim("compile", resnet)
    assert said.status == 0
    assert re.search(r"^on the NPU: \d+ of \d+ nodes, 100\.0 % of ", said.out, re.M)
    assert "Softmax 'tiny_resnet/Softmax': the NPU has no Softmax" in said.out
    assert re.search(r"^folded away: 1 of ", said.out, re.M)
    assert re.search(r"^InitialVrf +[\d,]+ +[\d,]+ +[\d.]+ %$", said.out, re.M)
    assert re.search(r"^DRAM: [\d.]+ MB of ", said.out, re.M)
    program = Program.load(tmp_path / "tiny.npu")
    assert program.config == load_config("arria10")
    assert program.source_sha256


@pytest.mark.parametrize("stage", [*STAGES, "place", "program"])
def test_every_stage_can_be_shown(npusim: Call, tmp_path: Path, mlp: Path, stage: str) -> None:
    said = npusim("compile", mlp, "--emit", stage)
    assert said.status == 0, said.err
    assert "mlp" in said.out
    assert listing(tmp_path) == {}


# ---- disasm, asm


def test_a_program_as_text_and_back(npusim: Call, tmp_path: Path, program: Path) -> None:
    assert npusim("disasm", program, "-o", "p.s").status == 0
    assert npusim("asm", "p.s").status == 0
    assert (tmp_path / "p.npu").read_bytes() == program.read_bytes()
    assert npusim("disasm", program, "-o", "q.s", "--inline").status == 0
    assert npusim("disasm", program).out == (tmp_path / "q.s").read_text()
    assert npusim("asm", "q.s", "-o", "r.npu").status == 0
    assert (tmp_path / "r.npu").read_bytes() == program.read_bytes()
    assert sorted(listing(tmp_path)) == ["p.dram", "p.npu", "p.s", "q.s", "r.npu"]
    code = npusim("disasm", program, "--code").out
    assert "; 2: mlp/fc1/MatMul (Gemm) 512 x 1 x 1" in code or "mlp/fc1/MatMul (Gemm)" in code
    assert ".dram" not in code


# ---- configs


def test_configs_lists_the_presets(npusim: Call) -> None:
    said = npusim("configs")
    for name in preset_names():
        assert re.search(rf"^{name} ", said.out, re.M)


def test_every_parameter_has_a_meaning() -> None:
    assert list(MEANING) == list(load_config("tiny").to_dict())


@pytest.mark.parametrize("name", preset_names())
def test_configs_shows_a_machine(npusim: Call, tmp_path: Path, name: str) -> None:
    said = npusim("configs", name)
    config = load_config(name, fit=False)
    for key in MEANING:
        assert re.search(rf"^{key} ", said.out, re.M)
    assert f"{config.peak_tflops:.3f} TFLOPS" in said.out
    assert ("utilisation" in said.out) == (config.device != "none")
    (tmp_path / "mine.toml").write_text(npusim("configs", name, "--toml").out)
    assert load_config("./mine.toml", fit=False) == config


def test_configs_shows_what_does_not_fit(npusim: Call, tmp_path: Path) -> None:
    (tmp_path / "big.toml").write_text('base = "arria10"\nname = "big"\nmrf_tiles = 192\n')
    said = npusim("configs", "big.toml")
    assert said.status == 0
    assert "does not fit: needs" in said.out
    assert "way out: " in said.out


# ---- run


def test_run_writes_what_it_is_asked_for(npusim: Call, tmp_path: Path, mlp: Path) -> None:
    x = np.random.default_rng(1).standard_normal((1, 256), np.float32)
    np.save("x.npy", x)
    np.savez("x.npz", features=x)
    outputs = []
    for at, source in enumerate(("x.npy", "x.npz", "features=x.npy")):
        said = npusim(
            "run", mlp, "--input", source, "--output", f"o{at}.npz", "--json", f"r{at}.json", "--trace", f"t{at}.json"
        )
        assert said.status == 0, said.err
        with np.load(f"o{at}.npz") as archive:
            outputs.append(archive["scores"])
    assert all(np.array_equal(outputs[0], other) for other in outputs)
    assert np.isclose(outputs[0].sum(), 1)
    assert len(listing(tmp_path)) == 2 + 9


def test_run_is_the_same_for_model_and_program(npusim: Call, mlp: Path, program: Path) -> None:
    for source, name in ((mlp, "a.npz"), (program, "b.npz"), ("mlp", "c.npz")):
        assert npusim("run", source, "--output", name, "--seed", 5, "--threads", 2).status == 0
    assert npusim("build", "mlp", "--seed", 5, "-o", "five.onnx").status == 0
    a, b = Path("a.npz").read_bytes(), Path("b.npz").read_bytes()
    assert a == b
    assert Path("c.npz").read_bytes() != a  # the name's weights follow the seed, too


def test_run_without_values(npusim: Call, program: Path) -> None:
    data = json.loads(npusim("run", program, "--no-values", "--json", "-").out)
    assert data["overflow"] is None
    assert data["host"][0]["seconds"] is None
    assert data["latency_with_link_and_host_ms"] is None
    assert data["cycles"] > 0


def test_run_refuses_nothing_with_npu_only(npusim: Call, tmp_path: Path) -> None:
    from cli_tools import dense

    dense(tmp_path / "d.onnx", np.ones((3, 4), np.float32))
    said = npusim("run", "d.onnx", "--npu-only", "-c", "tiny")
    assert said.status == 0
    assert "1 npu (100.0 % of MACs), 0 host" in said.out


def test_check_passes_and_fails(npusim: Call, mlp: Path, program: Path) -> None:
    said = npusim("run", program, "--check", "--model", mlp, "--json", "r.json")
    assert said.status == 0, said.err
    check = json.loads(Path("r.json").read_text())["check"]
    assert set(check) >= {"max_abs", "sqnr_db", "top1_agrees", "outputs", "sent", "layers", "passed"}
    assert check["top1_agrees"] is True
    assert check["sqnr_db"] > 15
    assert [row["name"] for row in check["layers"]] == ["mlp/fc1/MatMul", "mlp/fc2/MatMul", "mlp/logits/MatMul"]
    assert all(abs(row["sqnr_db"] - row["bfp_db"]) < 4 for row in check["layers"])
    assert "What bounds it: 5 mantissa bits" in said.out
    said = npusim("run", mlp, "--check", "--min-sqnr", 60)
    assert said.status == 1
    assert re.search(r"^npusim: mlp/logits/MatMul:0: SQNR [\d.]+ dB is below 60.0 dB$", said.err, re.M)


def test_golden_agrees_and_differs(npusim: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(residual(), tmp_path / "net.onnx")
    said = npusim("run", "net.onnx", "-c", "tiny", "--golden")
    assert said.status == 0, said.err
    assert "golden model: equal, bit for bit" in said.out
    from npusim.golden import arith

    monkeypatch.setattr(arith, "f16_relu", lambda bits: bits)
    said = npusim("run", "net.onnx", "-c", "tiny", "--golden")
    assert said.status == 1
    difference = r"^npusim: the golden model differs: tensor '.*'\[.*\] is .* \(0x[0-9a-f]{4}\), the golden"
    assert re.search(difference, said.err, re.M)


# ---- bench


def test_bench_prints_and_writes_the_same(npusim: Call, mlp: Path) -> None:
    said = npusim("bench", mlp, "--runs", 2, "--json", "r.json")
    assert said.status == 0, said.err
    data = json.loads(Path("r.json").read_text())
    assert f"{data['cycles']:,}" in said.out
    assert all(len(line) <= 120 for line in said.out.splitlines())
    assert "ONNX Runtime float32, 1 thread" in said.out
    assert re.search(r"the bit-exact simulation takes [\d.]+ x the time of ONNX Runtime", said.out)
    assert data["wall_s"]["simulate"] > 0
    assert data["host_ms"] > 0


def test_bench_knows_the_published_latency(npusim: Call) -> None:
    said = npusim("bench", "mlp", "--runs", 0)
    assert said.status == 0
    assert "published" not in said.out
    from npusim.report.reference import published

    (row,) = published("resnet_v1_50")
    assert (row.ms, "Microsoft" in row.note) == (1.8, True)


def test_bench_of_a_program_without_its_model(npusim: Call, mlp: Path, program: Path) -> None:
    said = npusim("bench", program, "--runs", 1)
    assert said.status == 0
    assert "--model MODEL.onnx" in said.err
    assert "ONNX Runtime" not in said.out
    said = npusim("bench", program, "--runs", 1, "--model", mlp)
    assert "ONNX Runtime float32, 1 thread" in said.out


# ---- processes


def test_a_closed_pipe_is_no_news(mlp: Path, tmp_path: Path) -> None:
    process = spawn("configs", "arria10", cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() in (0, 141)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_standard_output_may_be_full(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "npusim.cli", "configs"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "npusim: error: standard output: cannot be written: No space left on device\n"


@pytest.mark.slow
def test_a_cold_start_says_what_it_does(tmp_path: Path) -> None:
    code = "import os; os.environ['NUMBA_CACHE_DIR'] = 'cache'; from npusim.cli import main; main()"
    for cold in (True, False):
        process = spawn("run", "mlp", cwd=tmp_path, code=code)
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert ("compiling the simulator's kernels" in err) == cold
