// f32_add: Add two numbers. Three bits below the significand (guard, round, sticky) make the rounding exact.
// Generated from floats.py:46 float_add(e=8, f=23); do not edit, run `npusim hls emit f32_add`.
// Contract: one result a cycle, latency 8 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f32_add (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [31:0] a,                 // u[32]
    input wire [31:0] b,                 // u[32]
    output wire m_valid,                 // s_valid, 8 cycles later
    output wire [31:0] sum,              // u[32]
    output wire overflow                 // u[1]
);

    function [31:0] lost_shl_shift_rom;
        input [4:0] index;
        case(index)
            5'd0: lost_shl_shift_rom = 32'h1;
            5'd1: lost_shl_shift_rom = 32'h2;
            5'd2: lost_shl_shift_rom = 32'h4;
            5'd3: lost_shl_shift_rom = 32'h8;
            5'd4: lost_shl_shift_rom = 32'h10;
            5'd5: lost_shl_shift_rom = 32'h20;
            5'd6: lost_shl_shift_rom = 32'h40;
            5'd7: lost_shl_shift_rom = 32'h80;
            5'd8: lost_shl_shift_rom = 32'h100;
            5'd9: lost_shl_shift_rom = 32'h200;
            5'd10: lost_shl_shift_rom = 32'h400;
            5'd11: lost_shl_shift_rom = 32'h800;
            5'd12: lost_shl_shift_rom = 32'h1000;
            5'd13: lost_shl_shift_rom = 32'h2000;
            5'd14: lost_shl_shift_rom = 32'h4000;
            5'd15: lost_shl_shift_rom = 32'h8000;
            5'd16: lost_shl_shift_rom = 32'h10000;
            5'd17: lost_shl_shift_rom = 32'h20000;
            5'd18: lost_shl_shift_rom = 32'h40000;
            5'd19: lost_shl_shift_rom = 32'h80000;
            5'd20: lost_shl_shift_rom = 32'h100000;
            5'd21: lost_shl_shift_rom = 32'h200000;
            5'd22: lost_shl_shift_rom = 32'h400000;
            5'd23: lost_shl_shift_rom = 32'h800000;
            5'd24: lost_shl_shift_rom = 32'h1000000;
            5'd25: lost_shl_shift_rom = 32'h2000000;
            5'd26: lost_shl_shift_rom = 32'h4000000;
            5'd27: lost_shl_shift_rom = 32'h8000000;
            5'd28: lost_shl_shift_rom = 32'h10000000;
            5'd29: lost_shl_shift_rom = 32'h20000000;
            5'd30: lost_shl_shift_rom = 32'h40000000;
            5'd31: lost_shl_shift_rom = 32'h80000000;
            default: lost_shl_shift_rom = 32'h0;
        endcase
    endfunction

    // ---- stage 1 of 8
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[30:23] == 8'd0;
    wire [23:0] significand_or = {1'd0, a[22:0]} | 24'h800000;
    wire [23:0] significand = significand_eq ? 24'h0 : significand_or;
    wire significand_eq_2 = b[30:23] == 8'd0;
    wire [23:0] significand_or_2 = {1'd0, b[22:0]} | 24'h800000;
    wire [23:0] significand_2 = significand_eq_2 ? 24'h0 : significand_or_2;
    // floats.py:53: swap = bits(b, e + f - 1, 0) > bits(a, e + f - 1, 0)
    wire swap = a[30:0] < b[30:0];
    // floats.py:54: big, small = (sig_b, sig_a) if swap else (sig_a, sig_b)
    wire [23:0] big = swap ? significand_2 : significand;
    wire [23:0] small_2 = swap ? significand : significand_2;
    // floats.py:55: distance = min(abs(exp_a - exp_b), f + 4)
    wire [8:0] distance_sub = {1'd0, a[30:23]} - {1'd0, b[30:23]};
    wire [7:0] distance_abs_sign = 8'd0 - distance_sub[7:0];
    wire distance_abs_sign_2 = distance_sub[8];
    wire [8:0] distance_abs_sign_3 = distance_abs_sign_2 ? {1'd0, distance_abs_sign} : distance_sub;
    wire [7:0] distance_abs = distance_abs_sign_3[7:0];
    wire distance_less = distance_abs < 8'd27;
    // floats.py:58: subtract = sign_a ^ sign_b
    wire subtract = a[31] ^ b[31];
    // floats.py:62: sign = sign_a & sign_b if total == 0 else sign_b if swap else sign_a
    wire sign_and = a[31] & b[31];
    wire sign_select = swap ? b[31] : a[31];
    // floats.py:63: exponent = (exp_b if swap else exp_a) + 1 - zeros
    wire [7:0] exponent_select = swap ? b[30:23] : a[30:23];
    reg [23:0] big_q1;
    reg [23:0] small_2_q1;
    reg [7:0] distance_abs_q1;
    reg distance_less_q1;
    reg subtract_q1;
    reg sign_and_q1;
    reg sign_select_q1;
    reg [7:0] exponent_select_q1;

    always @(posedge clk) begin
        if(ce) begin
            big_q1 <= big;
            small_2_q1 <= small_2;
            distance_abs_q1 <= distance_abs;
            distance_less_q1 <= distance_less;
            subtract_q1 <= subtract;
            sign_and_q1 <= sign_and;
            sign_select_q1 <= sign_select;
            exponent_select_q1 <= exponent_select;
        end
    end

    // ---- stage 2 of 8
    // floats.py:55: distance = min(abs(exp_a - exp_b), f + 4)
    wire [7:0] distance_less_2 = distance_less_q1 ? distance_abs_q1 : 8'd27;
    // floats.py:56: lost = ((small << 3) & ((1 << distance) - 1)) != 0
    wire [26:0] lost_shl = {small_2_q1, 3'd0};
    wire [31:0] lost_shl_shift = lost_shl_shift_rom(distance_less_2[4:0]);
    wire [26:0] lost_sub = lost_shl_shift[26:0] - 27'h1;
    wire [26:0] lost_and = lost_shl & lost_sub;
    // floats.py:57: aligned = ((small << 3) >> distance) | lost
    wire [26:0] aligned_shr_shift = distance_less_2[4] ? {16'd0, small_2_q1[23:13]} : lost_shl;
    wire [26:0] aligned_shr_shift_2 = distance_less_2[3] ? {8'd0, aligned_shr_shift[26:8]} : aligned_shr_shift;
    wire [26:0] aligned_shr_shift_3 = distance_less_2[2] ? {4'd0, aligned_shr_shift_2[26:4]} : aligned_shr_shift_2;
    wire [26:0] aligned_shr_shift_4 = distance_less_2[1] ? {2'd0, aligned_shr_shift_3[26:2]} : aligned_shr_shift_3;
    wire [26:0] aligned_shr = distance_less_2[0] ? {1'd0, aligned_shr_shift_4[26:1]} : aligned_shr_shift_4;
    reg [23:0] big_q2;
    reg [26:0] lost_and_q2;
    reg [26:0] aligned_shr_q2;
    reg subtract_q2;
    reg sign_and_q2;
    reg sign_select_q2;
    reg [7:0] exponent_select_q2;

    always @(posedge clk) begin
        if(ce) begin
            big_q2 <= big_q1;
            lost_and_q2 <= lost_and;
            aligned_shr_q2 <= aligned_shr;
            subtract_q2 <= subtract_q1;
            sign_and_q2 <= sign_and_q1;
            sign_select_q2 <= sign_select_q1;
            exponent_select_q2 <= exponent_select_q1;
        end
    end

    // ---- stage 3 of 8
    // floats.py:56: lost = ((small << 3) & ((1 << distance) - 1)) != 0
    wire lost_eq = lost_and_q2 == 27'h0;
    wire lost = ~lost_eq;
    // floats.py:57: aligned = ((small << 3) >> distance) | lost
    wire [26:0] aligned = aligned_shr_q2 | {26'h0, lost};
    // floats.py:59: total = bits((big << 3) - aligned if subtract else (big << 3) + aligned, f + 4, 0)
    wire [26:0] total_shl = {big_q2, 3'd0};
    wire [27:0] total_sub = {1'd0, total_shl} - {1'd0, aligned};
    wire [27:0] total_add = {1'd0, total_shl} + {1'd0, aligned};
    reg subtract_q3;
    reg [27:0] total_sub_q3;
    reg [27:0] total_add_q3;
    reg sign_and_q3;
    reg sign_select_q3;
    reg [7:0] exponent_select_q3;

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

    // ---- stage 4 of 8
    // floats.py:59: total = bits((big << 3) - aligned if subtract else (big << 3) + aligned, f + 4, 0)
    wire [28:0] total_select = subtract_q3 ? {total_sub_q3[27], total_sub_q3} : {1'd0, total_add_q3};
    wire [27:0] total = total_select[27:0];
    // floats.py:60: zeros = clz(total, f + 5)
    wire zeros_count = ~total_select[27];
    wire zeros_count_2 = ~total_select[26];
    wire zeros_count_3 = ~total_select[25];
    wire zeros_count_4 = ~total_select[24];
    wire zeros_count_5 = ~total_select[23];
    wire zeros_count_6 = ~total_select[22];
    wire zeros_count_7 = ~total_select[21];
    wire zeros_count_8 = ~total_select[20];
    wire zeros_count_9 = ~total_select[19];
    wire zeros_count_10 = ~total_select[18];
    wire zeros_count_11 = ~total_select[17];
    wire zeros_count_12 = ~total_select[16];
    wire zeros_count_13 = ~total_select[15];
    wire zeros_count_14 = ~total_select[14];
    wire zeros_count_15 = ~total_select[13];
    wire zeros_count_16 = ~total_select[12];
    wire zeros_count_17 = ~total_select[11];
    wire zeros_count_18 = ~total_select[10];
    wire zeros_count_19 = ~total_select[9];
    wire zeros_count_20 = ~total_select[8];
    wire zeros_count_21 = ~total_select[7];
    wire zeros_count_22 = ~total_select[6];
    wire zeros_count_23 = ~total_select[5];
    wire zeros_count_24 = ~total_select[4];
    wire zeros_count_25 = ~total_select[3];
    wire zeros_count_26 = ~total_select[2];
    wire zeros_count_27 = ~total_select[1];
    wire zeros_count_28 = ~total_select[0];
    wire zeros_count_29 = zeros_count & zeros_count_2;
    wire zeros_count_30 = zeros_count & total_select[26];
    wire zeros_count_31 = zeros_count_3 & zeros_count_4;
    wire zeros_count_32 = zeros_count_3 & total_select[24];
    wire zeros_count_33 = zeros_count_5 & zeros_count_6;
    wire zeros_count_34 = zeros_count_5 & total_select[22];
    wire zeros_count_35 = zeros_count_7 & zeros_count_8;
    wire zeros_count_36 = zeros_count_7 & total_select[20];
    wire zeros_count_37 = zeros_count_9 & zeros_count_10;
    wire zeros_count_38 = zeros_count_9 & total_select[18];
    wire zeros_count_39 = zeros_count_11 & zeros_count_12;
    wire zeros_count_40 = zeros_count_11 & total_select[16];
    wire zeros_count_41 = zeros_count_13 & zeros_count_14;
    wire zeros_count_42 = zeros_count_13 & total_select[14];
    wire zeros_count_43 = zeros_count_15 & zeros_count_16;
    wire zeros_count_44 = zeros_count_15 & total_select[12];
    wire zeros_count_45 = zeros_count_17 & zeros_count_18;
    wire zeros_count_46 = zeros_count_17 & total_select[10];
    wire zeros_count_47 = zeros_count_19 & zeros_count_20;
    wire zeros_count_48 = zeros_count_19 & total_select[8];
    wire zeros_count_49 = zeros_count_21 & zeros_count_22;
    wire zeros_count_50 = zeros_count_21 & total_select[6];
    wire zeros_count_51 = zeros_count_23 & zeros_count_24;
    wire zeros_count_52 = zeros_count_23 & total_select[4];
    wire zeros_count_53 = zeros_count_25 & zeros_count_26;
    wire zeros_count_54 = zeros_count_25 & total_select[2];
    wire zeros_count_55 = zeros_count_27 & zeros_count_28;
    wire zeros_count_56 = zeros_count_27 & total_select[0];
    wire zeros_count_57 = zeros_count_29 & zeros_count_31;
    wire zeros_count_58 = ~zeros_count_31;
    wire zeros_count_59 = zeros_count_29 & zeros_count_58;
    wire zeros_count_60 = zeros_count_29 ? zeros_count_32 : zeros_count_30;
    wire [2:0] zeros_count_61 = {zeros_count_57, zeros_count_59, zeros_count_60};
    wire zeros_count_62 = zeros_count_33 & zeros_count_35;
    wire zeros_count_63 = ~zeros_count_35;
    wire zeros_count_64 = zeros_count_33 & zeros_count_63;
    wire zeros_count_65 = zeros_count_33 ? zeros_count_36 : zeros_count_34;
    wire [2:0] zeros_count_66 = {zeros_count_62, zeros_count_64, zeros_count_65};
    wire zeros_count_67 = zeros_count_37 & zeros_count_39;
    wire zeros_count_68 = ~zeros_count_39;
    wire zeros_count_69 = zeros_count_37 & zeros_count_68;
    wire zeros_count_70 = zeros_count_37 ? zeros_count_40 : zeros_count_38;
    wire [2:0] zeros_count_71 = {zeros_count_67, zeros_count_69, zeros_count_70};
    wire zeros_count_72 = zeros_count_41 & zeros_count_43;
    wire zeros_count_73 = ~zeros_count_43;
    wire zeros_count_74 = zeros_count_41 & zeros_count_73;
    wire zeros_count_75 = zeros_count_41 ? zeros_count_44 : zeros_count_42;
    wire [2:0] zeros_count_76 = {zeros_count_72, zeros_count_74, zeros_count_75};
    wire zeros_count_77 = zeros_count_45 & zeros_count_47;
    wire zeros_count_78 = ~zeros_count_47;
    wire zeros_count_79 = zeros_count_45 & zeros_count_78;
    wire zeros_count_80 = zeros_count_45 ? zeros_count_48 : zeros_count_46;
    wire [2:0] zeros_count_81 = {zeros_count_77, zeros_count_79, zeros_count_80};
    wire zeros_count_82 = zeros_count_49 & zeros_count_51;
    wire zeros_count_83 = ~zeros_count_51;
    wire zeros_count_84 = zeros_count_49 & zeros_count_83;
    wire zeros_count_85 = zeros_count_49 ? zeros_count_52 : zeros_count_50;
    wire [2:0] zeros_count_86 = {zeros_count_82, zeros_count_84, zeros_count_85};
    wire zeros_count_87 = zeros_count_53 & zeros_count_55;
    wire zeros_count_88 = ~zeros_count_55;
    wire zeros_count_89 = zeros_count_53 & zeros_count_88;
    wire zeros_count_90 = zeros_count_53 ? zeros_count_56 : zeros_count_54;
    wire [2:0] zeros_count_91 = {zeros_count_87, zeros_count_89, zeros_count_90};
    wire zeros_count_92 = zeros_count_57 & zeros_count_62;
    wire zeros_count_93 = ~zeros_count_62;
    wire zeros_count_94 = zeros_count_57 & zeros_count_93;
    wire [1:0] zeros_count_95 = zeros_count_57 ? zeros_count_66[1:0] : zeros_count_61[1:0];
    wire [3:0] zeros_count_96 = {zeros_count_92, zeros_count_94, zeros_count_95};
    wire zeros_count_97 = zeros_count_67 & zeros_count_72;
    wire zeros_count_98 = ~zeros_count_72;
    wire zeros_count_99 = zeros_count_67 & zeros_count_98;
    wire [1:0] zeros_count_100 = zeros_count_67 ? zeros_count_76[1:0] : zeros_count_71[1:0];
    wire [3:0] zeros_count_101 = {zeros_count_97, zeros_count_99, zeros_count_100};
    wire zeros_count_102 = zeros_count_77 & zeros_count_82;
    wire zeros_count_103 = ~zeros_count_82;
    wire zeros_count_104 = zeros_count_77 & zeros_count_103;
    wire [1:0] zeros_count_105 = zeros_count_77 ? zeros_count_86[1:0] : zeros_count_81[1:0];
    wire [3:0] zeros_count_106 = {zeros_count_102, zeros_count_104, zeros_count_105};
    wire [1:0] zeros_count_107 = zeros_count_87 ? 2'd0 : zeros_count_91[1:0];
    wire [2:0] zeros_count_108 = {zeros_count_87, zeros_count_107};
    wire zeros_count_109 = zeros_count_92 & zeros_count_97;
    wire zeros_count_110 = ~zeros_count_97;
    wire zeros_count_111 = zeros_count_92 & zeros_count_110;
    wire [2:0] zeros_count_112 = zeros_count_92 ? zeros_count_101[2:0] : zeros_count_96[2:0];
    wire [4:0] zeros_count_113 = {zeros_count_109, zeros_count_111, zeros_count_112};
    wire [2:0] zeros_count_114 = zeros_count_102 ? zeros_count_108 : zeros_count_106[2:0];
    wire [3:0] zeros_count_115 = {zeros_count_102, zeros_count_114};
    wire [3:0] zeros_count_116 = zeros_count_109 ? zeros_count_115 : zeros_count_113[3:0];
    // floats.py:62: sign = sign_a & sign_b if total == 0 else sign_b if swap else sign_a
    wire sign_eq = total == 28'h0;
    wire sign = sign_eq ? sign_and_q3 : sign_select_q3;
    reg [27:0] total_q4;
    reg zeros_count_109_q4;
    reg [3:0] zeros_count_116_q4;
    reg sign_q4;
    reg [7:0] exponent_select_q4;

    always @(posedge clk) begin
        if(ce) begin
            total_q4 <= total;
            zeros_count_109_q4 <= zeros_count_109;
            zeros_count_116_q4 <= zeros_count_116;
            sign_q4 <= sign;
            exponent_select_q4 <= exponent_select_q3;
        end
    end

    // ---- stage 5 of 8
    // floats.py:60: zeros = clz(total, f + 5)
    wire [4:0] zeros_count_117 = {zeros_count_109_q4, zeros_count_116_q4};
    // floats.py:61: norm = bits(total << zeros, f + 4, 0)
    wire [27:0] norm_shl_shift = {total_q4[26:0], 1'd0};
    wire [27:0] norm_shl_shift_2 = zeros_count_116_q4[0] ? norm_shl_shift : total_q4;
    wire [27:0] norm_shl_shift_3 = {norm_shl_shift_2[25:0], 2'd0};
    wire [27:0] norm_shl_shift_4 = zeros_count_116_q4[1] ? norm_shl_shift_3 : norm_shl_shift_2;
    wire [27:0] norm_shl_shift_5 = {norm_shl_shift_4[23:0], 4'd0};
    wire [27:0] norm_shl_shift_6 = zeros_count_116_q4[2] ? norm_shl_shift_5 : norm_shl_shift_4;
    wire [27:0] norm_shl_shift_7 = {norm_shl_shift_6[19:0], 8'd0};
    wire [27:0] norm_shl_shift_8 = zeros_count_116_q4[3] ? norm_shl_shift_7 : norm_shl_shift_6;
    wire [27:0] norm_shl_shift_9 = {norm_shl_shift_8[11:0], 16'd0};
    wire [27:0] norm_shl = zeros_count_109_q4 ? norm_shl_shift_9 : norm_shl_shift_8;
    // floats.py:63: exponent = (exp_b if swap else exp_a) + 1 - zeros
    wire [8:0] exponent_add = {1'd0, exponent_select_q4} + 9'd1;
    wire [9:0] exponent = {1'd0, exponent_add} - {5'd0, zeros_count_117};
    // floats.py:33: odd = bit(norm, w - 1 - f)
    wire odd = norm_shl[4];
    // floats.py:34: guard = bit(norm, w - 2 - f)
    wire guard = norm_shl[3];
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = norm_shl[2:0] == 3'd0;
    wire sticky = ~sticky_eq;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [32:0] field_add = {exponent, norm_shl[26:4]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~norm_shl[27];
    reg sign_q5;
    reg odd_q5;
    reg guard_q5;
    reg sticky_q5;
    reg [32:0] field_add_q5;
    reg zero_eq_q5;

    always @(posedge clk) begin
        if(ce) begin
            sign_q5 <= sign_q4;
            odd_q5 <= odd;
            guard_q5 <= guard;
            sticky_q5 <= sticky;
            field_add_q5 <= field_add;
            zero_eq_q5 <= zero_eq;
        end
    end

    // ---- stage 6 of 8
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = odd_q5 | sticky_q5;
    wire increment = guard_q5 & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [32:0] field = field_add_q5 + {32'h0, increment};
    reg sign_q6;
    reg [32:0] field_q6;
    reg zero_eq_q6;

    always @(posedge clk) begin
        if(ce) begin
            sign_q6 <= sign_q5;
            field_q6 <= field;
            zero_eq_q6 <= zero_eq_q5;
        end
    end

    // ---- stage 7 of 8
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field_q6) < $signed(33'h800000);
    wire zero = zero_eq_q6 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(33'h7f7fffff) < $signed(field_q6);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_select = overflow_2 ? 31'h7f7fffff : field_q6[30:0];
    reg sign_q7;
    reg zero_q7;
    reg overflow_2_q7;
    reg [30:0] magnitude_select_q7;

    always @(posedge clk) begin
        if(ce) begin
            sign_q7 <= sign_q6;
            zero_q7 <= zero;
            overflow_2_q7 <= overflow_2;
            magnitude_select_q7 <= magnitude_select;
        end
    end

    // ---- stage 8 of 8
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude = zero_q7 ? 31'h0 : magnitude_select_q7;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [31:0] cat = {sign_q7, magnitude};
    reg overflow_2_q8;
    reg [31:0] cat_q8;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q8 <= overflow_2_q7;
            cat_q8 <= cat;
        end
    end

    // ---- valid
    reg [7:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 8'd0;
        end else if(ce) begin
            valid_q <= {valid_q[6:0], s_valid};
        end
    end

    assign m_valid = valid_q[7];
    // ---- outputs
    assign sum = cat_q8;
    assign overflow = overflow_2_q8;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, distance_abs_sign_3[8], distance_less_2[7:5], lost_shl_shift[31:27], total_select[28], zeros_count_61[2], zeros_count_66[2], zeros_count_71[2], zeros_count_76[2], zeros_count_81[2], zeros_count_86[2], zeros_count_91[2], zeros_count_96[3], zeros_count_101[3], zeros_count_106[3], zeros_count_113[4]};
endmodule
`default_nettype wire
