"""Operands for the check: all of them where the inputs have few bits, else corners and random words."""

from __future__ import annotations

import itertools
import random

from npusim_hls.kernel import Instance
from npusim_hls.widths import Int, scalars

EXHAUSTIVE_BITS = 20  # inputs of up to this many bits are tried one and all
MAX_CORNERS = 4096  # operand sets made of corners


def leaves_of(instance: Instance) -> list[Int]:
    return [leaf for type_ in instance.inputs.values() for leaf in scalars(type_)]


def corners(leaf: Int) -> list[int]:
    """Ends of the range, and both sides of every power of two."""
    found = {0, leaf.lo, leaf.hi, leaf.lo + 1, leaf.hi - 1}
    for power in range(leaf.width + 1):
        for value in (1 << power, (1 << power) - 1, (1 << power) + 1, leaf.hi - (1 << power), leaf.lo + (1 << power)):
            found |= {value, -value}
    alternating = int("10" * leaf.width, 2)
    found |= {alternating & leaf.hi, (alternating >> 1) & leaf.hi}
    return sorted(value for value in found if leaf.lo <= value <= leaf.hi)


def exhaustive(instance: Instance) -> bool:
    return sum(leaf.width for leaf in leaves_of(instance)) <= EXHAUSTIVE_BITS


def random_set(leaves: list[Int], rng: random.Random) -> list[int]:
    """Random words; half of the time a word repeats the high bits of the one before, so that operands are close."""
    values: list[int] = []
    for position, leaf in enumerate(leaves):
        value = rng.randint(leaf.lo, leaf.hi)
        if position and leaves[position - 1] == leaf and rng.random() < 0.5:
            value = values[-1] ^ (rng.getrandbits(leaf.width) >> rng.randrange(leaf.width))
            value = max(leaf.lo, min(leaf.hi, value))
        values.append(value)
    return values


def operands(instance: Instance, count: int, seed: int) -> list[list[int]]:
    """Operand sets (flattened leaves): everything, or corners × corners and then `count` random sets."""
    leaves = leaves_of(instance)
    if exhaustive(instance):
        return [list(values) for values in itertools.product(*(range(leaf.lo, leaf.hi + 1) for leaf in leaves))]
    rng = random.Random(seed)
    edges = [corners(leaf) for leaf in leaves]
    total = 1
    for edge in edges:
        total *= len(edge)
    if total <= MAX_CORNERS:
        sets = [list(values) for values in itertools.product(*edges)]
    else:
        sets = [[rng.choice(edge) for edge in edges] for _ in range(MAX_CORNERS)]
    return sets + [random_set(leaves, rng) for _ in range(count)]
