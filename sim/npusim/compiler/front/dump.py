"""Print graphs: one line a step, for `--emit`."""

from __future__ import annotations

from npusim.compiler.front.net import Net, dump_net
from npusim.compiler.ir import ConstOperand, Graph, HostStep, Layer, Mfu, Operand, Receive, Recurrent, Send, Step


def dump(stage: Net | Graph) -> str:
    """Return the textual form of what a pass made."""
    return dump_net(stage) if isinstance(stage, Net) else dump_graph(stage)


def dump_graph(graph: Graph) -> str:
    """Return inputs, steps with their maps' forms, outputs and what was folded."""
    lines = [f"graph {graph.name}: {len(graph.steps)} steps, {len(graph.maps)} maps"]
    lines += [f"  input {i.name}: {i.dtype}{list(i.shape)}" for i in graph.inputs]
    lines += [f"  map {child} = {owner}[{first}..]" for child, (owner, first) in graph.aliases.items()]
    lines += [f"  {_step(step, graph)}" for step in graph.steps]
    lines += [f"  output {o.name}: {o.dtype}{list(o.shape)}" for o in graph.outputs]
    lines += [f"  folded {i.op} '{i.name}': {i.layer}" for i in graph.coverage if i.where == "folded"]
    return "\n".join(lines) + "\n"


def _step(step: Step, graph: Graph) -> str:
    if isinstance(step, Layer):
        return _layer(step, graph)
    if isinstance(step, Recurrent):
        return _recurrent(step, graph)
    if isinstance(step, HostStep):
        ops = ", ".join(f"{op} '{name}'" for name, op in step.nodes) or "constant"
        return f"host {', '.join(step.outputs)} = {ops} ({', '.join(step.inputs)})"
    layout = "" if step.view.index is None else ", permuted"
    arrow = ("send", "<-") if isinstance(step, Send) else ("receive", "->")
    assert isinstance(step, Send | Receive)
    return f"{arrow[0]} {step.tensor}{list(step.view.shape)} {arrow[1]} {_form(step.view.map, graph)}{layout}"


def _form(name: str, graph: Graph) -> str:
    fmap = graph.maps[name]
    return f"{name}<{fmap.height}x{fmap.width}x{'+'.join(map(str, fmap.segments))}>"


def _layer(layer: Layer, graph: Graph) -> str:
    w = layer.window
    words = [f"{_form(layer.out, graph)} = {layer.op} '{layer.name}' {_form(layer.source, graph)}"]
    if layer.weights is not None:
        words.append("mv_mul" + (f" groups {layer.groups}" if layer.groups > 1 else ""))
    if (w.kh, w.kw, w.sh, w.sw) != (1, 1, 1, 1) or w.pad_top or w.pad_left:
        words.append(f"window {w.kh}x{w.kw} stride {w.sh}x{w.sw} pad {w.pad_top},{w.pad_left}")
    if (w.dh, w.dw) != (1, 1):
        words.append(f"dilation {w.dh}x{w.dw}")
    if layer.low_padding:
        words.append("low padding")
    words += _mfu(layer.pre)
    if layer.reduce is not None:
        r = layer.reduce
        words.append(
            f"{r.op} over {r.axis}"
            + (
                f" n {r.n} overlap {r.overlap} head {r.head}{' tail' if r.tail else ''} count {r.count}"
                if r.axis in ("cols", "rows")
                else ""
            )
        )
    words += [f"then {word}" for word in _mfu(layer.post)]
    return "; ".join(words)


def _recurrent(step: Recurrent, graph: Graph) -> str:
    outs = ", ".join(_form(name, graph) for name in step.outs)
    words = [f"{outs} = {step.op} '{step.name}' {_form(step.source, graph)}", f"{step.steps} steps"]
    words += [f"{name} {_operand(o)}" for name, o in (("h0", step.h0), ("c0", step.c0)) if o is not None]
    words += [f"clip {step.clip:g}"] if step.clip else []
    words += [name for name in ("reverse", "coupled", "reset_after") if getattr(step, name)]
    return "; ".join(words)


def _mfu(mfu: Mfu) -> list[str]:
    words = []
    if mfu.mul is not None:
        words.append(f"mul {_operand(mfu.mul)}")
    if mfu.addsub is not None:
        words.append(f"{mfu.addsub[0]} {_operand(mfu.addsub[1])}")
    if mfu.act is not None:
        words.append(f"{mfu.act}{list(mfu.act_args) if mfu.act_args else ''}")
    return words


def _operand(operand: Operand) -> str:
    if isinstance(operand, ConstOperand):
        return "const per position" if operand.per_position else "const"
    stride = f" at stride {operand.sh}x{operand.sw}" if (operand.sh, operand.sw) != (1, 1) else ""
    return f"{operand.map}{stride}"
