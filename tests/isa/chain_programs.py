"""Small machines, and programs as text, for the tests of chains."""

from __future__ import annotations

from dataclasses import replace

from npusim.asm import assemble
from npusim.chain import ComputeChain, Decoded, decode_stream
from npusim.config import NpuConfig, load_config

SHARED = replace(
    load_config("arria10"),
    name="small", device="none", native_dim=4, lanes=1, engines=2, block=4, mrf_tiles=12, initial_vrf=64,
    addsub_vrf_0=32, addsub_vrf_1=48, multiply_vrf_0=32, multiply_vrf_1=32, expander=16, expander_rows=3,
    dram_mbytes=1, lat_acc=4,
)  # fmt: skip
PRIVATE = replace(SHARED, shared_weights=False)


def program(text: str, **regs: int) -> list[int]:
    """Words of `s_wr` for each register, then the text, then halt."""
    lines = [f"s_wr {name} {value}" for name, value in regs.items()]
    return [int(w) for w in assemble("\n".join([*lines, *text.split("|"), "halt"]))]


def decode(text: str, config: NpuConfig = SHARED, **regs: int) -> Decoded:
    return decode_stream(program(text, **regs), config)


def compute(text: str, config: NpuConfig = SHARED, **regs: int) -> ComputeChain:
    chain = decode(text, config, **regs).chains[-1]
    assert isinstance(chain, ComputeChain)
    return chain
