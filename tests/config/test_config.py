"""Configurations: presets, a user's own files, and every refusal by its text."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from npusim.config import NpuConfig, load_config, preset_names
from npusim.errors import ConfigError
from npusim.isa import Space

ARRIA10 = load_config("arria10")
RNN = load_config("arria10_rnn")


def test_presets() -> None:
    assert preset_names() == ["arria10", "arria10_rnn", "bw_s10", "tiny", "tiny_private"]


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_states_every_field_and_fits(name: str) -> None:
    config = load_config(name)
    assert config.name == name
    assert NpuConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(("name", "tflops"), [("arria10", 9.8), ("arria10_rnn", 9.8), ("bw_s10", 48.0)], ids=str)
def test_published_peak_rates(name: str, tflops: float) -> None:
    assert load_config(name).peak_tflops == pytest.approx(tflops, rel=0.005)


def test_derived_values() -> None:
    assert (ARRIA10.tile_cycles, ARRIA10.vector_bytes, ARRIA10.macs_per_cycle) == (8, 256, 16384)
    assert ARRIA10.tile_bytes == 128 * 128 * 6 // 8 + 128
    assert (ARRIA10.mrf_slots, RNN.mrf_slots) == (ARRIA10.mrf_tiles, 512 // 8)
    assert ARRIA10.dram_rate == Fraction(341, 10) * Fraction(967, 1000) * 1000 / 300
    assert (ARRIA10.dram_latency, ARRIA10.dram_bytes) == (60, 1 << 33)
    assert ARRIA10.depth(Space.INITIAL_VRF) == ARRIA10.initial_vrf
    with pytest.raises(KeyError):
        ARRIA10.depth(Space.DRAM)


def test_verilog_parameters_are_integers_in_capitals() -> None:
    parameters = load_config("tiny").verilog_parameters()
    assert parameters["NATIVE_DIM"] == 8
    assert parameters["SHARED_WEIGHTS"] == 1
    assert all(key.isupper() and type(value) is int for key, value in parameters.items())
    assert "DRAM_GBPS" not in parameters


def test_the_fingerprint_sees_every_field() -> None:
    seen = {ARRIA10.fingerprint}
    for field in dataclasses.fields(NpuConfig):
        new = {"str": "x", "bool": False, "float": 0.5, "int": 64}[str(field.type)]
        changes: dict[str, Any] = {field.name: new}
        data = ARRIA10.to_dict() | changes
        if data == ARRIA10.to_dict():
            data[field.name] = 65
        stand_in = object.__new__(NpuConfig)  # without the rules of __post_init__
        for key, value in data.items():
            object.__setattr__(stand_in, key, value)
        seen.add(stand_in.fingerprint)
    assert len(seen) == 1 + len(dataclasses.fields(NpuConfig))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lanes": "16"}, "lanes is '16', expected int"),
        ({"lanes": True}, "lanes is True, expected int"),
        ({"shared_weights": 1}, "shared_weights is 1, expected bool"),
        ({"name": 3}, "name is 3, expected str"),
        ({"dram_gbps": float("inf")}, "dram_gbps is inf, expected a finite number"),
        ({"dram_gbps": 0.0}, "dram_gbps is 0.0, expected more than 0"),
        ({"link_latency_us": -1}, "link_latency_us is -1, expected more than 0"),
        ({"initial_vrf": 0}, "initial_vrf is 0, expected at least 1"),
        ({"queue_depth": 1}, "queue_depth is 1, expected at least 2"),
        ({"dispatch_interval": 0}, "dispatch_interval is 0, expected at least 1"),
        ({"dram_burst": 32}, "dram_burst is 32, expected at least 64"),
        ({"dram_burst": 100}, "dram_burst is 100, expected a multiple of 64"),
        ({"lanes": 24}, "native_dim 128 is not a multiple of lanes 24"),
        (
            {"engines": 9},
            "engines is 9, expected at most native_dim / lanes = 8: with more, two engines would finish a tile in the "
            "same cycle",
        ),
        (
            {"lat_acc": 9},
            "lat_acc is 9, expected at most native_dim / lanes = 8: a sum must be ready when its next tile arrives",
        ),
        (
            {"lat_read": 7},
            "lat_expand is 6, expected at least lat_read = 7: the operand of a chain's first element is read while its "
            "source is",
        ),
        ({"weight_mantissa": 1}, "weight_mantissa is 1, expected 2..7"),
        ({"act_mantissa": 8}, "act_mantissa is 8, expected 2..7"),
        ({"block": 16}, "block is 16; blocks smaller than the native vector (128) are not supported yet"),
        (
            {"shared_weights": False, "mrf_tiles": 100},
            "mrf_tiles 100 is not a multiple of engines 8 (private weights)",
        ),
        ({"dram_efficiency": 1.5}, "dram_efficiency is 1.5, expected at most 1"),
    ],
)
def test_illegal_values(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dataclasses.replace(ARRIA10, **changes)
    assert str(caught.value) == message


# --------------------------------------------------------------------------------------------------------- own files


def test_a_file_with_a_base_states_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "arria10"\nname = "mine"\nmrf_tiles = 96\n', encoding="utf-8")
    assert load_config(str(path)) == dataclasses.replace(ARRIA10, name="mine", mrf_tiles=96)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lanes = ", "not valid TOML: Invalid value"),
        ('base = "aria10"', "base is 'aria10', expected a preset (nearest: arria10, arria10_rnn)"),
        ("base = 3", "base is 3, expected a preset (known: arria10, arria10_rnn, bw_s10, tiny, tiny_private)"),
        ('base = "arria10"\nlane = 8', "unknown parameter 'lane' (nearest: lanes"),
        ('name = "x"\ndevice = "none"', "parameters are missing: native_dim, lanes, engines"),
        ('base = "arria10"\nlanes = 24', "native_dim 128 is not a multiple of lanes 24"),
        ('base = "arria10"\ndevice = "arria10"', "device is 'arria10', expected a known one or 'none'"),
        ('base = "arria10"\ninitial_vrf = 16384', "does not fit Arria 10 GX 1150"),
    ],
)
def test_file_refusals(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_names_and_paths_that_are_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no preset named 'arria' \(nearest: arria10, .*\); a file's name ends in"):
        load_config("arria")
    with pytest.raises(ConfigError, match="cannot read the configuration: No such file or directory"):
        load_config(str(tmp_path / "missing.toml"))
    with pytest.raises(ConfigError, match="cannot read the configuration: Is a directory"):
        load_config(str(tmp_path))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot read the configuration: 'utf-8' codec"):
        load_config(str(tmp_path / "bytes.toml"))
