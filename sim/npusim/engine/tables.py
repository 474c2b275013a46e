"""Unary functions as tables over all float16 patterns, filled by the kernels that define them."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from npusim import arith
from npusim.chain.forms import ActOp
from npusim.numerics import from_f16_bits

_KERNELS = {"sigm": arith.f16_sigmoid, "tanh": arith.f16_tanh}


@cache
def unary_table(name: ActOp) -> npt.NDArray[np.float32]:
    """Return float32[65536]: the function's float16 value for each pattern; NaN and infinity give 0."""
    kernel = _KERNELS[name]
    bits = [kernel(b) if arith.f16_is_number(b) else 0 for b in range(1 << 16)]
    return from_f16_bits(np.array(bits, np.uint16))
