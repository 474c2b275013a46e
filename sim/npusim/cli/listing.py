"""`npusim disasm` and `npusim asm`: a program as text, and exactly back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from npusim.cli.console import note, out
from npusim.cli.load import debug_option
from npusim.errors import ProgramError

DISASM_EPILOG = """\b
Examples:
  npusim disasm model.npu --code | less       instructions with layers' names, to read
  npusim disasm model.npu -o model.s          and model.dram beside it with everything binary
  npusim disasm model.npu > model.s           everything in one text
"""

ASM_EPILOG = """\b
Examples:
  npusim asm model.s                          writes model.npu
  npusim asm model.s -o again.npu
"""


@click.command("disasm", epilog=DISASM_EPILOG, short_help="Turn a program into text.")
@click.argument("program", metavar="FILE.npu")
@click.option(
    "-o", "--output", metavar="FILE", help="Write the text, and binary data to a file ending in .dram beside it."
)
@click.option("--inline", is_flag=True, help="With -o: binary data in the text too, as base64.")
@click.option("--code", is_flag=True, help="Instructions alone: to read, not to assemble.")
@debug_option
def disasm_command(program: str, output: str | None, inline: bool, code: bool) -> None:
    """Turn a program into text that `npusim asm` turns back into the same file, byte for byte."""
    from npusim.asm import disassemble
    from npusim.atomic import NewFile, write_together
    from npusim.listing import disassemble_program
    from npusim.program import Program

    if inline and output is None:
        raise click.UsageError("--inline is for -o; on standard output binary data are in the text anyway")
    loaded = Program.load(program)
    if not code and output is None and sys.stdout.isatty():
        note("instructions alone, because standard output is a terminal; -o FILE writes everything")
        code = True
    if code:
        text, blob, sidecar = disassemble(loaded.words, loaded.nodes), b"", None
    else:
        sidecar = None if inline or output is None else str(Path(output).with_suffix(".dram"))
        if sidecar is not None and Path(sidecar) == Path(str(output)):
            raise click.UsageError(f"-o {output}: binary data go to that name; choose another ending, or --inline")
        text, blob = disassemble_program(loaded, None if sidecar is None else Path(sidecar).name)
    if output is None:
        out(text.rstrip("\n"))
        return
    files = [] if sidecar is None else [NewFile(sidecar, [blob], "the binary data", ProgramError)]
    files.append(NewFile(output, [text.encode()], "the listing", ProgramError))
    write_together(files)
    for file in files:
        note(f"wrote {file.path!s}")


@click.command("asm", epilog=ASM_EPILOG, short_help="Turn text into a program, exactly back.")
@click.argument("listing", metavar="FILE")
@click.option("-o", "--output", metavar="FILE.npu", help="Program to write.  [default: FILE with .npu, in this folder]")
@debug_option
def asm_command(listing: str, output: str | None) -> None:
    """Turn the text of `npusim disasm`, edited or not, into a program."""
    from npusim.compiler.back.verify import verify_program
    from npusim.listing import assemble_program

    try:
        text = Path(listing).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProgramError(f"{listing}: not a text: byte {error.start} is no UTF-8") from None
    except (OSError, ValueError) as error:
        raise ProgramError(f"{listing}: cannot read the listing: {getattr(error, 'strerror', None) or error}") from None
    program = assemble_program(text, listing, Path(listing).parent)
    try:
        verify_program(program)
    except ProgramError as error:
        raise ProgramError(f"{listing}: {error}") from None
    path = output if output is not None else f"{Path(listing).stem}.npu"
    program.save(path)
    note(f"wrote {path}: {len(program.words):,} instructions")
