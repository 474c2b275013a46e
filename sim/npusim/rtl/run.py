"""Run a program on the RTL: write the harness's files, run the simulation, read what it wrote."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from npusim.config import NpuConfig
from npusim.csr import CSRS
from npusim.rtl.build import Built, RtlError
from npusim.rtl.checksum import U16
from npusim.rtl.expect import beats

OFFSET = {row.name: row.offset for row in CSRS}
BEAT_PROGRESS = 1000  # cycles between two signs of life


@dataclass(frozen=True, slots=True)
class Job:
    """What the machine is given.

    dram: its image; size: bytes that the program may touch; incoming: (cycle from which it is there, vectors) for each
    NetInQ move in order; timeout: cycles after which the run is given up; gaps: idle cycles, at most, before
    each beat of the network queues; stall: first cycle since reset, and number of cycles, in which the DRAM accepts
    and answers nothing; detail: chains whose writes are to be listed.
    """

    words: npt.NDArray[np.uint64]
    dram: npt.NDArray[np.uint8]
    size: int
    incoming: list[tuple[int, U16]]
    timeout: int
    watchdog: int = 0
    gaps: int = 0
    seed: int = 1
    stall: tuple[int, int] | None = None
    detail: tuple[int, int] | None = None
    waves: Path | None = None
    waves_window: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One write of a chain: its number in that space, where, and its halves (one for DRAM)."""

    space: int
    number: int
    address: int
    data: int


@dataclass(slots=True)
class RtlRun:
    """What the RTL did: cycles by chain number, checksums, vectors of NetOutQ as beats, registers after the run.

    faults: what the harness itself found wrong, as sentences.
    """

    dispatched: dict[int, int] = field(default_factory=dict)
    started: dict[int, int] = field(default_factory=dict)
    completed: dict[int, int] = field(default_factory=dict)
    sums: dict[int, int] = field(default_factory=dict)
    writes: dict[int, list[Written]] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)  # one item a move
    registers: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    given_up: int | None = None
    offset: int | None = None  # cycles since reset at cycle 0 of the run

    @property
    def cycles(self) -> int:
        """Cycles of the run as the machine counts them."""
        return self.registers.get("CYCLES_LO", 0) | self.registers.get("CYCLES_HI", 0) << 32

    @property
    def overflow(self) -> bool:
        """The sticky flag."""
        return bool(self.registers.get("STATUS", 0) >> 3 & 1)


def run(built: Built, config: NpuConfig, job: Job, progress: Callable[[int], None] | None = None) -> RtlRun:
    """Run a job; progress: called with the cycle reached.  Raises `RtlError` where the simulation itself fails."""
    with tempfile.TemporaryDirectory(prefix="npusim-rtl-") as temporary:
        place = Path(temporary)
        _write_files(place, config, job)
        plusargs = [f"+timeout={job.timeout}", f"+progress={BEAT_PROGRESS}", f"+gaps={job.gaps}"]
        plusargs.append("+dram_image=dram.bin")
        if job.stall is not None:
            plusargs += [f"+dram_stall_at={job.stall[0]}", f"+dram_stall_for={job.stall[1]}"]
        if job.detail is not None:
            plusargs += [f"+detail_from={job.detail[0]}", f"+detail_to={job.detail[1]}"]
        if job.waves is not None:
            plusargs.append(f"+waves={job.waves.resolve()}")
            if job.waves_window is not None:
                plusargs += [f"+waves_from={job.waves_window[0]}", f"+waves_to={job.waves_window[1]}"]
        _execute(built.command(plusargs, job.seed), place, progress)
        return _read(place, config)


def _execute(command: list[str], place: Path, progress: Callable[[int], None] | None) -> None:
    with (place / "errors.txt").open("w+") as errors:
        try:
            process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=errors, text=True)
        except OSError as error:
            raise RtlError(f"{command[0]} cannot be run: {error.strerror or error}") from None
        last = ""
        with process:
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    if line.strip().isdigit():
                        if progress is not None:
                            progress(int(line))
                    elif line.strip():
                        last = line.strip()
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            text = " ".join(errors.read().split())[-300:] or last
            raise RtlError(f"the simulation ended with status {process.returncode}: {text}")


def _write_files(place: Path, config: NpuConfig, job: Job) -> None:
    words = [int(word) for word in job.words.tolist()]
    script: list[tuple[str, int]] = [
        ("PROGRAM_WORDS", len(words)), ("WATCHDOG", job.watchdog),
        ("DRAM_BASE_LO", 0), ("DRAM_BASE_HI", 0),
        ("DRAM_SIZE_LO", job.size & 0xFFFFFFFF), ("DRAM_SIZE_HI", job.size >> 32), ("IMEM_ADDR", 0),
    ]  # fmt: skip
    for word in words:
        script += [("IMEM_DATA_LO", word & 0xFFFFFFFF), ("IMEM_DATA_HI", word >> 32)]
    script.append(("CONTROL", 1))
    (place / "script.txt").write_text("".join(f"{OFFSET[name]:x} {value:x}\n" for name, value in script))
    with (place / "netin.txt").open("w") as stream:
        for cycle, vectors in job.incoming:
            stream.writelines(f"{cycle} {beat}\n" for beat in beats(vectors, config))
    image = job.dram.tobytes()
    (place / "dram.bin").write_bytes(image.ljust(-(-len(image) // 8) * 8, b"\0"))


def _read(place: Path, config: NpuConfig) -> RtlRun:
    found = RtlRun()
    names = {offset: name for name, offset in OFFSET.items()}
    for line in (place / "events.txt").read_text().splitlines():
        match line.split():
            case ["D", seq, _, cycle]:
                found.dispatched[int(seq)] = int(cycle)
            case ["S", seq, _, cycle]:
                found.started[int(seq)] = int(cycle)
            case ["C", seq, _, cycle, total]:
                if int(seq) in found.completed:
                    found.faults.append(
                        f"chain {seq} completed twice, in cycles {found.completed[int(seq)]} and {cycle}"
                    )
                found.completed[int(seq)] = int(cycle)
                found.sums[int(seq)] = _hex(total)
            case ["W", seq, space, number, address, data]:
                write = Written(int(space), int(number), int(address), _hex(data))
                found.writes.setdefault(int(seq), []).append(write)
            case ["L", seq, _]:
                found.faults.append(f"chain {seq} (its number modulo 65536) wrote after it had completed")
            case ["X", space, cycle]:
                found.faults.append(f"a write to space {space} in cycle {cycle} belongs to no move that has started")
            case ["R", offset, value]:
                if int(offset, 16) in names:
                    found.registers[names[int(offset, 16)]] = _hex(value)
            case ["E", offset]:
                found.faults.append(f"the write of register {names.get(int(offset, 16), offset)} was refused")
            case ["B", cycle]:
                found.offset = int(cycle)
            case ["T", cycle]:
                found.given_up = int(cycle)
            case _:
                raise RtlError(f"the harness wrote {line!r:.80}, which is no event")
    found.sent = _moves((place / "netout.txt").read_text().splitlines(), config)
    return found


def _moves(lines: list[str], config: NpuConfig) -> list[bytes]:
    """Return the bytes of each NetOutQ move; beats with unknown bits count as all ones."""
    found: list[bytes] = []
    data = b""
    for line in lines:
        word, last = line.split()
        data += _hex(word).to_bytes(config.net_bytes, "little")
        if last != "0":
            found.append(data)
            data = b""
    return [*found, data] if data else found


def _hex(text: str) -> int:
    """A hexadecimal number; unknown digits (x, z) read as f, so that they differ from what is expected."""
    return int(text.lower().replace("x", "f").replace("z", "f"), 16)
