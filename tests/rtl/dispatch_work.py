"""Programs for the benches of dispatch: legal ones with loops, damaged ones, and what Python makes of them."""

from __future__ import annotations

import importlib.util
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import descriptor

from npusim.asm import assemble
from npusim.chain import decode_stream
from npusim.config import NpuConfig
from npusim.csr import Fault
from npusim.errors import ProgramError
from npusim.isa import BY_NAME, BY_OPCODE, LOOP_DEPTH, OPCODE_LSB, Reg, encode

# Refusals that a unit finds out as it runs, or nobody (own reads): dispatch lets such a chain pass.
_LATER = (
    r"reaches vector",
    r"reaches byte",
    r"overwrites vectors",
    r"expected a divisor",
    r"stands behind halt",
)  # the machine stops at halt and never sees it
_CODES = (
    (Fault.ILLEGAL_INSTRUCTION, r"illegal opcode|bits outside its fields|no register|no memory space|NaN or infinity"),
    (
        Fault.ILLEGAL_INSTRUCTION,
        r"count is 0, expected at least 1$|loops are open|no loop is open|stands inside the loop|no sigmoid and tanh",
    ),
    (Fault.ADDRESS_RANGE, r"slot \d+ is outside|is outside the Expander|not a multiple of|base register makes"),
    (Fault.NO_HALT, r"words without halt"),
)


@dataclass(frozen=True)
class Verdict:
    """What Python says: `code` is NONE for a legal program; a later refusal belongs to a unit."""

    code: Fault
    word: int
    later: bool
    text: str


def verdict(words: list[int], config: NpuConfig) -> Verdict:
    """Judge a program."""
    try:
        decode_stream(words, config)
    except ProgramError as error:
        text = str(error)
        found = re.match(r"word (\d+)", text)
        word = len(words) - 1 if found is None else int(found.group(1))
        if any(re.search(pattern, text) for pattern in _LATER):
            return Verdict(Fault.NONE, word, True, text)
        code = next((code for code, pattern in _CODES if re.search(pattern, text)), Fault.ILLEGAL_CHAIN)
        return Verdict(code, word, False, text)
    return Verdict(Fault.NONE, 0, False, "")


def pushes(words: list[int], config: NpuConfig) -> list[tuple[int, int, int]]:
    """Every chain of a legal program: (number of its end_chain among the words dispatched, queue, descriptor)."""
    chains = decode_stream(words, config).chains
    return [(chain.dispatch, int(chain.queue), descriptor.descriptor(chain)) for chain in chains]


@lru_cache(maxsize=1)
def random_programs() -> ModuleType:
    """The generator of the simulator's tests."""
    path = Path(__file__).resolve().parents[1] / "engine" / "random_programs.py"
    spec = importlib.util.spec_from_file_location("random_programs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def legal(rng: random.Random, config: NpuConfig, chains: int = 4) -> list[int]:
    """A legal program: random chains, then loops around chains that step by s_add, then halt."""
    while True:
        words: list[int] = random_programs().random_case(rng, config, chains).words[:-1]
        words = [*words, *_looped(rng, 1), encode("halt")]
        if verdict(words, config).code == Fault.NONE and not verdict(words, config).later:
            return words


def _looped(rng: random.Random, depth: int) -> list[int]:
    """A loop whose chains move their base registers; loops inside it, perhaps."""
    reg = rng.choice([Reg.RD_BASE, Reg.WR_BASE, Reg.OP0_BASE, Reg.OP1_BASE])
    resets = "ROWS 1 | COLS 1 | KH 1 | KW 1 | KC 1 | IN_H 1 | IN_W 1 | OUT_COLS 1 | MV_ROWS 1 | RD_ROW 0 | RD_COL 0"
    body = [f"s_wr {text}" for text in resets.split("|")] if depth == 1 else []
    body += ["v_rd InitialVrf 9 base"]
    body += rng.sample(["vv_mul mfu0 7 base", "vv_add mfu0 3 base", "vv_max mfu1 5 base"], 1)
    body += ["v_wr MultiplyVrf_1 11 base", "v_wr InitialVrf 40", "end_chain give=compute", f"s_add {reg.name} 1"]
    words = [int(word) for word in assemble("\n".join(body))]
    if depth < LOOP_DEPTH and rng.random() < 0.6:
        words += _looped(rng, depth + 1)
    return [encode("loop", count=rng.randint(1, 3)), *words, encode("end_loop")]


def damaged(rng: random.Random, config: NpuConfig) -> list[int]:
    """A program that was legal until one or two of its words were changed; it may be legal still."""
    words = legal(rng, config, 2)
    for _ in range(rng.choice([1, 1, 2])):
        rng.choice(_DAMAGES)(rng, words)
    return words


def _flip(rng: random.Random, words: list[int]) -> None:
    words[rng.randrange(len(words))] ^= 1 << rng.randrange(64)


def _drop(rng: random.Random, words: list[int]) -> None:
    del words[_in_chain(rng, words)]


def _double(rng: random.Random, words: list[int]) -> None:
    place = _in_chain(rng, words)
    words.insert(place, words[place])


def _swap(rng: random.Random, words: list[int]) -> None:
    a, b = _in_chain(rng, words), _in_chain(rng, words)
    words[a], words[b] = words[b], words[a]


def _insert(rng: random.Random, words: list[int]) -> None:
    row = rng.choice(sorted(BY_NAME))
    words.insert(_in_chain(rng, words), encode(row, **{f.name: _value(rng, f.limit) for f in BY_NAME[row].fields}))


def _operand(rng: random.Random, words: list[int]) -> None:
    place = _in_chain(rng, words)
    row = BY_OPCODE[words[place] >> OPCODE_LSB]
    if row.fields:
        f = rng.choice(row.fields)
        words[place] = words[place] & ~(f.limit << f.lsb) | _value(rng, f.limit) << f.lsb


def _register(rng: random.Random, words: list[int]) -> None:
    value = _value(rng, (1 << 32) - 1)
    words.insert(_outside(rng, words), encode("s_wr", reg=rng.choice(list(Reg)), value=value))


_DAMAGES: list[Callable[[random.Random, list[int]], None]] = [
    _flip, _drop, _double, _swap, _insert, _operand, _register, _register, _register,
]  # fmt: skip


def _value(rng: random.Random, limit: int) -> int:
    corners = [0, 1, 2, 3, 5, 16, 41, 255, (1 << 20) - 1, 1 << 20, 1 << 22, (1 << 22) + 1, 1 << 31, limit, limit - 1]
    return rng.choice(corners) & limit


def _in_chain(rng: random.Random, words: list[int]) -> int:
    scalars = {BY_NAME[name].opcode for name in ("s_wr", "s_add", "halt")}
    return rng.choice([i for i, word in enumerate(words) if word >> OPCODE_LSB not in scalars])


def _outside(rng: random.Random, words: list[int]) -> int:
    """A place where a scalar instruction may stand."""
    end = BY_NAME["end_chain"].opcode
    reads = {BY_NAME[name].opcode for name in ("v_rd", "m_rd")}
    places = [i for i, word in enumerate(words) if word >> OPCODE_LSB in reads]
    return rng.choice(places or [i + 1 for i, word in enumerate(words) if word >> OPCODE_LSB == end] or [0])


def chain_of(words: list[int], word: int) -> tuple[int, int]:
    """First and last word of the chain that a word stands in, by the words around it."""
    end = BY_NAME["end_chain"].opcode
    reads = {BY_NAME[name].opcode for name in ("v_rd", "m_rd")}
    first = word
    while first > 0 and words[first] >> OPCODE_LSB not in reads:
        first -= 1
    last = word
    while last < len(words) - 1 and words[last] >> OPCODE_LSB != end:
        last += 1
    return first, last


def describe(bus: Any) -> Any:
    """A descriptor for messages."""
    return descriptor.describe(bus) if isinstance(bus, int) else bus
