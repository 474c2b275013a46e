"""The cocotb test that the RTL executor runs inside the simulator; imported there and nowhere else.

It drives every pipeline of the harness with its first operands and writes down what comes out and when: with gaps in
s_valid (junk on the data inputs meanwhile) and with ce held low at times. Then it lets the harness play the remaining
operands from memory, one set a cycle, and write the results to files.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge


class Pipeline:
    """One kernel of the harness: driver, monitor and what they saw."""

    def __init__(self, dut: Any, index: int, operands: list[int], width: int) -> None:
        self.data, self.valid = getattr(dut, f"s_data_{index}"), getattr(dut, f"s_valid_{index}")
        self.result, self.result_valid = getattr(dut, f"m_data_{index}"), getattr(dut, f"m_valid_{index}")
        self.operands, self.width = operands, width
        self.sent: list[int] = []
        self.got: list[int | None] = []
        self.when: list[int] = []

    def done(self) -> bool:
        return len(self.got) >= len(self.operands)

    def drive(self, cycle: int, rng: random.Random) -> None:
        """Offer the next operands, or junk with valid low."""
        position = len(self.sent)
        if position < len(self.operands) and rng.random() < 0.7:
            self.data.value = self.operands[position]
            self.valid.value = 1
            self.sent.append(cycle)
        else:
            self.data.value = rng.getrandbits(self.width)
            self.valid.value = 0

    def watch(self, cycle: int) -> None:
        """Take a result; None stands for unknown bits."""
        if self.result_valid.value == 1:
            value = self.result.value
            self.got.append(int(value) if value.is_resolvable else None)
            self.when.append(cycle)


@cocotb.test()  # type: ignore[untyped-decorator]
async def run(dut: Any) -> None:
    """Drive all pipelines to the end, then write results.json beside the job."""
    job_file = Path(os.environ["NPUSIM_HLS_JOB"])
    job = json.loads(job_file.read_text())
    rng = random.Random(job["seed"])
    pipelines = [Pipeline(dut, i, item["operands"], item["width"]) for i, item in enumerate(job["kernels"])]
    for pipeline in pipelines:
        pipeline.valid.value = 0
    dut.rst.value, dut.ce.value, dut.play.value = 1, 1, 0
    Clock(dut.clk, 2, unit="ns").start()
    for _ in range(4):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    await step_through(dut, pipelines, rng)
    dut.ce.value = 1
    await ClockCycles(dut.clk, job["drain"])
    await FallingEdge(dut.clk)
    dut.play.value = 1
    await ClockCycles(dut.clk, job["cycles"])
    await FallingEdge(dut.clk)
    dut.play.value = 0
    await ClockCycles(dut.clk, 2)
    found = [
        {"got": p.got, "latencies": sorted({b - a for a, b in zip(p.sent, p.when, strict=False)})} for p in pipelines
    ]
    job_file.with_name("results.json").write_text(json.dumps(found))


async def step_through(dut: Any, pipelines: list[Pipeline], rng: random.Random) -> None:
    """Drive and watch until every pipeline has answered, or far too many cycles have passed."""
    enabled, cycle = True, 0
    for _ in range(10 * max(len(pipeline.operands) for pipeline in pipelines) + 1000):
        for pipeline in pipelines:
            if enabled and not pipeline.done():
                pipeline.watch(cycle)
                if pipeline.done():
                    pipeline.valid.value = 0
                else:
                    pipeline.drive(cycle, rng)
        if all(pipeline.done() for pipeline in pipelines):
            return
        enabled = rng.random() < 0.8
        dut.ce.value = int(enabled)
        await FallingEdge(dut.clk)
        cycle += enabled
