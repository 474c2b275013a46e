"""Reports as text: tables of at most 110 columns that read the same in a terminal, a file and a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npusim.report.account import BOUNDS, MEANING, Report
from npusim.report.layers import OUTPUT, LayerRow

NAME_WIDTH = 38
FULL = 0.95  # what is fuller than this needs no explanation


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str, indent: str = "") -> list[str]:
    """Return lines; align: < or > for every column; a head may have several lines."""
    heads = [part.split("\n") for part in head]
    depth = max(len(parts) for parts in heads)
    tops = [[(parts + [""] * depth)[at] for parts in heads] for at in range(depth)]
    cells = [*tops, *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        parts = (f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True))
        return (indent + "  ".join(parts)).rstrip()

    rule = indent + "  ".join("-" * width for width in widths)
    return [*(line(row) for row in tops), rule, *(line(row) for row in cells[depth:])]


def common_scope(names: Sequence[str]) -> str:
    """Return the leading folders that all names share, with the slash; empty if there are none."""
    parts = [name.split("/")[:-1] for name in names]
    shared: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "".join(f"{part}/" for part in shared)


def shorten(name: str, width: int = NAME_WIDTH) -> str:
    """Return a name of at most `width` characters: scopes in the middle go first."""
    name = "".join(c if c.isprintable() else "?" for c in name)
    if len(name) <= width:
        return name
    parts = name.split("/")
    while len(parts) > 2 and len("/".join(parts)) > width - 2:
        parts.pop(len(parts) // 2)
    short = "/".join([*parts[: len(parts) // 2], "..", *parts[len(parts) // 2 :]]) if len(parts) > 1 else name
    return short if len(short) <= width else f"{short[: width // 2 - 1]}..{short[-(width - width // 2 - 1) :]}"


def short_names(names: Sequence[str]) -> list[str]:
    """Return names for a table: without the scope that all share and without the operator's repetition."""
    scope = common_scope(names)
    found = []
    for name in names:
        rest = name[len(scope) :] if name.startswith(scope) else name
        for tail in ("/Conv2D", "/MatMul", "/MaxPool", "/AvgPool", "/Conv", "/Gemm", "/FusedBatchNorm"):
            if rest.endswith(tail) and "/" in rest:
                rest = rest.removesuffix(tail)
                break
        found.append(shorten(rest.replace("/bottleneck_v1", "")))
    return found if len(set(found)) == len(found) else [shorten(name) for name in names]


def percent(part: float, whole: float) -> str:
    """Return a share as text."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def layer_lines(report: Report) -> list[str]:
    """Return the table of layers with its sum."""
    rows = report.layers
    names = iter(short_names([row.name for row in rows if row.name != OUTPUT]))
    body = [_layer(OUTPUT if row.name == OUTPUT else next(names), row) for row in rows]
    moved = sum(row.weight_bytes + row.map_bytes for row in rows)
    use = f"{100 * report.utilisation:.1f}"
    total = ["total", "", _millions(report.macs_useful), f"{report.cycles:,}", use, _millions(moved), ""]
    lines = table(("layer", "shape", "MMAC", "cycles", "use %", "MB", "bound by"), [*body, total], "<<>>>><")
    lines.insert(-1, lines[1])
    return lines


def _layer(name: str, row: LayerRow) -> list[str]:
    moved = row.weight_bytes + row.map_bytes
    return [
        name, "x".join(map(str, row.shape)), _millions(row.macs) if row.macs else "", f"{row.cycles:,}",
        f"{100 * row.utilisation:.1f}" if row.macs else "", _millions(moved) if moved else "", _why(row),
    ]  # fmt: skip


def _why(row: LayerRow) -> str:
    """Return what bounds a layer, why the matrix-vector unit does less than it could, and the longest wait."""
    reasons = []
    if row.compute and 0 < row.tiles_full < FULL:
        reasons.append(f"tiles {100 * row.tiles_full:.0f} % full")
    if row.compute and 0 < row.engines_busy < FULL:
        reasons.append(f"engines {100 * row.engines_busy:.0f} % busy")
    text = f"compute: {', '.join(reasons)}" if row.bound_by == "compute" and reasons else row.bound_by
    cause, wait = max(row.stalls.items(), key=lambda stall: stall[1], default=("", 0))
    if row.name == OUTPUT or not wait:
        return text
    share = percent(wait, row.cycles)
    return f"{text} {share}" if cause == row.bound_by else f"{text}; {share} {cause}"


def _millions(count: int) -> str:
    return f"{count / 1e6:,.1f}"


def budget_lines(report: Report) -> list[str]:
    """Return where the cycles of the run went."""
    body = [
        [kind, f"{cycles:,}", f"{report.ms(cycles):.4f}", percent(cycles, report.cycles), MEANING[kind]]
        for kind, cycles in report.budget.items()
    ]
    body.append(
        ["total", f"{report.cycles:,}", f"{report.latency_ms:.4f}", percent(1, 1), "the device, at batch size one"]
    )
    lines = table(("budget", "cycles", "ms", "share", "meaning"), body, "<>>><")
    lines.insert(-1, lines[1])
    return lines


def bound_lines(report: Report) -> list[str]:
    """Return latencies and how far they are from the best possible."""
    best = report.bound_ms["best_possible"]
    ratio = f"{report.latency_ms / best:.3f} x the best possible, {BOUNDS[report.bound_by]}" if best else "-"
    link = sum(c.microseconds for c in report.crossings if not c.inside) * 1e-3
    lines = [
        f"device latency            {report.latency_ms:9.4f} ms   {ratio}",
        f"  tile-multiply bound     {report.bound_ms['compute']:9.4f} ms",
        f"  reader bound            {report.bound_ms['reader']:9.4f} ms",
        f"  weights in order        {report.bound_ms['stream']:9.4f} ms",
        f"  DRAM bound              {report.bound_ms['dram']:9.4f} ms   "
        f"{report.dram_bytes['read'] / 1e6:.2f} MB read, {report.dram_bytes['written'] / 1e6:.2f} MB written",
        f"with the host link        {report.latency_with_link_ms:9.4f} ms   {link:.4f} ms for inputs and results",
    ]
    if report.host and report.latency_with_link_and_host_ms is not None:
        lines.append(
            f"with link and host        {report.latency_with_link_and_host_ms:9.4f} ms   "
            f"{report.host_ms:.4f} ms measured on this computer's CPU"
        )
    return lines


def tiling_lines(report: Report) -> list[str]:
    """Return this program's tiles and the straightforward tiling's."""
    t = report.tiling
    body = [
        ["straightforward, convolutions", f"{t.plain_conv[0]:,}", f"{t.plain_conv[1]:,}"],
        ["straightforward, other layers", f"{t.plain_other[0]:,}", f"{t.plain_other[1]:,}"],
        ["this program", f"{t.weight_tiles:,}", f"{t.tile_multiplies:,}"],
    ]
    lines = table(("tiling", "weight tiles", "tile-multiplies"), body, "<>>")
    return [*lines, f"gain over the straightforward tiling: {t.gain:.3f} x in tile-multiplies"]


def host_lines(report: Report) -> list[str]:
    """Return what the host does, with reasons, times and its share of the work."""
    c = report.coverage
    shares = ", ".join(f"{c.nodes[w]} {w} ({percent(c.share[w], 1)} of MACs)" for w in ("npu", "host", "folded"))
    lines = [f"ONNX nodes: {shares}"]
    for row in report.host:
        time = "" if row.seconds is None else f", {1e3 * row.seconds:.3f} ms measured"
        for (name, op), reason in zip(row.nodes, row.reasons, strict=False):
            lines.append(f"  host: {op} '{shorten(name, 50)}'{time}: {reason}")
            time = ""
    return lines


def compared_lines(report: Report) -> list[str]:
    """Return latencies measured and published elsewhere beside the simulated one."""
    if not report.compared:
        return []
    body = [["simulated device", f"{report.latency_ms:.4f}", "1.00 x", f"{report.config}, {report.clock_mhz} MHz"]]
    body += [[row.what, f"{row.ms:.4f}", f"{row.ms / report.latency_ms:.2f} x", row.note] for row in report.compared]
    return table(("latency of one inference", "ms", "ratio", "how"), body, "<>><")


def wall_line(report: Report) -> str:
    """Return how long this program itself took."""
    parts = [f"{what} {seconds:.2f} s" for what, seconds in report.wall_s.items() if seconds is not None]
    return f"wall time: {', '.join(parts)}"
