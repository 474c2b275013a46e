"""The inner loop of the matrix-vector product as vector IR: rows by positions, all elements of one tile.

Two schemes, three flavours:

    vnni512   AVX-512 VNNI: 4 x 16 rows by 6 positions, four products and their sum in one instruction
    vnni256   the same on 256-bit registers: 2 x 8 rows by 6 positions
    avx2      16-bit multiply-add in pairs: 8 rows by 6 positions

6 positions are what the registers hold; there are microkernels for 4, 2 and 1 too.  VNNI multiplies unsigned by signed
bytes: activations come as q + 128, and a dot product starts at -128 * sum(weights of the row).  A weight of 0 thus adds
0 whatever it meets, and elements or rows in which a tile has no others may be left out.

Numba's disk cache does not see a change of this file: after one remove the `__pycache__` folder.
"""

# mypy: disallow-untyped-decorators=False
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_F32 = ir.FloatType()


def _splat(b: Any, value: Any, count: int) -> Any:
    vector = ir.VectorType(value.type, count)
    undefined = ir.Constant(vector, ir.Undefined)
    one = b.insert_element(undefined, value, _I32(0))
    return b.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(_I32, count), [0] * count))


def _load(b: Any, address: Any, to: ir.Type, align: int) -> Any:
    value = b.load(b.inttoptr(address, to.as_pointer()))
    value.align = align
    return value


def declare(b: Any, name: str, returns: ir.Type, arguments: list[ir.Type]) -> Any:
    """Return the function of that name in the module being built, declared once."""
    known = b.module.globals.get(name)
    return known if known is not None else ir.Function(b.module, ir.FunctionType(returns, arguments), name)


def _emit_micro(b: Any, args: Any, positions: int, groups: int, lanes: int, vnni: bool) -> None:
    """Emit one microkernel: `groups` vectors of `lanes` rows by `positions`, over all elements of a tile.

    Arguments at run time, all int64, addresses as integers and steps in bytes:
      w, w_step, steps    int8 weights: [steps][rows][4] from the first row on; four elements a step, at least one step
      q, q_row            activations + 128, uint8, by source row
      src, src_step       int32 source row of each position
      exp                 int16 exponents by source row
      begin, scale        int32 -128 * sum(weights) and float32 2^(E_w - (m_w-1)) by row of the tile
      bias                127 - (m_a-1)
      acc, acc_step       float32 accumulators by position, added to
    """
    w, w_step, steps, q, q_row, src, src_step, exp, begin, scale, bias, acc, acc_step = args
    ints, floats = ir.VectorType(_I32, lanes), ir.VectorType(_F32, lanes)
    pairs, pair_bytes = ir.VectorType(_I16, 2 * lanes), ir.VectorType(_I8, 2 * lanes)
    parts = groups if vnni else 2 * groups  # integer vectors in a position's sum
    zero = ir.Constant(ints, [0] * lanes)
    if vnni:
        # The operands are bytes; LLVM takes them as words of four, and since version 22 converts the declaration.
        multiply = declare(b, f"llvm.x86.avx512.vpdpbusd.{32 * lanes}", ints, [ints, ints, ints])
    else:
        multiply = declare(b, "llvm.x86.avx2.pmadd.wd", ints, [pairs, pairs])

    rows = [b.sext(_load(b, b.add(src, b.mul(src_step, _I64(p))), _I32, 4), _I64) for p in range(positions)]
    acts_at = [b.add(q, b.mul(row, q_row)) for row in rows]
    starts = [_load(b, b.add(begin, _I64(g * lanes * 4)), ints, 4) for g in range(groups)]

    before, body, after = b.basic_block, b.append_basic_block("steps"), b.append_basic_block("scale")
    b.branch(body)
    b.position_at_end(body)
    step, w_at = b.phi(_I64), b.phi(_I64)
    step.add_incoming(_I64(0), before)
    w_at.add_incoming(w, before)
    totals = [b.phi(ints) for _ in range(positions * parts)]
    for i, total in enumerate(totals):
        total.add_incoming(starts[i % parts] if vnni else zero, before)
    if vnni:
        weights = [_load(b, b.add(w_at, _I64(g * lanes * 4)), ints, 4) for g in range(parts)]
    else:
        weights = [b.sext(_load(b, b.add(w_at, _I64(g * lanes * 2)), pair_bytes, 4), pairs) for g in range(parts)]
    results = []
    for p in range(positions):
        acts = _splat(b, _load(b, b.add(acts_at[p], b.shl(step, _I64(2))), _I32, 1), lanes if vnni else lanes // 2)
        if not vnni:
            acts = b.zext(b.bitcast(acts, pair_bytes), pairs)
        for g in range(parts):
            total = totals[p * parts + g]
            if vnni:
                results.append(b.call(multiply, [total, acts, weights[g]]))
            else:
                results.append(b.add(total, b.call(multiply, [weights[g], acts])))
    step_next = b.add(step, _I64(1))
    step.add_incoming(step_next, body)
    w_at.add_incoming(b.add(w_at, w_step), body)
    for total, result in zip(totals, results, strict=True):
        total.add_incoming(result, body)
    b.cbranch(b.icmp_signed("<", step_next, steps), body, after)

    b.position_at_end(after)
    scales = [_load(b, b.add(scale, _I64(g * lanes * 4)), floats, 4) for g in range(groups)]
    even, odd = (ir.Constant(ir.VectorType(_I32, lanes), [2 * i + odd for i in range(lanes)]) for odd in (0, 1))
    for p in range(positions):
        e = b.sext(_load(b, b.add(exp, b.shl(rows[p], _I64(1))), _I16, 2), _I32)
        act = _splat(b, b.bitcast(b.shl(b.add(e, b.trunc(bias, _I32)), _I32(23)), _F32), lanes)
        for g in range(groups):
            if vnni:
                total = results[p * parts + g]
            else:
                low, high = results[p * parts + 2 * g : p * parts + 2 * g + 2]
                total = b.add(b.shuffle_vector(low, high, even), b.shuffle_vector(low, high, odd))
                total = b.add(total, starts[g])
            value = b.fmul(b.fmul(b.sitofp(total, floats), act), scales[g])  # both products are exact
            at = b.add(b.add(acc, b.mul(acc_step, _I64(p))), _I64(g * lanes * 4))
            b.store(b.fadd(_load(b, at, floats, 4), value), b.inttoptr(at, floats.as_pointer())).align = 4


def _flavour(positions: Any, wide: Any, where: Any, groups: int, lanes: int, vnni: bool) -> Any:
    """Return an intrinsic's signature and code for literal `positions` and `wide`: `groups` row vectors, or one."""
    if not isinstance(positions, types.IntegerLiteral) or not isinstance(wide, types.IntegerLiteral):
        return None
    count, group_count = positions.literal_value, groups if wide.literal_value else 1

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if wide.literal_value or groups > 1:  # else the wide one has taken all rows
            _emit_micro(builder, cgutils.unpack_tuple(builder, args[2], 13), count, group_count, lanes, vnni)
        return context.get_dummy_value()

    return types.void(positions, wide, where), codegen


@intrinsic(prefer_literal=True)
def micro_vnni512(typingctx: Any, positions: Any, wide: Any, where: Any) -> Any:
    """Add one tile's products to accumulators (compiled code only).

    positions, wide: literals; wide 0 is one row vector, 1 is as many as the flavour has.  where: the 13 int64 of
    `_emit_micro`.
    """
    return _flavour(positions, wide, where, 4, 16, True)


@intrinsic(prefer_literal=True)
def micro_vnni256(typingctx: Any, positions: Any, wide: Any, where: Any) -> Any:
    """Do as `micro_vnni512` does (compiled code only)."""
    return _flavour(positions, wide, where, 2, 8, True)


@intrinsic(prefer_literal=True)
def micro_avx2(typingctx: Any, positions: Any, wide: Any, where: Any) -> Any:
    """Do as `micro_vnni512` does (compiled code only)."""
    return _flavour(positions, wide, where, 1, 8, False)
