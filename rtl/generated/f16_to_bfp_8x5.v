// f16_to_bfp_8x5: A block of n numbers as n signed mantissas of m magnitude bits and the exponent E of the largest magnitude.
// Generated from convert.py:132 float_to_bfp(n=8, m=5, e=5, f=10); do not edit, run `npusim hls emit f16_to_bfp_8x5`.
// Contract: one result a cycle, latency 6 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_to_bfp_8x5 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [127:0] lanes,            // array[u[16], 8]; element 0 in the low bits
    output wire m_valid,                 // s_valid, 6 cycles later
    output wire [47:0] q,                // array[s[6], 8]; element 0 in the low bits
    output wire [5:0] exponent           // s[6]
);

    // ---- stage 1 of 6
    // convert.py:140: largest = max(bits(a, e + f - 1, f) for a in lanes)
    wire [4:0] largest_bits = lanes[14:10];
    wire [4:0] largest_bits_2 = lanes[30:26];
    wire [4:0] largest_bits_3 = lanes[46:42];
    wire [4:0] largest_bits_4 = lanes[62:58];
    wire [4:0] largest_bits_5 = lanes[78:74];
    wire [4:0] largest_bits_6 = lanes[94:90];
    wire [4:0] largest_bits_7 = lanes[110:106];
    wire [4:0] largest_bits_8 = lanes[126:122];
    wire largest_max_less = largest_bits < largest_bits_2;
    wire [4:0] largest_max = largest_max_less ? largest_bits_2 : largest_bits;
    wire largest_max_less_2 = largest_bits_3 < largest_bits_4;
    wire [4:0] largest_max_2 = largest_max_less_2 ? largest_bits_4 : largest_bits_3;
    wire largest_max_less_3 = largest_bits_5 < largest_bits_6;
    wire [4:0] largest_max_3 = largest_max_less_3 ? largest_bits_6 : largest_bits_5;
    wire largest_max_less_4 = largest_bits_7 < largest_bits_8;
    wire [4:0] largest_max_4 = largest_max_less_4 ? largest_bits_8 : largest_bits_7;
    wire largest_max_less_5 = largest_max < largest_max_2;
    wire [4:0] largest_max_5 = largest_max_less_5 ? largest_max_2 : largest_max;
    wire largest_max_less_6 = largest_max_3 < largest_max_4;
    wire [4:0] largest_max_6 = largest_max_less_6 ? largest_max_4 : largest_max_3;
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = largest_bits == 5'd0;
    wire [10:0] significand_or = {1'd0, lanes[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = lanes[15];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_2 = largest_bits_2 == 5'd0;
    wire [10:0] significand_or_2 = {1'd0, lanes[25:16]} | 11'd1024;
    wire [10:0] significand_2 = significand_eq_2 ? 11'd0 : significand_or_2;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_2 = lanes[31];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_3 = largest_bits_3 == 5'd0;
    wire [10:0] significand_or_3 = {1'd0, lanes[41:32]} | 11'd1024;
    wire [10:0] significand_3 = significand_eq_3 ? 11'd0 : significand_or_3;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_3 = lanes[47];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_4 = largest_bits_4 == 5'd0;
    wire [10:0] significand_or_4 = {1'd0, lanes[57:48]} | 11'd1024;
    wire [10:0] significand_4 = significand_eq_4 ? 11'd0 : significand_or_4;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_4 = lanes[63];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_5 = largest_bits_5 == 5'd0;
    wire [10:0] significand_or_5 = {1'd0, lanes[73:64]} | 11'd1024;
    wire [10:0] significand_5 = significand_eq_5 ? 11'd0 : significand_or_5;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_5 = lanes[79];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_6 = largest_bits_6 == 5'd0;
    wire [10:0] significand_or_6 = {1'd0, lanes[89:80]} | 11'd1024;
    wire [10:0] significand_6 = significand_eq_6 ? 11'd0 : significand_or_6;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_6 = lanes[95];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_7 = largest_bits_7 == 5'd0;
    wire [10:0] significand_or_7 = {1'd0, lanes[105:96]} | 11'd1024;
    wire [10:0] significand_7 = significand_eq_7 ? 11'd0 : significand_or_7;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_7 = lanes[111];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_8 = largest_bits_8 == 5'd0;
    wire [10:0] significand_or_8 = {1'd0, lanes[121:112]} | 11'd1024;
    wire [10:0] significand_8 = significand_eq_8 ? 11'd0 : significand_or_8;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_8 = lanes[127];
    reg [4:0] largest_bits_q1;
    reg [4:0] largest_bits_2_q1;
    reg [4:0] largest_bits_3_q1;
    reg [4:0] largest_bits_4_q1;
    reg [4:0] largest_bits_5_q1;
    reg [4:0] largest_bits_6_q1;
    reg [4:0] largest_bits_7_q1;
    reg [4:0] largest_bits_8_q1;
    reg [4:0] largest_max_5_q1;
    reg [4:0] largest_max_6_q1;
    reg [10:0] significand_q1;
    reg sign_q1;
    reg [10:0] significand_2_q1;
    reg sign_2_q1;
    reg [10:0] significand_3_q1;
    reg sign_3_q1;
    reg [10:0] significand_4_q1;
    reg sign_4_q1;
    reg [10:0] significand_5_q1;
    reg sign_5_q1;
    reg [10:0] significand_6_q1;
    reg sign_6_q1;
    reg [10:0] significand_7_q1;
    reg sign_7_q1;
    reg [10:0] significand_8_q1;
    reg sign_8_q1;

    always @(posedge clk) begin
        if(ce) begin
            largest_bits_q1 <= largest_bits;
            largest_bits_2_q1 <= largest_bits_2;
            largest_bits_3_q1 <= largest_bits_3;
            largest_bits_4_q1 <= largest_bits_4;
            largest_bits_5_q1 <= largest_bits_5;
            largest_bits_6_q1 <= largest_bits_6;
            largest_bits_7_q1 <= largest_bits_7;
            largest_bits_8_q1 <= largest_bits_8;
            largest_max_5_q1 <= largest_max_5;
            largest_max_6_q1 <= largest_max_6;
            significand_q1 <= significand;
            sign_q1 <= sign;
            significand_2_q1 <= significand_2;
            sign_2_q1 <= sign_2;
            significand_3_q1 <= significand_3;
            sign_3_q1 <= sign_3;
            significand_4_q1 <= significand_4;
            sign_4_q1 <= sign_4;
            significand_5_q1 <= significand_5;
            sign_5_q1 <= sign_5;
            significand_6_q1 <= significand_6;
            sign_6_q1 <= sign_6;
            significand_7_q1 <= significand_7;
            sign_7_q1 <= sign_7;
            significand_8_q1 <= significand_8;
            sign_8_q1 <= sign_8;
        end
    end

    // ---- stage 2 of 6
    // convert.py:140: largest = max(bits(a, e + f - 1, f) for a in lanes)
    wire largest_less = largest_max_5_q1 < largest_max_6_q1;
    wire [4:0] largest = largest_less ? largest_max_6_q1 : largest_max_5_q1;
    // convert.py:141: shared = max(largest, 1)
    wire shared_less = largest < 5'd1;
    wire [4:0] shared_less_2 = shared_less ? 5'd1 : largest;
    reg [4:0] largest_bits_q2;
    reg [4:0] largest_bits_2_q2;
    reg [4:0] largest_bits_3_q2;
    reg [4:0] largest_bits_4_q2;
    reg [4:0] largest_bits_5_q2;
    reg [4:0] largest_bits_6_q2;
    reg [4:0] largest_bits_7_q2;
    reg [4:0] largest_bits_8_q2;
    reg [4:0] shared_less_2_q2;
    reg [10:0] significand_q2;
    reg sign_q2;
    reg [10:0] significand_2_q2;
    reg sign_2_q2;
    reg [10:0] significand_3_q2;
    reg sign_3_q2;
    reg [10:0] significand_4_q2;
    reg sign_4_q2;
    reg [10:0] significand_5_q2;
    reg sign_5_q2;
    reg [10:0] significand_6_q2;
    reg sign_6_q2;
    reg [10:0] significand_7_q2;
    reg sign_7_q2;
    reg [10:0] significand_8_q2;
    reg sign_8_q2;

    always @(posedge clk) begin
        if(ce) begin
            largest_bits_q2 <= largest_bits_q1;
            largest_bits_2_q2 <= largest_bits_2_q1;
            largest_bits_3_q2 <= largest_bits_3_q1;
            largest_bits_4_q2 <= largest_bits_4_q1;
            largest_bits_5_q2 <= largest_bits_5_q1;
            largest_bits_6_q2 <= largest_bits_6_q1;
            largest_bits_7_q2 <= largest_bits_7_q1;
            largest_bits_8_q2 <= largest_bits_8_q1;
            shared_less_2_q2 <= shared_less_2;
            significand_q2 <= significand_q1;
            sign_q2 <= sign_q1;
            significand_2_q2 <= significand_2_q1;
            sign_2_q2 <= sign_2_q1;
            significand_3_q2 <= significand_3_q1;
            sign_3_q2 <= sign_3_q1;
            significand_4_q2 <= significand_4_q1;
            sign_4_q2 <= sign_4_q1;
            significand_5_q2 <= significand_5_q1;
            sign_5_q2 <= sign_5_q1;
            significand_6_q2 <= significand_6_q1;
            sign_6_q2 <= sign_6_q1;
            significand_7_q2 <= significand_7_q1;
            sign_7_q2 <= sign_7_q1;
            significand_8_q2 <= significand_8_q1;
            sign_8_q2 <= sign_8_q1;
        end
    end

    // ---- stage 3 of 6
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub = shared_less_2_q2 - largest_bits_q2;
    wire shift_less = shift_sub < 5'd6;
    wire [4:0] shift_less_2 = shift_less ? shift_sub : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl = {significand_q2, 6'd0};
    wire [16:0] fixed_shift = shift_less_2[2] ? {4'd0, fixed_shl[16:4]} : fixed_shl;
    wire [16:0] fixed_shift_2 = shift_less_2[1] ? {2'd0, fixed_shift[16:2]} : fixed_shift;
    wire fixed_shift_3 = shift_less_2[0];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub_2 = shared_less_2_q2 - largest_bits_2_q2;
    wire shift_less_3 = shift_sub_2 < 5'd6;
    wire [4:0] shift_less_4 = shift_less_3 ? shift_sub_2 : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl_2 = {significand_2_q2, 6'd0};
    wire [16:0] fixed_shift_4 = shift_less_4[2] ? {4'd0, fixed_shl_2[16:4]} : fixed_shl_2;
    wire [16:0] fixed_shift_5 = shift_less_4[1] ? {2'd0, fixed_shift_4[16:2]} : fixed_shift_4;
    wire fixed_shift_6 = shift_less_4[0];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub_3 = shared_less_2_q2 - largest_bits_3_q2;
    wire shift_less_5 = shift_sub_3 < 5'd6;
    wire [4:0] shift_less_6 = shift_less_5 ? shift_sub_3 : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl_3 = {significand_3_q2, 6'd0};
    wire [16:0] fixed_shift_7 = shift_less_6[2] ? {4'd0, fixed_shl_3[16:4]} : fixed_shl_3;
    wire [16:0] fixed_shift_8 = shift_less_6[1] ? {2'd0, fixed_shift_7[16:2]} : fixed_shift_7;
    wire fixed_shift_9 = shift_less_6[0];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub_4 = shared_less_2_q2 - largest_bits_4_q2;
    wire shift_less_7 = shift_sub_4 < 5'd6;
    wire [4:0] shift_less_8 = shift_less_7 ? shift_sub_4 : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl_4 = {significand_4_q2, 6'd0};
    wire [16:0] fixed_shift_10 = shift_less_8[2] ? {4'd0, fixed_shl_4[16:4]} : fixed_shl_4;
    wire [16:0] fixed_shift_11 = shift_less_8[1] ? {2'd0, fixed_shift_10[16:2]} : fixed_shift_10;
    wire fixed_shift_12 = shift_less_8[0];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub_5 = shared_less_2_q2 - largest_bits_5_q2;
    wire shift_less_9 = shift_sub_5 < 5'd6;
    wire [4:0] shift_less_10 = shift_less_9 ? shift_sub_5 : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl_5 = {significand_5_q2, 6'd0};
    wire [16:0] fixed_shift_13 = shift_less_10[2] ? {4'd0, fixed_shl_5[16:4]} : fixed_shl_5;
    wire [16:0] fixed_shift_14 = shift_less_10[1] ? {2'd0, fixed_shift_13[16:2]} : fixed_shift_13;
    wire fixed_shift_15 = shift_less_10[0];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub_6 = shared_less_2_q2 - largest_bits_6_q2;
    wire shift_less_11 = shift_sub_6 < 5'd6;
    wire [4:0] shift_less_12 = shift_less_11 ? shift_sub_6 : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl_6 = {significand_6_q2, 6'd0};
    wire [16:0] fixed_shift_16 = shift_less_12[2] ? {4'd0, fixed_shl_6[16:4]} : fixed_shl_6;
    wire [16:0] fixed_shift_17 = shift_less_12[1] ? {2'd0, fixed_shift_16[16:2]} : fixed_shift_16;
    wire fixed_shift_18 = shift_less_12[0];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub_7 = shared_less_2_q2 - largest_bits_7_q2;
    wire shift_less_13 = shift_sub_7 < 5'd6;
    wire [4:0] shift_less_14 = shift_less_13 ? shift_sub_7 : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl_7 = {significand_7_q2, 6'd0};
    wire [16:0] fixed_shift_19 = shift_less_14[2] ? {4'd0, fixed_shl_7[16:4]} : fixed_shl_7;
    wire [16:0] fixed_shift_20 = shift_less_14[1] ? {2'd0, fixed_shift_19[16:2]} : fixed_shift_19;
    wire fixed_shift_21 = shift_less_14[0];
    // convert.py:116: shift = min(bits(shared - exponent, e - 1, 0), m + 1)
    wire [4:0] shift_sub_8 = shared_less_2_q2 - largest_bits_8_q2;
    wire shift_less_15 = shift_sub_8 < 5'd6;
    wire [4:0] shift_less_16 = shift_less_15 ? shift_sub_8 : 5'd6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_shl_8 = {significand_8_q2, 6'd0};
    wire [16:0] fixed_shift_22 = shift_less_16[2] ? {4'd0, fixed_shl_8[16:4]} : fixed_shl_8;
    wire [16:0] fixed_shift_23 = shift_less_16[1] ? {2'd0, fixed_shift_22[16:2]} : fixed_shift_22;
    wire fixed_shift_24 = shift_less_16[0];
    reg [4:0] shared_less_2_q3;
    reg sign_q3;
    reg [16:0] fixed_shift_2_q3;
    reg fixed_shift_3_q3;
    reg sign_2_q3;
    reg [16:0] fixed_shift_5_q3;
    reg fixed_shift_6_q3;
    reg sign_3_q3;
    reg [16:0] fixed_shift_8_q3;
    reg fixed_shift_9_q3;
    reg sign_4_q3;
    reg [16:0] fixed_shift_11_q3;
    reg fixed_shift_12_q3;
    reg sign_5_q3;
    reg [16:0] fixed_shift_14_q3;
    reg fixed_shift_15_q3;
    reg sign_6_q3;
    reg [16:0] fixed_shift_17_q3;
    reg fixed_shift_18_q3;
    reg sign_7_q3;
    reg [16:0] fixed_shift_20_q3;
    reg fixed_shift_21_q3;
    reg sign_8_q3;
    reg [16:0] fixed_shift_23_q3;
    reg fixed_shift_24_q3;

    always @(posedge clk) begin
        if(ce) begin
            shared_less_2_q3 <= shared_less_2_q2;
            sign_q3 <= sign_q2;
            fixed_shift_2_q3 <= fixed_shift_2;
            fixed_shift_3_q3 <= fixed_shift_3;
            sign_2_q3 <= sign_2_q2;
            fixed_shift_5_q3 <= fixed_shift_5;
            fixed_shift_6_q3 <= fixed_shift_6;
            sign_3_q3 <= sign_3_q2;
            fixed_shift_8_q3 <= fixed_shift_8;
            fixed_shift_9_q3 <= fixed_shift_9;
            sign_4_q3 <= sign_4_q2;
            fixed_shift_11_q3 <= fixed_shift_11;
            fixed_shift_12_q3 <= fixed_shift_12;
            sign_5_q3 <= sign_5_q2;
            fixed_shift_14_q3 <= fixed_shift_14;
            fixed_shift_15_q3 <= fixed_shift_15;
            sign_6_q3 <= sign_6_q2;
            fixed_shift_17_q3 <= fixed_shift_17;
            fixed_shift_18_q3 <= fixed_shift_18;
            sign_7_q3 <= sign_7_q2;
            fixed_shift_20_q3 <= fixed_shift_20;
            fixed_shift_21_q3 <= fixed_shift_21;
            sign_8_q3 <= sign_8_q2;
            fixed_shift_23_q3 <= fixed_shift_23;
            fixed_shift_24_q3 <= fixed_shift_24;
        end
    end

    // ---- stage 4 of 6
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed = fixed_shift_3_q3 ? {1'd0, fixed_shift_2_q3[16:1]} : fixed_shift_2_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq = fixed[10:0] == 11'd0;
    wire sticky = ~sticky_eq;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits = fixed[16:12];
    wire magnitude_or = fixed[12] | sticky;
    wire magnitude_and = fixed[11] & magnitude_or;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_2 = fixed_shift_6_q3 ? {1'd0, fixed_shift_5_q3[16:1]} : fixed_shift_5_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq_2 = fixed_2[10:0] == 11'd0;
    wire sticky_2 = ~sticky_eq_2;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits_2 = fixed_2[16:12];
    wire magnitude_or_2 = fixed_2[12] | sticky_2;
    wire magnitude_and_2 = fixed_2[11] & magnitude_or_2;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_3 = fixed_shift_9_q3 ? {1'd0, fixed_shift_8_q3[16:1]} : fixed_shift_8_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq_3 = fixed_3[10:0] == 11'd0;
    wire sticky_3 = ~sticky_eq_3;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits_3 = fixed_3[16:12];
    wire magnitude_or_3 = fixed_3[12] | sticky_3;
    wire magnitude_and_3 = fixed_3[11] & magnitude_or_3;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_4 = fixed_shift_12_q3 ? {1'd0, fixed_shift_11_q3[16:1]} : fixed_shift_11_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq_4 = fixed_4[10:0] == 11'd0;
    wire sticky_4 = ~sticky_eq_4;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits_4 = fixed_4[16:12];
    wire magnitude_or_4 = fixed_4[12] | sticky_4;
    wire magnitude_and_4 = fixed_4[11] & magnitude_or_4;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_5 = fixed_shift_15_q3 ? {1'd0, fixed_shift_14_q3[16:1]} : fixed_shift_14_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq_5 = fixed_5[10:0] == 11'd0;
    wire sticky_5 = ~sticky_eq_5;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits_5 = fixed_5[16:12];
    wire magnitude_or_5 = fixed_5[12] | sticky_5;
    wire magnitude_and_5 = fixed_5[11] & magnitude_or_5;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_6 = fixed_shift_18_q3 ? {1'd0, fixed_shift_17_q3[16:1]} : fixed_shift_17_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq_6 = fixed_6[10:0] == 11'd0;
    wire sticky_6 = ~sticky_eq_6;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits_6 = fixed_6[16:12];
    wire magnitude_or_6 = fixed_6[12] | sticky_6;
    wire magnitude_and_6 = fixed_6[11] & magnitude_or_6;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_7 = fixed_shift_21_q3 ? {1'd0, fixed_shift_20_q3[16:1]} : fixed_shift_20_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq_7 = fixed_7[10:0] == 11'd0;
    wire sticky_7 = ~sticky_eq_7;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits_7 = fixed_7[16:12];
    wire magnitude_or_7 = fixed_7[12] | sticky_7;
    wire magnitude_and_7 = fixed_7[11] & magnitude_or_7;
    // convert.py:117: fixed = (significand << (m + 1)) >> shift
    wire [16:0] fixed_8 = fixed_shift_24_q3 ? {1'd0, fixed_shift_23_q3[16:1]} : fixed_shift_23_q3;
    // convert.py:120: sticky = bits(fixed, f, 0) != 0
    wire sticky_eq_8 = fixed_8[10:0] == 11'd0;
    wire sticky_8 = ~sticky_eq_8;
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [4:0] magnitude_bits_8 = fixed_8[16:12];
    wire magnitude_or_8 = fixed_8[12] | sticky_8;
    wire magnitude_and_8 = fixed_8[11] & magnitude_or_8;
    reg [4:0] shared_less_2_q4;
    reg sign_q4;
    reg [4:0] magnitude_bits_q4;
    reg magnitude_and_q4;
    reg sign_2_q4;
    reg [4:0] magnitude_bits_2_q4;
    reg magnitude_and_2_q4;
    reg sign_3_q4;
    reg [4:0] magnitude_bits_3_q4;
    reg magnitude_and_3_q4;
    reg sign_4_q4;
    reg [4:0] magnitude_bits_4_q4;
    reg magnitude_and_4_q4;
    reg sign_5_q4;
    reg [4:0] magnitude_bits_5_q4;
    reg magnitude_and_5_q4;
    reg sign_6_q4;
    reg [4:0] magnitude_bits_6_q4;
    reg magnitude_and_6_q4;
    reg sign_7_q4;
    reg [4:0] magnitude_bits_7_q4;
    reg magnitude_and_7_q4;
    reg sign_8_q4;
    reg [4:0] magnitude_bits_8_q4;
    reg magnitude_and_8_q4;

    always @(posedge clk) begin
        if(ce) begin
            shared_less_2_q4 <= shared_less_2_q3;
            sign_q4 <= sign_q3;
            magnitude_bits_q4 <= magnitude_bits;
            magnitude_and_q4 <= magnitude_and;
            sign_2_q4 <= sign_2_q3;
            magnitude_bits_2_q4 <= magnitude_bits_2;
            magnitude_and_2_q4 <= magnitude_and_2;
            sign_3_q4 <= sign_3_q3;
            magnitude_bits_3_q4 <= magnitude_bits_3;
            magnitude_and_3_q4 <= magnitude_and_3;
            sign_4_q4 <= sign_4_q3;
            magnitude_bits_4_q4 <= magnitude_bits_4;
            magnitude_and_4_q4 <= magnitude_and_4;
            sign_5_q4 <= sign_5_q3;
            magnitude_bits_5_q4 <= magnitude_bits_5;
            magnitude_and_5_q4 <= magnitude_and_5;
            sign_6_q4 <= sign_6_q3;
            magnitude_bits_6_q4 <= magnitude_bits_6;
            magnitude_and_6_q4 <= magnitude_and_6;
            sign_7_q4 <= sign_7_q3;
            magnitude_bits_7_q4 <= magnitude_bits_7;
            magnitude_and_7_q4 <= magnitude_and_7;
            sign_8_q4 <= sign_8_q3;
            magnitude_bits_8_q4 <= magnitude_bits_8;
            magnitude_and_8_q4 <= magnitude_and_8;
        end
    end

    // ---- stage 5 of 6
    // convert.py:121: magnitude = min(bits(fixed, f + m + 1, f + 2) + (guard & (odd | sticky)), (1 << m) - 1)
    wire [5:0] magnitude_add = {1'd0, magnitude_bits_q4} + {5'd0, magnitude_and_q4};
    wire magnitude_less = magnitude_add < 6'd31;
    wire [5:0] magnitude_less_2 = magnitude_less ? magnitude_add : 6'd31;
    wire [4:0] magnitude = magnitude_less_2[4:0];
    wire [5:0] magnitude_add_2 = {1'd0, magnitude_bits_2_q4} + {5'd0, magnitude_and_2_q4};
    wire magnitude_less_3 = magnitude_add_2 < 6'd31;
    wire [5:0] magnitude_less_4 = magnitude_less_3 ? magnitude_add_2 : 6'd31;
    wire [4:0] magnitude_2 = magnitude_less_4[4:0];
    wire [5:0] magnitude_add_3 = {1'd0, magnitude_bits_3_q4} + {5'd0, magnitude_and_3_q4};
    wire magnitude_less_5 = magnitude_add_3 < 6'd31;
    wire [5:0] magnitude_less_6 = magnitude_less_5 ? magnitude_add_3 : 6'd31;
    wire [4:0] magnitude_3 = magnitude_less_6[4:0];
    wire [5:0] magnitude_add_4 = {1'd0, magnitude_bits_4_q4} + {5'd0, magnitude_and_4_q4};
    wire magnitude_less_7 = magnitude_add_4 < 6'd31;
    wire [5:0] magnitude_less_8 = magnitude_less_7 ? magnitude_add_4 : 6'd31;
    wire [4:0] magnitude_4 = magnitude_less_8[4:0];
    wire [5:0] magnitude_add_5 = {1'd0, magnitude_bits_5_q4} + {5'd0, magnitude_and_5_q4};
    wire magnitude_less_9 = magnitude_add_5 < 6'd31;
    wire [5:0] magnitude_less_10 = magnitude_less_9 ? magnitude_add_5 : 6'd31;
    wire [4:0] magnitude_5 = magnitude_less_10[4:0];
    wire [5:0] magnitude_add_6 = {1'd0, magnitude_bits_6_q4} + {5'd0, magnitude_and_6_q4};
    wire magnitude_less_11 = magnitude_add_6 < 6'd31;
    wire [5:0] magnitude_less_12 = magnitude_less_11 ? magnitude_add_6 : 6'd31;
    wire [4:0] magnitude_6 = magnitude_less_12[4:0];
    wire [5:0] magnitude_add_7 = {1'd0, magnitude_bits_7_q4} + {5'd0, magnitude_and_7_q4};
    wire magnitude_less_13 = magnitude_add_7 < 6'd31;
    wire [5:0] magnitude_less_14 = magnitude_less_13 ? magnitude_add_7 : 6'd31;
    wire [4:0] magnitude_7 = magnitude_less_14[4:0];
    wire [5:0] magnitude_add_8 = {1'd0, magnitude_bits_8_q4} + {5'd0, magnitude_and_8_q4};
    wire magnitude_less_15 = magnitude_add_8 < 6'd31;
    wire [5:0] magnitude_less_16 = magnitude_less_15 ? magnitude_add_8 : 6'd31;
    wire [4:0] magnitude_8 = magnitude_less_16[4:0];
    reg [4:0] shared_less_2_q5;
    reg sign_q5;
    reg [4:0] magnitude_q5;
    reg sign_2_q5;
    reg [4:0] magnitude_2_q5;
    reg sign_3_q5;
    reg [4:0] magnitude_3_q5;
    reg sign_4_q5;
    reg [4:0] magnitude_4_q5;
    reg sign_5_q5;
    reg [4:0] magnitude_5_q5;
    reg sign_6_q5;
    reg [4:0] magnitude_6_q5;
    reg sign_7_q5;
    reg [4:0] magnitude_7_q5;
    reg sign_8_q5;
    reg [4:0] magnitude_8_q5;

    always @(posedge clk) begin
        if(ce) begin
            shared_less_2_q5 <= shared_less_2_q4;
            sign_q5 <= sign_q4;
            magnitude_q5 <= magnitude;
            sign_2_q5 <= sign_2_q4;
            magnitude_2_q5 <= magnitude_2;
            sign_3_q5 <= sign_3_q4;
            magnitude_3_q5 <= magnitude_3;
            sign_4_q5 <= sign_4_q4;
            magnitude_4_q5 <= magnitude_4;
            sign_5_q5 <= sign_5_q4;
            magnitude_5_q5 <= magnitude_5;
            sign_6_q5 <= sign_6_q4;
            magnitude_6_q5 <= magnitude_6;
            sign_7_q5 <= sign_7_q4;
            magnitude_7_q5 <= magnitude_7;
            sign_8_q5 <= sign_8_q4;
            magnitude_8_q5 <= magnitude_8;
        end
    end

    // ---- stage 6 of 6
    // convert.py:122: return -magnitude if sign else magnitude
    wire [5:0] q_sub = 6'd0 - {1'd0, magnitude_q5};
    wire [5:0] q_0 = sign_q5 ? q_sub : {1'd0, magnitude_q5};
    wire [5:0] q_sub_2 = 6'd0 - {1'd0, magnitude_2_q5};
    wire [5:0] q_1 = sign_2_q5 ? q_sub_2 : {1'd0, magnitude_2_q5};
    wire [5:0] q_sub_3 = 6'd0 - {1'd0, magnitude_3_q5};
    wire [5:0] q_2 = sign_3_q5 ? q_sub_3 : {1'd0, magnitude_3_q5};
    wire [5:0] q_sub_4 = 6'd0 - {1'd0, magnitude_4_q5};
    wire [5:0] q_3 = sign_4_q5 ? q_sub_4 : {1'd0, magnitude_4_q5};
    wire [5:0] q_sub_5 = 6'd0 - {1'd0, magnitude_5_q5};
    wire [5:0] q_4 = sign_5_q5 ? q_sub_5 : {1'd0, magnitude_5_q5};
    wire [5:0] q_sub_6 = 6'd0 - {1'd0, magnitude_6_q5};
    wire [5:0] q_5 = sign_6_q5 ? q_sub_6 : {1'd0, magnitude_6_q5};
    wire [5:0] q_sub_7 = 6'd0 - {1'd0, magnitude_7_q5};
    wire [5:0] q_6 = sign_7_q5 ? q_sub_7 : {1'd0, magnitude_7_q5};
    wire [5:0] q_sub_8 = 6'd0 - {1'd0, magnitude_8_q5};
    wire [5:0] q_7 = sign_8_q5 ? q_sub_8 : {1'd0, magnitude_8_q5};
    // convert.py:143: return q, shared - ((1 << (e - 1)) - 1)
    wire [5:0] sub = {1'd0, shared_less_2_q5} - 6'd15;
    reg [5:0] q_0_q6;
    reg [5:0] q_1_q6;
    reg [5:0] q_2_q6;
    reg [5:0] q_3_q6;
    reg [5:0] q_4_q6;
    reg [5:0] q_5_q6;
    reg [5:0] q_6_q6;
    reg [5:0] q_7_q6;
    reg [5:0] sub_q6;

    always @(posedge clk) begin
        if(ce) begin
            q_0_q6 <= q_0;
            q_1_q6 <= q_1;
            q_2_q6 <= q_2;
            q_3_q6 <= q_3;
            q_4_q6 <= q_4;
            q_5_q6 <= q_5;
            q_6_q6 <= q_6;
            q_7_q6 <= q_7;
            sub_q6 <= sub;
        end
    end

    // ---- valid
    reg [5:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 6'd0;
        end else if(ce) begin
            valid_q <= {valid_q[4:0], s_valid};
        end
    end

    assign m_valid = valid_q[5];
    // ---- outputs
    assign q = {q_7_q6, q_6_q6, q_5_q6, q_4_q6, q_3_q6, q_2_q6, q_1_q6, q_0_q6};
    assign exponent = sub_q6;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, shift_less_2[4:3], shift_less_4[4:3], shift_less_6[4:3], shift_less_8[4:3], shift_less_10[4:3], shift_less_12[4:3], shift_less_14[4:3], shift_less_16[4:3], magnitude_less_2[5], magnitude_less_4[5], magnitude_less_6[5], magnitude_less_8[5], magnitude_less_10[5], magnitude_less_12[5], magnitude_less_14[5], magnitude_less_16[5]};
endmodule
`default_nettype wire
