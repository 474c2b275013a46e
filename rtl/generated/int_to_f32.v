// int_to_f32: value · 2**exponent, rounded once; an integer 0 is +0.
// Generated from convert.py:14 int_to_float(w=32, x=10, e=8, f=23); do not edit, run `npusim hls emit int_to_f32`.
// Contract: one result a cycle, latency 6 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module int_to_f32 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [31:0] value,             // s[32]
    input wire [9:0] exponent,           // s[10]
    output wire m_valid,                 // s_valid, 6 cycles later
    output wire [31:0] result,           // u[32]
    output wire overflow                 // u[1]
);

    // ---- stage 1 of 6
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
        end
    end

    // ---- stage 2 of 6
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

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q2 <= magnitude_sign_2_q1;
            zeros_count_143_q2 <= zeros_count_143;
            zeros_count_145_q2 <= zeros_count_145;
            norm_shl_shift_6_q2 <= norm_shl_shift_6;
            norm_shl_shift_8_q2 <= norm_shl_shift_8;
            biased_q2 <= biased;
        end
    end

    // ---- stage 3 of 6
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

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q3 <= magnitude_sign_2_q2;
            guard_q3 <= guard;
            increment_or_q3 <= increment_or;
            field_add_q3 <= field_add;
            zero_eq_q3 <= zero_eq;
        end
    end

    // ---- stage 4 of 6
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment = guard_q3 & increment_or_q3;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [33:0] field = field_add_q3 + {33'h0, increment};
    reg magnitude_sign_2_q4;
    reg [33:0] field_q4;
    reg zero_eq_q4;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q4 <= magnitude_sign_2_q3;
            field_q4 <= field;
            zero_eq_q4 <= zero_eq_q3;
        end
    end

    // ---- stage 5 of 6
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

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q5 <= magnitude_sign_2_q4;
            zero_q5 <= zero;
            overflow_2_q5 <= overflow_2;
            magnitude_select_q5 <= magnitude_select;
        end
    end

    // ---- stage 6 of 6
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_2 = zero_q5 ? 31'h0 : magnitude_select_q5;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [31:0] cat = {magnitude_sign_2_q5, magnitude_2};
    reg overflow_2_q6;
    reg [31:0] cat_q6;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q6 <= overflow_2_q5;
            cat_q6 <= cat;
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
    assign result = cat_q6;
    assign overflow = overflow_2_q6;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, magnitude_sign_3[32], zeros_count_69[2], zeros_count_74[2], zeros_count_79[2], zeros_count_84[2], zeros_count_89[2], zeros_count_94[2], zeros_count_99[2], zeros_count_104[2], zeros_count_111[3], zeros_count_118[3], zeros_count_125[3], zeros_count_132[3], zeros_count_137[4], zeros_count_142[4]};
endmodule
`default_nettype wire
