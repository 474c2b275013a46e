"""Measure what the resource model's constants cost in ALMs: `python tools/alm_costs.py` (needs Yosys).

Maps small combinational circuits with `synth_intel_alm -family cyclonev`: its ALM, with two bits of carry chain and
a fracturable LUT, is that of Arria 10 and Stratix 10.  An ALM holds two bits of a carry chain, two
functions of at most four inputs or one of six; two functions of five inputs share one if they have three inputs in
common, taken as one case in two.  Pipeline registers are free: an ALM has four.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

WEIGHTS = {"ALUT_ARITH": 0.5, "ALUT6": 1.0, "ALUT5": 0.75, "ALUT4": 0.5, "ALUT3": 0.5, "ALUT2": 0.5, "NOT": 0.0}

SOURCE = """
module round_pack #(parameter E = 5, M = 10) (
    input wire sign, input wire signed [E+2:0] exp, input wire [M+3:0] mant, output wire [E+M:0] y);
    // mant: 1.M bits, guard, round, sticky; exp is biased; flush below, saturate above
    wire up = mant[2] & (mant[1] | mant[0] | mant[3]);
    wire [M+1:0] r = mant[M+3:3] + up;
    wire signed [E+2:0] e = exp + r[M+1];
    wire low = e <= 0 | ~mant[M+3], high = e >= (1 << E) - 1;
    assign y = low ? {sign, {(E+M){1'b0}}} : high ? {sign, {(E-1){1'b1}}, 1'b0, {M{1'b1}}} : {sign, e[E-1:0], r[M-1:0]};
endmodule

module norm #(parameter W = 15, C = 5) (input wire [W-1:0] x, output reg [W-1:0] y, output reg [C-1:0] n);
    // shift left until the top bit is set; n: by how much
    integer i;
    always @* begin
        y = x;
        n = 0;
        for (i = C - 1; i >= 0; i = i - 1)
            if ((1 << i) < W && (y >> (W - (1 << i))) == 0) begin
                y = y << (1 << i);
                n[i] = 1'b1;
            end
    end
endmodule

module fadd #(parameter E = 5, M = 10, C = 4) (input wire [E+M:0] a, input wire [E+M:0] b, output wire [E+M:0] y);
    wire swap = b[E+M-1:0] > a[E+M-1:0];
    wire [E+M:0] x = swap ? b : a, z = swap ? a : b;
    wire [E-1:0] d = x[M +: E] - z[M +: E];
    wire [M+3:0] big = {|x[M +: E], x[M-1:0], 3'b0}, small = {|z[M +: E], z[M-1:0], 3'b0};
    wire [2*M+6:0] wide = {small, {(M+3){1'b0}}} >> (d > M + 3 ? M + 3 : d);
    wire [M+3:0] aligned = {wide[2*M+6:M+4], |wide[M+3:0]};
    wire [M+4:0] s = x[E+M] ^ z[E+M] ? big - aligned : big + aligned;
    wire [M+4:0] n;
    wire [C:0] lz;
    norm #(.W(M+5), .C(C+1)) u_norm (.x(s), .y(n), .n(lz));
    wire signed [E+2:0] e = $signed({3'b0, x[M +: E]}) + 1 - $signed({1'b0, lz});
    round_pack #(.E(E), .M(M)) u_round (.sign(x[E+M]), .exp(e), .mant({n[M+4:2], |n[1:0]}), .y(y));
endmodule

module fmul #(parameter E = 5, M = 10) (
    input wire [E+M:0] a, input wire [E+M:0] b, input wire [2*M+1:0] p, output wire [E+M:0] y);
    // what is around the multiplier of a floating-point multiplication; p: product of the significands
    wire [2*M+1:0] n = p[2*M+1] ? p : p << 1;
    wire signed [E+2:0] e = a[M +: E] + b[M +: E] - ((1 << (E-1)) - 1) + p[2*M+1];
    round_pack #(.E(E), .M(M)) u_round (.sign(a[E+M] ^ b[E+M]), .exp(e), .mant({n[2*M+1:M-1], |n[M-2:0]}), .y(y));
endmodule

module fmax (input wire [15:0] a, input wire [15:0] b, output wire [15:0] y);
    wire gt = a[15] != b[15] ? b[15] : (a[14:0] > b[14:0]) ^ a[15];
    assign y = gt ? a : b;
endmodule

module convert #(parameter D = 16, C = 5) (input wire signed [D-1:0] d, input wire [8:0] e, output wire [31:0] y);
    // integer dot product -> fp32; exact, so nothing is rounded
    wire [D-1:0] mag = d[D-1] ? -d : d;
    wire [D-1:0] n;
    wire [C-1:0] lz;
    norm #(.W(D), .C(C)) u_norm (.x(mag), .y(n), .n(lz));
    wire [9:0] exp = {e[8], e} - lz;
    wire [30:0] packed = {exp[7:0], n[D-2:0], {(24-D){1'b0}}};
    assign y = ~n[D-1] | exp[9] ? 32'b0 : {d[D-1], exp[8] ? 31'h7f7fffff : packed};
endmodule

module narrow (input wire [31:0] a, output wire [15:0] y);
    // fp32 -> float16
    wire signed [7:0] e = a[30:23] > 8'd150 ? 8'sd40 : a[30:23] < 8'd100 ? 8'sd0 : $signed(a[30:23] - 8'd112);
    round_pack #(.E(5), .M(10)) u_round (.sign(a[31]), .exp(e), .mant({1'b1, a[22:11], |a[10:0]}), .y(y));
endmodule

module bfp #(parameter M = 5) (input wire [15:0] a, input wire [4:0] emax, output wire [M:0] q);
    // one lane of float16 -> BFP: align to the block's exponent, round, clip
    wire [4:0] d = emax - a[14:10];
    wire [M+10:0] s = {|a[14:10], a[9:0], {M{1'b0}}} >> (d > M + 1 ? M + 1 : d);
    wire [M:0] r = s[M+10:11] + (s[10] & (s[11] | |s[9:0]));
    wire [M-1:0] c = r[M] ? {M{1'b1}} : r[M-1:0];
    assign q = a[15] ? -{1'b0, c} : {1'b0, c};
endmodule

module emax2 (input wire [4:0] a, input wire [4:0] b, output wire [4:0] y);
    assign y = a > b ? a : b;
endmodule

module act (input wire [15:0] x, input wire [15:0] a, input wire [15:0] b, input wire [2:0] op, input wire [15:0] t,
            output reg [15:0] y);
    // clip and relu by comparison, leaky relu and the kernels' result chosen
    wire [15:0] lo, hi;
    fmax u_lo (.a(x), .b(a), .y(lo));
    fmax u_hi (.a(lo ^ 16'h8000), .b(b ^ 16'h8000), .y(hi));
    always @* case (op)
        3'd1: y = x[15] ? 16'b0 : x;
        3'd2: y = hi ^ 16'h8000;
        3'd3: y = x[15] ? t : x;
        3'd4: y = t;
        default: y = x;
    endcase
endmodule
"""


def alms(top: str, **parameters: int) -> float:
    """Return the ALMs of one module."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "cost.v")
        source.write_text(SOURCE, encoding="utf-8")
        settings = " ".join(f"-chparam {k} {v}" for k, v in parameters.items())
        script = (
            f"read_verilog {source}; hierarchy -top {top} {settings}; "
            f"synth_intel_alm -family cyclonev -nodsp -nobram -noiopad -noclkbuf -top {top}; "
            f"tee -q -o {folder}/stat.json stat -json"
        )
        subprocess.run(["yosys", "-q", "-p", script], check=True, stdout=subprocess.DEVNULL)
        report = json.loads(Path(folder, "stat.json").read_text(encoding="utf-8"))
    cells = report["design"]["num_cells_by_type"]
    return sum(WEIGHTS[name.removeprefix("MISTRAL_")] * int(count) for name, count in cells.items())


def main() -> None:
    """Print one line a circuit."""
    print(f"fp32 add: {alms('fadd', E=8, M=23, C=4):.0f}")
    print(f"float16 add: {alms('fadd', E=5, M=10, C=3):.0f}")
    print(f"float16 multiply, around the multiplier: {alms('fmul', E=5, M=10):.0f}")
    print(f"float16 maximum: {alms('fmax'):.0f}")
    print(f"unary: {alms('act'):.0f}")
    print(f"integer to fp32: {alms('convert', D=16):.0f}")
    print(f"fp32 to float16: {alms('narrow'):.0f}")
    for m in range(2, 8):
        print(f"float16 to BFP, {m} bits: {alms('bfp', M=m):.0f} a lane, {alms('emax2'):.0f} a maximum of exponents")


if __name__ == "__main__":
    main()
