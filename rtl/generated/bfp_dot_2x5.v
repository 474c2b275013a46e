// bfp_dot_2x5: The exact integer dot product of two blocks of signed mantissas.
// Generated from convert.py:147 bfp_dot(n=2, ma=5, mb=5); do not edit, run `npusim hls emit bfp_dot_2x5`.
// Contract: one result a cycle, latency 2 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module bfp_dot_2x5 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [11:0] a,                 // tuple[s[6], s[6]]; element 0 in the low bits
    input wire [11:0] b,                 // tuple[s[6], s[6]]; element 0 in the low bits
    output wire m_valid,                 // s_valid, 2 cycles later
    output wire [12:0] sum               // s[13]
);

    // ---- stage 1 of 2
    // convert.py:151: return sum(x * y for x, y in zip(a, b, strict=True))
    wire [11:0] mul = $signed({{6{a[5]}}, a[5:0]}) * $signed({{6{b[5]}}, b[5:0]});
    wire [11:0] mul_2 = $signed({{6{a[11]}}, a[11:6]}) * $signed({{6{b[11]}}, b[11:6]});
    reg [11:0] mul_q1;
    reg [11:0] mul_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            mul_q1 <= mul;
            mul_2_q1 <= mul_2;
        end
    end

    // ---- stage 2 of 2
    // convert.py:151: return sum(x * y for x, y in zip(a, b, strict=True))
    wire [12:0] add = {mul_q1[11], mul_q1} + {mul_2_q1[11], mul_2_q1};
    reg [12:0] add_q2;

    always @(posedge clk) begin
        if(ce) begin
            add_q2 <= add;
        end
    end

    // ---- valid
    reg [1:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 2'd0;
        end else if(ce) begin
            valid_q <= {valid_q[0], s_valid};
        end
    end

    assign m_valid = valid_q[1];
    // ---- outputs
    assign sum = add_q2;
endmodule
`default_nettype wire
