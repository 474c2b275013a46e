"""The kernels of a configuration: exact values after exactly the cycles of its latencies, and clear refusals."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from cocotb.triggers import ReadOnly, RisingEdge, Timer
from streams import Bench

from npusim.config import NpuConfig, load_config, preset_names
from npusim.errors import ConfigError
from npusim.rtl.kernels import check_latencies, kernel_modules, main, module_name, units
from npusim_hls.emit import ports
from npusim_hls.harness import fields_of, pack
from npusim_hls.kernel import Instance
from npusim_hls.vectors import corners, leaves_of, random_set
from npusim_hls.widths import Tuple, build, flatten

TINY = load_config("tiny")
MACHINES: dict[str, dict[str, Any]] = {
    "tiny": {},
    "deep": {"lat_bfp": 7, "lat_dot": 6, "lat_convert": 5, "lat_round": 4, "lat_mul": 5, "lat_add": 9, "lat_act": 12,
             "lat_reduce": 9, "weight_mantissa": 3, "clock_mhz": 120},
}  # fmt: skip


def machine(name: str) -> NpuConfig:
    return replace(TINY, **MACHINES[name])


# ---- in the simulator ------------------------------------------------------------------------------------------------


def top(config: NpuConfig) -> str:
    """All kernels side by side, the operands of each in one bus and the results in another."""
    heads, bodies = ["input wire clk", "input wire rst"], []
    for unit in units(config):
        name, links = module_name(unit.instance), [".clk(clk)"]
        for bus, group, way in (("s", ports({**unit.instance.inputs}), "input"),
                                ("m", ports({**unit.instance.outputs}), "output")):  # fmt: skip
            offset = 0
            for port in group:
                links.append(f".{port.name}({bus}_{name}[{offset + port.width - 1}:{offset}])")
                offset += port.width
            heads.append(f"{way} wire [{offset - 1}:0] {bus}_{name}")
        bodies.append(f"    {name} {name}_i ({', '.join(links)});")
    return "module kernels_top (\n    " + ",\n    ".join(heads) + "\n);\n" + "\n".join(bodies) + "\nendmodule\n"


def operand_sets(instance: Instance, rng: random.Random) -> Iterator[list[int]]:
    """Corners, random words, and now and then all leaves alike but for their low bits."""
    leaves = leaves_of(instance)
    edges = [corners(leaf) for leaf in leaves]
    while True:
        yield [rng.choice(edge) for edge in edges] if rng.random() < 0.4 else random_set(leaves, rng)


def result(instance: Instance, leaves: list[int]) -> int:
    """What the kernel gives in plain Python, as the output bus holds it."""
    found = instance(*build(list(leaves), Tuple(tuple(instance.inputs.values()))))
    return pack(flatten(found, instance.output), fields_of(ports({**instance.outputs})))


@cocotb.test()
async def results_come_when_the_configuration_says(dut: Any) -> None:
    bench = Bench(dut)
    await bench.reset()
    found = units(machine(bench.job["machine"]))
    streams = [operand_sets(unit.instance, bench.rng) for unit in found]
    wanted: list[list[int]] = [[] for _ in found]
    for _ in range(bench.job["cycles"]):
        for unit, stream, want in zip(found, streams, wanted, strict=True):
            leaves = next(stream)
            bus = getattr(dut, f"s_{module_name(unit.instance)}")
            bus.value = pack(leaves, fields_of(ports({**unit.instance.inputs})))
            want.append(result(unit.instance, leaves))
        await Timer(1, "ns")
        await ReadOnly()
        for unit, want in zip(found, wanted, strict=True):
            if len(want) > unit.stages:
                name = module_name(unit.instance)
                got = int(getattr(dut, f"m_{name}").value)
                assert got == want[-1 - unit.stages], (
                    f"{name}: {got:x}, {unit.stages} cycles ago {want[-1 - unit.stages]:x}"
                )
        await RisingEdge(dut.clk)


# ---- pytest ----------------------------------------------------------------------------------------------------------


def files(config: NpuConfig, folder: Path) -> list[Path]:
    for name, text in kernel_modules(config).items():
        (folder / name).write_text(text)
    return sorted(folder.glob("k_*.v"))


@pytest.mark.rtl
@pytest.mark.parametrize("name", MACHINES)
def test_results_and_latencies(simulator: str, name: str, tmp_path: Path) -> None:
    config = machine(name)
    sources = files(config, tmp_path)
    (tmp_path / "kernels_top.v").write_text(top(config))
    job = {"machine": name, "cycles": 1500 if simulator == "verilator" else 300}
    simulate("kernels_top", [*sources, tmp_path / "kernels_top.v"], __name__, simulator, job=job)


@pytest.mark.rtl
def test_modules_are_clean(tmp_path: Path) -> None:
    for source in files(TINY, tmp_path):
        lint(source.stem, [source])


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_has_latencies_that_silicon_can_keep(name: str) -> None:
    config = load_config(name)
    check_latencies(config)
    if config.device != "none":  # the least that are enough
        for field in ("lat_mul", "lat_add", "lat_act", "lat_acc", "lat_round", "lat_reduce"):
            with pytest.raises(ConfigError, match=f"{field} is "):
                check_latencies(replace(config, **{field: getattr(config, field) - 1}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lat_add": 4, "clock_mhz": 300}, "lat_add is 4: f16_add needs 7 cycles at 300 MHz (allowed: 7 or more)"),
        ({"lat_dot": 1}, "lat_dot is 1: bfp_dot_2x5 needs 1 cycle and 1 to add them up over the tile at 100 MHz "
                         "(allowed: 2 or more)"),
        ({"lat_reduce": 3}, "lat_reduce is 3: sum_to_f16 needs 2 cycles, 1 to align before it and 1 to accumulate at "
                            "100 MHz (allowed: 4 or more)"),
    ],
)  # fmt: skip
def test_latencies_that_are_too_short_are_refused(changes: dict[str, int], message: str) -> None:
    roomy = {"lat_mul": 9, "lat_add": 9, "lat_act": 12}
    with pytest.raises(ConfigError) as caught:
        kernel_modules(replace(TINY, **{**roomy, **changes}))
    assert str(caught.value) == message


def test_a_clock_beyond_the_delay_table_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"clock_mhz is 900: f16_mul: .* takes .* ns; a cycle at 900 MHz leaves"):
        kernel_modules(replace(TINY, clock_mhz=900))


def test_the_command_writes_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", "tiny", "-o", str(tmp_path / "k")]) == 0
    assert {path.name: path.read_text() for path in (tmp_path / "k").iterdir()} == kernel_modules(TINY)
    assert "modules written to" in capsys.readouterr().err
    assert main(["-c", "tinny", "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: no preset named 'tinny'")
