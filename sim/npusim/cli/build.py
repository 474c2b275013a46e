"""`npusim build`: write one of the built-in networks as ONNX."""

from __future__ import annotations

import os
from typing import Any

import click

from npusim.cli import tables
from npusim.cli.console import Progress, note, out
from npusim.cli.load import build_network, debug_option, seed_option

EPILOG = """\b
Examples:
  npusim build --list
  npusim build resnet50                              writes resnet50.onnx
  npusim build resnet50 -o net.onnx --seed 7
  npusim build resnet50 --weights checkpoint.npz     your own parameters, by torchvision's, Keras' or TF-Slim's names
  npusim build lstm --hidden 1024 --steps 25         sizes, where the network has them: lstm, gru
"""


@click.command("build", epilog=EPILOG, short_help="Write one of the built-in networks as ONNX.")
@click.argument("name", metavar="NAME", required=False)
@click.option("-o", "--output", metavar="FILE.onnx", help="File to write.  [default: NAME.onnx]")
@seed_option
@click.option("--weights", metavar="FILE", help="Parameters: .npz, .safetensors or .onnx, instead of seeded ones.")
@click.option("--hidden", metavar="N", type=int, help="Units of a recurrent layer.")
@click.option("--steps", metavar="N", type=int, help="Steps of the sequence.")
@click.option("--inputs", metavar="N", type=int, help="Inputs at every step.  [default: as many as units]")
@click.option("--layers", metavar="N", type=int, help="Recurrent layers, one behind the other.")
@click.option("--direction", metavar="WAY", help="forward, reverse or bidirectional.")
@click.option("--list", "list_names", is_flag=True, help="List the networks.")
@debug_option
def build_command(
    name: str | None, output: str | None, seed: int, weights: str | None, list_names: bool, **sizes: int | str | None
) -> None:
    """Write one of the built-in networks as an ONNX file.

    Weights follow from the seed, with activations as healthy as a trained network's, or come from your file. The file's
    framework is recognised by its names, and the network built as that framework builds it.
    """
    if list_names:
        if name is not None:
            raise click.UsageError(f"--list takes no NAME, got {name!r}")
        _list()
        return
    if name is None:
        raise click.UsageError("Missing argument 'NAME'; npusim build --list shows the networks")
    model = build_network(name, seed, weights, **{key: size for key, size in sizes.items() if size is not None})
    path = output if output is not None else f"{name}.onnx"
    import npusim_models

    if weights is not None:
        note(_origin(model, weights))
    with Progress(f"writing {path}"):
        npusim_models.save(model, path)
    note(f"wrote {path}: {len(model.graph.node)} nodes, {os.path.getsize(path) / 1e6:,.1f} MB")


def _origin(model: Any, weights: str) -> str:
    """Return what the user should know of a network with parameters from a file."""
    from npusim_models.pictures import preparation_of

    said = {entry.key: entry.value for entry in model.metadata_props}
    parts = [f"{weights}: names of {said['names']}"]
    parts += [said["remark"]] if "remark" in said else []
    output = model.graph.output[0].type.tensor_type.shape.dim
    parts += [f"{output[1].dim_value:,} classes"] if len(output) == 2 else []
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    parts += [f"pictures as for --prepare {preparation_of(model.graph.name)}"] if shape[1:2] == [3] else []
    return "; ".join(parts)


def _list() -> None:
    import math

    import npusim_models

    rows = []
    for name in npusim_models.names():
        network = npusim_models.describe(name)
        inputs = ", ".join(f"{key} {'x'.join(map(str, shape))}" for key, shape in network.inputs.items())
        size = sum(math.prod(p.shape) for p in network.params.values())
        rows.append([name, inputs, f"{len(network.nodes)}", f"{size / 1e6:,.2f}"])
    for line in tables.table(("network", "input", "nodes", "million parameters"), rows, "<<>>"):
        out(line)
