"""What an operation costs on the Arria 10: the delay table of the scheduler.

The figures are estimates for the E3 speed grade, cell and local routing together, fitted to the two limits that Intel
publishes for the grade (DSP block 364 MHz, M20K 530 MHz) and to the usual five to six logic levels at 300 MHz. They
decide where registers go and nothing else; a timing analyser has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass

from npusim_hls.ir import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayTable:
    """Delays in ns."""

    name: str
    register: float  # clock to output plus set-up
    lut: float  # one level of 6-input look-up tables
    carry_base: float  # into and out of a carry chain
    carry_bit: float  # one bit along it
    dsp: float  # multiplier of a DSP block up to 18 x 19
    dsp_wide: float  # the same up to 27 x 27
    lut_multiply: float  # per bit of the shorter factor, for factors of up to `lut_multiply_bits`
    lut_multiply_bits: int

    def budget(self, clock_mhz: float) -> float:
        """Time for logic between two registers [ns]."""
        return 1000.0 / clock_mhz - self.register

    def delay(self, node: Node) -> float:
        """Delay of one node of a lowered graph [ns]; wiring (slices, concatenation, constant shifts) is free."""
        op = node.op
        if op == "xor" and node.width == 1 and node.args[1].is_const:
            return 0.0  # an inverter disappears into the next table
        if op in ("and", "or", "xor", "select"):
            return self.lut
        if op in ("add", "sub"):
            return self.carry_base + self.carry_bit * node.width
        if op == "lt":
            if node.args[1].is_const and node.args[1].lo == 0:
                return 0.0  # the sign bit
            return self.carry_base + self.carry_bit * max(arg.width for arg in node.args)
        if op == "eq":
            inputs = sum(arg.width for arg in node.args if not arg.is_const)
            return self.lut * (1 + (inputs > 6) + (inputs > 36) + (inputs > 216))
        if op == "rom":
            return self.lut * (1 + max(0, node.args[0].width - 6 + 1) // 2)
        if op == "mul":
            short, long = sorted(arg.width for arg in node.args)
            if short <= self.lut_multiply_bits:
                return self.carry_base + self.lut_multiply * short + self.carry_bit * long
            return self.dsp if short <= 18 and long <= 19 else self.dsp_wide
        return 0.0


ARRIA10 = DelayTable(
    name="Arria 10 GX, E3",
    register=0.35,
    lut=0.45,
    carry_base=0.60,
    carry_bit=0.025,
    dsp=2.40,
    dsp_wide=2.75,
    lut_multiply=0.30,
    lut_multiply_bits=4,
)
