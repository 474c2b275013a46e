"""What several commands do: options, models by file or name, programs, inputs."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npusim.atomic import NewFile, write_together
from npusim.cli.commands import debug_option
from npusim.cli.console import Progress, note, out
from npusim.errors import InputError, ModelError, nearest

if TYPE_CHECKING:
    from npusim.compiler.ir import TensorInfo
    from npusim.config import NpuConfig
    from npusim.program import Program

DEFAULT_CONFIG = "arria10"

config_option = click.option(
    "-c", "--config", metavar="CONFIG",
    help=f"Machine: a preset or a TOML file.  [default: {DEFAULT_CONFIG}, or what a program was compiled for]",
)  # fmt: skip
threads_option = click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=1,
    metavar="N",
    help="Processor cores for the simulation.  [default: 1]",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    metavar="N",
    help="Seed of weights and inputs.  [default: 0]",
)
json_option = click.option(
    "--json", "json_path", metavar="FILE", help="Write the report as JSON (- for standard output)."
)

__all__ = ["config_option", "debug_option", "json_option", "seed_option", "threads_option"]


OnInterface = Callable[[str, "tuple[TensorInfo, ...]", "tuple[TensorInfo, ...]"], None]
"""Given a network's name, its inputs and its outputs."""


@dataclass(slots=True)
class Loaded:
    """A program ready to run and where it came from.

    source: what ONNX Runtime can load, a path or a ModelProto, None for a program without its model.
    """

    program: Program
    source: Any
    wall_s: dict[str, float | None]
    name: str


def resolve_config(name: str | None) -> NpuConfig:
    """Return the configuration of `-c`."""
    from npusim.config import load_config

    return load_config(name or DEFAULT_CONFIG)


def is_program(path: str) -> bool:
    """True for a program file: by its ending, or by its first bytes whatever its name."""
    if path.endswith(".npu"):
        return True
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as stream:
            return stream.read(4) == b"\x89NPU"
    except (OSError, ValueError):
        return False


def is_name(text: str) -> bool:
    """True if an argument can only be a built-in network's name."""
    if "/" in text or "\\" in text or "\0" in text or len(text) > 60 or Path(text).suffix:
        return False
    return not Path(text).exists()


def build_network(name: str, seed: int, weights: str | None = None, **options: object) -> Any:
    """Return a built-in network as a ModelProto; an unknown name is refused with the nearest, as is an option."""
    import npusim_models

    if name not in npusim_models.names():
        raise InputError(
            f"no network named {name!r}{nearest(name, npusim_models.names())}; a file's name ends in .onnx"
        )
    with Progress(f"building {name}") as progress:
        return npusim_models.build(name, seed=seed, weights=weights, progress=progress.update, **options)


def load_onnx(text: str, seed: int = 0) -> tuple[Any, Any, str]:
    """Return a checked ModelProto, what ONNX Runtime can load, and the SHA-256 of the file."""
    from npusim.compiler.front.importer import load_model

    if is_name(text):
        return _in_memory(build_network(text, seed))
    if Path(text).is_fifo() or Path(text).is_char_device():
        raise ModelError(f"{text}: not a regular file; a model is read more than once")
    model = load_model(text)
    return model, Path(text), hashlib.sha256(_bytes(text)).hexdigest()


def _in_memory(made: Any) -> tuple[Any, Any, str]:
    """Return what `load_onnx` does, for a built network."""
    from npusim.compiler.front.importer import load_model

    model = load_model(made)
    return model, model, hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()


def compile_model(
    model: Any,
    config: NpuConfig,
    *,
    sha256: str = "",
    npu_only: bool = False,
    on_graph: Callable[[str, Any], None] | None = None,
    on_text: Callable[[str, Callable[[], str]], None] | None = None,
) -> Program:
    """Return the program of a checked ModelProto, showing what it is doing if it takes long."""
    from npusim.compiler.back.backend import to_program
    from npusim.compiler.front.frontend import STAGES, to_graph

    stages = [*STAGES, "place", "program"]
    with Progress(f"compiling {model.graph.name or 'the model'} for {config.name}") as progress:

        def graph_stage(name: str, made: Any) -> None:
            progress.update(stages.index(name) + 1, len(stages), f"after {name}")
            if on_graph is not None:
                on_graph(name, made)

        def text_stage(name: str, text: Callable[[], str]) -> None:
            progress.update(stages.index(name) + 1, len(stages), f"after {name}")
            if on_text is not None:
                on_text(name, text)

        graph = to_graph(model, npu_only=npu_only, on_stage=graph_stage, sigmoid_tanh=config.sigmoid_tanh)
        program = to_program(graph, config, text_stage)
    metadata = {**program.metadata, "producer": model.producer_name}
    return replace(program, source_sha256=sha256, metadata=metadata)


def load_program(
    text: str, config: str | None, *, seed: int = 0, npu_only: bool = False, model: str | None = None,
    on_interface: OnInterface = lambda name, inputs, outputs: None,
) -> Loaded:  # fmt: skip
    """Return the program of a `.npu` file, an ONNX file or a built-in network's name.

    A program file runs on the configuration it was compiled for and no other; model: its ONNX file, for comparisons;
    on_interface: called when inputs and outputs are known, before most of the compiler's work.  Raises `NpuError`.
    """
    begin = time.perf_counter()
    wall: dict[str, float | None]
    if is_program(text):
        from npusim.program import Program

        program = Program.load(text)
        on_interface(program.model, program.inputs, program.outputs)
        if config is not None:
            program.check_config(resolve_config(config), text)
        source = None
        if model is not None:
            _, source, sha256 = load_onnx(model, seed)
            if program.source_sha256 and sha256 != program.source_sha256:
                raise InputError(
                    f"{model}: is not the model that {text} was compiled from: its SHA-256 begins with {sha256[:12]}, "
                    f"expected {program.source_sha256[:12]}"
                )
        wall = {"import": time.perf_counter() - begin, "compile": None, "simulate": None}
        return Loaded(program, source, wall, program.model)
    if model is not None:
        raise InputError(f"--model {model}: only for a .npu program, {text} is a model itself")
    machine = resolve_config(config)
    if is_name(text):
        made = build_network(text, seed)
        wall = {"build": time.perf_counter() - begin}
        begin = time.perf_counter()
        proto, source, sha256 = _in_memory(made)
    else:
        wall = {}
        proto, source, sha256 = load_onnx(text, seed)
    imported = time.perf_counter()

    def on_graph(stage: str, made: Any) -> None:
        if stage == "partition":  # the first one that knows them all
            on_interface(made.name, made.inputs, made.outputs)

    program = compile_model(proto, machine, sha256=sha256, npu_only=npu_only, on_graph=on_graph)
    wall |= {"import": imported - begin, "compile": time.perf_counter() - imported, "simulate": None}
    return Loaded(program, source, wall, program.model)


def default_inputs(program: Program, seed: int) -> Any:
    """Return seeded inputs: pictures where the network is one of ours and takes them, else noise."""
    from npusim.tensors import seeded_inputs

    return seeded_inputs(program.inputs, seed, program.metadata.get("producer") == "npusim_models")


def json_file(path: str, data: dict[str, Any]) -> NewFile:
    """Return a report as JSON, to be written."""
    return NewFile(path, [f"{json.dumps(data, indent=2, allow_nan=False)}\n".encode()], "the report")


def finish(lines: list[str], files: list[NewFile], json_path: str | None, data: dict[str, Any]) -> None:
    """Write every file, all or none, then print: the lines, or the report alone where its file is -."""
    if json_path not in (None, "-"):
        files = [*files, json_file(str(json_path), data)]
    write_together(files)
    for line in [json.dumps(data, indent=2, allow_nan=False)] if json_path == "-" else lines:
        out(line)
    for file in files:
        note(f"wrote {os.fspath(file.path)}")


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
