// f16_to_f32: The same value in a format with a wider exponent and fraction: exact (subnormals are zero).
// Generated from convert.py:93 float_widen(e=5, f=10, to_e=8, to_f=23); do not edit, run `npusim hls emit f16_to_f32`.
// Contract: one result a cycle, latency 1 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_to_f32 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 1 cycles later
    output wire [31:0] result            // u[32]
);

    // ---- stage 1 of 1
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // convert.py:96: biased = exponent + (1 << (to_e - 1)) - (1 << (e - 1))
    wire [7:0] biased = {3'd0, a[14:10]} + 8'd112;
    // convert.py:97: fraction = bits(significand, f - 1, 0) << (to_f - f)
    wire [22:0] fraction = {significand[9:0], 13'd0};
    // convert.py:98: magnitude = 0 if exponent == 0 else (biased << to_f) | fraction
    wire [30:0] magnitude_shl = {biased, 23'h0};
    wire [30:0] magnitude_or = magnitude_shl | {8'd0, fraction};
    wire [30:0] magnitude = significand_eq ? 31'h0 : magnitude_or;
    // convert.py:99: return (sign << (to_e + to_f)) | magnitude
    wire [31:0] shl = {a[15], 31'h0};
    wire [31:0] or_2 = shl | {1'd0, magnitude};
    reg [31:0] or_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            or_2_q1 <= or_2;
        end
    end

    // ---- valid
    reg valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 1'd0;
        end else if(ce) begin
            valid_q <= s_valid;
        end
    end

    assign m_valid = valid_q;
    // ---- outputs
    assign result = or_2_q1;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, significand[10]};
endmodule
`default_nettype wire
