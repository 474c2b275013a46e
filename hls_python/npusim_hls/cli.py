"""The command group `hls`: list, emit, check and report."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from npusim_hls import report as reports
from npusim_hls.catalogue import find
from npusim_hls.check import check as run_check
from npusim_hls.compiler import CLOCK_MHZ, verilog
from npusim_hls.emit import Options, emit
from npusim_hls.errors import HlsError
from npusim_hls.kernels import KERNELS
from npusim_hls.simulators import SIMULATORS

GENERATED = Path("rtl/generated")


class HlsGroup(click.Group):
    """Prints an HlsError as one sentence with exit code 2; `--debug` shows where it was raised."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HlsError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)


EPILOG = """\b
Examples:
  npusim hls list                       the kernels, a line each
  npusim hls emit f16_add               its Verilog
  npusim hls check f16_add              plain Python, numba, Verilator and Icarus on the same vectors
  npusim hls check gelu.py:gelu         the same for a function of your own
  npusim hls report                     latency, registers and synthesis figures
"""


@click.group(cls=HlsGroup, epilog=EPILOG)
@click.option("--debug", is_flag=True, help="Show the Python traceback of an error.")
def hls(debug: bool) -> None:
    """One Python function: the simulator's kernel and the hardware."""


@hls.command("list")
@click.option("--names", is_flag=True, help="Names only, one a line.")
def list_(names: bool) -> None:
    """List the kernels."""
    for name, instance in KERNELS.items():
        summary = (instance.__doc__ or "").strip().split("\n")[0]
        click.echo(name if names else f"{name:<20} {summary}")


@hls.command("emit")
@click.argument("kernel", required=False)
@click.option("--all", "folder", type=click.Path(path_type=Path), help=f"Write every kernel to a folder ({GENERATED}).")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write instead of standard output.")
@click.option("--clock", default=CLOCK_MHZ, show_default=True, help="Target clock [MHz].")
@click.option("--valid/--no-valid", default=True, help="With or without s_valid, m_valid and rst.")
@click.option("--ce/--no-ce", default=True, help="With or without a clock enable.")
def emit_(*, kernel: str | None, folder: Path | None, output: Path | None, clock: float, valid: bool, ce: bool) -> None:
    """Write the Verilog of KERNEL: a name of `list`, or FILE.py:NAME."""
    options = Options(valid=valid, clock_enable=ce)
    if (kernel is None) == (folder is None):
        raise HlsError("emit takes either one KERNEL or --all FOLDER")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, instance in KERNELS.items():
            (folder / f"{name}.v").write_text(verilog(instance, clock, options))
        click.echo(f"{len(KERNELS)} modules written to {folder}", err=True)
        return
    text = verilog(find(kernel or ""), clock, options)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text)


@hls.command("check")
@click.argument("kernels", nargs=-1, metavar="KERNEL...")
@click.option("--all", "everything", is_flag=True, help="Check every kernel of `list`.")
@click.option(
    "--simulator",
    type=click.Choice([*SIMULATORS, "both", "none"]),
    default="both",
    show_default=True,
    help="Where the Verilog runs.",
)
@click.option("--vectors", default=4000, show_default=True, help="Random operand sets beside the corners.")
@click.option("--seed", default=1, show_default=True, help="Seed of the operands, gaps and stalls.")
@click.option(
    "--waves", type=click.Path(path_type=Path), help="Waveform to write: VCD from Verilator, FST from Icarus."
)
@click.pass_context
def check_(
    ctx: click.Context,
    *,
    kernels: tuple[str, ...],
    everything: bool,
    simulator: str,
    vectors: int,
    seed: int,
    waves: Path | None,
) -> None:
    """Run plain Python, numba and the Verilog of each KERNEL on the same operands; exit code 1 at a difference."""
    if everything == bool(kernels):
        raise HlsError("check takes either kernels or --all")
    if waves is not None and simulator in ("both", "none"):
        raise HlsError(f"--waves needs one simulator; add --simulator {' or --simulator '.join(SIMULATORS)}")
    instances = list(KERNELS.values()) if everything else [find(name) for name in kernels]
    chosen = {"both": SIMULATORS, "none": ()}.get(simulator, (simulator,))
    failed = False
    for verdict in run_check(instances, ["numba", *chosen], count=vectors, seed=seed, waves=waves):
        how = "all operands" if verdict.exhaustive else f"{verdict.sets} operand sets"
        state = "reference" if verdict.executor == "python" else "differs" if verdict.problem else "equal"
        click.echo(f"{verdict.kernel:<20} {verdict.executor:<10} {how:<20} {verdict.seconds:6.1f} s  {state}")
        if verdict.problem:
            failed = True
            click.echo(f"  {verdict.problem}")
            replay = f"npusim hls check {verdict.kernel} --vectors {vectors} --seed {seed}"
            chosen_one = f" --simulator {verdict.executor} --waves {verdict.kernel}.vcd"
            click.echo(f"  replay: {replay}{chosen_one if verdict.executor in SIMULATORS else ' --simulator none'}")
    ctx.exit(1 if failed else 0)


@hls.command("report")
@click.argument("kernels", nargs=-1, metavar="[KERNEL]...")
@click.option("--refresh", is_flag=True, help="Synthesize anew with Yosys; without KERNEL also write the figures.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Figures file to write with --refresh.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report_(kernels: tuple[str, ...], refresh: bool, output: Path | None, as_json: bool) -> None:
    """Latency, registers and synthesis figures of the kernels (or of KERNEL..., through Yosys when not committed)."""
    if refresh and not kernels:
        figures = reports.refresh(output or reports.FIGURES)
    else:
        known = reports.load()
        names = kernels or tuple(KERNELS)
        figures = {name: known[name] if name in known and not refresh else reports.count(find(name)) for name in names}
    old = reports.stale(figures, [KERNELS[name] for name in figures if name in KERNELS])
    if as_json:
        click.echo(json.dumps([asdict(row) for row in figures.values()], indent=1))
        return
    table = Table(box=None, header_style="")
    for column in ("kernel", "latency", "register bits", "fmax est.", "ALM", "ALUT", "FF", "DSP", "hardened instead"):
        table.add_column(column, justify="left" if column.startswith(("kernel", "hard")) else "right", no_wrap=True)
    for row in figures.values():
        values = (row.latency, row.register_bits, row.fmax_mhz, row.alms, row.aluts, row.registers, row.dsps)
        note = row.hardened.split(";")[0]
        table.add_row(row.kernel + ("*" if row.kernel in old else ""), *(f"{value:g}" for value in values), note)
    Console(width=140).print(table)
    click.echo("ALM, ALUT, FF and DSP by Yosys for Cyclone V; fmax by the delay table. " + reports.HARDENED_NOTE)
    if old:
        click.echo(f"* figures older than the Verilog; make them anew with `{reports.REFRESH}`")


__all__ = ["emit", "hls"]
