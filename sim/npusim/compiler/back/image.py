"""The DRAM image: weight tiles and constants in front, scratch space for spilled feature maps behind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from npusim.config import DRAM_ALIGN, NpuConfig
from npusim.errors import PlacementError
from npusim.numerics import to_f16_bits
from npusim.program import Region

U8 = npt.NDArray[np.uint8]


class DramImage:
    """Collects the parts and gives them addresses: tiles, then constants, then scratch behind both."""

    def __init__(self, config: NpuConfig) -> None:
        self.config = config
        self._parts: list[U8] = []
        self._size = 0
        self._end = 0
        self._scratch: dict[str, int] = {}
        self.regions: list[Region] = []

    def begin_scratch(self, constants: int) -> None:
        """Let scratch space begin behind what is there and `constants` bytes still to come."""
        self._end = self._size + constants

    def _append(self, name: str, data: U8, kind: str) -> int:
        address = self._size
        padding = -len(data) % DRAM_ALIGN
        self._parts.append(data)
        if padding:
            self._parts.append(np.zeros(padding, np.uint8))
        self._size += len(data) + padding
        self.regions.append(Region(name, address, len(data), "tiles" if kind == "tiles" else "constants"))
        self._check(name)
        return address

    def tiles(self, name: str, data: U8) -> int:
        """Append packed tiles, uint8[n, tile_bytes]; returns their byte address."""
        return self._append(name, np.ascontiguousarray(data).reshape(-1), "tiles")

    def constants(self, name: str, vectors: npt.NDArray[np.float32]) -> int:
        """Append vectors of float16 values, float32[n, N]; returns their byte address."""
        data = to_f16_bits(vectors).astype("<u2").reshape(-1).view(np.uint8)
        return self._append(name, data, "constants")

    def scratch(self, name: str, size: int) -> None:
        """Reserve `size` bytes for a spilled feature map."""
        address = self._end
        self._end += -(-size // DRAM_ALIGN) * DRAM_ALIGN
        self._scratch[name] = address
        self.regions.append(Region(name, address, size, "scratch"))
        self._check(name)

    def address(self, name: str) -> int:
        """Byte address of a scratch area."""
        return self._scratch[name]

    def _check(self, name: str) -> None:
        if max(self._size, self._end) > self.config.dram_bytes:
            raise PlacementError(
                f"{name}: weights, constants and spilled feature maps need more than the {self.config.dram_mbytes} MiB "
                f"of DRAM of {self.config.name}"
            )

    @property
    def size(self) -> int:
        """Bytes in use, scratch space included."""
        return max(self._size, self._end)

    @property
    def data(self) -> U8:
        """The initialised image, from address 0 on."""
        return np.concatenate(self._parts) if self._parts else np.zeros(0, np.uint8)
