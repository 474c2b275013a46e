"""npu_fetch and npu_imem: nested loops unrolled in Python, word for word and without a bubble."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cocotb
import pytest
from bench import GAPS, RTL, lint, simulate
from cocotb.triggers import RisingEdge
from streams import Bench, Sink, compare

from npusim.csr import Fault
from npusim.isa import BY_NAME, LOOP_DEPTH, OPCODE_LSB, Reg, encode

pytestmark = pytest.mark.rtl

WORDS = 256
WRAPPER = """`include "npu_isa.vh"
module fetch_bench (
    input wire clk, input wire rst, input wire clear, input wire start, input wire [31:0] cfg_words,
    input wire wr_en, input wire [23:0] wr_addr, input wire [63:0] wr_data,
    output wire m_valid, input wire m_ready, output wire [63:0] m_word, output wire [23:0] m_pc,
    output wire [3:0] m_fault
);
    wire en;
    wire [23:0] addr;
    wire [63:0] data;
    npu_imem #(.IMEM_WORDS(256)) imem (
        .clk(clk), .wr_en(wr_en), .wr_addr(wr_addr), .wr_data(wr_data), .rd_en(en), .rd_addr(addr), .rd_data(data));
    npu_fetch #(.IMEM_WORDS(256)) fetch (
        .clk(clk), .rst(rst), .clear(clear), .start(start), .cfg_words(cfg_words), .imem_en(en), .imem_addr(addr),
        .imem_data(data), .m_valid(m_valid), .m_ready(m_ready), .m_word(m_word), .m_pc(m_pc), .m_fault(m_fault));
endmodule
"""


def body(rng: random.Random, depth: int) -> list[int]:
    """Words and loops, nested at most LOOP_DEPTH deep."""
    words = []
    for _ in range(rng.randint(1, 4)):
        words.append(encode("s_wr", reg=rng.choice(list(Reg)), value=rng.getrandbits(32)))
        if depth and rng.random() < 0.6:
            words += [encode("loop", count=rng.choice([1, 2, 3])), *body(rng, depth - 1), encode("end_loop")]
    return words


def unroll(words: list[int]) -> list[tuple[int, int, int]]:
    """(word, place, fault) in the order of dispatch, up to halt or the fault."""
    opcodes = {BY_NAME[name].opcode: name for name in ("halt", "loop", "end_loop")}
    out: list[tuple[int, int, int]] = []
    loops: list[list[int]] = []
    at = 0
    if len(words) > WORDS:
        return [(0, WORDS, int(Fault.ADDRESS_RANGE))]
    while at < len(words):
        word = words[at]
        name = opcodes.get(word >> OPCODE_LSB, "")
        count = word & 0xFFFFFFFF
        bad = {"halt": bool(loops), "loop": not count or len(loops) == LOOP_DEPTH, "end_loop": not loops}.get(
            name, False
        )
        out.append((word, at, int(Fault.ILLEGAL_INSTRUCTION) if bad else 0))
        if bad or name == "halt":
            return out
        at += 1
        if name == "loop":
            loops.append([at, count])
        elif name == "end_loop":
            loops[-1][1] -= 1
            if loops[-1][1]:
                at = loops[-1][0]
            else:
                loops.pop()
    return [*out, (0, max(0, len(words) - 1), int(Fault.NO_HALT))]


def programs(rng: random.Random) -> list[list[int]]:
    found = []
    while len(found) < 12:
        words = [*body(rng, LOOP_DEPTH), encode("halt")]
        if len(words) <= WORDS and len(unroll(words)) < 1500:
            found.append(words)
    deep = [encode("loop", count=2)] * (LOOP_DEPTH + 1)
    return [
        *found, [], [encode("s_wr", reg=1, value=1)], deep, [encode("loop", count=0)], [encode("end_loop")],
        [encode("loop", count=2), encode("end_loop"), encode("end_loop")], [encode("loop", count=1), encode("halt")],
        [encode("halt")] * (WORDS + 1), found[0][:-1],
    ]  # fmt: skip


@pytest.mark.parametrize("gaps", [gap for gap in GAPS if gap in ("free", "sink")])
def test_fetch(simulator: str, tmp_path: Path, gaps: str) -> None:
    wrapper = tmp_path / "fetch_bench.v"
    wrapper.write_text(WRAPPER)
    job = [{"words": words, "want": unroll(words)} for words in programs(random.Random(5))]
    sources = [RTL / "npu_fetch.v", RTL / "npu_imem.v", wrapper]
    simulate("fetch_bench", sources, __name__, simulator, job=job, gaps=gaps)


def test_lint() -> None:
    lint("npu_fetch", ["npu_fetch.v"], {"IMEM_WORDS": WORDS})
    for words in (1, 2, 300):
        lint("npu_imem", ["npu_imem.v"], {"IMEM_WORDS": words})


@cocotb.test()
async def follows_loops(dut: Any) -> None:
    bench = Bench(dut)
    for name in ("clear", "start", "cfg_words", "wr_en", "wr_addr", "wr_data"):
        getattr(dut, name).value = 0
    sink = Sink(bench, "m", ("word", "pc", "fault"))
    await bench.reset()
    for program in bench.job:
        for place, word in enumerate(program["words"][:WORDS]):
            dut.wr_en.value, dut.wr_addr.value, dut.wr_data.value = 1, place, word
            await RisingEdge(dut.clk)
        dut.wr_en.value = 0
        dut.cfg_words.value = len(program["words"])
        sink.got.clear()
        sink.when.clear()
        for name in ("clear", "start"):
            getattr(dut, name).value = 1
            await RisingEdge(dut.clk)
            getattr(dut, name).value = 0
        want = [{"word": word, "pc": pc, "fault": fault} for word, pc, fault in program["want"]]
        got = await sink.take(len(want), 20 * len(want) + 50)
        for beat in (got[-1], want[-1]):
            if want[-1]["fault"]:
                beat["word"] = 0  # there is none
        compare(got, want)
        if bench._gaps == "free":
            steps = {b - a for a, b in zip(sink.when, sink.when[1:], strict=False)}
            assert steps <= {1}, f"words came {steps} cycles apart, want every cycle"
        await bench.tick(8)
        assert len(sink.got) == len(want), "words come behind the last one"
