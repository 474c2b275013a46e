// f16_sub: Subtract: a + (b with its sign turned).
// Generated from floats.py:68 float_sub(e=5, f=10); do not edit, run `npusim hls emit f16_sub`.
// Contract: one result a cycle, latency 7 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_sub (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    input wire [15:0] b,                 // u[16]
    output wire m_valid,                 // s_valid, 7 cycles later
    output wire [15:0] difference,       // u[16]
    output wire overflow                 // u[1]
);

    function [15:0] lost_shl_shift_rom;
        input [3:0] index;
        case(index)
            4'd0: lost_shl_shift_rom = 16'd1;
            4'd1: lost_shl_shift_rom = 16'd2;
            4'd2: lost_shl_shift_rom = 16'd4;
            4'd3: lost_shl_shift_rom = 16'd8;
            4'd4: lost_shl_shift_rom = 16'd16;
            4'd5: lost_shl_shift_rom = 16'd32;
            4'd6: lost_shl_shift_rom = 16'd64;
            4'd7: lost_shl_shift_rom = 16'd128;
            4'd8: lost_shl_shift_rom = 16'd256;
            4'd9: lost_shl_shift_rom = 16'd512;
            4'd10: lost_shl_shift_rom = 16'd1024;
            4'd11: lost_shl_shift_rom = 16'd2048;
            4'd12: lost_shl_shift_rom = 16'd4096;
            4'd13: lost_shl_shift_rom = 16'd8192;
            4'd14: lost_shl_shift_rom = 16'd16384;
            4'd15: lost_shl_shift_rom = 16'd32768;
            default: lost_shl_shift_rom = 16'd0;
        endcase
    endfunction

    // ---- stage 1 of 7
    // floats.py:70: return float_add(a, b ^ (1 << (e + f)), e=e, f=f)
    wire [15:0] xor_2 = b ^ 16'd32768;
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    wire significand_eq_2 = xor_2[14:10] == 5'd0;
    wire [10:0] significand_or_2 = {1'd0, xor_2[9:0]} | 11'd1024;
    wire [10:0] significand_2 = significand_eq_2 ? 11'd0 : significand_or_2;
    // floats.py:53: swap = bits(b, e + f - 1, 0) > bits(a, e + f - 1, 0)
    wire swap = a[14:0] < xor_2[14:0];
    // floats.py:54: big, small = (sig_b, sig_a) if swap else (sig_a, sig_b)
    wire [10:0] big = swap ? significand_2 : significand;
    wire [10:0] small_2 = swap ? significand : significand_2;
    // floats.py:55: distance = min(abs(exp_a - exp_b), f + 4)
    wire [5:0] distance_sub = {1'd0, a[14:10]} - {1'd0, xor_2[14:10]};
    wire [4:0] distance_abs_sign = 5'd0 - distance_sub[4:0];
    wire distance_abs_sign_2 = distance_sub[5];
    wire [5:0] distance_abs_sign_3 = distance_abs_sign_2 ? {1'd0, distance_abs_sign} : distance_sub;
    wire [4:0] distance_abs = distance_abs_sign_3[4:0];
    // floats.py:58: subtract = sign_a ^ sign_b
    wire subtract = a[15] ^ xor_2[15];
    // floats.py:62: sign = sign_a & sign_b if total == 0 else sign_b if swap else sign_a
    wire sign_and = a[15] & xor_2[15];
    wire sign_select = swap ? xor_2[15] : a[15];
    // floats.py:63: exponent = (exp_b if swap else exp_a) + 1 - zeros
    wire [4:0] exponent_select = swap ? xor_2[14:10] : a[14:10];
    reg [10:0] big_q1;
    reg [10:0] small_2_q1;
    reg [4:0] distance_abs_q1;
    reg subtract_q1;
    reg sign_and_q1;
    reg sign_select_q1;
    reg [4:0] exponent_select_q1;

    always @(posedge clk) begin
        if(ce) begin
            big_q1 <= big;
            small_2_q1 <= small_2;
            distance_abs_q1 <= distance_abs;
            subtract_q1 <= subtract;
            sign_and_q1 <= sign_and;
            sign_select_q1 <= sign_select;
            exponent_select_q1 <= exponent_select;
        end
    end

    // ---- stage 2 of 7
    // floats.py:55: distance = min(abs(exp_a - exp_b), f + 4)
    wire distance_less = distance_abs_q1 < 5'd14;
    wire [4:0] distance_less_2 = distance_less ? distance_abs_q1 : 5'd14;
    // floats.py:56: lost = ((small << 3) & ((1 << distance) - 1)) != 0
    wire [13:0] lost_shl = {small_2_q1, 3'd0};
    wire [15:0] lost_shl_shift = lost_shl_shift_rom(distance_less_2[3:0]);
    wire [13:0] lost_sub = lost_shl_shift[13:0] - 14'd1;
    // floats.py:57: aligned = ((small << 3) >> distance) | lost
    wire [13:0] aligned_shr_shift = distance_less_2[3] ? {8'd0, small_2_q1[10:5]} : lost_shl;
    wire [13:0] aligned_shr_shift_2 = distance_less_2[2] ? {4'd0, aligned_shr_shift[13:4]} : aligned_shr_shift;
    wire [13:0] aligned_shr_shift_3 = distance_less_2[1] ? {2'd0, aligned_shr_shift_2[13:2]} : aligned_shr_shift_2;
    wire [13:0] aligned_shr = distance_less_2[0] ? {1'd0, aligned_shr_shift_3[13:1]} : aligned_shr_shift_3;
    reg [10:0] big_q2;
    reg [13:0] lost_shl_q2;
    reg [13:0] lost_sub_q2;
    reg [13:0] aligned_shr_q2;
    reg subtract_q2;
    reg sign_and_q2;
    reg sign_select_q2;
    reg [4:0] exponent_select_q2;

    always @(posedge clk) begin
        if(ce) begin
            big_q2 <= big_q1;
            lost_shl_q2 <= lost_shl;
            lost_sub_q2 <= lost_sub;
            aligned_shr_q2 <= aligned_shr;
            subtract_q2 <= subtract_q1;
            sign_and_q2 <= sign_and_q1;
            sign_select_q2 <= sign_select_q1;
            exponent_select_q2 <= exponent_select_q1;
        end
    end

    // ---- stage 3 of 7
    // floats.py:56: lost = ((small << 3) & ((1 << distance) - 1)) != 0
    wire [13:0] lost_and = lost_shl_q2 & lost_sub_q2;
    wire lost_eq = lost_and == 14'd0;
    wire lost = ~lost_eq;
    // floats.py:57: aligned = ((small << 3) >> distance) | lost
    wire [13:0] aligned = aligned_shr_q2 | {13'd0, lost};
    // floats.py:59: total = bits((big << 3) - aligned if subtract else (big << 3) + aligned, f + 4, 0)
    wire [13:0] total_shl = {big_q2, 3'd0};
    wire [14:0] total_sub = {1'd0, total_shl} - {1'd0, aligned};
    wire [14:0] total_add = {1'd0, total_shl} + {1'd0, aligned};
    reg subtract_q3;
    reg [14:0] total_sub_q3;
    reg [14:0] total_add_q3;
    reg sign_and_q3;
    reg sign_select_q3;
    reg [4:0] exponent_select_q3;

    always @(posedge clk) begin
        if(ce) begin
            subtract_q3 <= subtract_q2;
            total_sub_q3 <= total_sub;
            total_add_q3 <= total_add;
            sign_and_q3 <= sign_and_q2;
            sign_select_q3 <= sign_select_q2;
            exponent_select_q3 <= exponent_select_q2;
        end
    end

    // ---- stage 4 of 7
    // floats.py:59: total = bits((big << 3) - aligned if subtract else (big << 3) + aligned, f + 4, 0)
    wire [15:0] total_select = subtract_q3 ? {total_sub_q3[14], total_sub_q3} : {1'd0, total_add_q3};
    // floats.py:60: zeros = clz(total, f + 5)
    wire zeros_count = ~total_select[14];
    wire zeros_count_2 = ~total_select[13];
    wire zeros_count_3 = ~total_select[12];
    wire zeros_count_4 = ~total_select[11];
    wire zeros_count_5 = ~total_select[10];
    wire zeros_count_6 = ~total_select[9];
    wire zeros_count_7 = ~total_select[8];
    wire zeros_count_8 = ~total_select[7];
    wire zeros_count_9 = ~total_select[6];
    wire zeros_count_10 = ~total_select[5];
    wire zeros_count_11 = ~total_select[4];
    wire zeros_count_12 = ~total_select[3];
    wire zeros_count_13 = ~total_select[2];
    wire zeros_count_14 = ~total_select[1];
    wire zeros_count_15 = ~total_select[0];
    wire zeros_count_16 = zeros_count & zeros_count_2;
    wire zeros_count_17 = zeros_count & total_select[13];
    wire zeros_count_18 = zeros_count_3 & zeros_count_4;
    wire zeros_count_19 = zeros_count_3 & total_select[11];
    wire zeros_count_20 = zeros_count_5 & zeros_count_6;
    wire zeros_count_21 = zeros_count_5 & total_select[9];
    wire zeros_count_22 = zeros_count_7 & zeros_count_8;
    wire zeros_count_23 = zeros_count_7 & total_select[7];
    wire zeros_count_24 = zeros_count_9 & zeros_count_10;
    wire zeros_count_25 = zeros_count_9 & total_select[5];
    wire zeros_count_26 = zeros_count_11 & zeros_count_12;
    wire zeros_count_27 = zeros_count_11 & total_select[3];
    wire zeros_count_28 = zeros_count_13 & zeros_count_14;
    wire zeros_count_29 = zeros_count_13 & total_select[1];
    wire zeros_count_30 = zeros_count_16 & zeros_count_18;
    wire zeros_count_31 = ~zeros_count_18;
    wire zeros_count_32 = zeros_count_16 & zeros_count_31;
    wire zeros_count_33 = zeros_count_16 ? zeros_count_19 : zeros_count_17;
    wire [2:0] zeros_count_34 = {zeros_count_30, zeros_count_32, zeros_count_33};
    wire zeros_count_35 = zeros_count_20 & zeros_count_22;
    wire zeros_count_36 = ~zeros_count_22;
    wire zeros_count_37 = zeros_count_20 & zeros_count_36;
    wire zeros_count_38 = zeros_count_20 ? zeros_count_23 : zeros_count_21;
    wire [2:0] zeros_count_39 = {zeros_count_35, zeros_count_37, zeros_count_38};
    wire zeros_count_40 = zeros_count_24 & zeros_count_26;
    wire zeros_count_41 = ~zeros_count_26;
    wire zeros_count_42 = zeros_count_24 & zeros_count_41;
    wire zeros_count_43 = zeros_count_24 ? zeros_count_27 : zeros_count_25;
    wire [2:0] zeros_count_44 = {zeros_count_40, zeros_count_42, zeros_count_43};
    wire zeros_count_45 = zeros_count_28 ? zeros_count_15 : zeros_count_29;
    wire [1:0] zeros_count_46 = {zeros_count_28, zeros_count_45};
    wire zeros_count_47 = zeros_count_30 & zeros_count_35;
    wire zeros_count_48 = ~zeros_count_35;
    wire zeros_count_49 = zeros_count_30 & zeros_count_48;
    wire [1:0] zeros_count_50 = zeros_count_30 ? zeros_count_39[1:0] : zeros_count_34[1:0];
    wire [3:0] zeros_count_51 = {zeros_count_47, zeros_count_49, zeros_count_50};
    wire [1:0] zeros_count_52 = zeros_count_40 ? zeros_count_46 : zeros_count_44[1:0];
    wire [2:0] zeros_count_53 = {zeros_count_40, zeros_count_52};
    wire [2:0] zeros_count_54 = zeros_count_47 ? zeros_count_53 : zeros_count_51[2:0];
    // floats.py:61: norm = bits(total << zeros, f + 4, 0)
    wire [14:0] norm_shl_shift = {total_select[13:0], 1'd0};
    wire [14:0] norm_shl_shift_2 = zeros_count_54[0] ? norm_shl_shift : total_select[14:0];
    // floats.py:62: sign = sign_a & sign_b if total == 0 else sign_b if swap else sign_a
    wire sign_eq = total_select[14:0] == 15'd0;
    wire sign = sign_eq ? sign_and_q3 : sign_select_q3;
    reg zeros_count_47_q4;
    reg [2:0] zeros_count_54_q4;
    reg [14:0] norm_shl_shift_2_q4;
    reg sign_q4;
    reg [4:0] exponent_select_q4;

    always @(posedge clk) begin
        if(ce) begin
            zeros_count_47_q4 <= zeros_count_47;
            zeros_count_54_q4 <= zeros_count_54;
            norm_shl_shift_2_q4 <= norm_shl_shift_2;
            sign_q4 <= sign;
            exponent_select_q4 <= exponent_select_q3;
        end
    end

    // ---- stage 5 of 7
    // floats.py:60: zeros = clz(total, f + 5)
    wire [3:0] zeros_count_55 = {zeros_count_47_q4, zeros_count_54_q4};
    // floats.py:61: norm = bits(total << zeros, f + 4, 0)
    wire [14:0] norm_shl_shift_3 = {norm_shl_shift_2_q4[12:0], 2'd0};
    wire [14:0] norm_shl_shift_4 = zeros_count_54_q4[1] ? norm_shl_shift_3 : norm_shl_shift_2_q4;
    wire [14:0] norm_shl_shift_5 = {norm_shl_shift_4[10:0], 4'd0};
    wire [14:0] norm_shl_shift_6 = zeros_count_54_q4[2] ? norm_shl_shift_5 : norm_shl_shift_4;
    wire [14:0] norm_shl_shift_7 = {norm_shl_shift_6[6:0], 8'd0};
    wire [14:0] norm_shl = zeros_count_47_q4 ? norm_shl_shift_7 : norm_shl_shift_6;
    // floats.py:63: exponent = (exp_b if swap else exp_a) + 1 - zeros
    wire [5:0] exponent_add = {1'd0, exponent_select_q4} + 6'd1;
    wire [6:0] exponent = {1'd0, exponent_add} - {3'd0, zeros_count_55};
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = norm_shl[2:0] == 3'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = norm_shl[4] | sticky;
    wire increment = norm_shl[3] & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field_add = {exponent, norm_shl[13:4]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~norm_shl[14];
    reg sign_q5;
    reg increment_q5;
    reg [16:0] field_add_q5;
    reg zero_eq_q5;

    always @(posedge clk) begin
        if(ce) begin
            sign_q5 <= sign_q4;
            increment_q5 <= increment;
            field_add_q5 <= field_add;
            zero_eq_q5 <= zero_eq;
        end
    end

    // ---- stage 6 of 7
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field = field_add_q5 + {16'd0, increment_q5};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(17'h400);
    wire zero = zero_eq_q5 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(17'h7bff) < $signed(field);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_bits = field[14:0];
    reg sign_q6;
    reg zero_q6;
    reg overflow_2_q6;
    reg [14:0] magnitude_bits_q6;

    always @(posedge clk) begin
        if(ce) begin
            sign_q6 <= sign_q5;
            zero_q6 <= zero;
            overflow_2_q6 <= overflow_2;
            magnitude_bits_q6 <= magnitude_bits;
        end
    end

    // ---- stage 7 of 7
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select = overflow_2_q6 ? 15'd31743 : magnitude_bits_q6;
    wire [14:0] magnitude = zero_q6 ? 15'd0 : magnitude_select;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [15:0] cat = {sign_q6, magnitude};
    reg overflow_2_q7;
    reg [15:0] cat_q7;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q7 <= overflow_2_q6;
            cat_q7 <= cat;
        end
    end

    // ---- valid
    reg [6:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 7'd0;
        end else if(ce) begin
            valid_q <= {valid_q[5:0], s_valid};
        end
    end

    assign m_valid = valid_q[6];
    // ---- outputs
    assign difference = cat_q7;
    assign overflow = overflow_2_q7;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, distance_abs_sign_3[5], distance_less_2[4], lost_shl_shift[15:14], total_select[15], zeros_count_34[2], zeros_count_39[2], zeros_count_44[2], zeros_count_51[3]};
endmodule
`default_nettype wire
