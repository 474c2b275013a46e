"""Compute chains of one layer: registers, stages and addresses for every stripe, row tile and matrix piece."""

from __future__ import annotations

from dataclasses import dataclass

from npusim.compiler.back.events import Event
from npusim.compiler.back.geometry import Stripe, operands
from npusim.compiler.back.matrix import Weights
from npusim.compiler.back.placement import Placement
from npusim.compiler.back.stages import Body, Outputs, StageBuilder, turn
from npusim.compiler.back.tile import RowTile
from npusim.compiler.ir import ConstOperand
from npusim.config import NpuConfig
from npusim.isa import Queue, Reg, Space


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of the reader's window that one chain multiplies: half-open ranges of kernel rows, columns, vectors."""

    i: tuple[int, int]
    j: tuple[int, int]
    k: tuple[int, int]


class ChainBuilder:
    """Makes the events of one layer."""

    def __init__(
        self, index: int, config: NpuConfig, place: Placement, node: int, matrix: Weights | None, stripes: int
    ) -> None:
        self.index, self.config, self.place, self.node, self.matrix = index, config, place, node, matrix
        self.g = place.geometry[index]
        self.layer = self.g.layer
        self.layout = place.layout
        self.stages = StageBuilder(index, place)
        self.tile_multiplies = 0
        self.group = matrix.group if matrix is not None else 1  # row tiles of one chain
        if matrix is not None and stripes > 1:
            sets = len(matrix.rows[:: self.group])
            if sum(matrix.rows[i * self.group].tiles for i in range(sets)) <= config.mrf_slots:
                matrix.keep()

    # ---- chains of a stripe ------------------------------------------------------------------------------------

    def stripe(self, number: int, stripe: Stripe) -> list[Event]:
        """Return the compute chains of one stripe in order."""
        if self.matrix is None:
            if self._mergeable():
                return [self._vector_chain(number, stripe, 0, self.g.in_vectors)]
            return [self._vector_chain(number, stripe, v, 1) for v in range(self.g.in_vectors)]
        events = []
        for first in range(0, len(self.matrix.rows), self.group):
            row = self.matrix.rows[first]
            count = min(self.group, len(self.matrix.rows) - first)
            if self.config.shared_weights:
                positions = (stripe.stream[1] - stripe.stream[0]) * self.layer.window.out_w
                self.tile_multiplies += positions * row.tiles
            else:
                positions = (stripe.stream[1] - stripe.stream[0]) * self.layer.window.out_w
                self.tile_multiplies += positions * row.tiles * count
            slots = self.config.mrf_slots
            few = positions <= self.config.engines if self.config.shared_weights else positions == 1
            early = few and row.tiles > slots // 2 and not self.g.expander and self.layer.reduce is None
            if row.tiles > slots or early:  # too wide, or wide enough to let work begin on the first half
                events += self._pieces(number, stripe, first, count, max(1, slots // 2))
            else:
                events.append(self._matrix_chain(number, stripe, first, count, None, False, False))
        return events

    def _pieces(self, number: int, stripe: Stripe, first: int, count: int, limit: int) -> list[Event]:
        """A matrix row wider than MatrixRf: its tiles pass in pieces, the sums stay in the accumulators, which hold
        one round of positions."""
        assert self.matrix is not None
        row = self.matrix.rows[first]
        pieces = self._cut(row, limit)
        engines = self.config.engines if self.config.shared_weights else 1
        events = []
        for r in range(stripe.stream[0], stripe.stream[1]):
            for c in range(0, self.layer.window.out_w, engines):
                columns = (c, min(c + engines, self.layer.window.out_w))
                for at, piece in enumerate(pieces):
                    part = _Part(r, columns, piece)
                    events.append(self._matrix_chain(number, stripe, first, count, part, at > 0, at + 1 < len(pieces)))
        return events

    def _cut(self, row: RowTile, limit: int) -> list[Piece]:
        """Cut the window into the largest blocks of at most `limit` tiles that are contiguous in tile order."""
        kh, kw = self._kernel()
        kc = row.high - row.low
        if kw * kc <= limit:
            step = limit // (kw * kc)
            return [Piece((i, min(i + step, kh)), (0, kw), (0, kc)) for i in range(0, kh, step)]
        if kc <= limit:
            step = limit // kc
            return [Piece((i, i + 1), (j, min(j + step, kw)), (0, kc)) for i in range(kh) for j in range(0, kw, step)]
        return [
            Piece((i, i + 1), (j, j + 1), (k, min(k + limit, kc)))
            for i in range(kh)
            for j in range(kw)
            for k in range(0, kc, limit)
        ]

    def _kernel(self) -> tuple[int, int]:
        w = self.layer.window
        return (w.kw, w.kh) if self.g.transposed else (w.kh, w.kw)

    # ---- one chain ---------------------------------------------------------------------------------------------

    def _matrix_chain(
        self, number: int, stripe: Stripe, first: int, count: int, part: _Part | None, acc: bool, hold: bool
    ) -> Event:
        assert self.matrix is not None
        row = self.matrix.rows[first]
        kh, kw = self._kernel()
        kc = row.high - row.low
        piece = part.piece if part is not None else Piece((0, kh), (0, kw), (0, kc))
        if self.g.expander:
            regs, base = self._image_reader(stripe, row)
            space, tiles, offset = Space.EXPANDER, row.tiles, 0
        else:
            regs, base = self._reader(number, stripe, part, piece)
            base += row.low + piece.k[0]
            regs[Reg.KC] = piece.k[1] - piece.k[0]
            space = Space.INITIAL_VRF
            tiles = (piece.i[1] - piece.i[0]) * (piece.j[1] - piece.j[0]) * (piece.k[1] - piece.k[0])
            offset = (piece.i[0] * kw + piece.j[0]) * kc + piece.k[0]
        regs[Reg.MV_ROWS] = count
        held = self.matrix.take(first, offset, tiles, self.node)
        body: Body = [("v_rd", {"space": int(space), "addr": base})]
        body.append(("mv_mul", {"acc": int(acc), "hold": int(hold)}))
        if not hold:
            out_regs, stages = self._tail(number, stripe, first, count, part)
            regs.update(out_regs)
            body += stages
        place = () if hold else self._output(stripe, first, count, part)
        return Event(Queue.COMPUTE, regs, body, self.node, held, place)

    def _output(self, stripe: Stripe, vector: int, vectors: int, part: _Part | None) -> tuple[int, ...]:
        """First row, rows, first column, columns, first vector, vectors, vectors a pixel, and whether the outputs run
        down the columns: the part of the layer's output that a chain makes, for whoever wants to look at it."""
        row, rows = (part.row, 1) if part is not None else (stripe.out[0], stripe.out[1] - stripe.out[0])
        low, high = part.columns if part is not None else (0, self.g.out_w)
        before, total = self.place.shares[self.index]
        return row, rows, low, high - low, before + vector, vectors, total, int(self.g.transposed)

    def _vector_chain(self, number: int, stripe: Stripe, vector: int, count: int) -> Event:
        """A chain without the matrix-vector unit over one vector of each pixel, or over all of them."""
        kh, kw = self._kernel()
        regs, base = self._reader(number, stripe, None, Piece((0, kh), (0, kw), (0, 1)))
        regs[Reg.KC] = regs[Reg.MV_ROWS] = 1
        out_regs, stages = self._tail(number, stripe, vector, 1, None)
        regs.update(out_regs)
        if count > 1:
            regs[Reg.COLS] *= count
            regs[Reg.IN_W] *= count
            regs[Reg.RD_COL] = regs[Reg.WR_COL] = 1
            regs[Reg.OUT_COLS] *= count
            for reg in (Reg.OP0_COL, Reg.OP1_COL):
                if reg in regs:
                    regs[reg] = 1
        low = {"low": 1} if self.layer.low_padding else {}
        body: Body = [("v_rd", {"space": int(Space.INITIAL_VRF), "addr": base + vector, **low}), *stages]
        place = self._output(stripe, vector, count, None)
        return Event(Queue.COMPUTE, regs, body, self.node, None, place)

    def _mergeable(self) -> bool:
        """True if all vectors of all pixels can pass as one dense stream."""
        w = self.layer.window
        plain = (w.kh, w.kw, w.sh, w.sw, w.pad_top, w.pad_left) == (1, 1, 1, 1, 0, 0)
        if not plain or self.layer.reduce is not None or (w.out_h, w.out_w) != (self.g.in_h, self.g.in_w):
            return False
        for _, op in operands(self.layer):
            if isinstance(op, ConstOperand) or (op.sh, op.sw) != (1, 1) or not self._dense(op.map):
                return False
        return self._dense(self.layer.source) and self._dense(self.layer.out)

    def _dense(self, name: str) -> bool:
        own = self.layout.slice(name)
        return own.root in self.place.spilled or own.pitch == own.vectors

    # ---- registers ---------------------------------------------------------------------------------------------

    def _source(self, number: int, stripe: Stripe) -> tuple[int, int]:
        """Address of the first input row of the stripe, and vectors of a pixel there."""
        own = self.layout.slice(self.layer.source)
        if (strip := self.place.strips.get(own.root)) is not None:
            return strip.address + own.offset, own.pitch
        buffer = self.place.buffers.get((self.index, self.layer.source, Space.INITIAL_VRF))
        if buffer is not None:
            return buffer.area(number), own.vectors
        first = self.place.resident[own.root, Space.INITIAL_VRF] + own.offset
        return first + stripe.source[0] * self.g.in_w * own.pitch, own.pitch

    def _reader(self, number: int, stripe: Stripe, part: _Part | None, piece: Piece) -> tuple[dict[Reg, int], int]:
        w = self.layer.window
        base, pitch = self._source(number, stripe)
        rows = part.row if part is not None else stripe.stream[0]
        count = 1 if part is not None else stripe.stream[1] - stripe.stream[0]
        c_low, c_high = part.columns if part is not None else (0, w.out_w)
        i, j = (piece.j, piece.i) if self.g.transposed else (piece.i, piece.j)
        # y = r * sh + i * dh - pad_top, counted from the stripe's first input row, first position and kernel row
        pad_top = stripe.source[0] + w.pad_top - rows * w.sh - i[0] * w.dh
        pad_left = w.pad_left - c_low * w.sw - j[0] * w.dw
        in_h, in_w = stripe.source[1] - stripe.source[0], self.g.in_w
        row_pitch = self.g.in_w * pitch
        if pad_top < 0:
            base, in_h, pad_top = base - pad_top * row_pitch, in_h + pad_top, 0
        if pad_left < 0:
            base, in_w, pad_left = base - pad_left * pitch, in_w + pad_left, 0
        if in_h < 1 or in_w < 1:  # the whole piece is padding: point at a window that lies outside of one real row
            base, pitch_row, pitch_col = self._source(number, stripe)[0], 0, 0
            in_h = in_w = 1
            pad_top = (count - 1) * w.sh + (i[1] - i[0] - 1) * w.dh + 1
        else:
            pitch_row, pitch_col = row_pitch, pitch
        pairs = [
            (Reg.ROWS, Reg.COLS, count, c_high - c_low),
            (Reg.KH, Reg.KW, i[1] - i[0], j[1] - j[0]),
            (Reg.STRIDE_H, Reg.STRIDE_W, w.sh, w.sw),
            (Reg.DILATION_H, Reg.DILATION_W, w.dh, w.dw),
            (Reg.PAD_TOP, Reg.PAD_LEFT, pad_top, pad_left),
            (Reg.IN_H, Reg.IN_W, in_h, in_w),
            (Reg.RD_ROW, Reg.RD_COL, pitch_row, pitch_col),
        ]
        return turn(pairs, self.g.transposed), base

    def _image_reader(self, stripe: Stripe, row: RowTile) -> tuple[dict[Reg, int], int]:
        w, low = self.layer.window, stripe.source[0]
        regs = {
            Reg.ROWS: stripe.stream[1] - stripe.stream[0],
            Reg.COLS: w.out_w,
            Reg.KH: w.kh,
            Reg.KW: w.kw,
            Reg.KC: row.tiles,
            Reg.STRIDE_H: w.sh,
            Reg.STRIDE_W: w.sw,
            Reg.DILATION_H: w.dh,
            Reg.DILATION_W: w.dw,
            Reg.PAD_TOP: low + w.pad_top - stripe.stream[0] * w.sh,
            Reg.PAD_LEFT: w.pad_left,
            Reg.IN_H: stripe.source[1] - low,
            Reg.IN_W: self.g.in_w,
            Reg.RD_ROW: self.g.image_row_vectors,
            Reg.CHANNELS: self.layout.map(self.layer.source).channels,
        }
        return regs, low * self.g.image_row_vectors % self.config.expander

    def _tail(
        self, number: int, stripe: Stripe, vector: int, count: int, part: _Part | None
    ) -> tuple[dict[Reg, int], Body]:
        """MFU0, reduce, MFU1 and writes for output vectors vector..vector+count-1 of each pixel."""
        regs, body = self._reduce(stripe)
        row, col = (part.row, part.columns[0]) if part is not None else (stripe.out[0], 0)
        outputs = Outputs(number, row, col, vector, count)
        stages = [*self.stages.unit(0, outputs, regs), *body, *self.stages.unit(1, outputs, regs)]
        width = part.columns[1] - part.columns[0] if part is not None else self.g.out_w
        targets = self._targets(number, row, col)
        pitch = targets[0][2]
        assert all(t[2] == pitch for t in targets)
        if count > 1:  # row tiles are the inner loop of the output nest
            regs.update({Reg.OUT_COLS: count, Reg.WR_ROW: pitch, Reg.WR_COL: 1})
        elif self.g.transposed:
            rows = stripe.out[1] - stripe.out[0]
            regs.update({Reg.OUT_COLS: rows, Reg.WR_ROW: pitch, Reg.WR_COL: self.g.out_w * pitch})
        else:
            regs.update({Reg.OUT_COLS: width, Reg.WR_ROW: self.g.out_w * pitch, Reg.WR_COL: pitch})
        stages += [("v_wr", {"space": int(space), "addr": address + vector}) for space, address, _ in targets]
        return regs, stages

    def _targets(self, number: int, row: int, col: int) -> list[tuple[Space, int, int]]:
        """Memories, addresses of output pixel (row, col), and vectors a pixel there."""
        own = self.layout.slice(self.layer.out)
        low = self.place.stripes[self.index][number].out[0]
        if (strip := self.place.strips.get(own.root)) is not None:
            pixel = (row - low) * self.g.out_w + col
            return [(Space.INITIAL_VRF, strip.address + own.offset + pixel * own.pitch, own.pitch)]
        buffer = self.place.buffers.get((self.index, self.layer.out, Space.INITIAL_VRF))
        if buffer is not None:
            base, line = buffer.area(number), row if buffer.whole else row - low
            return [(Space.INITIAL_VRF, base + (line * self.g.out_w + col) * own.vectors, own.vectors)]
        return [
            (
                space,
                self.place.resident[own.root, space] + own.offset + (row * self.g.out_w + col) * own.pitch,
                own.pitch,
            )
            for space in sorted(self.place.targets[self.index, self.layer.out])
        ]

    def _reduce(self, stripe: Stripe) -> tuple[dict[Reg, int], Body]:
        r, w = self.layer.reduce, self.layer.window
        if r is None:
            return {}, []
        rows = stripe.stream[1] - stripe.stream[0]
        n, head, overlap, tail = r.n, r.head, r.overlap, r.tail
        if r.axis == "window":
            n = head = run = w.kh * w.kw
            overlap, tail = 0, False
        elif r.axis == "all":
            n = head = run = rows * w.out_w
            overlap, tail = 0, False
        elif r.axis == "cols":
            run = w.out_w
        else:
            run = rows
            if stripe.out[0] * (n - overlap) - (n - head) >= 0:
                head = n
        regs = {
            Reg.RED_N: n,
            Reg.RED_HEAD: head,
            Reg.RED_OVERLAP: overlap,
            Reg.RED_RUN: run,
            Reg.RED_TAIL: int(tail),
        }
        return regs, [(f"v_red_{r.op}", {})]


@dataclass(frozen=True, slots=True)
class _Part:
    """A position chunk of one row, and the piece of the window that a chain multiplies."""

    row: int
    columns: tuple[int, int]
    piece: Piece
