"""A scheduled graph as a Verilog module: ports, one section per stage, registers, the valid pipeline."""

from __future__ import annotations

from dataclasses import dataclass

from npusim_hls.errors import HlsError
from npusim_hls.expression import expression, joined, low, window
from npusim_hls.ir import Graph, Node
from npusim_hls.kernel import Instance
from npusim_hls.schedule import Schedule
from npusim_hls.verilog import Comment, Net, PortComment, name, number, render, vast, vector
from npusim_hls.widths import scalars

WORDS = """
    always and assign automatic begin bit buf bufif0 bufif1 byte case casex casez ce cell clk cmos config const
    deassign default defparam design disable do edge else end endcase endconfig endfunction endgenerate endmodule
    endprimitive endspecify endtable endtask event final for force forever fork function generate genvar highz0
    highz1 if ifnone incdir include index initial inout input instance int integer join large let liblist library
    localparam logic m_valid macromodule medium module nand negedge nmos nor noshowcancelled not notif0 notif1 or
    output parameter pmos posedge primitive priority pull0 pull1 pulldown pullup rand rcmos real realtime ref reg
    release repeat return rnmos rpmos rst rtran rtranif0 rtranif1 s_valid scalared shortint showcancelled signed
    small specify specparam static strong0 strong1 supply0 supply1 table task this time tran tranif0 tranif1 tri
    tri0 tri1 triand trior trireg type union unique unsigned use var vectored void wait wand weak0 weak1 while wire
    with wor xnor xor
"""
RESERVED = frozenset(WORDS.split())  # words of Verilog and SystemVerilog, and the control ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the module has besides the data path."""

    valid: bool = True  # s_valid, m_valid and rst: a bit that travels with the data
    clock_enable: bool = True  # ce: 0 holds every register
    functions: bool = True  # tables are functions; else always blocks, which Verilator keeps once for all instances
    command: str = ""  # that makes the file, for its header; default `npusim hls emit`


@dataclass(frozen=True, slots=True)
class Port:
    """One data port: `width` bits, the leaves of its type packed from bit 0 up, `fields` (leaf width, is signed)."""

    name: str
    width: int
    type_: str
    fields: tuple[tuple[int, bool], ...]


def ports(types: dict[str, object]) -> list[Port]:
    found = []
    for port, type_ in types.items():
        leaves = scalars(type_)  # type: ignore[arg-type]
        fields = tuple((leaf.width, leaf.is_signed) for leaf in leaves)
        found.append(Port(port, sum(leaf.width for leaf in leaves), str(type_), fields))
    return found


class Emitter:
    """Names the values of one schedule and renders them; implements `expression.Reader`."""

    def __init__(self, instance: Instance, plan: Schedule, options: Options) -> None:
        self.instance, self.plan, self.options = instance, plan, options
        self.inputs, self.outputs = ports({**instance.inputs}), ports({**instance.outputs})
        self.refuse_clashes()
        self.stage = 0
        self.taken = set(RESERVED) | {port.name for port in self.inputs + self.outputs} | {instance.name}
        self.names: dict[int, str] = {}
        self.copies: dict[tuple[int, int], str] = {}
        self.leaf: dict[int, tuple[Port, int]] = {}
        self.used: dict[str, int] = {}
        self.widths: dict[str, int] = {port.name: port.width for port in self.inputs}
        self.tables: dict[tuple[int, ...], tuple[str, Node]] = {}
        graph, position = plan.graph, 0
        for port in self.inputs:
            offset = 0
            for width, _ in port.fields:
                node = graph.inputs[position][1]
                self.leaf[node.index] = (port, offset)
                if len(port.fields) == 1:
                    self.names[node.index] = port.name
                offset, position = offset + width, position + 1
        users: dict[int, list[Node]] = {}
        for node in graph.nodes:
            for arg in node.args:
                users.setdefault(arg.index, []).append(node)
        held = {node.index for _, node in graph.outputs}
        self.inlined = {
            node.index
            for node in graph.nodes
            if node.op in ("bits", "signed")
            and node.index not in held
            and node.attrs[0] < node.args[0].width + (node.op == "signed")
            and not node.args[0].is_const
            and all(plan.stage[user.index] == plan.stage[node.index] for user in users.get(node.index, []))
        }
        for node in graph.nodes:
            if node.index not in self.names and not node.is_const and node.index not in self.inlined:
                self.names[node.index] = self.unique(node.name or node.op)

    def refuse_clashes(self) -> None:
        """Ports keep the names of the source, so these must be free in Verilog."""
        kernel, seen = self.instance.kernel, {"clk", self.instance.name}
        at = f"{kernel.source.at(kernel.source.tree)}: {self.instance.name}"
        for port in self.inputs + self.outputs:
            if port.name in RESERVED or port.name in seen or not port.name.isascii():
                raise HlsError(f"{at}: port {port.name} is a Verilog word or used twice; rename the argument or output")
            seen.add(port.name)
        if self.instance.name in RESERVED or not self.instance.name.isidentifier():
            raise HlsError(f"{at} is not a name for a module; bind the kernel under another")

    def unique(self, wish: str) -> str:
        """A free identifier like the wish."""
        wish = "".join(letter if letter.isascii() and (letter.isalnum() or letter == "_") else "_" for letter in wish)
        wish = wish.strip("_") or "value"
        wish = f"v{wish}" if wish[0].isdigit() else wish
        found, count = wish, 1
        while found in self.taken:
            count += 1
            found = f"{wish}_{count}"
        self.taken.add(found)
        return found

    # -- reading values

    def at(self, node: Node, stage: int) -> str:
        """Identifier of a node's value in a stage: the net itself, or its register copy."""
        base = self.names[node.index]
        if stage == self.plan.stage[node.index]:
            return base
        if (node.index, stage) not in self.copies:
            self.copies[node.index, stage] = self.unique(f"{base}_q{stage}")
        return self.copies[node.index, stage]

    def slice(self, node: Node, hi: int, lo: int) -> vast.Node:
        if node.index in self.inlined:
            base = node.attrs[1] if node.op == "bits" else 0
            return window(self, node.args[0], base + hi, base + lo)
        if node.index in self.leaf and self.plan.stage[node.index] == self.stage:
            port, offset = self.leaf[node.index]
            return self.select(port.name, port.width, offset + hi, offset + lo)
        return self.select(self.at(node, self.stage), node.width, hi, lo)

    def select(self, signal: str, width: int, hi: int, lo: int) -> vast.Node:
        self.used[signal] = self.used.get(signal, 0) | ((1 << (hi - lo + 1)) - 1) << lo
        if (hi, lo) == (width - 1, 0):
            return name(signal)
        if hi == lo:
            return vast.Pointer(name(signal), vast.IntConst(str(lo)))
        return vast.Partselect(name(signal), vast.IntConst(str(hi)), vast.IntConst(str(lo)))

    def rom(self, node: Node, index: vast.Node) -> vast.Node:
        if node.attrs not in self.tables:
            self.tables[node.attrs] = (self.unique(f"{self.names[node.index]}_rom"), node)
        return vast.FunctionCall(name(self.tables[node.attrs][0]), (index,))

    # -- statements

    def body(self) -> list[vast.Node]:
        """Nets stage by stage, each followed by the registers that carry values into the next."""
        plan, statements = self.plan, []
        by_stage: list[list[Node]] = [[] for _ in range(plan.latency)]
        for node in plan.graph.nodes:
            if node.op not in ("input", "const") and node.index not in self.inlined:
                by_stage[min(plan.stage[node.index], plan.latency - 1)].append(node)
        for stage, nodes in enumerate(by_stage):
            self.stage = stage
            statements.append(Comment(f"---- stage {stage + 1} of {plan.latency}"))
            line = None
            for node in nodes:
                if node.where is not None and node.where != line:
                    line = node.where
                    statements.append(Comment(f"{line.file}:{line.line}: {line.text}"))
                label = self.names[node.index]
                self.widths[label] = node.width
                if node.op == "rom" and not self.options.functions:
                    statements += self.table(label, node)
                else:
                    statements.append(Net(label, node.width, expression(self, node)))
            statements += self.registers(stage)
        return statements

    def registers(self, stage: int) -> list[vast.Node]:
        declared, copied = [], []
        for node in self.plan.graph.nodes:
            i = node.index
            if not node.is_const and self.plan.stage[i] <= stage < self.plan.last_use[i]:
                copy = self.at(node, stage + 1)
                self.widths[copy] = node.width
                declared.append(vast.Decl((vast.Reg(copy, self.range(node.width)),)))
                value = low(self, node, node.width)
                copied.append(vast.NonblockingSubstitution(vast.Lvalue(name(copy)), vast.Rvalue(value)))
        return [*declared, self.clocked(copied)] if copied else []

    def range(self, width: int) -> vast.Width | None:
        return vast.Width(vast.IntConst(str(width - 1)), vast.IntConst("0")) if width > 1 else None

    def clocked(self, copied: list[vast.Node]) -> vast.Node:
        block: vast.Node = vast.Block(tuple(copied))
        if self.options.clock_enable:
            block = vast.Block((vast.IfStatement(name("ce"), block, None),))
        return vast.Always(vast.SensList((vast.Sens(name("clk"), "posedge"),)), block)

    def valid_pipeline(self) -> list[vast.Node]:
        """One bit a stage; reset clears it, the data registers need no reset."""
        if not self.options.valid:
            return []
        latency = self.plan.latency
        register = self.unique("valid_q")
        head = [name("s_valid")]
        if latency == 2:
            head.insert(0, vast.Pointer(name(register), vast.IntConst("0")))
        elif latency > 2:
            head.insert(0, vast.Partselect(name(register), vast.IntConst(str(latency - 2)), vast.IntConst("0")))
        shift = vast.Block((vast.NonblockingSubstitution(vast.Lvalue(name(register)), vast.Rvalue(joined(head))),))
        moved = vast.IfStatement(name("ce"), shift, None) if self.options.clock_enable else shift
        clear = vast.NonblockingSubstitution(vast.Lvalue(name(register)), vast.Rvalue(number(0, latency)))
        block = vast.Block((vast.IfStatement(name("rst"), vast.Block((clear,)), moved),))
        last = name(register) if latency == 1 else vast.Pointer(name(register), vast.IntConst(str(latency - 1)))
        return [
            Comment("---- valid"),
            vast.Decl((vast.Reg(register, self.range(latency)),)),
            vast.Always(vast.SensList((vast.Sens(name("clk"), "posedge"),)), block),
            vast.Assign(vast.Lvalue(name("m_valid")), vast.Rvalue(last)),
        ]

    def results(self) -> list[vast.Node]:
        """Drive the output ports from the last registers."""
        self.stage, position, statements = self.plan.latency, 0, [Comment("---- outputs")]
        for port in self.outputs:
            parts = []
            for width, _ in port.fields:
                parts.append(low(self, self.plan.graph.outputs[position][1], width))
                position += 1
            statements.append(vast.Assign(vast.Lvalue(name(port.name)), vast.Rvalue(joined(parts[::-1]))))
        return statements

    def functions(self) -> list[vast.Node]:
        """Tables as functions of their index."""
        found: list[vast.Node] = []
        for label, node in self.tables.values():
            width = vast.Width(vast.IntConst(str(node.width - 1)), vast.IntConst("0"))
            port = vast.Input("index", self.range(node.args[0].width))
            found.append(vast.Function(label, width, (port, lookup(label, node, name("index")))))
        return found

    def table(self, label: str, node: Node) -> list[vast.Node]:
        """A table as an always block."""
        block = vast.Block((lookup(label, node, low(self, node.args[0], node.args[0].width)),))
        always = vast.Always(vast.SensList((vast.Sens(None, "all"),)), block)
        return [vast.Decl((vast.Reg(label, self.range(node.width)),)), always]

    def leftovers(self) -> list[vast.Node]:
        """Read the bits that nothing reads, so that lint stays useful for the others."""
        parts: list[vast.Node] = []
        for signal, width in self.widths.items():
            unused = ((1 << width) - 1) & ~self.used.get(signal, 0)
            while unused:
                lo = (unused & -unused).bit_length() - 1
                run = unused >> lo
                count = (run ^ (run + 1)).bit_length() - 1
                parts.append(self.select(signal, width, lo + count - 1, lo))
                unused &= ~(((1 << count) - 1) << lo)
        if not parts:
            return []
        label = self.unique("unused_bits")
        return [Comment("Bits that a slice dropped."), Net(label, 1, vast.Uand(vast.Concat((number(0, 1), *parts))))]

    def port_list(self) -> vast.Portlist:
        plan, options = self.plan, self.options

        def port(kind: type[vast.Node], label: str, width: int, text: str) -> vast.Node:
            return PortComment(vast.Ioport(kind(label, self.range(width)), vast.Wire(label, self.range(width))), text)

        found = [port(vast.Input, "clk", 1, "clock")]
        if options.valid:
            found.append(port(vast.Input, "rst", 1, "synchronous, high; clears valid"))
        if options.clock_enable:
            found.append(port(vast.Input, "ce", 1, "clock enable: 0 holds the whole pipeline"))
        if options.valid:
            found.append(port(vast.Input, "s_valid", 1, "the inputs hold one set of operands"))
        found += [port(vast.Input, p.name, p.width, described(p)) for p in self.inputs]
        if options.valid:
            found.append(port(vast.Output, "m_valid", 1, f"s_valid, {plan.latency} cycles later"))
        found += [port(vast.Output, p.name, p.width, described(p)) for p in self.outputs]
        return vast.Portlist(tuple(found))


def lookup(label: str, node: Node, index: vast.Node) -> vast.Node:
    """A case statement that gives a variable the entry of a table; 0 where the index is never seen."""
    cases = [
        vast.Case((number(i, node.args[0].width),), assign(label, number(entry, node.width)))
        for i, entry in enumerate(node.attrs)
        if i < 1 << node.args[0].width and node.lo <= entry <= node.hi
    ]
    cases.append(vast.Case(None, assign(label, number(0, node.width))))
    return vast.CaseStatement(index, tuple(cases))


def described(port: Port) -> str:
    """The type of a port; lanes lie from bit 0 up."""
    return port.type_ if len(port.fields) == 1 else f"{port.type_}; element 0 in the low bits"


def assign(target: str, value: vast.Node) -> vast.Node:
    return vast.BlockingSubstitution(vast.Lvalue(name(target)), vast.Rvalue(value))


def header(instance: Instance, plan: Schedule, options: Options) -> list[str]:
    kernel = instance.kernel
    summary = (kernel.__doc__ or kernel.name).strip().split("\n")[0]
    parameters = ", ".join(f"{key}={value}" for key, value in instance.parameters.items())
    origin = f"{kernel.source.file}:{kernel.source.tree.lineno} {kernel.name}({parameters})"
    ours = kernel.function.__module__.startswith("npusim_hls.")
    target = instance.name if ours else f"{kernel.source.file}:{instance.name}"
    cycles = f"{plan.latency} cycles{' of ce = 1' if options.clock_enable else ''}"
    lines = [
        f"{instance.name}: {summary}",
        f"Generated from {origin}; do not edit, run `{options.command or f'npusim hls emit {target}'}`.",
        f"Contract: one result a cycle, latency {cycles}; scheduled for {plan.clock_mhz:g} MHz.",
    ]
    return [*lines, "Test: tests/hls/test_rtl.py"] if ours else lines


def emit(instance: Instance, plan: Schedule, options: Options | None = None) -> str:
    """The Verilog file of an instance; the same schedule gives the same bytes."""
    options = options or Options()
    emitter = Emitter(instance, plan, options)
    body = emitter.body()
    results = emitter.results()
    leftovers = emitter.leftovers()
    items = [*emitter.functions(), *body, *emitter.valid_pipeline(), *results, *leftovers]
    module = vast.ModuleDef(instance.name, None, emitter.port_list(), tuple(items))
    return render(module, header(instance, plan, options))


__all__ = ["Emitter", "Graph", "Options", "emit", "vector"]
