"""The back end: a graph of layers to a verified program, as one visible list of passes."""

from __future__ import annotations

from collections.abc import Callable

import npusim
from npusim.compiler.back.order import absorb_inputs, add_to_the_younger, hoist_operands, part_wide_reductions
from npusim.compiler.back.pack import pack
from npusim.compiler.back.place import Placer
from npusim.compiler.back.placement import Placement
from npusim.compiler.back.provenance import provenance
from npusim.compiler.back.schedule import Schedule, Scheduler
from npusim.compiler.back.separate import separate
from npusim.compiler.back.sync import synchronise
from npusim.compiler.back.verify import verify_program
from npusim.compiler.ir import Graph
from npusim.config import NpuConfig
from npusim.errors import PlacementError, ProgramError
from npusim.program import Program

OnStage = Callable[[str, Callable[[], str]], None]
"""Called after each pass with its name and a function that gives its result as text."""


def to_program(graph: Graph, config: NpuConfig, on_stage: OnStage = lambda name, text: None) -> Program:
    """Place, schedule, synchronise, emit and verify.

    Raises `PlacementError` where a layer does not fit the machine.
    """
    graph = hoist_operands(add_to_the_younger(part_wide_reductions(graph, config)))
    graph, placement = _placed(graph, config)
    on_stage("place", lambda: dump_placement(placement))
    schedule = Scheduler(placement.layout.graph, config, placement).run()
    if len(schedule.words) > config.imem_words:
        raise ProgramError(
            f"{graph.name}: the program needs {len(schedule.words)} instruction words, "
            f"imem_words of {config.name} is {config.imem_words}"
        )
    words = synchronise(schedule.words, config)
    program = _program(graph, config, schedule, words, placement)
    on_stage("program", lambda: _disassemble(program))
    verify_program(program)
    return program


def _placed(graph: Graph, config: NpuConfig) -> tuple[Graph, Placement]:
    """Place a graph; recurrent layers multiply their inputs themselves if operand memories have room for it."""
    joined = absorb_inputs(graph, config)
    try:
        return joined, _placement(joined, config)
    except PlacementError:
        if joined is graph:
            raise
    return graph, _placement(graph, config)


def _placement(graph: Graph, config: NpuConfig) -> Placement:
    return Placer(separate(pack(graph, config)), config).solve()


def _program(graph: Graph, config: NpuConfig, schedule: Schedule, words: object, placement: Placement) -> Program:
    used = {space.name.lower(): count for space, count in placement.used.items()}
    return Program(
        model=graph.name,
        config=config,
        words=words,  # type: ignore[arg-type]
        dram=schedule.image.data,
        dram_size=schedule.image.size,
        io=schedule.ports,
        inputs=graph.inputs,
        outputs=graph.outputs,
        host_steps=schedule.host_calls,
        nodes=schedule.nodes,
        coverage=graph.coverage,
        regions=tuple(schedule.image.regions),
        compiler=npusim.__version__,
        metadata={
            "vectors_used": used,
            "spilled": sorted(placement.spilled),
            "outputs": [list(place) for place in schedule.outputs],
            "lanes": schedule.lanes,
            **provenance(graph, schedule.nodes),
        },
    )


def _disassemble(program: Program) -> str:
    from npusim.asm import disassemble

    return disassemble(program.words, program.nodes)


def dump_placement(placement: Placement) -> str:
    """Return the placement as text, one buffer a line."""
    lines = []
    for (root, space), address in sorted(placement.resident.items(), key=lambda kv: (kv[0][1], kv[1])):
        size = placement.layout.size(root)
        lines.append(f"{space.name:15} {address:7} +{size:<7} {root}")
    for (index, name, space), buffer in sorted(placement.buffers.items(), key=lambda kv: kv[0][0]):
        layer = placement.geometry[index].layer.name if index in placement.geometry else str(index)
        stripes = f", {len(placement.stripes[index])} stripes" if index in placement.stripes else ""
        lines.append(f"{space.name:15} {buffer.address:7} +{buffer.size}x{buffer.count} {name} for {layer}{stripes}")
    for root, strip in sorted(placement.strips.items()):
        lines.append(f"{strip.space.name:15} {strip.address:7} +{strip.size:<7} a stripe of {root}")
    for (index, area, space), address in sorted(placement.areas.items()):
        lines.append(f"{space.name:15} {address:7} {area} for {index}")
    lines += [f"{'DRAM':15} {'':7} {root}" for root in sorted(placement.spilled)]
    return "\n".join(lines)
