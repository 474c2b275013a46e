"""One step of a recurrent layer as chains, in terms of named areas: which state is read, combined and written.

An area holds one or more blocks of H channels; where it lies follows from who reads it.  Areas from outside are
`GATES`, the gates' inputs of the step, and `BIAS`; nobody reads `IDLE`, which a chain writes that is there to wait.

A layer that multiplies its inputs itself does so two steps ahead, while the chains of a step wait for one another:
`GATES` is then an area of its own, with room for two steps, made of `INPUTS` and `INPUT_BIAS`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from npusim.compiler.ir import Recurrent
from npusim.isa import Space
from npusim.numerics import round_f16, to_f16_bits

GATES, BIAS, IDLE = "gates", "bias", "idle"
INPUTS, INPUT_BIAS = "inputs", "input bias"
AHEAD = 2
"""Steps by which the products of the inputs are ahead."""
MUL_SPACES = (Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)
ADDSUB_SPACES = (Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1)


class Ref(NamedTuple):
    """A block of an area."""

    area: str
    part: int = 0


class Op(NamedTuple):
    """One instruction of an MFU: a memory operand, or immediates."""

    name: str
    operand: Ref | None = None
    halves: tuple[int, ...] = ()


class CellChain(NamedTuple):
    """One chain of a step: source, the gates whose product it makes (first, count; None without a matrix), MFUs, area
    that it writes, and the first block there."""

    source: Ref
    gates: tuple[int, int] | None
    mfu0: tuple[Op, ...]
    mfu1: tuple[Op, ...]
    target: str
    part: int = 0

    @property
    def ahead(self) -> bool:
        """True for a product of the inputs, which belongs to a later step."""
        return self.source.area == INPUTS


def cell_chains(step: Recurrent) -> list[CellChain]:
    """Return the chains of one step in order; of those that read no inputs the last one writes the area h.

    The inputs' product comes in two parts: while the gates of the step are in the tail, and while its new state is.
    """
    chains = _lstm(step) if step.op == "LSTM" else _gru(step)
    if step.inputs is None:
        return chains
    early = (step.gates + 1) // 2
    at = next(i for i, chain in enumerate(chains) if chain.target == ("c" if step.op == "LSTM" else "v"))
    first, rest = _product(step, 0, early), _product(step, early, step.gates - early)
    return [*chains[:at], first, *chains[at:], rest]


def _product(step: Recurrent, gate: int, count: int) -> CellChain:
    bias = () if step.input_bias is None else (Op("vv_add", Ref(INPUT_BIAS, gate)),)
    return CellChain(Ref(INPUTS), (gate, count), bias, (), GATES, gate)


def area_spaces(step: Recurrent) -> dict[str, tuple[int, tuple[Space, ...]]]:
    """Return for each area the blocks that it has and the memories that it lies in; `GATES` is there `AHEAD` times."""
    parts: dict[str, int] = {IDLE: 1}
    spaces: dict[str, set[Space]] = {"h": {Space.INITIAL_VRF}, IDLE: {Space.INITIAL_VRF}}
    if step.last_c:
        spaces["c"] = {Space.INITIAL_VRF}
    for chain in cell_chains(step):
        blocks = chain.gates[1] if chain.gates is not None and chain.target != "h" else 1
        parts[chain.target] = step.gates if chain.target == GATES else blocks
        spaces.setdefault(chain.source.area, set()).add(Space.INITIAL_VRF)
        for unit, mfu in enumerate((chain.mfu0, chain.mfu1)):
            for op in mfu:
                if op.operand is not None:
                    spaces.setdefault(op.operand.area, set()).add(operand_space(op, unit))
    return {area: (parts[area], tuple(sorted(spaces[area]))) for area in parts}


def operand_space(op: Op, unit: int) -> Space:
    """Return the memory of an operand in MFU 0 or 1."""
    return MUL_SPACES[unit] if op.name == "vv_mul" else ADDSUB_SPACES[unit]


def _mul(area: str, part: int = 0) -> Op:
    return Op("vv_mul", Ref(area, part))


def _add(area: str, part: int = 0) -> Op:
    return Op("vv_add", Ref(area, part))


def _squash(step: Recurrent, act: str, *before: Op) -> tuple[tuple[Op, ...], tuple[Op, ...]]:
    """Return both MFUs of a gate: what comes before its activation, the clip, the activation."""
    if not step.clip:
        return (*before, Op(act)), ()
    low, high = to_f16_bits(round_f16(np.array([-step.clip, step.clip], np.float32))[0])
    return (*before, Op("v_clip", None, (int(low), int(high)))), (Op(act),)


def _lstm(step: Recurrent) -> list[CellChain]:
    first = 0 if step.coupled else 1  # number of gate i
    h, i = Ref("h"), Ref("io")
    chains = []
    if not step.coupled:
        mfu0, mfu1 = _squash(step, "v_sigm", _add(GATES, 0))
        target = "f" if step.clip else "fc"
        chains.append(CellChain(h, (0, 1), mfu0, mfu1 if step.clip else (_mul("c"),), target))
    chains.append(CellChain(h, (first, 2), *_squash(step, "v_sigm", _add(GATES, first)), "io"))
    chains.append(CellChain(h, (first + 2, 1), *_squash(step, "v_tanh", _add(GATES, first + 2)), "g"))
    if step.coupled:  # c - i * c
        chains.append(CellChain(i, None, (_mul("c"), Op("vv_b_sub_a", Ref("c"))), (), "fc"))
    elif step.clip:
        chains.append(CellChain(Ref("f"), None, (_mul("c"),), (), "fc"))
    chains.append(CellChain(i, None, (_mul("g"), _add("fc")), (), "c"))
    chains.append(CellChain(i, None, (_mul("g"), _add("fc"), Op("v_tanh")), (_mul("io", 1),), "h"))
    return chains


def _gru(step: Recurrent) -> list[CellChain]:
    """h - u * h is made while the product of the last gate is under way."""
    h, clipped = Ref("h"), bool(step.clip)
    joined = clipped or step.reset_after
    u = Ref("ur" if joined else "u")
    keep = CellChain(u, None, (_mul("h"), Op("vv_b_sub_a", h)), (), "v")
    chains = []
    if joined:
        chains.append(CellChain(h, (0, 2), *_squash(step, "v_sigm", _add(GATES, 0)), "ur"))
    else:
        chains.append(CellChain(h, (0, 1), (_add(GATES, 0), Op("v_sigm")), (), "u"))
        chains.append(CellChain(h, (1, 1), (_add(GATES, 1), Op("v_sigm")), (_mul("h"),), "rh"))
    if step.reset_after:
        bias = () if step.bias is None else (_add(BIAS),)
        chains.append(CellChain(h, (2, 1), bias, (), "raw"))
        source, gates = Ref("raw"), None
        before: tuple[Op, ...] = (_mul("ur", 1), _add(GATES, 2))
    else:
        if clipped:
            chains.append(CellChain(Ref("ur", 1), None, (_mul("h"),), (), "rh"))
        source, gates, before = Ref("rh"), (2, 1), (_add(GATES, 2),)
    chains.append(keep)
    mfu0, mfu1 = _squash(step, "v_tanh", *before)
    blend = (Op("vv_mul", u), _add("v"))
    if clipped:
        chains.append(CellChain(source, gates, mfu0, mfu1, "n"))
        chains.append(CellChain(Ref("n"), None, blend, (), "h"))
    else:
        chains.append(CellChain(source, gates, mfu0, blend, "h"))
    return chains
