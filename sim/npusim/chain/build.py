"""The instructions of one chain to its record: queue, stages, counts; every check that needs the whole chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from npusim.chain import check
from npusim.chain.chains import Chain, ComputeChain, VectorMove, WeightMove
from npusim.chain.check import refuse
from npusim.chain.forms import Act, ActOp, AddSub, AddSubOp, Matmul, Mfu, Operand, ReduceOp, Registers, Source, Write
from npusim.chain.hazards import refuse_own_reads
from npusim.config import DRAM_ALIGN, NpuConfig
from npusim.isa import REG_BITS, SPACE_NAMES, Space, Stage


@dataclass(frozen=True, slots=True)
class Step:
    """One decoded instruction of a chain."""

    word: int
    name: str
    stage: Stage
    values: dict[str, int]


_OFF_CHIP = frozenset({Space.DRAM, Space.NET_IN_Q, Space.NET_OUT_Q})
_ADDSUB: dict[str, AddSubOp] = {"vv_add": "add", "vv_a_sub_b": "a_sub_b", "vv_b_sub_a": "b_sub_a", "vv_max": "max"}
_ACTS: dict[str, ActOp] = {"v_relu": "relu", "v_clip": "clip", "v_lrelu": "lrelu", "v_sigm": "sigm", "v_tanh": "tanh"}
_REDUCES: dict[str, ReduceOp] = {"v_red_max": "max", "v_red_add": "add"}
_MUL_SPACES = (Space.MULTIPLY_VRF_0, Space.MULTIPLY_VRF_1)
_ADDSUB_SPACES = (Space.ADDSUB_VRF_0, Space.ADDSUB_VRF_1)
_F16_SPECIAL = 0x7C00
_SIGN = 1 << REG_BITS - 1


@dataclass(slots=True)
class Builder:
    """Builds chains in program order; remembers sums that a chain left in the accumulators."""

    config: NpuConfig
    held: tuple[int, int, int] | None = field(default=None)  # word, positions, row tiles of the chain that holds

    def chain(self, index: int, dispatch: int, steps: list[Step], end: Step, regs: Registers) -> Chain:
        """Return the chain of these instructions; raises `ProgramError`."""
        head: dict[str, Any] = {
            "index": index,
            "dispatch": dispatch,
            "first": steps[0].word,
            "end": end.word,
            "wait": end.values["wait"],
            "give": end.values["give"],
            "node": end.values["node"],
            "regs": regs,
        }
        if steps[0].name == "m_rd":
            return self._weight_move(steps, head)
        source = Source(*self._place(steps[0], regs.rd_base), bool(steps[0].values["low"]))
        writes = [Write(*self._place(s, regs.wr_base)) for s in steps if s.stage == Stage.WRITE]
        stages = [s for s in steps if Stage.READ < s.stage < Stage.WRITE]
        self._targets(source, stages, writes, end.word)
        moves = source.space in _OFF_CHIP or any(write.space in _OFF_CHIP for write in writes)
        build = self._vector_move if moves else self._compute
        chain: VectorMove | ComputeChain = build(source, stages, writes, head)
        if isinstance(chain, ComputeChain):
            refuse_own_reads(chain, self.config)
        return chain

    def finish(self, word: int) -> None:
        """Refuse a program that ends with sums in the accumulators."""
        if self.held is not None:
            refuse(word, "halt", f"mv_mul at word {self.held[0]} holds sums that no later chain continues")

    def _place(self, step: Step, base: int) -> tuple[int, Space, int]:
        """Return word, space and effective address of a `v_rd` or `v_wr`."""
        space = _space(step)
        if space in (Space.NET_IN_Q, Space.NET_OUT_Q):
            return step.word, space, step.values["addr"]
        unit = self.config.vector_bytes if space == Space.DRAM else 1
        return step.word, space, _address(step, base, unit)

    def _targets(self, source: Source, stages: list[Step], writes: list[Write], end: int) -> None:
        matmul = next((s for s in stages if s.name == "mv_mul"), None)
        if matmul is not None and matmul.values["hold"]:
            later = [s for s in stages if s.stage > Stage.MATMUL]
            if later:
                refuse(later[0].word, later[0].name, "follows mv_mul with hold, expected end_chain")
            if writes:
                refuse(writes[0].word, "v_wr", "follows mv_mul with hold, expected end_chain")
        elif not writes:
            refuse(end, "end_chain", "the chain has no v_wr")
        for number, write in enumerate(writes):
            if write.space == Space.NET_IN_Q:
                refuse(write.word, "v_wr", "writes NetInQ, which is only read")
            if any(write.space == other.space for other in writes[:number]):
                refuse(write.word, "v_wr", f"{SPACE_NAMES[write.space]} has one write port, the chain writes it twice")
            if write.space in _OFF_CHIP and len(writes) > 1:
                refuse(write.word, "v_wr", f"{SPACE_NAMES[write.space]} must be the only target of its chain")
        if source.space == Space.NET_OUT_Q:
            refuse(source.word, "v_rd", "reads NetOutQ, which is only written")

    def _weight_move(self, steps: list[Step], head: dict[str, Any]) -> WeightMove:
        regs, config, read = head["regs"], self.config, steps[0]
        if len(steps) != 2:
            refuse(head["end"], "end_chain", "the weight move has no m_wr")
        check.at_least_one(head["end"], regs, "tiles")
        ways = 1 if config.shared_weights else config.engines
        check.slots(steps[1].word, "m_wr", steps[1].values["tile"], -(-regs.tiles // ways), config)
        addr = read.values["addr"]
        if addr % DRAM_ALIGN:
            refuse(read.word, "m_rd", f"DRAM address {addr} is not a multiple of {DRAM_ALIGN} bytes")
        check.dram(read.word, "m_rd", addr + regs.tiles * config.tile_bytes, config)
        return WeightMove(**head, addr=addr, tile=steps[1].values["tile"])

    def _vector_move(self, source: Source, stages: list[Step], writes: list[Write], head: dict[str, Any]) -> VectorMove:
        regs, config = head["regs"], self.config
        if stages:
            refuse(stages[0].word, stages[0].name, "a chain from or to DRAM or a network queue has no other stage")
        if source.space == Space.EXPANDER:
            refuse(source.word, "v_rd", "reads the Expander in a vector move, expected DRAM, NetInQ or a VRF")
        if source.low:
            refuse(source.word, "v_rd", "low is set in a vector move, which has no padding")
        check.one_end_on_chip(head["end"], source.space, [write.space for write in writes])
        positions = check.bounded(head["end"], regs, "rows", "cols")
        check.at_least_one(head["end"], regs, "out_cols")
        last = check.nest_last(positions, regs.cols, regs.rd_row, regs.rd_col)
        check.vectors(source.word, "v_rd", source.space, source.addr, last, config)
        self._check_writes(writes, regs, positions)
        return VectorMove(**head, source=source, targets=tuple(writes))

    def _compute(self, source: Source, stages: list[Step], writes: list[Write], head: dict[str, Any]) -> ComputeChain:
        regs, config, end = head["regs"], self.config, head["end"]
        by_stage = {s.stage: s for s in stages}
        if source.space not in (Space.INITIAL_VRF, Space.EXPANDER):
            refuse(
                source.word, "v_rd", f"reads {SPACE_NAMES[source.space]}, a compute chain reads InitialVrf or Expander"
            )
        for write in writes:
            if write.space == Space.EXPANDER:
                refuse(write.word, "v_wr", "a compute chain writes VRFs, not the Expander")
        positions = check.bounded(end, regs, "rows", "cols")
        taps = check.bounded(end, regs, "rows", "cols", "kh", "kw", "kc")
        check.at_least_one(end, regs, "in_h", "in_w")
        check.window_pitches(end, regs, source.space)
        if source.space == Space.EXPANDER:
            if source.low:
                refuse(source.word, "v_rd", "low is set for the Expander, whose padding is 0")
            check.at_least_one(end, regs, "channels")
            check.expander(end, regs, config)
            check.vectors(source.word, "v_rd", source.space, source.addr, 0, config)
            window = regs.kc
        else:
            last = check.reader_last(regs)
            if last is not None:
                check.vectors(source.word, "v_rd", source.space, source.addr, last, config)
            window = taps // positions
        matmul = self._matmul(by_stage.get(Stage.MATMUL), regs, window, end)
        rounds, elements = 0, positions * window
        if matmul is not None:
            elements = positions * regs.mv_rows
            per_round = positions if config.shared_weights else regs.mv_rows
            rounds = -(-per_round // config.engines) * (1 if config.shared_weights else positions)
        self._continue_sums(matmul, stages, source, positions, regs)
        stays = 0 if matmul is None else regs.mv_rows - 1
        steps = check.nest_last(positions, regs.cols, regs.op0_row, regs.op0_col) + stays
        mfu0 = self._mfu(by_stage, 0, regs.op0_base, stays, steps)
        reduce = by_stage.get(Stage.REDUCE)
        if reduce is not None and stays:
            refuse(reduce.word, reduce.name, f"reduces a chain with {regs.mv_rows} row tiles, expected MV_ROWS 1")
        outputs = 0
        if writes:
            outputs = elements if reduce is None else check.outputs(end, regs, elements)
            check.at_least_one(end, regs, "out_cols")
        mfu1 = Mfu()
        if outputs:
            steps = check.nest_last(outputs, regs.out_cols, regs.op1_row, regs.op1_col)
            mfu1 = self._mfu(by_stage, 1, regs.op1_base, stays, steps)
            self._check_writes(writes, regs, outputs)
        return ComputeChain(
            **head,
            source=source,
            matmul=matmul,
            mfu0=mfu0,
            reduce=None if reduce is None else _REDUCES[reduce.name],
            mfu1=mfu1,
            targets=tuple(writes),
            positions=positions,
            window=window,
            elements=elements,
            outputs=outputs,
            rounds=rounds,
        )

    def _matmul(self, step: Step | None, regs: Registers, window: int, end: int) -> Matmul | None:
        if step is None:
            return None
        matmul = Matmul(step.word, step.values["tile"], bool(step.values["acc"]), bool(step.values["hold"]))
        check.bounded(end, regs, "rows", "cols", "kh", "kw", "kc", "mv_rows")
        slots = window
        if self.config.shared_weights:
            if regs.mv_rows > 1:
                refuse(end, "end_chain", f"MV_ROWS is {regs.mv_rows}, expected 1 with shared weights")
        else:
            slots *= -(-regs.mv_rows // self.config.engines)
        check.slots(step.word, "mv_mul", matmul.tile, slots, self.config)
        if matmul.acc or matmul.hold:
            check.accumulators(end, regs, self.config)
        return matmul

    def _continue_sums(
        self, matmul: Matmul | None, stages: list[Step], source: Source, positions: int, regs: Registers
    ) -> None:
        held, self.held = self.held, None
        if held is not None:
            if matmul is None or not matmul.acc:
                word, name = (source.word, "v_rd") if matmul is None else (matmul.word, "mv_mul")
                refuse(word, name, f"mv_mul at word {held[0]} holds its sums, expected a chain that continues with acc")
            if held[1:] != (positions, regs.mv_rows):
                refuse(
                    matmul.word,
                    "mv_mul",
                    f"acc with {positions} positions of {regs.mv_rows} row tiles, "
                    f"but word {held[0]} holds {held[1]} of {held[2]}",
                )
        elif matmul is not None and matmul.acc:
            refuse(matmul.word, "mv_mul", "acc, but the compute chain before it does not hold its sums")
        if matmul is not None and matmul.hold:
            self.held = (matmul.word, positions, regs.mv_rows)

    def _mfu(self, by_stage: dict[Stage, Step], unit: int, base: int, stays: int, steps: int) -> Mfu:
        first = Stage.MFU0_MUL if unit == 0 else Stage.MFU1_MUL
        mul, addsub, act = (by_stage.get(Stage(first + i)) for i in range(3))
        operands = [
            None if step is None else self._operand(step, spaces[unit], base, stays, steps)
            for step, spaces in ((mul, _MUL_SPACES), (addsub, _ADDSUB_SPACES))
        ]
        return Mfu(
            operands[0],
            None if addsub is None or operands[1] is None else AddSub(_ADDSUB[addsub.name], operands[1]),
            None if act is None else _act(act, unit, self.config),
        )

    def _operand(self, step: Step, space: Space, base: int, stays: int, steps: int) -> Operand:
        operand = Operand(step.word, space, _address(step, base, 1), bool(step.values["step"]))
        check.vectors(step.word, step.name, space, operand.addr, steps if operand.step else stays, self.config)
        return operand

    def _check_writes(self, writes: list[Write], regs: Registers, count: int) -> None:
        last = check.nest_last(count, regs.out_cols, regs.wr_row, regs.wr_col)
        for write in writes:
            check.vectors(write.word, "v_wr", write.space, write.addr, last, self.config)


def _address(step: Step, base: int, unit: int) -> int:
    """Return the effective address; base: value of the base register, a two's complement number of `unit`s."""
    addr = step.values["addr"]
    if step.values["base"]:
        addr += unit * (base - ((base & _SIGN) << 1))
    if addr < 0:
        refuse(step.word, step.name, f"its base register makes the address {addr}, expected at least 0")
    return addr


def _act(step: Step, unit: int, config: NpuConfig) -> Act:
    if step.name in ("v_sigm", "v_tanh") and not config.sigmoid_tanh[unit]:
        refuse(step.word, step.name, f"MFU{unit} of {config.name} has no sigmoid and tanh (sigmoid_tanh_{unit})")
    act = Act(_ACTS[step.name], step.values.get("a", 0), step.values.get("b", 0))
    for bits in (act.a, act.b):
        if bits & _F16_SPECIAL == _F16_SPECIAL:
            refuse(step.word, step.name, f"immediate 0x{bits:04x} is NaN or infinity, expected a finite number")
    return act


def _space(step: Step) -> Space:
    value = step.values["space"]
    if value not in Space._value2member_map_:
        refuse(step.word, step.name, f"there is no memory space {value} (0..{max(Space)})")
    return Space(value)
