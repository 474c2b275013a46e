"""A product of tiles and vectors as chunks on a board, and the threads that work on them.

The board is an array of int64 that holds the sizes of a product and the addresses of its arrays.  A chunk is an output
tile and some positions, few enough for their fp32 sums to stay in the first-level cache beside one tile of weights.
Whoever attends to the board takes a chunk, brings its sums to the end, rounds them and takes them through the stages.

Besides the flavours of `microkernel` there are `plain`, numba loops for any processor, and `exact`, the same with
every value flushed and saturated by hand as fp32's limits want it.
"""

# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False, disallow-untyped-calls=False
from __future__ import annotations

import functools
import os
import platform
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic, register_jitable

from ..numerics import I64, add_fp32, round_halves, scale_dot
from .microkernel import declare, micro_avx2, micro_vnni256, micro_vnni512
from .vector import copy_floats, pointer_to, run_stages

BLOCK = 24  # positions of a chunk, at most
GROUP = 64  # rows whose weights stand together: what a microkernel takes at once, or a multiple
_PATIENCE, _LEAD_PATIENCE = 100_000, 2_000  # looks at a board before a helper sleeps or a leader yields
_I64 = ir.IntType(64)

# The first three fields change while threads work, and have a cache line each.
_LEFT, _DONE, _OVER = 0, 8, 16  # chunks not begun, chunks finished, nonzero when anything saturated
_FIELDS = 24
(
    CHUNKS,  # R times the chunks of an output tile
    CHUNK,  # positions of a chunk, at most BLOCK
    WEIGHTS,  # addresses of the pool's weights, what dot products begin with, spans, and scales (or exps) ...
    BEGINS,
    SPANS,
    SCALES,
    STEPS,  # ... and the sizes of a tile of them
    ROWS,
    BIAS,  # 127 - (m_a-1)
    IDS,  # int32[R, K]
    DEPTH,  # K
    ACTS,  # the activations uint8[n_src, 4*steps]; int16[n_src]
    EXP,
    SRC,  # int32[P, K]
    START,  # float32[R, P, N] or 0
    HOLD,
    TARGETS,  # int64[targets, 2]: address of the first vector and bytes from one of R * P vectors to the next
    TARGET_COUNT,
    POSITIONS,  # P
    WIDTH,  # N
    CODE,  # stages for `vector.run_stages`
    CODES,
    LIMITS,
    STAGES,
    BOARD,  # the size of a board
) = range(_FIELDS, _FIELDS + 25)


@register_jitable
def _chunk_of(board, chunk):
    """Return the output tile and the positions [first, last) of a chunk."""
    per_row = -(-board[POSITIONS] // board[CHUNK])
    first = chunk % per_row * board[CHUNK]
    return chunk // per_row, first, min(first + board[CHUNK], board[POSITIONS])


@register_jitable
def _finish(board, acc, acc_step, number, count):
    """Take `count` vectors of sums at address acc to vector `number` of every target; return nonzero on saturation.

    They are rounded and go through the stages where they are, in the first-level cache, before they leave it once.
    """
    width = board[WIDTH]
    step, over = width * 4, 0
    if board[HOLD] == 0:
        for p in range(count):
            over |= round_halves(acc + p * acc_step, acc + p * step, width)
        if board[STAGES] > 0:
            table = (board[CODE], board[CODES], board[LIMITS], board[STAGES])
            over |= run_stages(table, acc - number * step, number, number + count, width)
    else:
        step = acc_step
    targets = carray(pointer_to(board[TARGETS], np.int64), (board[TARGET_COUNT], 2))
    for t in range(board[TARGET_COUNT]):
        for p in range(count):
            copy_floats(acc + p * step, targets[t, 0] + (number + p) * targets[t, 1], width)
    return over


@register_jitable
def _span_of(board, tile):
    """Return the rows [first, last) and the steps [first, last) of a tile beyond which it is zero."""
    span = carray(pointer_to(board[SPANS] + tile * 16, np.int32), (4,))
    return np.int64(span[0]), np.int64(span[1]), np.int64(span[2]), np.int64(span[3])


@register_jitable
def _weights_of(board, tile, row, step):
    """Return the address of a row's weights at a step, and the bytes from there to the next step."""
    group = row // GROUP * GROUP
    width = min(GROUP, board[ROWS] - group) * 4
    start = board[WEIGHTS] + (tile * board[ROWS] + group) * board[STEPS] * 4
    return start + step * width + (row - group) * 4, width


@register_jitable
def _chunk_by_micro(micro, groups, lanes, board, acc, chunk):
    """Compute one chunk with a microkernel; acc: address of float32[BLOCK, rows].

    Sums begin at +0, to which a row that is zero in a tile adds nothing: no sum is ever -0.
    """
    r, first, last = _chunk_of(board, chunk)
    count = last - first
    rows, steps, depth, width = board[ROWS], board[STEPS], board[DEPTH], board[WIDTH]
    number = r * board[POSITIONS] + first
    row_bytes = rows * 4
    ids = carray(pointer_to(board[IDS] + r * depth * 4, np.int32), (depth,))
    sums = carray(pointer_to(acc, np.float32), (count * rows,))
    for i in range(count * rows):
        sums[i] = np.float32(0.0)  # +0 + x is x: an integer zero is +0, so no -0 is lost
    if board[START] != 0:
        for p in range(count):
            copy_floats(board[START] + (number + p) * width * 4, acc + p * row_bytes, width)
    for k in range(depth):
        row_first, row_last, step_first, step_last = _span_of(board, ids[k])
        if row_first == row_last:
            continue
        begins = board[BEGINS] + ids[k] * row_bytes
        scales = board[SCALES] + ids[k] * row_bytes
        inputs = (step_last - step_first, board[ACTS] + step_first * 4, steps * 4)
        p = 0
        while p < count:
            at = board[SRC] + ((first + p) * depth + k) * 4
            to = acc + p * row_bytes
            left = count - p
            row = row_first
            while row < row_last:
                w, w_step = _weights_of(board, ids[k], row, step_first)
                g = row * 4
                by_row = (begins + g, scales + g, board[BIAS], to + g, row_bytes)
                where = (w, w_step, *inputs, at, depth * 4, board[EXP], *by_row)
                if row_last - row >= groups * lanes and row % (groups * lanes) == 0:
                    if left >= 6:
                        micro(6, 1, where)
                    elif left >= 4:
                        micro(4, 1, where)
                    elif left >= 2:
                        micro(2, 1, where)
                    else:
                        micro(1, 1, where)
                    row += groups * lanes
                else:
                    if left >= 6:
                        micro(6, 0, where)
                    elif left >= 4:
                        micro(4, 0, where)
                    elif left >= 2:
                        micro(2, 0, where)
                    else:
                        micro(1, 0, where)
                    row += lanes
            p += 6 if left >= 6 else 4 if left >= 4 else 2 if left >= 2 else 1
    return _finish(board, acc, row_bytes, number, count)


@register_jitable
def _chunk_vnni512(board, acc, chunk):
    return _chunk_by_micro(micro_vnni512, 4, 16, board, acc, chunk)


@register_jitable
def _chunk_vnni256(board, acc, chunk):
    return _chunk_by_micro(micro_vnni256, 2, 8, board, acc, chunk)


@register_jitable
def _chunk_avx2(board, acc, chunk):
    return _chunk_by_micro(micro_avx2, 1, 8, board, acc, chunk)


@register_jitable
def _dots(board, tile, row, dots):
    """Leave the integer dot products of one tile and one vector in dots: int32[rows]."""
    rows, steps = board[ROWS], board[STEPS]
    q = carray(pointer_to(board[ACTS] + row * steps * 4, np.uint8), (steps, 4))
    begins = carray(pointer_to(board[BEGINS] + tile * rows * 4, np.int32), (rows,))
    row_first, row_last, step_first, step_last = _span_of(board, tile)
    for r in range(rows):
        dots[r] = begins[r]
    for group in range(row_first // GROUP * GROUP, row_last, GROUP):
        first, last = max(group, row_first), min(group + GROUP, row_last)
        at, step = _weights_of(board, tile, first, 0)
        sums = dots[first:last]
        for s in range(step_first, step_last):
            a, b, c, d = np.int32(q[s, 0]), np.int32(q[s, 1]), np.int32(q[s, 2]), np.int32(q[s, 3])
            w = carray(pointer_to(at + s * step, np.int8), (last - first, 4))
            for r in range(last - first):
                sums[r] += np.int32(w[r, 0]) * a + np.int32(w[r, 1]) * b + np.int32(w[r, 2]) * c + np.int32(w[r, 3]) * d


@register_jitable
def _chunk_plain(board, acc, chunk):
    r, first, last = _chunk_of(board, chunk)
    rows, depth, width = board[ROWS], board[DEPTH], board[WIDTH]
    ids = carray(pointer_to(board[IDS] + r * depth * 4, np.int32), (depth,))
    dots = np.empty(rows, np.int32)
    total = carray(pointer_to(acc, np.float32), (width,))
    over = 0
    for p in range(first, last):
        number = r * board[POSITIONS] + p
        src = carray(pointer_to(board[SRC] + p * depth * 4, np.int32), (depth,))
        for i in range(width):
            total[i] = np.float32(0.0)
        if board[START] != 0:
            copy_floats(board[START] + number * width * 4, acc, width)
        for k in range(depth):
            row = np.int64(src[k])
            _dots(board, np.int64(ids[k]), row, dots)
            exp = carray(pointer_to(board[EXP] + row * 2, np.int16), (1,))
            act = np.float32(2.0 ** (exp[0] + board[BIAS] - 127))
            scales = carray(pointer_to(board[SCALES] + np.int64(ids[k]) * rows * 4, np.float32), (width,))
            for i in range(width):
                total[i] += np.float32(dots[i]) * act * scales[i]
        over |= _finish(board, acc, 0, number, 1)
    return over


@register_jitable
def _chunk_exact(board, acc, chunk):
    """Do the same by the fp32 rule at every step; board[SCALES]: int16[n_tiles, rows] = E_w - (m_w-1)."""
    r, first, last = _chunk_of(board, chunk)
    rows, depth, width = board[ROWS], board[DEPTH], board[WIDTH]
    ids = carray(pointer_to(board[IDS] + r * depth * 4, np.int32), (depth,))
    dots = np.empty(rows, np.int32)
    total = carray(pointer_to(acc, np.float32), (width,))
    over = 0
    for p in range(first, last):
        number = r * board[POSITIONS] + p
        src = carray(pointer_to(board[SRC] + p * depth * 4, np.int32), (depth,))
        fresh = board[START] == 0
        if not fresh:
            copy_floats(board[START] + number * width * 4, acc, width)
        for k in range(depth):
            row = np.int64(src[k])
            _dots(board, np.int64(ids[k]), row, dots)
            exp = carray(pointer_to(board[EXP] + row * 2, np.int16), (1,))
            act = exp[0] + board[BIAS] - 127
            exps = carray(pointer_to(board[SCALES] + np.int64(ids[k]) * rows * 2, np.int16), (width,))
            for i in range(width):
                value, saturated = scale_dot(dots[i], act + exps[i])
                over |= saturated
                if not fresh:
                    value, saturated = add_fp32(total[i], value)
                    over |= saturated
                total[i] = value
            fresh = False
        over |= _finish(board, acc, 0, number, 1)
    return over


# ------------------------------------------------------------------------------------------------ threads at a board


def _atomic(operation: str) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw(operation, builder.inttoptr(args[0], _I64.as_pointer()), args[1], "seq_cst")

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def _fetch_add(typingctx: Any, address: Any, value: Any) -> Any:
    return _atomic("add")


@intrinsic
def _exchange(typingctx: Any, address: Any, value: Any) -> Any:
    return _atomic("xchg")


@intrinsic
def _fetch_or(typingctx: Any, address: Any, value: Any) -> Any:
    return _atomic("or")


@intrinsic
def _look(typingctx: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], _I64.as_pointer()), "acquire", 8)

    return types.int64(types.int64), codegen


@intrinsic
def _relax(typingctx: Any) -> Any:
    """Tell the processor that this is a spin loop, where it has a word for that."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if platform.machine().lower() in ("x86_64", "amd64"):
            builder.call(declare(builder, "llvm.x86.sse2.pause", ir.VoidType(), []), [])
        return context.get_dummy_value()

    return types.void(), codegen


@register_jitable
def _attend(chunk_function, board, patience, lead):
    """Do chunks while there are any; then wait, the leader for all to be finished, a helper for the next product.

    Return whether the product is finished (leader); give up after `patience` looks in vain.
    """
    base = board.ctypes.data
    looks = 0
    while looks <= patience:
        if _look(base + _LEFT * 8) > 0:
            left = _fetch_add(base + _LEFT * 8, -1)
            if left > 0:  # a chunk of our own; the fields of the board are those of its product until it is done
                scratch = np.empty(BLOCK * board[ROWS] + 16, np.float32)
                acc = (scratch.ctypes.data + 63) & -64
                if chunk_function(board, acc, board[CHUNKS] - left) != 0:
                    _fetch_or(base + _OVER * 8, 1)
                scratch[0] = np.float32(0.0)  # numba frees an array after its last use, and an address is none
                _fetch_add(base + _DONE * 8, 1)
                looks = 0
                continue
        if lead and _look(base + _DONE * 8) >= board[CHUNKS]:
            return True
        looks += 1
        _relax()
    return False


@njit(cache=True, nogil=True)
def _attend_vnni512(board, patience, lead):
    return _attend(_chunk_vnni512, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_vnni256(board, patience, lead):
    return _attend(_chunk_vnni256, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_avx2(board, patience, lead):
    return _attend(_chunk_avx2, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_plain(board, patience, lead):
    return _attend(_chunk_plain, board, patience, lead)


@njit(cache=True, nogil=True)
def _attend_exact(board, patience, lead):
    return _attend(_chunk_exact, board, patience, lead)


KERNELS: dict[str, Callable[[I64, int, bool], bool]] = {
    "vnni512": _attend_vnni512,
    "vnni256": _attend_vnni256,
    "avx2": _attend_avx2,
    "plain": _attend_plain,
    "exact": _attend_exact,
}


def aligned(shape: tuple[int, ...], dtype: type) -> npt.NDArray[Any]:
    """Return an uninitialised array that starts on a cache line."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


class Team:
    """Helper threads around one board, for one kernel.

    A layer's products come a few microseconds apart, less than it takes to wake a thread: after a product a helper
    keeps looking at the board for some milliseconds before it goes to sleep.  Without any helper awake the leader does
    all chunks itself.
    """

    def __init__(self, kernel: str, helpers: int) -> None:
        self.board: I64 = aligned((BOARD,), np.int64)
        self.board[:] = 0
        self.busy = threading.Lock()
        self._attend = KERNELS[kernel]
        self._awake = [threading.Event() for _ in range(helpers)]
        for number, awake in enumerate(self._awake):
            name = f"matvec-{kernel}-{number}"
            threading.Thread(target=self._help, args=(awake,), name=name, daemon=True).start()

    def _help(self, awake: threading.Event) -> None:
        while True:
            awake.wait()
            self._attend(self.board, _PATIENCE, False)
            awake.clear()  # a product that has come just now is done without this helper

    def lead(self, product: I64) -> bool:
        """Do a product with whoever is awake, and return whether it saturated; `busy` is held."""
        for awake in self._awake:
            if not awake.is_set():
                awake.set()
        self.board[CHUNKS:] = product[CHUNKS:]
        return lead(self._attend, self.board)


def lead(attend: Callable[[I64, int, bool], bool], board: I64) -> bool:
    """Publish the product on a board, see that it gets done and return whether it saturated."""
    _publish(board)
    try:
        while not attend(board, _LEAD_PATIENCE, True):
            _let_others_run()  # a helper with our last chunk may be waiting for this processor
    except BaseException:  # the arrays have to stay until nobody works on them any more
        while not attend(board, _LEAD_PATIENCE, True):
            pass
        raise
    return bool(board[_OVER])


@njit(cache=True, nogil=True)
def _publish(board):
    """Make the product on a board known.

    A helper that is late for the product before may still take from _LEFT, but gets nothing as it is not positive.
    """
    board[_DONE] = 0
    board[_OVER] = 0
    _exchange(board.ctypes.data + _LEFT * 8, board[CHUNKS])


_let_others_run = getattr(os, "sched_yield", None) or functools.partial(time.sleep, 0)


@functools.cache
def team(kernel: str, helpers: int, process: int) -> Team:
    """Return the team of this process (a fork has none of its parent's threads)."""
    return Team(kernel, helpers)
