// f16_to_bfp_lane_m5: One lane of a block as a module of its own: shared is E + bias, at least 1 and at least a's exponent.
// Generated from convert.py:126 float_to_bfp_lane(m=5, e=5, f=10); do not edit, run `npusim hls emit f16_to_bfp_lane_m5`.
// Contract: one result a cycle, latency 4 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_to_bfp_lane_m5 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    input wire [4:0] shared,             // u[5]
    output wire m_valid,                 // s_valid, 4 cycles later
    output wire [5:0] q                  // s[6]
);

    // ---- stage 1 of 4
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = a[15];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub = shared - a[14:10];
    wire shift_less = shift_sub < 5'd6;
    wire [4:0] shift_less_2 = shift_less ? shift_sub : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl = {significand, 6'd0};
    wire [16:0] fixed_shift = shift_less_2[2] ? {4'd0, fixed_shl[16:4]} : fixed_shl;
    wire [16:0] fixed_shift_2 = shift_less_2[1] ? {2'd0, fixed_shift[16:2]} : fixed_shift;
    wire fixed_shift_3 = shift_less_2[0];
    reg sign_q1;
    reg [16:0] fixed_shift_2_q1;
    reg fixed_shift_3_q1;

    always @(posedge clk) begin
        if(ce) begin
            sign_q1 <= sign;
            fixed_shift_2_q1 <= fixed_shift_2;
            fixed_shift_3_q1 <= fixed_shift_3;
        end
    end

    // ---- stage 2 of 4
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed = fixed_shift_3_q1 ? {1'd0, fixed_shift_2_q1[16:1]} : fixed_shift_2_q1;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq = fixed[10:0] == 11'd0;
    wire sticky = ~sticky_eq;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits = fixed[16:12];
    wire magnitude_or = fixed[12] | sticky;
    wire magnitude_and = fixed[11] & magnitude_or;
    reg sign_q2;
    reg [4:0] magnitude_bits_q2;
    reg magnitude_and_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            magnitude_bits_q2 <= magnitude_bits;
            magnitude_and_q2 <= magnitude_and;
        end
    end

    // ---- stage 3 of 4
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [5:0] magnitude_add = {1'd0, magnitude_bits_q2} + {5'd0, magnitude_and_q2};
    wire magnitude_less = magnitude_add < 6'd31;
    wire [5:0] magnitude_less_2 = magnitude_less ? magnitude_add : 6'd31;
    wire [4:0] magnitude = magnitude_less_2[4:0];
    reg sign_q3;
    reg [4:0] magnitude_q3;

    always @(posedge clk) begin
        if(ce) begin
            sign_q3 <= sign_q2;
            magnitude_q3 <= magnitude;
        end
    end

    // ---- stage 4 of 4
    // convert.py:122: return -magnitude if sign else magnitude
    wire [5:0] sub = 6'd0 - {1'd0, magnitude_q3};
    wire [5:0] select = sign_q3 ? sub : {1'd0, magnitude_q3};
    reg [5:0] select_q4;

    always @(posedge clk) begin
        if(ce) begin
            select_q4 <= select;
        end
    end

    // ---- valid
    reg [3:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 4'd0;
        end else if(ce) begin
            valid_q <= {valid_q[2:0], s_valid};
        end
    end

    assign m_valid = valid_q[3];
    // ---- outputs
    assign q = select_q4;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, shift_less_2[4:3], magnitude_less_2[5]};
endmodule
`default_nettype wire
