"""npu_dispatch: descriptors, their cycles and every refusal, against the chain decoder in Python."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import cocotb
import pytest
from bench import lint, simulate
from cocotb.triggers import ReadOnly, RisingEdge
from dispatch_work import chain_of, damaged, describe, legal, pushes, random_programs, verdict
from streams import Bench, known

from npusim.asm import assemble
from npusim.config import NpuConfig
from npusim.csr import Fault

pytestmark = pytest.mark.rtl

SOURCES = ["npu_dispatch.v", "npu_fetch.v", "npu_assemble.v", "npu_decode.v", "npu_products.v", "npu_check.v"]
FIELDS = (
    "native_dim", "engines", "shared_weights", "mrf_tiles", "expander", "expander_rows", "imem_words",
    "sigmoid_tanh_0", "sigmoid_tanh_1", "dispatch_interval",
)  # fmt: skip


def machine(shared: bool, interval: int = 1) -> NpuConfig:
    config: NpuConfig = random_programs().small_machine(4, shared)
    return replace(config, imem_words=2048, dispatch_interval=interval)


def parameters(config: NpuConfig) -> dict[str, int]:
    return {name.upper(): int(getattr(config, name)) for name in FIELDS}


def run(simulator: str, config: NpuConfig, case: str, job: Any, seed: int = 1, gaps: str = "free") -> None:
    simulate("npu_dispatch", SOURCES, __name__, simulator, parameters=parameters(config), job=job, seed=seed,
             gaps=gaps, cases=[case])  # fmt: skip


# ---- pytest's side ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shared", "interval"), [(True, 1), (False, 1), (True, 3), (False, 11)])
@pytest.mark.parametrize("gaps", ["free", "sink"])
def test_legal_programs(simulator: str, gaps: str, shared: bool, interval: int) -> None:
    rng, config = random.Random(f"legal {shared}"), machine(shared, interval)
    programs = [legal(rng, config) for _ in range(5 if simulator == "verilator" else 2)]
    programs.append(words_of(f"{V} | {W} | end_chain", {})[0])  # registers as reset leaves them
    job = [{"words": words, "pushes": pushes(words, config)} for words in programs]
    run(simulator, config, "dispatches", job, gaps=gaps)


@pytest.mark.parametrize("shared", [True, False])
def test_damaged_programs(simulator: str, shared: bool) -> None:
    rng, config = random.Random(f"damaged {shared}"), machine(shared)
    job = []
    for _ in range(60 if simulator == "verilator" else 12):
        words = damaged(rng, config)
        found = verdict(words, config)
        item: dict[str, Any] = {"words": words, "legal": found.code == Fault.NONE and not found.later}
        item["text"], item["later"] = found.text, found.later
        item["chain"] = chain_of(words, found.word)
        job.append(item)
    run(simulator, config, "refuses_what_the_checker_refuses", job)


V = "v_rd InitialVrf 0"
W = "v_wr InitialVrf 40"
CHAIN, ILLEGAL, RANGE = Fault.ILLEGAL_CHAIN, Fault.ILLEGAL_INSTRUCTION, Fault.ADDRESS_RANGE
MATMUL = f"{V} | mv_mul 0 | {W} | end_chain"
IMAGE = f"v_rd Expander 0 | {W} | end_chain"
REDUCED = f"{V} | v_red_max | {W} | end_chain"
HOLD = f"{V} | mv_mul 0 hold | end_chain"
# text, registers, code, word of the fault counted from the text's first word
RULES: list[tuple[str, dict[str, int], Fault, int]] = [
    # one word
    ("0xfc00000000000000", {}, ILLEGAL, 0),
    ("0x0000000000000001", {}, ILLEGAL, 0),
    ("0x0780000000000001", {}, ILLEGAL, 0),  # s_wr of register 56
    (f"0x0a40000000000000 | {W} | end_chain", {}, ILLEGAL, 0),  # v_rd of space 9
    (f"{V} | 0xa3c0000000000000 | end_chain", {}, ILLEGAL, 1),  # v_wr to space 15
    (f"{V} | v_clip mfu0 0x7c00 0 | {W} | end_chain", {}, ILLEGAL, 1),
    (f"{V} | v_clip mfu0 0 0xfc01 | {W} | end_chain", {}, ILLEGAL, 1),
    (f"{V} | v_lrelu mfu1 0x7e00 | {W} | end_chain", {}, ILLEGAL, 1),
    # loops
    ("loop 0 | end_loop", {}, ILLEGAL, 0),
    ("loop 1 | loop 1 | loop 1 | loop 1 | loop 1", {}, ILLEGAL, 4),
    ("loop 2 | end_loop | end_loop", {}, ILLEGAL, 2),
    ("loop 2 | s_wr ROWS 1 | halt", {}, ILLEGAL, 2),
    (f"{V} | loop 2 | {W} | end_chain", {}, CHAIN, 1),
    # order
    (f"{W} | end_chain", {}, CHAIN, 0),
    ("end_chain", {}, CHAIN, 0),
    ("m_wr 0", {}, CHAIN, 0),
    (f"{V} | {V}", {}, CHAIN, 1),
    (f"{V} | s_wr ROWS 1", {}, CHAIN, 1),
    (f"{V} | halt", {}, CHAIN, 1),
    (f"{V} | end_chain", {}, CHAIN, 1),
    (f"{V} | m_wr 0", {}, CHAIN, 1),
    ("m_rd 0 | end_chain", {}, CHAIN, 1),
    (f"m_rd 0 | {W}", {}, CHAIN, 1),
    ("m_rd 0 | m_wr 0 | m_wr 1", {}, CHAIN, 2),
    (f"{V} | v_relu mfu0 | vv_add mfu0 0", {}, CHAIN, 2),
    (f"{V} | v_relu mfu1 | v_red_max", {}, CHAIN, 2),
    (f"{V} | v_relu mfu1 | v_relu mfu1", {}, CHAIN, 2),
    (f"{V} | {W} | v_relu mfu1", {}, CHAIN, 2),
    # targets
    (f"{V} | v_wr NetInQ 0 | end_chain", {}, CHAIN, 1),
    ("v_rd NetOutQ 0", {}, CHAIN, 0),
    (f"{V} | {W} | v_wr InitialVrf 3", {}, CHAIN, 2),
    (f"{V} | v_wr DRAM 0 | {W}", {}, CHAIN, 2),
    (f"{V} | {W} | v_wr NetOutQ 0", {}, CHAIN, 2),
    (f"{V} | v_wr Expander 0 | end_chain", {}, CHAIN, 2),
    (f"v_rd AddSubVrf_0 0 | {W} | end_chain", {}, CHAIN, 2),
    # sums
    (f"{V} | mv_mul 0 hold | v_relu mfu0", {}, CHAIN, 2),
    (f"{V} | mv_mul 0 hold | {W}", {}, CHAIN, 2),
    (f"{HOLD} | halt", {}, CHAIN, 3),
    (f"{HOLD} | {MATMUL}", {}, CHAIN, 6),
    (f"{HOLD} | {V} | {W} | end_chain", {}, CHAIN, 5),
    (f"{V} | mv_mul 0 acc | {W} | end_chain", {}, CHAIN, 3),
    (f"{HOLD} | s_wr COLS 2 | {V} | mv_mul 0 acc | {W} | end_chain", {}, CHAIN, 7),
    # moves
    (f"v_rd DRAM 0 | v_relu mfu0 | {W} | end_chain", {}, CHAIN, 3),
    (f"v_rd DRAM 0 low | {W} | end_chain", {}, CHAIN, 2),
    ("v_rd Expander 0 | v_wr NetOutQ 0 | end_chain", {}, CHAIN, 2),
    (f"v_rd DRAM 0 | {W} | end_chain", {"ROWS": 0}, CHAIN, 2),
    (f"v_rd DRAM 0 | {W} | end_chain", {"OUT_COLS": 0}, CHAIN, 2),
    ("v_rd NetInQ 0 | v_wr NetOutQ 0 | end_chain", {"ROWS": 1 << 16, "COLS": (1 << 6) + 1}, CHAIN, 2),
    (f"v_rd DRAM 4 | {W} | end_chain", {}, RANGE, 2),
    ("v_rd InitialVrf 0 | v_wr DRAM 2 | end_chain", {}, RANGE, 2),
    ("v_rd NetInQ 0 | v_wr Expander 23 | end_chain", {}, RANGE, 2),
    (f"v_rd DRAM 80 base | {W} | end_chain", {"RD_BASE": (1 << 32) - 11}, RANGE, 0),
    (f"{V} | v_wr InitialVrf 0 base | end_chain", {"WR_BASE": (1 << 32) - 1}, RANGE, 1),
    (f"{V} | vv_add mfu1 4 base | {W} | end_chain", {"OP1_BASE": (1 << 32) - 5}, RANGE, 1),
    # weights
    ("m_rd 0 | m_wr 0 | end_chain", {"TILES": 0}, CHAIN, 2),
    ("m_rd 0 | m_wr 0 | end_chain", {"TILES": 41}, CHAIN, 2),
    ("m_rd 32 | m_wr 0 | end_chain", {}, RANGE, 2),
    ("m_rd 0 | m_wr 40 | end_chain", {}, RANGE, 2),
    (MATMUL.replace("mv_mul 0", "mv_mul 40"), {}, RANGE, 3),
    # counts
    *((MATMUL, {name: 0}, CHAIN, 3) for name in ("ROWS", "COLS", "KH", "KW", "KC", "IN_H", "IN_W", "OUT_COLS")),
    (MATMUL, {"MV_ROWS": 0}, CHAIN, 3),
    (MATMUL, {"ROWS": 1 << 21, "COLS": 3}, CHAIN, 3),
    (f"{V} | {W} | end_chain", {"ROWS": 1 << 11, "KH": 1 << 10, "KW": 2, "COLS": 2}, CHAIN, 2),
    (MATMUL, {"KC": 41}, CHAIN, 3),
    (MATMUL, {"KH": 1 << 31, "KW": 2}, CHAIN, 3),
    *((MATMUL, {name: 1 << 20}, CHAIN, 3) for name in
      ("STRIDE_H", "STRIDE_W", "DILATION_H", "DILATION_W", "PAD_TOP", "PAD_LEFT", "RD_ROW", "RD_COL")),
    # images
    (f"v_rd Expander 0 low | {W} | end_chain", {"RD_ROW": 1}, CHAIN, 2),
    (IMAGE, {"RD_ROW": 1, "CHANNELS": 0}, CHAIN, 2),
    (IMAGE, {"RD_ROW": 1, "KH": 4}, CHAIN, 2),
    (IMAGE, {"RD_ROW": 24}, CHAIN, 2),
    (IMAGE, {"RD_ROW": 0}, CHAIN, 2),
    (IMAGE, {"RD_ROW": 2, "IN_W": 9}, CHAIN, 2),
    (IMAGE, {"RD_ROW": 2, "IN_W": 1 << 31, "CHANNELS": 2}, CHAIN, 2),
    (IMAGE, {"RD_ROW": 2, "KW": 5}, CHAIN, 2),
    (IMAGE.replace("Expander 0", "Expander 23"), {"RD_ROW": 1}, RANGE, 2),
    # windows
    *((REDUCED, {name: 0}, CHAIN, 3) for name in ("RED_N", "RED_HEAD", "RED_RUN")),
    (REDUCED, {"RED_OVERLAP": 2, "RED_N": 4}, CHAIN, 3),
    (REDUCED, {"RED_TAIL": 2}, CHAIN, 3),
    (REDUCED, {"RED_OVERLAP": 1}, CHAIN, 3),
    (REDUCED, {"RED_HEAD": 2}, CHAIN, 3),
]  # fmt: skip
SHARED_RULES = [
    (MATMUL, {"MV_ROWS": 2}, CHAIN, 3),
    (f"{V} | mv_mul 0 hold | end_chain", {"COLS": 3}, CHAIN, 2),
]
PRIVATE_RULES = [
    (MATMUL, {"KC": 21}, CHAIN, 3),
    (MATMUL, {"KC": 7, "MV_ROWS": 5}, CHAIN, 3),
    (MATMUL, {"MV_ROWS": 41}, CHAIN, 3),
    (MATMUL, {"ROWS": 1 << 21, "MV_ROWS": 3}, CHAIN, 3),
    (MATMUL.replace("mv_mul 0", "mv_mul 20"), {}, RANGE, 3),
    (f"{V} | mv_mul 0 hold | end_chain", {"COLS": 2}, CHAIN, 2),
    (f"{V} | mv_mul 0 hold | end_chain", {"MV_ROWS": 3}, CHAIN, 2),
    (f"{V} | mv_mul 0 | v_red_max | {W} | end_chain", {"MV_ROWS": 2, "RED_N": 1, "RED_RUN": 2}, CHAIN, 4),
]


def words_of(text: str, registers: dict[str, int]) -> tuple[list[int], int]:
    """A program: a legal chain of each queue, registers, the text, halt; and the place of the text."""
    before = f"v_rd NetInQ 0 | {W} | end_chain | {V} | v_relu mfu0 | {W} | end_chain | m_rd 0 | m_wr 1 | end_chain"
    head = [*before.split("|"), *(f"s_wr {name} {value}" for name, value in registers.items())]
    lines = [*head, *text.split("|"), "halt"]
    words = [int(line, 16) if line.strip().startswith("0x") else int(assemble(line)[0]) for line in lines]
    return words, len(head)


@pytest.mark.parametrize(("shared", "interval"), [(True, 1), (False, 1), (True, 3)])
def test_every_rule(simulator: str, shared: bool, interval: int) -> None:
    config, job = machine(shared, interval), []
    for text, registers, code, place in [*RULES, *(SHARED_RULES if shared else PRIVATE_RULES)]:
        words, first = words_of(text, registers)
        found = verdict(words, config)
        assert found.code == code, f"{text} {registers}: Python says {found}"
        job.append({"words": words, "code": int(code), "word": first + place, "text": f"{text} {registers}"})
    words, _ = words_of(f"{V} | {W} | end_chain", {})
    job.append({"words": words[:-1], "code": int(Fault.NO_HALT), "word": len(words) - 2, "text": "no halt"})
    job.append({"words": [], "code": int(Fault.NO_HALT), "word": 0, "text": "no program"})
    job.append(
        {"words": [0] * (config.imem_words + 1), "code": int(RANGE), "word": config.imem_words, "text": "too big"}
    )
    run(simulator, config, "names_the_word", job)


@pytest.mark.parametrize("there", [0, 1])
def test_functions_that_a_unit_lacks(simulator: str, there: int) -> None:
    config = replace(machine(True), sigmoid_tanh_0=there == 0, sigmoid_tanh_1=there == 1)
    job = []
    for function in ("v_sigm", "v_tanh"):
        words, first = words_of(f"{V} | {function} mfu{there} | {W} | end_chain", {})
        assert verdict(words, config).code == Fault.NONE
        job.append({"words": words, "code": int(Fault.NONE), "word": 0, "text": f"{function} mfu{there}"})
        words, first = words_of(f"{V} | v_relu mfu0 | {function} mfu{1 - there} | {W} | end_chain", {})
        words = words if there == 0 else [word for at, word in enumerate(words) if at != first + 1]
        found = verdict(words, config)
        assert found.code == ILLEGAL, found
        job.append({"words": words, "code": int(ILLEGAL), "word": found.word, "text": f"{function} mfu{1 - there}"})
    run(simulator, config, "names_the_word", job)


def test_lint() -> None:
    for shared, interval in ((True, 1), (False, 1), (True, 11)):
        lint("npu_dispatch", SOURCES, parameters(machine(shared, interval)))


# ---- the simulator's side --------------------------------------------------------------------------------------------


class Host:
    """Instruction memory, start, and what leaves dispatch cycle by cycle."""

    def __init__(self, dut: Any) -> None:
        self.bench, self.dut = Bench(dut), dut
        self.words: list[int] = []
        for name in ("clear", "start", "stop", "cfg_words", "m_ready", "imem_data"):
            getattr(dut, name).value = 0
        cocotb.start_soon(self._memory())

    async def _memory(self) -> None:
        while True:
            await RisingEdge(self.dut.clk)
            if not self.bench.running:
                continue
            if known(self.dut.imem_en):
                at = known(self.dut.imem_addr)
                self.dut.imem_data.value = self.words[at] if at < len(self.words) else self.bench.rng.getrandbits(64)

    async def begin(self, words: list[int]) -> None:
        dut, self.words = self.dut, words
        dut.cfg_words.value = len(words)
        for name in ("clear", "start"):
            getattr(dut, name).value = 1
            await RisingEdge(dut.clk)
            getattr(dut, name).value = 0

    async def cycle(self) -> tuple[int, int, int, int, int]:
        """One cycle: (word dispatched, halt, fault, mask of queues pushed, mask of queues ready)."""
        ready = sum((not self.bench.gap("sink")) << q for q in range(3))
        self.dut.m_ready.value = ready
        await ReadOnly()
        dut = self.dut
        found = (known(dut.word_done), known(dut.halt_done), known(dut.fault_valid), known(dut.m_valid), ready)
        self.fault = (known(dut.fault_code), known(dut.fault_word)) if found[2] else (0, 0)
        self.desc = known(dut.m_desc) if found[3] else 0
        await RisingEdge(dut.clk)
        return found

    async def until_end(self, limit: int) -> tuple[int, int, list[int]]:
        """Run to halt or fault: (code, word, the pushed descriptors)."""
        pushed = []
        for _ in range(limit):
            _, halt, fault, valid, ready = await self.cycle()
            if valid & ready:
                pushed.append(self.desc)
            if fault:
                code, word = self.fault
                self.dut.stop.value = 1
                await RisingEdge(self.dut.clk)
                self.dut.stop.value = 0
                return code, word, pushed
            if halt:
                return 0, 0, pushed
        raise AssertionError(f"neither halt nor fault within {limit} cycles")


@cocotb.test()
async def dispatches(dut: Any) -> None:
    """Word after word from cycle 0 on, a full queue holds them; each descriptor complete and in its cycle."""
    host = Host(dut)
    await host.bench.reset()
    for program in host.bench.job:
        await host.begin(program["words"])
        want = {at: (queue, bus) for at, queue, bus in program["pushes"]}
        count, started, halted, due = 0, False, False, 0
        interval = dut.DISPATCH_INTERVAL.value.to_unsigned()
        for _ in range((20 + interval) * len(program["words"]) + 100):
            word, halt, fault, valid, ready = await host.cycle()
            started = started or bool(word or valid)
            assert not fault, f"word {host.fault[1]}: fault {host.fault[0]} in a legal program"
            if not started:
                continue
            due = max(0, due - 1)
            if due:
                assert not word, f"word {count} of the run leaves {due} cycles too early"
                assert not valid, f"word {count} of the run is pushed {due} cycles too early"
                continue
            due = interval * word
            queue, bus = want.get(count, (-1, 0))
            held = queue >= 0 and not ready >> queue & 1
            assert bool(word) == (not held), (
                f"word {count} of the run: dispatched {word}, its queue {queue}, ready {ready}"
            )
            assert valid == (1 << queue if queue >= 0 else 0), f"word {count}: queues {valid:03b}, want queue {queue}"
            if queue >= 0 and host.desc != bus:
                got, right = describe(host.desc), describe(bus)
                names = sorted({*got, *right})
                text = [
                    f"{n} got {got.get(n, 0)} want {right.get(n, 0)}" for n in names if got.get(n, 0) != right.get(n, 0)
                ]
                raise AssertionError(f"word {count}, queue {queue}: {'; '.join(text)}")
            count += word
            if halt:
                halted = True
                break
        assert halted, "no halt"
        left = [at for at in want if at >= count]
        assert not left, f"{len(left)} chains were not dispatched"
        for _ in range(10):
            word, _, fault, valid, _ = await host.cycle()
            assert word + fault + valid == 0, "something is dispatched behind halt"


@cocotb.test()
async def refuses_what_the_checker_refuses(dut: Any) -> None:
    """A fault in the chain in which Python finds one, none in legal programs."""
    host = Host(dut)
    await host.bench.reset()
    refused = 0
    for program in host.bench.job:
        await host.begin(program["words"])
        code, word, _ = await host.until_end(500_000)
        first, last = program["chain"]
        text = f"{program['text'] or 'legal'}: fault {code} at word {word}"
        if program["legal"]:
            assert not code, text
        elif not program["later"]:
            assert code, text
            assert first <= word <= last, f"{text}, expected one of {first}..{last}"
            refused += 1
        else:
            assert not code or word >= first, text
    assert refused > 1, "too few of the programs are illegal to say anything"


@cocotb.test()
async def names_the_word(dut: Any) -> None:
    """Each rule by itself: code, word, and no chain behind the illegal one."""
    host = Host(dut)
    await host.bench.reset()
    for program in host.bench.job:
        await host.begin(program["words"])
        code, word, pushed = await host.until_end(20_000)
        want = (program["code"], program["word"])
        assert (code, word) == want, f"{program['text']}: fault {code} at word {word}, want {want[0]} at {want[1]}"
        assert len(pushed) <= 5, f"{program['text']}: {len(pushed)} chains"
        assert len(pushed) >= 3 or len(program["words"]) > 100 or not program["words"], (
            f"{program['text']}: {len(pushed)}"
        )
