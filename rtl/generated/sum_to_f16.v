// sum_to_f16: A sum in units of the smallest normal's last bit, rounded once; a sum of 0 is +0.
// Generated from convert.py:49 sum_to_float(w=63, e=5, f=10); do not edit, run `npusim hls emit sum_to_f16`.
// Contract: one result a cycle, latency 5 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module sum_to_f16 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [62:0] value,             // s[63]
    output wire m_valid,                 // s_valid, 5 cycles later
    output wire [15:0] result,           // u[16]
    output wire overflow                 // u[1]
);

    // ---- stage 1 of 5
    // convert.py:55: sign = bit(value, w - 1)
    wire sign = value[62];
    // convert.py:58: magnitude = bits(0 - low if sign else low, t - 1, 0)
    wire [39:0] magnitude_sub = 40'h0 - value[39:0];
    wire [39:0] magnitude_select = sign ? magnitude_sub : value[39:0];
    // convert.py:59: huge = (high != (1 << (w - t)) - 1) | (low == 0) if sign else high != 0
    wire huge_eq = value[62:40] == 23'h7fffff;
    wire huge_xor = ~huge_eq;
    wire huge_eq_2 = value[39:0] == 40'h0;
    wire huge_or = huge_xor | huge_eq_2;
    wire huge_eq_3 = value[62:40] == 23'h0;
    wire huge_xor_2 = ~huge_eq_3;
    wire huge = sign ? huge_or : huge_xor_2;
    // convert.py:60: zeros = clz(bits(magnitude, t - 1, f), t - f)
    wire zeros_count = ~magnitude_select[39];
    wire zeros_count_2 = ~magnitude_select[38];
    wire zeros_count_3 = ~magnitude_select[37];
    wire zeros_count_4 = ~magnitude_select[36];
    wire zeros_count_5 = ~magnitude_select[35];
    wire zeros_count_6 = ~magnitude_select[34];
    wire zeros_count_7 = ~magnitude_select[33];
    wire zeros_count_8 = ~magnitude_select[32];
    wire zeros_count_9 = ~magnitude_select[31];
    wire zeros_count_10 = ~magnitude_select[30];
    wire zeros_count_11 = ~magnitude_select[29];
    wire zeros_count_12 = ~magnitude_select[28];
    wire zeros_count_13 = ~magnitude_select[27];
    wire zeros_count_14 = ~magnitude_select[26];
    wire zeros_count_15 = ~magnitude_select[25];
    wire zeros_count_16 = ~magnitude_select[24];
    wire zeros_count_17 = ~magnitude_select[23];
    wire zeros_count_18 = ~magnitude_select[22];
    wire zeros_count_19 = ~magnitude_select[21];
    wire zeros_count_20 = ~magnitude_select[20];
    wire zeros_count_21 = ~magnitude_select[19];
    wire zeros_count_22 = ~magnitude_select[18];
    wire zeros_count_23 = ~magnitude_select[17];
    wire zeros_count_24 = ~magnitude_select[16];
    wire zeros_count_25 = ~magnitude_select[15];
    wire zeros_count_26 = ~magnitude_select[14];
    wire zeros_count_27 = ~magnitude_select[13];
    wire zeros_count_28 = ~magnitude_select[12];
    wire zeros_count_29 = ~magnitude_select[11];
    wire zeros_count_30 = ~magnitude_select[10];
    wire zeros_count_31 = zeros_count & zeros_count_2;
    wire zeros_count_32 = zeros_count & magnitude_select[38];
    wire zeros_count_33 = zeros_count_3 & zeros_count_4;
    wire zeros_count_34 = zeros_count_3 & magnitude_select[36];
    wire zeros_count_35 = zeros_count_5 & zeros_count_6;
    wire zeros_count_36 = zeros_count_5 & magnitude_select[34];
    wire zeros_count_37 = zeros_count_7 & zeros_count_8;
    wire zeros_count_38 = zeros_count_7 & magnitude_select[32];
    wire zeros_count_39 = zeros_count_9 & zeros_count_10;
    wire zeros_count_40 = zeros_count_9 & magnitude_select[30];
    wire zeros_count_41 = zeros_count_11 & zeros_count_12;
    wire zeros_count_42 = zeros_count_11 & magnitude_select[28];
    wire zeros_count_43 = zeros_count_13 & zeros_count_14;
    wire zeros_count_44 = zeros_count_13 & magnitude_select[26];
    wire zeros_count_45 = zeros_count_15 & zeros_count_16;
    wire zeros_count_46 = zeros_count_15 & magnitude_select[24];
    wire zeros_count_47 = zeros_count_17 & zeros_count_18;
    wire zeros_count_48 = zeros_count_17 & magnitude_select[22];
    wire zeros_count_49 = zeros_count_19 & zeros_count_20;
    wire zeros_count_50 = zeros_count_19 & magnitude_select[20];
    wire zeros_count_51 = zeros_count_21 & zeros_count_22;
    wire zeros_count_52 = zeros_count_21 & magnitude_select[18];
    wire zeros_count_53 = zeros_count_23 & zeros_count_24;
    wire zeros_count_54 = zeros_count_23 & magnitude_select[16];
    wire zeros_count_55 = zeros_count_25 & zeros_count_26;
    wire zeros_count_56 = zeros_count_25 & magnitude_select[14];
    wire zeros_count_57 = zeros_count_27 & zeros_count_28;
    wire zeros_count_58 = zeros_count_27 & magnitude_select[12];
    wire zeros_count_59 = zeros_count_29 & zeros_count_30;
    wire zeros_count_60 = zeros_count_29 & magnitude_select[10];
    wire zeros_count_61 = zeros_count_31 & zeros_count_33;
    wire zeros_count_62 = ~zeros_count_33;
    wire zeros_count_63 = zeros_count_31 & zeros_count_62;
    wire zeros_count_64 = zeros_count_31 ? zeros_count_34 : zeros_count_32;
    wire [2:0] zeros_count_65 = {zeros_count_61, zeros_count_63, zeros_count_64};
    wire zeros_count_66 = zeros_count_35 & zeros_count_37;
    wire zeros_count_67 = ~zeros_count_37;
    wire zeros_count_68 = zeros_count_35 & zeros_count_67;
    wire zeros_count_69 = zeros_count_35 ? zeros_count_38 : zeros_count_36;
    wire [2:0] zeros_count_70 = {zeros_count_66, zeros_count_68, zeros_count_69};
    wire zeros_count_71 = zeros_count_39 & zeros_count_41;
    wire zeros_count_72 = ~zeros_count_41;
    wire zeros_count_73 = zeros_count_39 & zeros_count_72;
    wire zeros_count_74 = zeros_count_39 ? zeros_count_42 : zeros_count_40;
    wire [2:0] zeros_count_75 = {zeros_count_71, zeros_count_73, zeros_count_74};
    wire zeros_count_76 = zeros_count_43 & zeros_count_45;
    wire zeros_count_77 = ~zeros_count_45;
    wire zeros_count_78 = zeros_count_43 & zeros_count_77;
    wire zeros_count_79 = zeros_count_43 ? zeros_count_46 : zeros_count_44;
    wire [2:0] zeros_count_80 = {zeros_count_76, zeros_count_78, zeros_count_79};
    wire zeros_count_81 = zeros_count_47 & zeros_count_49;
    wire zeros_count_82 = ~zeros_count_49;
    wire zeros_count_83 = zeros_count_47 & zeros_count_82;
    wire zeros_count_84 = zeros_count_47 ? zeros_count_50 : zeros_count_48;
    wire [2:0] zeros_count_85 = {zeros_count_81, zeros_count_83, zeros_count_84};
    wire zeros_count_86 = zeros_count_51 & zeros_count_53;
    wire zeros_count_87 = ~zeros_count_53;
    wire zeros_count_88 = zeros_count_51 & zeros_count_87;
    wire zeros_count_89 = zeros_count_51 ? zeros_count_54 : zeros_count_52;
    wire [2:0] zeros_count_90 = {zeros_count_86, zeros_count_88, zeros_count_89};
    wire zeros_count_91 = zeros_count_55 & zeros_count_57;
    wire zeros_count_92 = ~zeros_count_57;
    wire zeros_count_93 = zeros_count_55 & zeros_count_92;
    wire zeros_count_94 = zeros_count_55 ? zeros_count_58 : zeros_count_56;
    wire [2:0] zeros_count_95 = {zeros_count_91, zeros_count_93, zeros_count_94};
    wire zeros_count_96 = zeros_count_59 ? 1'd0 : zeros_count_60;
    wire [1:0] zeros_count_97 = {zeros_count_59, zeros_count_96};
    wire [1:0] zeros_count_101 = zeros_count_70[1:0];
    wire [1:0] zeros_count_102 = zeros_count_65[1:0];
    wire [1:0] zeros_count_108 = zeros_count_80[1:0];
    wire [1:0] zeros_count_109 = zeros_count_75[1:0];
    wire [1:0] zeros_count_115 = zeros_count_90[1:0];
    wire [1:0] zeros_count_116 = zeros_count_85[1:0];
    wire [1:0] zeros_count_119 = zeros_count_95[1:0];
    reg sign_q1;
    reg [39:0] magnitude_select_q1;
    reg huge_q1;
    reg zeros_count_61_q1;
    reg zeros_count_66_q1;
    reg zeros_count_71_q1;
    reg zeros_count_76_q1;
    reg zeros_count_81_q1;
    reg zeros_count_86_q1;
    reg zeros_count_91_q1;
    reg [1:0] zeros_count_97_q1;
    reg [1:0] zeros_count_101_q1;
    reg [1:0] zeros_count_102_q1;
    reg [1:0] zeros_count_108_q1;
    reg [1:0] zeros_count_109_q1;
    reg [1:0] zeros_count_115_q1;
    reg [1:0] zeros_count_116_q1;
    reg [1:0] zeros_count_119_q1;

    always @(posedge clk) begin
        if(ce) begin
            sign_q1 <= sign;
            magnitude_select_q1 <= magnitude_select;
            huge_q1 <= huge;
            zeros_count_61_q1 <= zeros_count_61;
            zeros_count_66_q1 <= zeros_count_66;
            zeros_count_71_q1 <= zeros_count_71;
            zeros_count_76_q1 <= zeros_count_76;
            zeros_count_81_q1 <= zeros_count_81;
            zeros_count_86_q1 <= zeros_count_86;
            zeros_count_91_q1 <= zeros_count_91;
            zeros_count_97_q1 <= zeros_count_97;
            zeros_count_101_q1 <= zeros_count_101;
            zeros_count_102_q1 <= zeros_count_102;
            zeros_count_108_q1 <= zeros_count_108;
            zeros_count_109_q1 <= zeros_count_109;
            zeros_count_115_q1 <= zeros_count_115;
            zeros_count_116_q1 <= zeros_count_116;
            zeros_count_119_q1 <= zeros_count_119;
        end
    end

    // ---- stage 2 of 5
    // convert.py:60: zeros = clz(bits(magnitude, t - 1, f), t - f)
    wire zeros_count_98 = zeros_count_61_q1 & zeros_count_66_q1;
    wire zeros_count_99 = ~zeros_count_66_q1;
    wire zeros_count_100 = zeros_count_61_q1 & zeros_count_99;
    wire [1:0] zeros_count_103 = zeros_count_61_q1 ? zeros_count_101_q1 : zeros_count_102_q1;
    wire [3:0] zeros_count_104 = {zeros_count_98, zeros_count_100, zeros_count_103};
    wire zeros_count_105 = zeros_count_71_q1 & zeros_count_76_q1;
    wire zeros_count_106 = ~zeros_count_76_q1;
    wire zeros_count_107 = zeros_count_71_q1 & zeros_count_106;
    wire [1:0] zeros_count_110 = zeros_count_71_q1 ? zeros_count_108_q1 : zeros_count_109_q1;
    wire [3:0] zeros_count_111 = {zeros_count_105, zeros_count_107, zeros_count_110};
    wire zeros_count_112 = zeros_count_81_q1 & zeros_count_86_q1;
    wire zeros_count_113 = ~zeros_count_86_q1;
    wire zeros_count_114 = zeros_count_81_q1 & zeros_count_113;
    wire [1:0] zeros_count_117 = zeros_count_81_q1 ? zeros_count_115_q1 : zeros_count_116_q1;
    wire [3:0] zeros_count_118 = {zeros_count_112, zeros_count_114, zeros_count_117};
    wire [1:0] zeros_count_120 = zeros_count_91_q1 ? zeros_count_97_q1 : zeros_count_119_q1;
    wire [2:0] zeros_count_121 = {zeros_count_91_q1, zeros_count_120};
    wire zeros_count_122 = zeros_count_98 & zeros_count_105;
    wire zeros_count_123 = ~zeros_count_105;
    wire zeros_count_124 = zeros_count_98 & zeros_count_123;
    wire [2:0] zeros_count_125 = zeros_count_98 ? zeros_count_111[2:0] : zeros_count_104[2:0];
    wire [4:0] zeros_count_126 = {zeros_count_122, zeros_count_124, zeros_count_125};
    wire [2:0] zeros_count_127 = zeros_count_112 ? zeros_count_121 : zeros_count_118[2:0];
    wire [3:0] zeros_count_128 = {zeros_count_112, zeros_count_127};
    wire [3:0] zeros_count_129 = zeros_count_122 ? zeros_count_128 : zeros_count_126[3:0];
    // convert.py:61: norm = bits(magnitude << zeros, t - 1, 0)
    wire [39:0] norm_shl_shift = {magnitude_select_q1[38:0], 1'd0};
    wire [39:0] norm_shl_shift_2 = zeros_count_129[0] ? norm_shl_shift : magnitude_select_q1;
    wire [39:0] norm_shl_shift_3 = {norm_shl_shift_2[37:0], 2'd0};
    wire [39:0] norm_shl_shift_4 = zeros_count_129[1] ? norm_shl_shift_3 : norm_shl_shift_2;
    wire [39:0] norm_shl_shift_5 = {norm_shl_shift_4[35:0], 4'd0};
    wire [39:0] norm_shl_shift_6 = zeros_count_129[2] ? norm_shl_shift_5 : norm_shl_shift_4;
    reg sign_q2;
    reg huge_q2;
    reg zeros_count_122_q2;
    reg [3:0] zeros_count_129_q2;
    reg [39:0] norm_shl_shift_6_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            huge_q2 <= huge_q1;
            zeros_count_122_q2 <= zeros_count_122;
            zeros_count_129_q2 <= zeros_count_129;
            norm_shl_shift_6_q2 <= norm_shl_shift_6;
        end
    end

    // ---- stage 3 of 5
    // convert.py:60: zeros = clz(bits(magnitude, t - 1, f), t - f)
    wire [4:0] zeros_count_130 = {zeros_count_122_q2, zeros_count_129_q2};
    // convert.py:61: norm = bits(magnitude << zeros, t - 1, 0)
    wire [39:0] norm_shl_shift_7 = {norm_shl_shift_6_q2[31:0], 8'd0};
    wire [39:0] norm_shl_shift_8 = zeros_count_129_q2[3] ? norm_shl_shift_7 : norm_shl_shift_6_q2;
    wire [39:0] norm_shl_shift_9 = {norm_shl_shift_8[23:0], 16'd0};
    wire [39:0] norm_shl = zeros_count_122_q2 ? norm_shl_shift_9 : norm_shl_shift_8;
    // convert.py:62: result, overflow = round_pack(sign, (1 << e) - 2 - zeros, norm, e=e, f=f, w=t)
    wire [5:0] sub = 6'd30 - {1'd0, zeros_count_130};
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = norm_shl[27:0] == 28'h0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = norm_shl[29] | sticky;
    wire increment = norm_shl[28] & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field_add = {sub, norm_shl[38:29]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~norm_shl[39];
    reg sign_q3;
    reg huge_q3;
    reg increment_q3;
    reg [15:0] field_add_q3;
    reg zero_eq_q3;

    always @(posedge clk) begin
        if(ce) begin
            sign_q3 <= sign_q2;
            huge_q3 <= huge_q2;
            increment_q3 <= increment;
            field_add_q3 <= field_add;
            zero_eq_q3 <= zero_eq;
        end
    end

    // ---- stage 4 of 5
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field = field_add_q3 + {15'd0, increment_q3};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(16'd1024);
    wire zero = zero_eq_q3 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(16'd31743) < $signed(field);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_refine = field[14:0];
    reg sign_q4;
    reg huge_q4;
    reg zero_q4;
    reg overflow_2_q4;
    reg [14:0] magnitude_refine_q4;

    always @(posedge clk) begin
        if(ce) begin
            sign_q4 <= sign_q3;
            huge_q4 <= huge_q3;
            zero_q4 <= zero;
            overflow_2_q4 <= overflow_2;
            magnitude_refine_q4 <= magnitude_refine;
        end
    end

    // ---- stage 5 of 5
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select_2 = overflow_2_q4 ? 15'd31743 : magnitude_refine_q4;
    wire [14:0] magnitude = zero_q4 ? 15'd0 : magnitude_select_2;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [15:0] result_2 = {sign_q4, magnitude};
    // convert.py:63: largest = cat((sign, 1), ((((1 << e) - 2) << f) + (1 << f) - 1, e + f))
    wire [15:0] largest = {sign_q4, 15'd31743};
    // convert.py:64: return largest if huge else result, huge | overflow
    wire [15:0] select = huge_q4 ? largest : result_2;
    wire or_2 = huge_q4 | overflow_2_q4;
    reg [15:0] select_q5;
    reg or_2_q5;

    always @(posedge clk) begin
        if(ce) begin
            select_q5 <= select;
            or_2_q5 <= or_2;
        end
    end

    // ---- valid
    reg [4:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 5'd0;
        end else if(ce) begin
            valid_q <= {valid_q[3:0], s_valid};
        end
    end

    assign m_valid = valid_q[4];
    // ---- outputs
    assign result = select_q5;
    assign overflow = or_2_q5;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, zeros_count_65[2], zeros_count_70[2], zeros_count_75[2], zeros_count_80[2], zeros_count_85[2], zeros_count_90[2], zeros_count_95[2], zeros_count_104[3], zeros_count_111[3], zeros_count_118[3], zeros_count_126[4]};
endmodule
`default_nettype wire
