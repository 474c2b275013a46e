// f32_accumulate: acc + value · 2**exponent: the product of a tile enters the accumulator; each step rounds by the contract.
// Generated from convert.py:103 accumulate(w=32, x=10, e=8, f=23); do not edit, run `npusim hls emit f32_accumulate`.
// Contract: one result a cycle, latency 13 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f32_accumulate (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [31:0] acc,               // u[32]
    input wire [31:0] value,             // s[32]
    input wire [9:0] exponent,           // s[10]
    output wire m_valid,                 // s_valid, 13 cycles later
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

    // ---- stage 1 of 13
    // convert.py:16: magnitude = abs(value)
    wire [31:0] magnitude_sign = 32'h0 - value;
    wire magnitude_sign_2 = value[31];
    wire [32:0] magnitude_sign_3 = magnitude_sign_2 ? {1'd0, magnitude_sign} : {value[31], value};
    wire [31:0] magnitude = magnitude_sign_3[31:0];
    // convert.py:17: zeros = clz(magnitude, w)
    wire zeros_count = ~magnitude_sign_3[31];
    wire zeros_count_2 = ~magnitude_sign_3[30];
    wire zeros_count_3 = ~magnitude_sign_3[29];
    wire zeros_count_4 = ~magnitude_sign_3[28];
    wire zeros_count_5 = ~magnitude_sign_3[27];
    wire zeros_count_6 = ~magnitude_sign_3[26];
    wire zeros_count_7 = ~magnitude_sign_3[25];
    wire zeros_count_8 = ~magnitude_sign_3[24];
    wire zeros_count_9 = ~magnitude_sign_3[23];
    wire zeros_count_10 = ~magnitude_sign_3[22];
    wire zeros_count_11 = ~magnitude_sign_3[21];
    wire zeros_count_12 = ~magnitude_sign_3[20];
    wire zeros_count_13 = ~magnitude_sign_3[19];
    wire zeros_count_14 = ~magnitude_sign_3[18];
    wire zeros_count_15 = ~magnitude_sign_3[17];
    wire zeros_count_16 = ~magnitude_sign_3[16];
    wire zeros_count_17 = ~magnitude_sign_3[15];
    wire zeros_count_18 = ~magnitude_sign_3[14];
    wire zeros_count_19 = ~magnitude_sign_3[13];
    wire zeros_count_20 = ~magnitude_sign_3[12];
    wire zeros_count_21 = ~magnitude_sign_3[11];
    wire zeros_count_22 = ~magnitude_sign_3[10];
    wire zeros_count_23 = ~magnitude_sign_3[9];
    wire zeros_count_24 = ~magnitude_sign_3[8];
    wire zeros_count_25 = ~magnitude_sign_3[7];
    wire zeros_count_26 = ~magnitude_sign_3[6];
    wire zeros_count_27 = ~magnitude_sign_3[5];
    wire zeros_count_28 = ~magnitude_sign_3[4];
    wire zeros_count_29 = ~magnitude_sign_3[3];
    wire zeros_count_30 = ~magnitude_sign_3[2];
    wire zeros_count_31 = ~magnitude_sign_3[1];
    wire zeros_count_32 = ~magnitude_sign_3[0];
    wire zeros_count_33 = zeros_count & zeros_count_2;
    wire zeros_count_34 = zeros_count & magnitude_sign_3[30];
    wire zeros_count_35 = zeros_count_3 & zeros_count_4;
    wire zeros_count_36 = zeros_count_3 & magnitude_sign_3[28];
    wire zeros_count_37 = zeros_count_5 & zeros_count_6;
    wire zeros_count_38 = zeros_count_5 & magnitude_sign_3[26];
    wire zeros_count_39 = zeros_count_7 & zeros_count_8;
    wire zeros_count_40 = zeros_count_7 & magnitude_sign_3[24];
    wire zeros_count_41 = zeros_count_9 & zeros_count_10;
    wire zeros_count_42 = zeros_count_9 & magnitude_sign_3[22];
    wire zeros_count_43 = zeros_count_11 & zeros_count_12;
    wire zeros_count_44 = zeros_count_11 & magnitude_sign_3[20];
    wire zeros_count_45 = zeros_count_13 & zeros_count_14;
    wire zeros_count_46 = zeros_count_13 & magnitude_sign_3[18];
    wire zeros_count_47 = zeros_count_15 & zeros_count_16;
    wire zeros_count_48 = zeros_count_15 & magnitude_sign_3[16];
    wire zeros_count_49 = zeros_count_17 & zeros_count_18;
    wire zeros_count_50 = zeros_count_17 & magnitude_sign_3[14];
    wire zeros_count_51 = zeros_count_19 & zeros_count_20;
    wire zeros_count_52 = zeros_count_19 & magnitude_sign_3[12];
    wire zeros_count_53 = zeros_count_21 & zeros_count_22;
    wire zeros_count_54 = zeros_count_21 & magnitude_sign_3[10];
    wire zeros_count_55 = zeros_count_23 & zeros_count_24;
    wire zeros_count_56 = zeros_count_23 & magnitude_sign_3[8];
    wire zeros_count_57 = zeros_count_25 & zeros_count_26;
    wire zeros_count_58 = zeros_count_25 & magnitude_sign_3[6];
    wire zeros_count_59 = zeros_count_27 & zeros_count_28;
    wire zeros_count_60 = zeros_count_27 & magnitude_sign_3[4];
    wire zeros_count_61 = zeros_count_29 & zeros_count_30;
    wire zeros_count_62 = zeros_count_29 & magnitude_sign_3[2];
    wire zeros_count_63 = zeros_count_31 & zeros_count_32;
    wire zeros_count_64 = zeros_count_31 & magnitude_sign_3[0];
    wire zeros_count_65 = zeros_count_33 & zeros_count_35;
    wire zeros_count_66 = ~zeros_count_35;
    wire zeros_count_67 = zeros_count_33 & zeros_count_66;
    wire zeros_count_68 = zeros_count_33 ? zeros_count_36 : zeros_count_34;
    wire [2:0] zeros_count_69 = {zeros_count_65, zeros_count_67, zeros_count_68};
    wire zeros_count_70 = zeros_count_37 & zeros_count_39;
    wire zeros_count_71 = ~zeros_count_39;
    wire zeros_count_72 = zeros_count_37 & zeros_count_71;
    wire zeros_count_73 = zeros_count_37 ? zeros_count_40 : zeros_count_38;
    wire [2:0] zeros_count_74 = {zeros_count_70, zeros_count_72, zeros_count_73};
    wire zeros_count_75 = zeros_count_41 & zeros_count_43;
    wire zeros_count_76 = ~zeros_count_43;
    wire zeros_count_77 = zeros_count_41 & zeros_count_76;
    wire zeros_count_78 = zeros_count_41 ? zeros_count_44 : zeros_count_42;
    wire [2:0] zeros_count_79 = {zeros_count_75, zeros_count_77, zeros_count_78};
    wire zeros_count_80 = zeros_count_45 & zeros_count_47;
    wire zeros_count_81 = ~zeros_count_47;
    wire zeros_count_82 = zeros_count_45 & zeros_count_81;
    wire zeros_count_83 = zeros_count_45 ? zeros_count_48 : zeros_count_46;
    wire [2:0] zeros_count_84 = {zeros_count_80, zeros_count_82, zeros_count_83};
    wire zeros_count_85 = zeros_count_49 & zeros_count_51;
    wire zeros_count_86 = ~zeros_count_51;
    wire zeros_count_87 = zeros_count_49 & zeros_count_86;
    wire zeros_count_88 = zeros_count_49 ? zeros_count_52 : zeros_count_50;
    wire [2:0] zeros_count_89 = {zeros_count_85, zeros_count_87, zeros_count_88};
    wire zeros_count_90 = zeros_count_53 & zeros_count_55;
    wire zeros_count_91 = ~zeros_count_55;
    wire zeros_count_92 = zeros_count_53 & zeros_count_91;
    wire zeros_count_93 = zeros_count_53 ? zeros_count_56 : zeros_count_54;
    wire [2:0] zeros_count_94 = {zeros_count_90, zeros_count_92, zeros_count_93};
    wire zeros_count_95 = zeros_count_57 & zeros_count_59;
    wire zeros_count_96 = ~zeros_count_59;
    wire zeros_count_97 = zeros_count_57 & zeros_count_96;
    wire zeros_count_98 = zeros_count_57 ? zeros_count_60 : zeros_count_58;
    wire [2:0] zeros_count_99 = {zeros_count_95, zeros_count_97, zeros_count_98};
    wire zeros_count_100 = zeros_count_61 & zeros_count_63;
    wire zeros_count_101 = ~zeros_count_63;
    wire zeros_count_102 = zeros_count_61 & zeros_count_101;
    wire zeros_count_103 = zeros_count_61 ? zeros_count_64 : zeros_count_62;
    wire [2:0] zeros_count_104 = {zeros_count_100, zeros_count_102, zeros_count_103};
    wire [1:0] zeros_count_108 = zeros_count_74[1:0];
    wire [1:0] zeros_count_109 = zeros_count_69[1:0];
    wire [1:0] zeros_count_115 = zeros_count_84[1:0];
    wire [1:0] zeros_count_116 = zeros_count_79[1:0];
    wire [1:0] zeros_count_122 = zeros_count_94[1:0];
    wire [1:0] zeros_count_123 = zeros_count_89[1:0];
    wire [1:0] zeros_count_129 = zeros_count_104[1:0];
    wire [1:0] zeros_count_130 = zeros_count_99[1:0];
    // floats.py:21: exponent = bits(a, e + f - 1, f)
    wire [7:0] exponent_2 = acc[30:23];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = exponent_2 == 8'd0;
    wire [23:0] significand_or = {1'd0, acc[22:0]} | 24'h800000;
    wire [23:0] significand = significand_eq ? 24'h0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign_a = acc[31];
    // floats.py:53: swap = bits(b, e + f - 1, 0) > bits(a, e + f - 1, 0)
    wire [30:0] swap_bits = acc[30:0];
    reg [9:0] exponent_q1;
    reg magnitude_sign_2_q1;
    reg [31:0] magnitude_q1;
    reg zeros_count_65_q1;
    reg zeros_count_70_q1;
    reg zeros_count_75_q1;
    reg zeros_count_80_q1;
    reg zeros_count_85_q1;
    reg zeros_count_90_q1;
    reg zeros_count_95_q1;
    reg zeros_count_100_q1;
    reg [1:0] zeros_count_108_q1;
    reg [1:0] zeros_count_109_q1;
    reg [1:0] zeros_count_115_q1;
    reg [1:0] zeros_count_116_q1;
    reg [1:0] zeros_count_122_q1;
    reg [1:0] zeros_count_123_q1;
    reg [1:0] zeros_count_129_q1;
    reg [1:0] zeros_count_130_q1;
    reg [7:0] exponent_2_q1;
    reg [23:0] significand_q1;
    reg sign_a_q1;
    reg [30:0] swap_bits_q1;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q1 <= exponent;
            magnitude_sign_2_q1 <= magnitude_sign_2;
            magnitude_q1 <= magnitude;
            zeros_count_65_q1 <= zeros_count_65;
            zeros_count_70_q1 <= zeros_count_70;
            zeros_count_75_q1 <= zeros_count_75;
            zeros_count_80_q1 <= zeros_count_80;
            zeros_count_85_q1 <= zeros_count_85;
            zeros_count_90_q1 <= zeros_count_90;
            zeros_count_95_q1 <= zeros_count_95;
            zeros_count_100_q1 <= zeros_count_100;
            zeros_count_108_q1 <= zeros_count_108;
            zeros_count_109_q1 <= zeros_count_109;
            zeros_count_115_q1 <= zeros_count_115;
            zeros_count_116_q1 <= zeros_count_116;
            zeros_count_122_q1 <= zeros_count_122;
            zeros_count_123_q1 <= zeros_count_123;
            zeros_count_129_q1 <= zeros_count_129;
            zeros_count_130_q1 <= zeros_count_130;
            exponent_2_q1 <= exponent_2;
            significand_q1 <= significand;
            sign_a_q1 <= sign_a;
            swap_bits_q1 <= swap_bits;
        end
    end

    // ---- stage 2 of 13
    // convert.py:17: zeros = clz(magnitude, w)
    wire zeros_count_105 = zeros_count_65_q1 & zeros_count_70_q1;
    wire zeros_count_106 = ~zeros_count_70_q1;
    wire zeros_count_107 = zeros_count_65_q1 & zeros_count_106;
    wire [1:0] zeros_count_110 = zeros_count_65_q1 ? zeros_count_108_q1 : zeros_count_109_q1;
    wire [3:0] zeros_count_111 = {zeros_count_105, zeros_count_107, zeros_count_110};
    wire zeros_count_112 = zeros_count_75_q1 & zeros_count_80_q1;
    wire zeros_count_113 = ~zeros_count_80_q1;
    wire zeros_count_114 = zeros_count_75_q1 & zeros_count_113;
    wire [1:0] zeros_count_117 = zeros_count_75_q1 ? zeros_count_115_q1 : zeros_count_116_q1;
    wire [3:0] zeros_count_118 = {zeros_count_112, zeros_count_114, zeros_count_117};
    wire zeros_count_119 = zeros_count_85_q1 & zeros_count_90_q1;
    wire zeros_count_120 = ~zeros_count_90_q1;
    wire zeros_count_121 = zeros_count_85_q1 & zeros_count_120;
    wire [1:0] zeros_count_124 = zeros_count_85_q1 ? zeros_count_122_q1 : zeros_count_123_q1;
    wire [3:0] zeros_count_125 = {zeros_count_119, zeros_count_121, zeros_count_124};
    wire zeros_count_126 = zeros_count_95_q1 & zeros_count_100_q1;
    wire zeros_count_127 = ~zeros_count_100_q1;
    wire zeros_count_128 = zeros_count_95_q1 & zeros_count_127;
    wire [1:0] zeros_count_131 = zeros_count_95_q1 ? zeros_count_129_q1 : zeros_count_130_q1;
    wire [3:0] zeros_count_132 = {zeros_count_126, zeros_count_128, zeros_count_131};
    wire zeros_count_133 = zeros_count_105 & zeros_count_112;
    wire zeros_count_134 = ~zeros_count_112;
    wire zeros_count_135 = zeros_count_105 & zeros_count_134;
    wire [2:0] zeros_count_136 = zeros_count_105 ? zeros_count_118[2:0] : zeros_count_111[2:0];
    wire [4:0] zeros_count_137 = {zeros_count_133, zeros_count_135, zeros_count_136};
    wire zeros_count_138 = zeros_count_119 & zeros_count_126;
    wire zeros_count_139 = ~zeros_count_126;
    wire zeros_count_140 = zeros_count_119 & zeros_count_139;
    wire [2:0] zeros_count_141 = zeros_count_119 ? zeros_count_132[2:0] : zeros_count_125[2:0];
    wire [4:0] zeros_count_142 = {zeros_count_138, zeros_count_140, zeros_count_141};
    wire zeros_count_143 = zeros_count_133 & zeros_count_138;
    wire zeros_count_144 = ~zeros_count_138;
    wire zeros_count_145 = zeros_count_133 & zeros_count_144;
    wire [3:0] zeros_count_146 = zeros_count_133 ? zeros_count_142[3:0] : zeros_count_137[3:0];
    wire [5:0] zeros_count_147 = {zeros_count_143, zeros_count_145, zeros_count_146};
    // convert.py:19: norm = bits(magnitude << (wide - w) << zeros, wide - 1, 0)
    wire [31:0] norm_shl_shift = {magnitude_q1[30:0], 1'd0};
    wire [31:0] norm_shl_shift_2 = zeros_count_146[0] ? norm_shl_shift : magnitude_q1;
    wire [31:0] norm_shl_shift_3 = {norm_shl_shift_2[29:0], 2'd0};
    wire [31:0] norm_shl_shift_4 = zeros_count_146[1] ? norm_shl_shift_3 : norm_shl_shift_2;
    wire [31:0] norm_shl_shift_5 = {norm_shl_shift_4[27:0], 4'd0};
    wire [31:0] norm_shl_shift_6 = zeros_count_146[2] ? norm_shl_shift_5 : norm_shl_shift_4;
    wire norm_shl_shift_8 = zeros_count_146[3];
    // convert.py:20: biased = exponent + (1 << (e - 1)) - 1 + (w - 1) - zeros
    wire [10:0] biased_add = {exponent_q1[9], exponent_q1} + 11'd158;
    wire [10:0] biased = biased_add - {5'd0, zeros_count_147};
    reg magnitude_sign_2_q2;
    reg zeros_count_143_q2;
    reg zeros_count_145_q2;
    reg [31:0] norm_shl_shift_6_q2;
    reg norm_shl_shift_8_q2;
    reg [10:0] biased_q2;
    reg [7:0] exponent_2_q2;
    reg [23:0] significand_q2;
    reg sign_a_q2;
    reg [30:0] swap_bits_q2;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q2 <= magnitude_sign_2_q1;
            zeros_count_143_q2 <= zeros_count_143;
            zeros_count_145_q2 <= zeros_count_145;
            norm_shl_shift_6_q2 <= norm_shl_shift_6;
            norm_shl_shift_8_q2 <= norm_shl_shift_8;
            biased_q2 <= biased;
            exponent_2_q2 <= exponent_2_q1;
            significand_q2 <= significand_q1;
            sign_a_q2 <= sign_a_q1;
            swap_bits_q2 <= swap_bits_q1;
        end
    end

    // ---- stage 3 of 13
    // convert.py:19: norm = bits(magnitude << (wide - w) << zeros, wide - 1, 0)
    wire [31:0] norm_shl_shift_7 = {norm_shl_shift_6_q2[23:0], 8'd0};
    wire [31:0] norm_shl_shift_9 = norm_shl_shift_8_q2 ? norm_shl_shift_7 : norm_shl_shift_6_q2;
    wire [31:0] norm_shl_shift_10 = {norm_shl_shift_9[15:0], 16'd0};
    wire [31:0] norm_shl_shift_11 = zeros_count_145_q2 ? norm_shl_shift_10 : norm_shl_shift_9;
    wire [31:0] norm_shl_shift_12 = 32'h0;
    wire [31:0] norm_shl = zeros_count_143_q2 ? norm_shl_shift_12 : norm_shl_shift_11;
    // floats.py:34: guard = bit(norm, w - 2 - f)
    wire guard = norm_shl[7];
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = norm_shl[6:0] == 7'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = norm_shl[8] | sticky;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [33:0] field_add = {biased_q2, norm_shl[30:8]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~norm_shl[31];
    reg magnitude_sign_2_q3;
    reg guard_q3;
    reg increment_or_q3;
    reg [33:0] field_add_q3;
    reg zero_eq_q3;
    reg [7:0] exponent_2_q3;
    reg [23:0] significand_q3;
    reg sign_a_q3;
    reg [30:0] swap_bits_q3;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q3 <= magnitude_sign_2_q2;
            guard_q3 <= guard;
            increment_or_q3 <= increment_or;
            field_add_q3 <= field_add;
            zero_eq_q3 <= zero_eq;
            exponent_2_q3 <= exponent_2_q2;
            significand_q3 <= significand_q2;
            sign_a_q3 <= sign_a_q2;
            swap_bits_q3 <= swap_bits_q2;
        end
    end

    // ---- stage 4 of 13
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment = guard_q3 & increment_or_q3;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [33:0] field = field_add_q3 + {33'h0, increment};
    reg magnitude_sign_2_q4;
    reg [33:0] field_q4;
    reg zero_eq_q4;
    reg [7:0] exponent_2_q4;
    reg [23:0] significand_q4;
    reg sign_a_q4;
    reg [30:0] swap_bits_q4;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q4 <= magnitude_sign_2_q3;
            field_q4 <= field;
            zero_eq_q4 <= zero_eq_q3;
            exponent_2_q4 <= exponent_2_q3;
            significand_q4 <= significand_q3;
            sign_a_q4 <= sign_a_q3;
            swap_bits_q4 <= swap_bits_q3;
        end
    end

    // ---- stage 5 of 13
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field_q4) < $signed(34'h800000);
    wire zero = zero_eq_q4 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(34'h7f7fffff) < $signed(field_q4);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_select = overflow_2 ? 31'h7f7fffff : field_q4[30:0];
    reg magnitude_sign_2_q5;
    reg zero_q5;
    reg overflow_2_q5;
    reg [30:0] magnitude_select_q5;
    reg [7:0] exponent_2_q5;
    reg [23:0] significand_q5;
    reg sign_a_q5;
    reg [30:0] swap_bits_q5;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q5 <= magnitude_sign_2_q4;
            zero_q5 <= zero;
            overflow_2_q5 <= overflow_2;
            magnitude_select_q5 <= magnitude_select;
            exponent_2_q5 <= exponent_2_q4;
            significand_q5 <= significand_q4;
            sign_a_q5 <= sign_a_q4;
            swap_bits_q5 <= swap_bits_q4;
        end
    end

    // ---- stage 6 of 13
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_2 = zero_q5 ? 31'h0 : magnitude_select_q5;
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq_2 = magnitude_2[30:23] == 8'd0;
    wire [23:0] significand_or_2 = {1'd0, magnitude_2[22:0]} | 24'h800000;
    wire [23:0] significand_2 = significand_eq_2 ? 24'h0 : significand_or_2;
    // floats.py:53: swap = bits(b, e + f - 1, 0) > bits(a, e + f - 1, 0)
    wire swap = swap_bits_q5 < magnitude_2;
    // floats.py:54: big, small = (sig_b, sig_a) if swap else (sig_a, sig_b)
    wire [23:0] big = swap ? significand_2 : significand_q5;
    wire [23:0] small_2 = swap ? significand_q5 : significand_2;
    // floats.py:55: distance = min(abs(exp_a - exp_b), f + 4)
    wire [8:0] distance_sub = {1'd0, exponent_2_q5} - {1'd0, magnitude_2[30:23]};
    wire [7:0] distance_abs_sign = 8'd0 - distance_sub[7:0];
    wire distance_abs_sign_2 = distance_sub[8];
    wire [8:0] distance_abs_sign_3 = distance_abs_sign_2 ? {1'd0, distance_abs_sign} : distance_sub;
    wire [7:0] distance_abs = distance_abs_sign_3[7:0];
    // floats.py:58: subtract = sign_a ^ sign_b
    wire subtract = sign_a_q5 ^ magnitude_sign_2_q5;
    // floats.py:62: sign = sign_a & sign_b if total == 0 else sign_b if swap else sign_a
    wire sign_and = sign_a_q5 & magnitude_sign_2_q5;
    wire sign_select = swap ? magnitude_sign_2_q5 : sign_a_q5;
    // floats.py:63: exponent = (exp_b if swap else exp_a) + 1 - zeros
    wire [7:0] exponent_select = swap ? magnitude_2[30:23] : exponent_2_q5;
    reg overflow_2_q6;
    reg [23:0] big_q6;
    reg [23:0] small_2_q6;
    reg [7:0] distance_abs_q6;
    reg subtract_q6;
    reg sign_and_q6;
    reg sign_select_q6;
    reg [7:0] exponent_select_q6;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q6 <= overflow_2_q5;
            big_q6 <= big;
            small_2_q6 <= small_2;
            distance_abs_q6 <= distance_abs;
            subtract_q6 <= subtract;
            sign_and_q6 <= sign_and;
            sign_select_q6 <= sign_select;
            exponent_select_q6 <= exponent_select;
        end
    end

    // ---- stage 7 of 13
    // floats.py:55: distance = min(abs(exp_a - exp_b), f + 4)
    wire distance_less = distance_abs_q6 < 8'd27;
    wire [7:0] distance_less_2 = distance_less ? distance_abs_q6 : 8'd27;
    // floats.py:56: lost = ((small << 3) & ((1 << distance) - 1)) != 0
    wire [26:0] lost_shl = {small_2_q6, 3'd0};
    wire [31:0] lost_shl_shift = lost_shl_shift_rom(distance_less_2[4:0]);
    wire [26:0] lost_sub = lost_shl_shift[26:0] - 27'h1;
    // floats.py:57: aligned = ((small << 3) >> distance) | lost
    wire [26:0] aligned_shr_shift = distance_less_2[4] ? {16'd0, small_2_q6[23:13]} : lost_shl;
    wire [26:0] aligned_shr_shift_2 = distance_less_2[3] ? {8'd0, aligned_shr_shift[26:8]} : aligned_shr_shift;
    wire [26:0] aligned_shr_shift_3 = distance_less_2[2] ? {4'd0, aligned_shr_shift_2[26:4]} : aligned_shr_shift_2;
    wire aligned_shr_shift_4 = distance_less_2[1];
    wire aligned_shr_shift_6 = distance_less_2[0];
    reg overflow_2_q7;
    reg [23:0] big_q7;
    reg [26:0] lost_shl_q7;
    reg [26:0] lost_sub_q7;
    reg [26:0] aligned_shr_shift_3_q7;
    reg aligned_shr_shift_4_q7;
    reg aligned_shr_shift_6_q7;
    reg subtract_q7;
    reg sign_and_q7;
    reg sign_select_q7;
    reg [7:0] exponent_select_q7;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q7 <= overflow_2_q6;
            big_q7 <= big_q6;
            lost_shl_q7 <= lost_shl;
            lost_sub_q7 <= lost_sub;
            aligned_shr_shift_3_q7 <= aligned_shr_shift_3;
            aligned_shr_shift_4_q7 <= aligned_shr_shift_4;
            aligned_shr_shift_6_q7 <= aligned_shr_shift_6;
            subtract_q7 <= subtract_q6;
            sign_and_q7 <= sign_and_q6;
            sign_select_q7 <= sign_select_q6;
            exponent_select_q7 <= exponent_select_q6;
        end
    end

    // ---- stage 8 of 13
    // floats.py:56: lost = ((small << 3) & ((1 << distance) - 1)) != 0
    wire [26:0] lost_and = lost_shl_q7 & lost_sub_q7;
    wire lost_eq = lost_and == 27'h0;
    wire lost = ~lost_eq;
    // floats.py:57: aligned = ((small << 3) >> distance) | lost
    wire [26:0] aligned_shr_shift_5 = aligned_shr_shift_4_q7 ? {2'd0, aligned_shr_shift_3_q7[26:2]} : aligned_shr_shift_3_q7;
    wire [26:0] aligned_shr = aligned_shr_shift_6_q7 ? {1'd0, aligned_shr_shift_5[26:1]} : aligned_shr_shift_5;
    wire [26:0] aligned = aligned_shr | {26'h0, lost};
    reg overflow_2_q8;
    reg [23:0] big_q8;
    reg [26:0] aligned_q8;
    reg subtract_q8;
    reg sign_and_q8;
    reg sign_select_q8;
    reg [7:0] exponent_select_q8;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q8 <= overflow_2_q7;
            big_q8 <= big_q7;
            aligned_q8 <= aligned;
            subtract_q8 <= subtract_q7;
            sign_and_q8 <= sign_and_q7;
            sign_select_q8 <= sign_select_q7;
            exponent_select_q8 <= exponent_select_q7;
        end
    end

    // ---- stage 9 of 13
    // floats.py:59: total = bits((big << 3) - aligned if subtract else (big << 3) + aligned, f + 4, 0)
    wire [26:0] total_shl = {big_q8, 3'd0};
    wire [27:0] total_sub = {1'd0, total_shl} - {1'd0, aligned_q8};
    wire [27:0] total_add = {1'd0, total_shl} + {1'd0, aligned_q8};
    wire [28:0] total_select = subtract_q8 ? {total_sub[27], total_sub} : {1'd0, total_add};
    wire [27:0] total = total_select[27:0];
    // floats.py:60: zeros = clz(total, f + 5)
    wire zeros_count_148 = ~total_select[27];
    wire zeros_count_149 = ~total_select[26];
    wire zeros_count_150 = ~total_select[25];
    wire zeros_count_151 = ~total_select[24];
    wire zeros_count_152 = ~total_select[23];
    wire zeros_count_153 = ~total_select[22];
    wire zeros_count_154 = ~total_select[21];
    wire zeros_count_155 = ~total_select[20];
    wire zeros_count_156 = ~total_select[19];
    wire zeros_count_157 = ~total_select[18];
    wire zeros_count_158 = ~total_select[17];
    wire zeros_count_159 = ~total_select[16];
    wire zeros_count_160 = ~total_select[15];
    wire zeros_count_161 = ~total_select[14];
    wire zeros_count_162 = ~total_select[13];
    wire zeros_count_163 = ~total_select[12];
    wire zeros_count_164 = ~total_select[11];
    wire zeros_count_165 = ~total_select[10];
    wire zeros_count_166 = ~total_select[9];
    wire zeros_count_167 = ~total_select[8];
    wire zeros_count_168 = ~total_select[7];
    wire zeros_count_169 = ~total_select[6];
    wire zeros_count_170 = ~total_select[5];
    wire zeros_count_171 = ~total_select[4];
    wire zeros_count_172 = ~total_select[3];
    wire zeros_count_173 = ~total_select[2];
    wire zeros_count_174 = ~total_select[1];
    wire zeros_count_175 = ~total_select[0];
    wire zeros_count_176 = zeros_count_148 & zeros_count_149;
    wire zeros_count_177 = zeros_count_148 & total_select[26];
    wire zeros_count_178 = zeros_count_150 & zeros_count_151;
    wire zeros_count_179 = zeros_count_150 & total_select[24];
    wire zeros_count_180 = zeros_count_152 & zeros_count_153;
    wire zeros_count_181 = zeros_count_152 & total_select[22];
    wire zeros_count_182 = zeros_count_154 & zeros_count_155;
    wire zeros_count_183 = zeros_count_154 & total_select[20];
    wire zeros_count_184 = zeros_count_156 & zeros_count_157;
    wire zeros_count_185 = zeros_count_156 & total_select[18];
    wire zeros_count_186 = zeros_count_158 & zeros_count_159;
    wire zeros_count_187 = zeros_count_158 & total_select[16];
    wire zeros_count_188 = zeros_count_160 & zeros_count_161;
    wire zeros_count_189 = zeros_count_160 & total_select[14];
    wire zeros_count_190 = zeros_count_162 & zeros_count_163;
    wire zeros_count_191 = zeros_count_162 & total_select[12];
    wire zeros_count_192 = zeros_count_164 & zeros_count_165;
    wire zeros_count_193 = zeros_count_164 & total_select[10];
    wire zeros_count_194 = zeros_count_166 & zeros_count_167;
    wire zeros_count_195 = zeros_count_166 & total_select[8];
    wire zeros_count_196 = zeros_count_168 & zeros_count_169;
    wire zeros_count_197 = zeros_count_168 & total_select[6];
    wire zeros_count_198 = zeros_count_170 & zeros_count_171;
    wire zeros_count_199 = zeros_count_170 & total_select[4];
    wire zeros_count_200 = zeros_count_172 & zeros_count_173;
    wire zeros_count_201 = zeros_count_172 & total_select[2];
    wire zeros_count_202 = zeros_count_174 & zeros_count_175;
    wire zeros_count_203 = zeros_count_174 & total_select[0];
    wire zeros_count_204 = zeros_count_176 & zeros_count_178;
    wire zeros_count_205 = ~zeros_count_178;
    wire zeros_count_206 = zeros_count_176 & zeros_count_205;
    wire zeros_count_207 = zeros_count_176 ? zeros_count_179 : zeros_count_177;
    wire [2:0] zeros_count_208 = {zeros_count_204, zeros_count_206, zeros_count_207};
    wire zeros_count_209 = zeros_count_180 & zeros_count_182;
    wire zeros_count_210 = ~zeros_count_182;
    wire zeros_count_211 = zeros_count_180 & zeros_count_210;
    wire zeros_count_212 = zeros_count_180 ? zeros_count_183 : zeros_count_181;
    wire [2:0] zeros_count_213 = {zeros_count_209, zeros_count_211, zeros_count_212};
    wire zeros_count_214 = zeros_count_184 & zeros_count_186;
    wire zeros_count_215 = ~zeros_count_186;
    wire zeros_count_216 = zeros_count_184 & zeros_count_215;
    wire zeros_count_217 = zeros_count_184 ? zeros_count_187 : zeros_count_185;
    wire [2:0] zeros_count_218 = {zeros_count_214, zeros_count_216, zeros_count_217};
    wire zeros_count_219 = zeros_count_188 & zeros_count_190;
    wire zeros_count_220 = ~zeros_count_190;
    wire zeros_count_221 = zeros_count_188 & zeros_count_220;
    wire zeros_count_222 = zeros_count_188 ? zeros_count_191 : zeros_count_189;
    wire [2:0] zeros_count_223 = {zeros_count_219, zeros_count_221, zeros_count_222};
    wire zeros_count_224 = zeros_count_192 & zeros_count_194;
    wire zeros_count_225 = ~zeros_count_194;
    wire zeros_count_226 = zeros_count_192 & zeros_count_225;
    wire zeros_count_227 = zeros_count_192 ? zeros_count_195 : zeros_count_193;
    wire [2:0] zeros_count_228 = {zeros_count_224, zeros_count_226, zeros_count_227};
    wire zeros_count_229 = zeros_count_196 & zeros_count_198;
    wire zeros_count_230 = ~zeros_count_198;
    wire zeros_count_231 = zeros_count_196 & zeros_count_230;
    wire zeros_count_232 = zeros_count_196 ? zeros_count_199 : zeros_count_197;
    wire [2:0] zeros_count_233 = {zeros_count_229, zeros_count_231, zeros_count_232};
    wire zeros_count_234 = zeros_count_200 & zeros_count_202;
    wire zeros_count_235 = ~zeros_count_202;
    wire zeros_count_236 = zeros_count_200 & zeros_count_235;
    wire zeros_count_237 = zeros_count_200 ? zeros_count_203 : zeros_count_201;
    wire [2:0] zeros_count_238 = {zeros_count_234, zeros_count_236, zeros_count_237};
    wire [1:0] zeros_count_242 = zeros_count_213[1:0];
    wire [1:0] zeros_count_243 = zeros_count_208[1:0];
    wire [1:0] zeros_count_249 = zeros_count_223[1:0];
    wire [1:0] zeros_count_250 = zeros_count_218[1:0];
    wire [1:0] zeros_count_256 = zeros_count_233[1:0];
    wire [1:0] zeros_count_257 = zeros_count_228[1:0];
    wire [1:0] zeros_count_260 = zeros_count_238[1:0];
    reg overflow_2_q9;
    reg [27:0] total_q9;
    reg zeros_count_204_q9;
    reg zeros_count_209_q9;
    reg zeros_count_214_q9;
    reg zeros_count_219_q9;
    reg zeros_count_224_q9;
    reg zeros_count_229_q9;
    reg zeros_count_234_q9;
    reg [1:0] zeros_count_242_q9;
    reg [1:0] zeros_count_243_q9;
    reg [1:0] zeros_count_249_q9;
    reg [1:0] zeros_count_250_q9;
    reg [1:0] zeros_count_256_q9;
    reg [1:0] zeros_count_257_q9;
    reg [1:0] zeros_count_260_q9;
    reg sign_and_q9;
    reg sign_select_q9;
    reg [7:0] exponent_select_q9;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q9 <= overflow_2_q8;
            total_q9 <= total;
            zeros_count_204_q9 <= zeros_count_204;
            zeros_count_209_q9 <= zeros_count_209;
            zeros_count_214_q9 <= zeros_count_214;
            zeros_count_219_q9 <= zeros_count_219;
            zeros_count_224_q9 <= zeros_count_224;
            zeros_count_229_q9 <= zeros_count_229;
            zeros_count_234_q9 <= zeros_count_234;
            zeros_count_242_q9 <= zeros_count_242;
            zeros_count_243_q9 <= zeros_count_243;
            zeros_count_249_q9 <= zeros_count_249;
            zeros_count_250_q9 <= zeros_count_250;
            zeros_count_256_q9 <= zeros_count_256;
            zeros_count_257_q9 <= zeros_count_257;
            zeros_count_260_q9 <= zeros_count_260;
            sign_and_q9 <= sign_and_q8;
            sign_select_q9 <= sign_select_q8;
            exponent_select_q9 <= exponent_select_q8;
        end
    end

    // ---- stage 10 of 13
    // floats.py:60: zeros = clz(total, f + 5)
    wire zeros_count_239 = zeros_count_204_q9 & zeros_count_209_q9;
    wire zeros_count_240 = ~zeros_count_209_q9;
    wire zeros_count_241 = zeros_count_204_q9 & zeros_count_240;
    wire [1:0] zeros_count_244 = zeros_count_204_q9 ? zeros_count_242_q9 : zeros_count_243_q9;
    wire [3:0] zeros_count_245 = {zeros_count_239, zeros_count_241, zeros_count_244};
    wire zeros_count_246 = zeros_count_214_q9 & zeros_count_219_q9;
    wire zeros_count_247 = ~zeros_count_219_q9;
    wire zeros_count_248 = zeros_count_214_q9 & zeros_count_247;
    wire [1:0] zeros_count_251 = zeros_count_214_q9 ? zeros_count_249_q9 : zeros_count_250_q9;
    wire [3:0] zeros_count_252 = {zeros_count_246, zeros_count_248, zeros_count_251};
    wire zeros_count_253 = zeros_count_224_q9 & zeros_count_229_q9;
    wire zeros_count_254 = ~zeros_count_229_q9;
    wire zeros_count_255 = zeros_count_224_q9 & zeros_count_254;
    wire [1:0] zeros_count_258 = zeros_count_224_q9 ? zeros_count_256_q9 : zeros_count_257_q9;
    wire [3:0] zeros_count_259 = {zeros_count_253, zeros_count_255, zeros_count_258};
    wire [1:0] zeros_count_261 = zeros_count_234_q9 ? 2'd0 : zeros_count_260_q9;
    wire [2:0] zeros_count_262 = {zeros_count_234_q9, zeros_count_261};
    wire zeros_count_263 = zeros_count_239 & zeros_count_246;
    wire zeros_count_264 = ~zeros_count_246;
    wire zeros_count_265 = zeros_count_239 & zeros_count_264;
    wire [2:0] zeros_count_266 = zeros_count_239 ? zeros_count_252[2:0] : zeros_count_245[2:0];
    wire [4:0] zeros_count_267 = {zeros_count_263, zeros_count_265, zeros_count_266};
    wire [2:0] zeros_count_268 = zeros_count_253 ? zeros_count_262 : zeros_count_259[2:0];
    wire [3:0] zeros_count_269 = {zeros_count_253, zeros_count_268};
    wire [3:0] zeros_count_270 = zeros_count_263 ? zeros_count_269 : zeros_count_267[3:0];
    wire [4:0] zeros_count_271 = {zeros_count_263, zeros_count_270};
    // floats.py:61: norm = bits(total << zeros, f + 4, 0)
    wire [27:0] norm_shl_shift_13 = {total_q9[26:0], 1'd0};
    wire [27:0] norm_shl_shift_14 = zeros_count_270[0] ? norm_shl_shift_13 : total_q9;
    wire [27:0] norm_shl_shift_15 = {norm_shl_shift_14[25:0], 2'd0};
    wire [27:0] norm_shl_shift_16 = zeros_count_270[1] ? norm_shl_shift_15 : norm_shl_shift_14;
    wire [27:0] norm_shl_shift_17 = {norm_shl_shift_16[23:0], 4'd0};
    wire [27:0] norm_shl_shift_18 = zeros_count_270[2] ? norm_shl_shift_17 : norm_shl_shift_16;
    wire norm_shl_shift_20 = zeros_count_270[3];
    // floats.py:62: sign = sign_a & sign_b if total == 0 else sign_b if swap else sign_a
    wire sign_eq = total_q9 == 28'h0;
    wire sign = sign_eq ? sign_and_q9 : sign_select_q9;
    // floats.py:63: exponent = (exp_b if swap else exp_a) + 1 - zeros
    wire [8:0] exponent_add = {1'd0, exponent_select_q9} + 9'd1;
    wire [9:0] exponent_3 = {1'd0, exponent_add} - {5'd0, zeros_count_271};
    reg overflow_2_q10;
    reg zeros_count_263_q10;
    reg [27:0] norm_shl_shift_18_q10;
    reg norm_shl_shift_20_q10;
    reg sign_q10;
    reg [9:0] exponent_3_q10;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q10 <= overflow_2_q9;
            zeros_count_263_q10 <= zeros_count_263;
            norm_shl_shift_18_q10 <= norm_shl_shift_18;
            norm_shl_shift_20_q10 <= norm_shl_shift_20;
            sign_q10 <= sign;
            exponent_3_q10 <= exponent_3;
        end
    end

    // ---- stage 11 of 13
    // floats.py:61: norm = bits(total << zeros, f + 4, 0)
    wire [27:0] norm_shl_shift_19 = {norm_shl_shift_18_q10[19:0], 8'd0};
    wire [27:0] norm_shl_shift_21 = norm_shl_shift_20_q10 ? norm_shl_shift_19 : norm_shl_shift_18_q10;
    wire [27:0] norm_shl_shift_22 = {norm_shl_shift_21[11:0], 16'd0};
    wire [27:0] norm_shl_2 = zeros_count_263_q10 ? norm_shl_shift_22 : norm_shl_shift_21;
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq_2 = norm_shl_2[2:0] == 3'd0;
    wire sticky_2 = ~sticky_eq_2;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or_2 = norm_shl_2[4] | sticky_2;
    wire increment_2 = norm_shl_2[3] & increment_or_2;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [32:0] field_add_2 = {exponent_3_q10, norm_shl_2[26:4]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq_2 = ~norm_shl_2[27];
    reg overflow_2_q11;
    reg sign_q11;
    reg increment_2_q11;
    reg [32:0] field_add_2_q11;
    reg zero_eq_2_q11;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q11 <= overflow_2_q10;
            sign_q11 <= sign_q10;
            increment_2_q11 <= increment_2;
            field_add_2_q11 <= field_add_2;
            zero_eq_2_q11 <= zero_eq_2;
        end
    end

    // ---- stage 12 of 13
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [32:0] field_2 = field_add_2_q11 + {32'h0, increment_2_q11};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt_2 = $signed(field_2) < $signed(33'h800000);
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_lt_2 = $signed(33'h7f7fffff) < $signed(field_2);
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_bits = field_2[30:0];
    reg overflow_2_q12;
    reg sign_q12;
    reg zero_eq_2_q12;
    reg zero_lt_2_q12;
    reg overflow_lt_2_q12;
    reg [30:0] magnitude_bits_q12;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q12 <= overflow_2_q11;
            sign_q12 <= sign_q11;
            zero_eq_2_q12 <= zero_eq_2_q11;
            zero_lt_2_q12 <= zero_lt_2;
            overflow_lt_2_q12 <= overflow_lt_2;
            magnitude_bits_q12 <= magnitude_bits;
        end
    end

    // ---- stage 13 of 13
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_2 = zero_eq_2_q12 | zero_lt_2_q12;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor_2 = ~zero_2;
    wire overflow_3 = overflow_xor_2 & overflow_lt_2_q12;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_select_2 = overflow_3 ? 31'h7f7fffff : magnitude_bits_q12;
    wire [30:0] magnitude_3 = zero_2 ? 31'h0 : magnitude_select_2;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [31:0] total_2 = {sign_q12, magnitude_3};
    // convert.py:109: return total, term_overflow | sum_overflow
    wire or_2 = overflow_2_q12 | overflow_3;
    reg [31:0] total_2_q13;
    reg or_2_q13;

    always @(posedge clk) begin
        if(ce) begin
            total_2_q13 <= total_2;
            or_2_q13 <= or_2;
        end
    end

    // ---- valid
    reg [12:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 13'd0;
        end else if(ce) begin
            valid_q <= {valid_q[11:0], s_valid};
        end
    end

    assign m_valid = valid_q[12];
    // ---- outputs
    assign sum = total_2_q13;
    assign overflow = or_2_q13;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, magnitude_sign_3[32], zeros_count_69[2], zeros_count_74[2], zeros_count_79[2], zeros_count_84[2], zeros_count_89[2], zeros_count_94[2], zeros_count_99[2], zeros_count_104[2], zeros_count_111[3], zeros_count_118[3], zeros_count_125[3], zeros_count_132[3], zeros_count_137[4], zeros_count_142[4], distance_abs_sign_3[8], distance_less_2[7:5], lost_shl_shift[31:27], total_select[28], zeros_count_208[2], zeros_count_213[2], zeros_count_218[2], zeros_count_223[2], zeros_count_228[2], zeros_count_233[2], zeros_count_238[2], zeros_count_245[3], zeros_count_252[3], zeros_count_259[3], zeros_count_267[4]};
endmodule
`default_nettype wire
