"""A configuration as parameters of `npu_top`; what the Verilog cannot do is refused in one sentence."""

from __future__ import annotations

from npusim.config import DRAM_ALIGN, NpuConfig
from npusim.errors import ConfigError

MAX_AXI_BYTES = 128
MAX_DEPTH = 1 << 24


def axi_bytes(config: NpuConfig) -> int:
    """Return the width of the AXI data bus in bytes: the least power of two that carries the DRAM's rate."""
    width = 8
    while width < config.dram_rate:
        width *= 2
    if width > MAX_AXI_BYTES:
        raise ConfigError(
            f"{config.name}: DRAM gives {float(config.dram_rate):.1f} bytes a cycle, "
            f"the RTL's AXI bus carries at most {MAX_AXI_BYTES}"
        )
    return width


def parameters(config: NpuConfig) -> dict[str, int]:
    """Return the RTL's parameters: every whole number of the configuration in capitals, AXI_BYTES, and the DRAM's rate.

    Raises `ConfigError` for a machine that the RTL cannot be.
    """
    _refuse(config)
    rate = config.dram_rate
    derived = {"AXI_BYTES": axi_bytes(config), "DRAM_NUM": rate.numerator, "DRAM_DEN": rate.denominator}
    return {**config.verilog_parameters(), **derived}


def _refuse(c: NpuConfig) -> None:
    limits = [
        (c.native_dim >= 4, f"native_dim is {c.native_dim}, the RTL needs at least 4"),
        (c.native_dim & (c.native_dim - 1) == 0, f"native_dim is {c.native_dim}, the RTL needs a power of two"),
        (c.lanes & (c.lanes - 1) == 0, f"lanes is {c.lanes}, the RTL needs a power of two"),
        (c.engines <= 128, f"engines is {c.engines}, the RTL has at most 128"),
        (c.lat_dot >= 2, f"lat_dot is {c.lat_dot}, the RTL needs at least 2: one cycle accumulates"),
        (c.lat_reduce >= 3, f"lat_reduce is {c.lat_reduce}, the RTL needs at least 3: it aligns, adds, rounds"),
        (c.lat_dma >= 3, f"lat_dma is {c.lat_dma}, the RTL needs at least 3: it collects, aligns, writes"),
        (c.net_bytes <= c.vector_bytes, f"net_bytes is {c.net_bytes}, the RTL takes up to {c.vector_bytes}"),
        (c.dram_burst % DRAM_ALIGN == 0, f"dram_burst is {c.dram_burst}, the RTL needs a multiple of {DRAM_ALIGN}"),
    ]
    depths = {key: value for key, value in c.to_dict().items() if key.endswith("vrf") or "_vrf_" in key}
    depths |= {"mrf_tiles": c.mrf_tiles, "expander": c.expander, "imem_words": c.imem_words}
    limits += [(depth <= MAX_DEPTH, f"{key} is {depth}, the RTL has 24-bit addresses") for key, depth in depths.items()]
    for holds, text in limits:
        if not holds:
            raise ConfigError(f"{c.name}: {text}")
