"""The scalar operations of section 4 of `docs/architecture.md`, from the kernels that the hardware is generated from.

Numbers are bit patterns in Python ints.  Operations that round return (bits, overflow).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from npusim_hls import kernels
from npusim_hls.kernel import Instance


def _plain(instance: Instance) -> Callable[..., Any]:
    """Return the kernel's Python function without the check of every argument's width."""
    return partial(instance.kernel.function, **instance.parameters)


Rounded = tuple[int, bool]

f16_add: Callable[[int, int], Rounded] = _plain(kernels.f16_add)
f16_sub: Callable[[int, int], Rounded] = _plain(kernels.f16_sub)
f16_mul: Callable[[int, int], Rounded] = _plain(kernels.f16_mul)
f16_max: Callable[[int, int], int] = _plain(kernels.f16_max)
f32_add: Callable[[int, int], Rounded] = _plain(kernels.f32_add)
f32_to_f16: Callable[[int], Rounded] = _plain(kernels.f32_to_f16)
f16_to_fixed: Callable[[int], tuple[int, int]] = _plain(kernels.f16_to_fixed)
sum_to_f16: Callable[[int], Rounded] = _plain(kernels.sum_to_f16)

# These meet the same few thousand values again and again.
int_to_f32: Callable[[int, int], Rounded] = lru_cache(1 << 16)(_plain(kernels.int_to_f32))
f16_relu: Callable[[int], int] = lru_cache(1 << 16)(_plain(kernels.f16_relu))
f16_sigmoid: Callable[[int], int] = lru_cache(1 << 16)(_plain(kernels.f16_sigmoid))
f16_tanh: Callable[[int], int] = lru_cache(1 << 16)(_plain(kernels.f16_tanh))
f16_clip: Callable[[int, int, int], int] = lru_cache(1 << 16)(_plain(kernels.f16_clip))
f16_leaky_relu: Callable[[int, int], Rounded] = lru_cache(1 << 16)(_plain(kernels.f16_leaky_relu))


@lru_cache(1 << 12)
def f16_to_bfp(vector: tuple[int, ...], m: int) -> tuple[tuple[int, ...], int]:
    """Return mantissas and exponent of a block; a window reads the same vector once for every tap."""
    return kernels.f16_to_bfp(vector, m)


def f16_flush(bits: int) -> int:
    """Return the pattern, a subnormal as the zero of its sign."""
    return bits if bits & 0x7C00 else bits & 0x8000


def f16_is_number(bits: int) -> bool:
    """True unless the pattern is NaN or infinity."""
    return bits & 0x7C00 != 0x7C00
