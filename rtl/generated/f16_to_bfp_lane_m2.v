// f16_to_bfp_lane_m2: One lane of a block as a module of its own: shared is E + bias, at least 1 and at least a's exponent.
// Generated from convert.py:126 float_to_bfp_lane(m=2, e=5, f=10); do not edit, run `npusim hls emit f16_to_bfp_lane_m2`.
// Contract: one result a cycle, latency 3 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_to_bfp_lane_m2 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    input wire [4:0] shared,             // u[5]
    output wire m_valid,                 // s_valid, 3 cycles later
    output wire [2:0] q                  // s[3]
);

    // ---- stage 1 of 3
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = a[15];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub = shared - a[14:10];
    wire shift_less = shift_sub < 5'd3;
    wire [4:0] shift_less_2 = shift_less ? shift_sub : 5'd3;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [13:0] fixed_shl = {significand, 3'd0};
    wire [13:0] fixed_shift = shift_less_2[1] ? {2'd0, fixed_shl[13:2]} : fixed_shl;
    wire [13:0] fixed = shift_less_2[0] ? {1'd0, fixed_shift[13:1]} : fixed_shift;
    // convert.py:118: odd = bits(fixed, f + 2, f + 2)
    wire odd = fixed[12];
    // convert.py:119: guard = bits(fixed, f + 1, f + 1)
    wire guard = fixed[11];
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire [10:0] sticky_bits = fixed[10:0];
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [1:0] magnitude_bits = fixed[13:12];
    reg sign_q1;
    reg odd_q1;
    reg guard_q1;
    reg [10:0] sticky_bits_q1;
    reg [1:0] magnitude_bits_q1;

    always @(posedge clk) begin
        if(ce) begin
            sign_q1 <= sign;
            odd_q1 <= odd;
            guard_q1 <= guard;
            sticky_bits_q1 <= sticky_bits;
            magnitude_bits_q1 <= magnitude_bits;
        end
    end

    // ---- stage 2 of 3
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq = sticky_bits_q1 == 11'd0;
    wire sticky = ~sticky_eq;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire magnitude_or = odd_q1 | sticky;
    wire magnitude_and = guard_q1 & magnitude_or;
    wire [2:0] magnitude_add = {1'd0, magnitude_bits_q1} + {2'd0, magnitude_and};
    reg sign_q2;
    reg [2:0] magnitude_add_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            magnitude_add_q2 <= magnitude_add;
        end
    end

    // ---- stage 3 of 3
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire magnitude_less = magnitude_add_q2 < 3'd3;
    wire [2:0] magnitude_less_2 = magnitude_less ? magnitude_add_q2 : 3'd3;
    // convert.py:122: return -magnitude if sign else magnitude
    wire [2:0] sub = 3'd0 - {1'd0, magnitude_less_2[1:0]};
    wire [2:0] select = sign_q2 ? sub : {1'd0, magnitude_less_2[1:0]};
    reg [2:0] select_q3;

    always @(posedge clk) begin
        if(ce) begin
            select_q3 <= select;
        end
    end

    // ---- valid
    reg [2:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 3'd0;
        end else if(ce) begin
            valid_q <= {valid_q[1:0], s_valid};
        end
    end

    assign m_valid = valid_q[2];
    // ---- outputs
    assign q = select_q3;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, shift_less_2[4:2], magnitude_less_2[2]};
endmodule
`default_nettype wire
