"""What parts of the machine cost on an Intel FPGA with 6-input ALMs: the constants and formulas of the resource model.

Constants marked K are the synthesis figures of the generated kernels (`npusim hls report`), those marked Y are measured
by `python tools/alm_costs.py`; the others carry their reasoning.
"""

from __future__ import annotations

import math

from npusim_hls.report import load

KERNEL_FIGURES = load()


def _kernel(name: str) -> int:
    """ALMs of a generated kernel, without its multiplier, which is in a DSP block."""
    return math.ceil(KERNEL_FIGURES[name].alms)


# ALMs of one lane.  DSP blocks go where they save most ALMs: floating-point additions, significands, then mantissas.
# All other units of a lane are the generated kernels, as the RTL instantiates them.
FP32_ADD_AROUND_DSP = 20  # flush and saturation behind a DSP block in floating-point mode: 32 two-way choices
FP32_TO_F16 = _kernel("f32_to_f16")  # K
F16_ADD_AROUND_DSP = 5 + FP32_TO_F16  # float16 add: widened, added in fp32 by a DSP block, rounded (K: 188 without)
F16_MAX = _kernel("f16_max")  # K
F16_MUL_AROUND = _kernel("f16_mul")  # K; its 11 x 11 multiplier is half a DSP block
CLIP = _kernel("f16_clip")  # K; relu is clip with other bounds
LEAKY_RELU = _kernel("f16_leaky_relu")  # K; it multiplies, too
SIGMOID_TANH = _kernel("f16_sigmoid") + _kernel("f16_tanh") + 8  # K, and the choice between the two
CHOOSE = 8 + 12  # maximum or sum, then clip, leaky relu or another function: two and four ways, 16 bits
MFU_LANE = F16_MUL_AROUND + F16_ADD_AROUND_DSP + F16_MAX + CLIP + LEAKY_RELU + CHOOSE
MFU_DSP = 1 + KERNEL_FIGURES["f16_mul"].dsps + KERNEL_FIGURES["f16_leaky_relu"].dsps
SIGMOID_TANH_DSP = KERNEL_FIGURES["f16_sigmoid"].dsps + KERNEL_FIGURES["f16_tanh"].dsps

# Reduce: align to fixed point; add or subtract in a 63-bit accumulator that a window's first element loads (two bits an
# ALM, twice: an element may end a window and open the next); round; the maximum beside it compares patterns and
# chooses; choice of the two results.
REDUCE_LANE = _kernel("f16_to_fixed") + 2 * 32 + _kernel("sum_to_f16") + 24 + 8
_CONVERT_18 = _kernel("int_to_f32_d18")  # K
_BFP_LANE_2, _BFP_LANE_5 = _kernel("f16_to_bfp_lane_m2"), _kernel("f16_to_bfp_lane_m5")  # K
BFP_LANE = {m: math.ceil(_BFP_LANE_2 + (m - 2) * (_BFP_LANE_5 - _BFP_LANE_2) / 3) for m in range(2, 8)}
"""Align, round and clip a lane, by mantissa bits: linear through the two generated ones."""
EXP_MAX = 6  # Y: one maximum of two exponents; N - 1 of them

# Fixed shell.  Soft parts as reported for the Catapult shell (Caulfield et al., MICRO 2016): PCIe DMA engine about
# 6,800 ALMs, "other" about 8,300.  Arria 10 and Stratix 10 have hard memory controllers; an AXI adapter of 512 bits
# each way with asynchronous FIFOs is taken as 1,500 ALMs a channel.  Six data FIFOs of 512 bits and 512 entries (two
# memory channels and PCIe, each way).
SHELL_ALM = 6_800 + 8_300 + 2 * 1_500
SHELL_FIFOS = 6
FIFO_WIDTH = 512
FIFO_DEPTH = 512

# Fetch, dispatch, semaphores, CSRs and nine address generators of four nested loops, each with three 32-bit adders and
# a counter: 9 * 4 * 4 * 16 ALMs, and as much again for what surrounds them; estimate.
CONTROL_ALM = 2 * 9 * 4 * 4 * 16
CHAIN_BITS = 1200  # a chain waiting in a queue: 30 registers of 32 bits and its instructions' fields


def tree_alms(terms: int, width: int, cap: int) -> float:
    """Return the ALMs of an adder tree over `terms` numbers of `width` bits; no sum needs more than `cap` bits.

    In shared arithmetic mode an ALM adds two bits of three numbers (Arria 10 Core Fabric Handbook, section 1.2.4).
    """
    alms = 0.0
    while terms > 1:
        adders = terms // 3 if terms > 2 else 1
        left = terms % 3 if terms > 2 else 0
        width = min(width + (2 if terms > 2 else 1), cap)
        alms += adders * width / 2
        terms = adders + left
    return alms


def soft_dot_alms(lanes: int, weight_bits: int, act_bits: int) -> float:
    """Return the ALMs of a dot product of sign and magnitude mantissas without DSP blocks: the smaller of two forms.

    An ALM in arithmetic mode has a 4-input LUT in front of each adder input: gating by a multiplier bit and inversion
    by the product's sign fit in.  So one carry chain adds two gated rows, either two rows of one product or the same
    row of two lanes.  Adder trees take the chains' results, one tree for each power of two, and the count of inverted
    products (their carries); the trees' sums are added at the end.
    """
    multiplier, wide = sorted((weight_bits, act_bits))
    growth = math.ceil(math.log2(lanes))
    full = weight_bits + act_bits + 1 + growth
    signs = tree_alms(lanes, 1, growth + 1) + lanes / 2
    one_lane, two_lanes = 0.0, 0.0
    trees = math.ceil(multiplier / 2)
    one_lane += lanes * trees * (wide + 2) / 2 + trees * tree_alms(lanes, wide + 3, wide + 3 + growth)
    one_lane += tree_alms(trees, full, full)
    chains = math.ceil(lanes / 2)
    two_lanes += multiplier * (chains * (wide + 2) / 2 + tree_alms(chains, wide + 2, wide + 1 + growth))
    two_lanes += tree_alms(multiplier, full, full)
    return min(one_lane, two_lanes) + signs


def packed_rows(weight_bits: int, act_bits: int, width: int = 18) -> int:
    """Return how many rows share one 18 x 19 multiplier.

    Two's complement weights of neighbouring rows are packed into one operand, field by field; the other operand is the
    activation that the rows have in common. A DSP block sums its two multipliers (two lanes), so a field holds the sum
    of two products: weight_bits + act_bits + 2 bits.
    """
    field = weight_bits + act_bits + 2
    return max(1, (width - (weight_bits + 1)) // field + 1)


def dsp_dot_alms(lanes: int, weight_bits: int, act_bits: int) -> float:
    """Return the ALMs around a dot product in DSP blocks: packing of the weights and the tree over pairs of lanes."""
    rows = packed_rows(weight_bits, act_bits)
    field = weight_bits + act_bits + 2
    cap = weight_bits + act_bits + 1 + math.ceil(math.log2(lanes))
    packing = lanes * (rows - 1) / rows * (weight_bits + 2) / 2
    return packing + tree_alms(math.ceil(lanes / 2), field, max(cap, field))


def convert_alms(bits: int) -> int:
    """Return the ALMs that turn a dot product of so many bits into fp32: in proportion to the generated one's 18."""
    return math.ceil(_CONVERT_18 * bits / 18)


IN_DSP = {"f16_add": F16_ADD_AROUND_DSP, "f32_add": FP32_ADD_AROUND_DSP}
"""Kernel -> ALMs of a lane counted for it with its addition in a DSP block in floating-point mode."""
