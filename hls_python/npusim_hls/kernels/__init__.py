"""The arithmetic of the machine: one instance per operation and format, by name.

Numbers are bit patterns in Python ints; `overflow` is 0 or 1. `KERNELS` maps the name of each committed module to its
instance; other block sizes come from the functions below.
"""

from __future__ import annotations

from npusim_hls.kernel import Instance
from npusim_hls.kernels import convert, floats, unary

F16 = {"e": 5, "f": 10}
BF16 = {"e": 8, "f": 7}
F32 = {"e": 8, "f": 23}

f16_add = floats.float_add.bind("f16_add", **F16)
f16_sub = floats.float_sub.bind("f16_sub", **F16)
f16_mul = floats.float_mul.bind("f16_mul", **F16)
f16_max = floats.float_max.bind("f16_max", **F16)
f16_min = floats.float_min.bind("f16_min", **F16)
f16_relu = floats.float_relu.bind("f16_relu", **F16)
f16_clip = floats.float_clip.bind("f16_clip", **F16)
f16_leaky_relu = floats.float_leaky_relu.bind("f16_leaky_relu", **F16)

f32_add = floats.float_add.bind("f32_add", **F32)
f32_sub = floats.float_sub.bind("f32_sub", **F32)
f32_mul = floats.float_mul.bind("f32_mul", **F32)
f32_max = floats.float_max.bind("f32_max", **F32)

bf16_add = floats.float_add.bind("bf16_add", **BF16)
bf16_mul = floats.float_mul.bind("bf16_mul", **BF16)
bf16_max = floats.float_max.bind("bf16_max", **BF16)

int_to_f32 = convert.int_to_float.bind("int_to_f32", w=32, x=10, **F32)
f32_to_f16 = convert.float_narrow.bind("f32_to_f16", **F32, to_e=5, to_f=10)
f16_to_f32 = convert.float_widen.bind("f16_to_f32", **F16, to_e=8, to_f=23)
f16_to_fixed = convert.float_to_fixed.bind("f16_to_fixed", **F16)  # in units of 2**-24
sum_to_f16 = convert.sum_to_float.bind("sum_to_f16", w=63, **F16)  # of 2**22 numbers: below 2**62 units
f32_accumulate = convert.accumulate.bind("f32_accumulate", w=32, x=10, **F32)

f16_sigmoid = unary.float_sigmoid.bind("f16_sigmoid", **F16)
f16_tanh = unary.float_tanh.bind("f16_tanh", **F16)
f16_exp = unary.float_exp.bind("f16_exp", **F16)
f16_recip = unary.float_recip.bind("f16_recip", **F16)
f16_rsqrt = unary.float_rsqrt.bind("f16_rsqrt", **F16)


def bfp_instance(n: int, m: int) -> Instance:
    """float16 to block floating point over n lanes with m magnitude bits, named f16_to_bfp_<n>x<m>."""
    return convert.float_to_bfp.bind(f"f16_to_bfp_{n}x{m}", n=n, m=m, **F16)


def dot_instance(n: int, ma: int, mb: int | None = None) -> Instance:
    """Integer dot product of two blocks of n signed mantissas, of ma and mb (default ma) magnitude bits.

    Named bfp_dot_<n>x<ma>, and x<mb> behind it where that differs.
    """
    name = f"bfp_dot_{n}x{ma}" if mb in (None, ma) else f"bfp_dot_{n}x{ma}x{mb}"
    return convert.bfp_dot.bind(name, n=n, ma=ma, mb=ma if mb is None else mb)


def dot_to_f32_instance(d: int) -> Instance:
    """int_to_f32 for values of d bits, at most 24: what tiles give; named int_to_f32_d<d>."""
    return convert.dot_to_float.bind(f"int_to_f32_d{d}", d=d, w=32, x=10, **F32)


def lane_instance(m: int) -> Instance:
    """One lane of float16 to block floating point with m magnitude bits, named f16_to_bfp_lane_m<m>."""
    return convert.float_to_bfp_lane.bind(f"f16_to_bfp_lane_m{m}", m=m, **F16)


def f16_to_bfp(lanes: tuple[int, ...], m: int) -> tuple[tuple[int, ...], int]:
    """Mantissas and exponent of one block, for any number of lanes; plain Python.

    lanes: float16 bit patterns; m: magnitude bits, 2 .. 11. Returns (q, E): q in ±(2**m - 1), E in -14 .. 15.
    """
    key = (len(lanes), m)
    if key not in _BLOCKS:
        _BLOCKS[key] = bfp_instance(*key)
    q, exponent = _BLOCKS[key](tuple(lanes))
    return q, exponent


_BLOCKS: dict[tuple[int, int], Instance] = {}

KERNELS: dict[str, Instance] = {
    instance.name: instance
    for instance in (
        *[value for value in list(globals().values()) if isinstance(value, Instance)],
        dot_to_f32_instance(18),
        lane_instance(2),
        lane_instance(5),
        bfp_instance(8, 5),
        dot_instance(2, 5),
        dot_instance(16, 5),
    )
}
