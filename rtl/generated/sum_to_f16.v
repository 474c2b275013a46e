// sum_to_f16: value · 2**unit, an exact sum in fixed point, rounded once; a sum of 0 is +0.
// Generated from convert.py:33 sum_to_float(w=63, unit=-24, e=5, f=10); do not edit, run `npusim hls emit sum_to_f16`.
// Contract: one result a cycle, latency 6 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module sum_to_f16 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [62:0] value,             // s[63]
    output wire m_valid,                 // s_valid, 6 cycles later
    output wire [15:0] result,           // u[16]
    output wire overflow                 // u[1]
);

    // ---- stage 1 of 6
    // convert.py:16: magnitude = abs(value)
    wire [62:0] magnitude_sign = 63'h0 - value;
    wire magnitude_sign_2 = value[62];
    wire [63:0] magnitude_sign_3 = magnitude_sign_2 ? {1'd0, magnitude_sign} : {value[62], value};
    wire [62:0] magnitude = magnitude_sign_3[62:0];
    // convert.py:17: zeros = clz(magnitude, w)
    wire zeros_count = ~magnitude_sign_3[62];
    wire zeros_count_2 = magnitude_sign_3[61];
    wire zeros_count_4 = ~magnitude_sign_3[60];
    wire zeros_count_5 = magnitude_sign_3[59];
    wire zeros_count_7 = ~magnitude_sign_3[58];
    wire zeros_count_8 = magnitude_sign_3[57];
    wire zeros_count_10 = ~magnitude_sign_3[56];
    wire zeros_count_11 = magnitude_sign_3[55];
    wire zeros_count_13 = ~magnitude_sign_3[54];
    wire zeros_count_14 = magnitude_sign_3[53];
    wire zeros_count_16 = ~magnitude_sign_3[52];
    wire zeros_count_17 = magnitude_sign_3[51];
    wire zeros_count_19 = ~magnitude_sign_3[50];
    wire zeros_count_20 = magnitude_sign_3[49];
    wire zeros_count_22 = ~magnitude_sign_3[48];
    wire zeros_count_23 = magnitude_sign_3[47];
    wire zeros_count_25 = ~magnitude_sign_3[46];
    wire zeros_count_26 = magnitude_sign_3[45];
    wire zeros_count_28 = ~magnitude_sign_3[44];
    wire zeros_count_29 = magnitude_sign_3[43];
    wire zeros_count_31 = ~magnitude_sign_3[42];
    wire zeros_count_32 = magnitude_sign_3[41];
    wire zeros_count_34 = ~magnitude_sign_3[40];
    wire zeros_count_35 = magnitude_sign_3[39];
    wire zeros_count_37 = ~magnitude_sign_3[38];
    wire zeros_count_38 = magnitude_sign_3[37];
    wire zeros_count_40 = ~magnitude_sign_3[36];
    wire zeros_count_41 = magnitude_sign_3[35];
    wire zeros_count_43 = ~magnitude_sign_3[34];
    wire zeros_count_44 = magnitude_sign_3[33];
    wire zeros_count_46 = ~magnitude_sign_3[32];
    wire zeros_count_47 = magnitude_sign_3[31];
    wire zeros_count_49 = ~magnitude_sign_3[30];
    wire zeros_count_50 = magnitude_sign_3[29];
    wire zeros_count_52 = ~magnitude_sign_3[28];
    wire zeros_count_53 = magnitude_sign_3[27];
    wire zeros_count_55 = ~magnitude_sign_3[26];
    wire zeros_count_56 = magnitude_sign_3[25];
    wire zeros_count_58 = ~magnitude_sign_3[24];
    wire zeros_count_59 = magnitude_sign_3[23];
    wire zeros_count_61 = ~magnitude_sign_3[22];
    wire zeros_count_62 = magnitude_sign_3[21];
    wire zeros_count_64 = ~magnitude_sign_3[20];
    wire zeros_count_65 = magnitude_sign_3[19];
    wire zeros_count_67 = ~magnitude_sign_3[18];
    wire zeros_count_68 = magnitude_sign_3[17];
    wire zeros_count_70 = ~magnitude_sign_3[16];
    wire zeros_count_71 = magnitude_sign_3[15];
    wire zeros_count_73 = ~magnitude_sign_3[14];
    wire zeros_count_74 = magnitude_sign_3[13];
    wire zeros_count_76 = ~magnitude_sign_3[12];
    wire zeros_count_77 = magnitude_sign_3[11];
    wire zeros_count_79 = ~magnitude_sign_3[10];
    wire zeros_count_80 = magnitude_sign_3[9];
    wire zeros_count_82 = ~magnitude_sign_3[8];
    wire zeros_count_83 = magnitude_sign_3[7];
    wire zeros_count_85 = ~magnitude_sign_3[6];
    wire zeros_count_86 = magnitude_sign_3[5];
    wire zeros_count_88 = ~magnitude_sign_3[4];
    wire zeros_count_89 = magnitude_sign_3[3];
    wire zeros_count_91 = ~magnitude_sign_3[2];
    wire zeros_count_92 = magnitude_sign_3[1];
    wire zeros_count_94 = ~magnitude_sign_3[0];
    reg magnitude_sign_2_q1;
    reg [62:0] magnitude_q1;
    reg zeros_count_q1;
    reg zeros_count_2_q1;
    reg zeros_count_4_q1;
    reg zeros_count_5_q1;
    reg zeros_count_7_q1;
    reg zeros_count_8_q1;
    reg zeros_count_10_q1;
    reg zeros_count_11_q1;
    reg zeros_count_13_q1;
    reg zeros_count_14_q1;
    reg zeros_count_16_q1;
    reg zeros_count_17_q1;
    reg zeros_count_19_q1;
    reg zeros_count_20_q1;
    reg zeros_count_22_q1;
    reg zeros_count_23_q1;
    reg zeros_count_25_q1;
    reg zeros_count_26_q1;
    reg zeros_count_28_q1;
    reg zeros_count_29_q1;
    reg zeros_count_31_q1;
    reg zeros_count_32_q1;
    reg zeros_count_34_q1;
    reg zeros_count_35_q1;
    reg zeros_count_37_q1;
    reg zeros_count_38_q1;
    reg zeros_count_40_q1;
    reg zeros_count_41_q1;
    reg zeros_count_43_q1;
    reg zeros_count_44_q1;
    reg zeros_count_46_q1;
    reg zeros_count_47_q1;
    reg zeros_count_49_q1;
    reg zeros_count_50_q1;
    reg zeros_count_52_q1;
    reg zeros_count_53_q1;
    reg zeros_count_55_q1;
    reg zeros_count_56_q1;
    reg zeros_count_58_q1;
    reg zeros_count_59_q1;
    reg zeros_count_61_q1;
    reg zeros_count_62_q1;
    reg zeros_count_64_q1;
    reg zeros_count_65_q1;
    reg zeros_count_67_q1;
    reg zeros_count_68_q1;
    reg zeros_count_70_q1;
    reg zeros_count_71_q1;
    reg zeros_count_73_q1;
    reg zeros_count_74_q1;
    reg zeros_count_76_q1;
    reg zeros_count_77_q1;
    reg zeros_count_79_q1;
    reg zeros_count_80_q1;
    reg zeros_count_82_q1;
    reg zeros_count_83_q1;
    reg zeros_count_85_q1;
    reg zeros_count_86_q1;
    reg zeros_count_88_q1;
    reg zeros_count_89_q1;
    reg zeros_count_91_q1;
    reg zeros_count_92_q1;
    reg zeros_count_94_q1;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q1 <= magnitude_sign_2;
            magnitude_q1 <= magnitude;
            zeros_count_q1 <= zeros_count;
            zeros_count_2_q1 <= zeros_count_2;
            zeros_count_4_q1 <= zeros_count_4;
            zeros_count_5_q1 <= zeros_count_5;
            zeros_count_7_q1 <= zeros_count_7;
            zeros_count_8_q1 <= zeros_count_8;
            zeros_count_10_q1 <= zeros_count_10;
            zeros_count_11_q1 <= zeros_count_11;
            zeros_count_13_q1 <= zeros_count_13;
            zeros_count_14_q1 <= zeros_count_14;
            zeros_count_16_q1 <= zeros_count_16;
            zeros_count_17_q1 <= zeros_count_17;
            zeros_count_19_q1 <= zeros_count_19;
            zeros_count_20_q1 <= zeros_count_20;
            zeros_count_22_q1 <= zeros_count_22;
            zeros_count_23_q1 <= zeros_count_23;
            zeros_count_25_q1 <= zeros_count_25;
            zeros_count_26_q1 <= zeros_count_26;
            zeros_count_28_q1 <= zeros_count_28;
            zeros_count_29_q1 <= zeros_count_29;
            zeros_count_31_q1 <= zeros_count_31;
            zeros_count_32_q1 <= zeros_count_32;
            zeros_count_34_q1 <= zeros_count_34;
            zeros_count_35_q1 <= zeros_count_35;
            zeros_count_37_q1 <= zeros_count_37;
            zeros_count_38_q1 <= zeros_count_38;
            zeros_count_40_q1 <= zeros_count_40;
            zeros_count_41_q1 <= zeros_count_41;
            zeros_count_43_q1 <= zeros_count_43;
            zeros_count_44_q1 <= zeros_count_44;
            zeros_count_46_q1 <= zeros_count_46;
            zeros_count_47_q1 <= zeros_count_47;
            zeros_count_49_q1 <= zeros_count_49;
            zeros_count_50_q1 <= zeros_count_50;
            zeros_count_52_q1 <= zeros_count_52;
            zeros_count_53_q1 <= zeros_count_53;
            zeros_count_55_q1 <= zeros_count_55;
            zeros_count_56_q1 <= zeros_count_56;
            zeros_count_58_q1 <= zeros_count_58;
            zeros_count_59_q1 <= zeros_count_59;
            zeros_count_61_q1 <= zeros_count_61;
            zeros_count_62_q1 <= zeros_count_62;
            zeros_count_64_q1 <= zeros_count_64;
            zeros_count_65_q1 <= zeros_count_65;
            zeros_count_67_q1 <= zeros_count_67;
            zeros_count_68_q1 <= zeros_count_68;
            zeros_count_70_q1 <= zeros_count_70;
            zeros_count_71_q1 <= zeros_count_71;
            zeros_count_73_q1 <= zeros_count_73;
            zeros_count_74_q1 <= zeros_count_74;
            zeros_count_76_q1 <= zeros_count_76;
            zeros_count_77_q1 <= zeros_count_77;
            zeros_count_79_q1 <= zeros_count_79;
            zeros_count_80_q1 <= zeros_count_80;
            zeros_count_82_q1 <= zeros_count_82;
            zeros_count_83_q1 <= zeros_count_83;
            zeros_count_85_q1 <= zeros_count_85;
            zeros_count_86_q1 <= zeros_count_86;
            zeros_count_88_q1 <= zeros_count_88;
            zeros_count_89_q1 <= zeros_count_89;
            zeros_count_91_q1 <= zeros_count_91;
            zeros_count_92_q1 <= zeros_count_92;
            zeros_count_94_q1 <= zeros_count_94;
        end
    end

    // ---- stage 2 of 6
    // convert.py:17: zeros = clz(magnitude, w)
    wire zeros_count_3 = ~zeros_count_2_q1;
    wire zeros_count_6 = ~zeros_count_5_q1;
    wire zeros_count_9 = ~zeros_count_8_q1;
    wire zeros_count_12 = ~zeros_count_11_q1;
    wire zeros_count_15 = ~zeros_count_14_q1;
    wire zeros_count_18 = ~zeros_count_17_q1;
    wire zeros_count_21 = ~zeros_count_20_q1;
    wire zeros_count_24 = ~zeros_count_23_q1;
    wire zeros_count_27 = ~zeros_count_26_q1;
    wire zeros_count_30 = ~zeros_count_29_q1;
    wire zeros_count_33 = ~zeros_count_32_q1;
    wire zeros_count_36 = ~zeros_count_35_q1;
    wire zeros_count_39 = ~zeros_count_38_q1;
    wire zeros_count_42 = ~zeros_count_41_q1;
    wire zeros_count_45 = ~zeros_count_44_q1;
    wire zeros_count_48 = ~zeros_count_47_q1;
    wire zeros_count_51 = ~zeros_count_50_q1;
    wire zeros_count_54 = ~zeros_count_53_q1;
    wire zeros_count_57 = ~zeros_count_56_q1;
    wire zeros_count_60 = ~zeros_count_59_q1;
    wire zeros_count_63 = ~zeros_count_62_q1;
    wire zeros_count_66 = ~zeros_count_65_q1;
    wire zeros_count_69 = ~zeros_count_68_q1;
    wire zeros_count_72 = ~zeros_count_71_q1;
    wire zeros_count_75 = ~zeros_count_74_q1;
    wire zeros_count_78 = ~zeros_count_77_q1;
    wire zeros_count_81 = ~zeros_count_80_q1;
    wire zeros_count_84 = ~zeros_count_83_q1;
    wire zeros_count_87 = ~zeros_count_86_q1;
    wire zeros_count_90 = ~zeros_count_89_q1;
    wire zeros_count_93 = ~zeros_count_92_q1;
    wire zeros_count_95 = zeros_count_q1 & zeros_count_3;
    wire zeros_count_96 = zeros_count_q1 & zeros_count_2_q1;
    wire zeros_count_97 = zeros_count_4_q1 & zeros_count_6;
    wire zeros_count_98 = zeros_count_4_q1 & zeros_count_5_q1;
    wire zeros_count_99 = zeros_count_7_q1 & zeros_count_9;
    wire zeros_count_100 = zeros_count_7_q1 & zeros_count_8_q1;
    wire zeros_count_101 = zeros_count_10_q1 & zeros_count_12;
    wire zeros_count_102 = zeros_count_10_q1 & zeros_count_11_q1;
    wire zeros_count_103 = zeros_count_13_q1 & zeros_count_15;
    wire zeros_count_104 = zeros_count_13_q1 & zeros_count_14_q1;
    wire zeros_count_105 = zeros_count_16_q1 & zeros_count_18;
    wire zeros_count_106 = zeros_count_16_q1 & zeros_count_17_q1;
    wire zeros_count_107 = zeros_count_19_q1 & zeros_count_21;
    wire zeros_count_108 = zeros_count_19_q1 & zeros_count_20_q1;
    wire zeros_count_109 = zeros_count_22_q1 & zeros_count_24;
    wire zeros_count_110 = zeros_count_22_q1 & zeros_count_23_q1;
    wire zeros_count_111 = zeros_count_25_q1 & zeros_count_27;
    wire zeros_count_112 = zeros_count_25_q1 & zeros_count_26_q1;
    wire zeros_count_113 = zeros_count_28_q1 & zeros_count_30;
    wire zeros_count_114 = zeros_count_28_q1 & zeros_count_29_q1;
    wire zeros_count_115 = zeros_count_31_q1 & zeros_count_33;
    wire zeros_count_116 = zeros_count_31_q1 & zeros_count_32_q1;
    wire zeros_count_117 = zeros_count_34_q1 & zeros_count_36;
    wire zeros_count_118 = zeros_count_34_q1 & zeros_count_35_q1;
    wire zeros_count_119 = zeros_count_37_q1 & zeros_count_39;
    wire zeros_count_120 = zeros_count_37_q1 & zeros_count_38_q1;
    wire zeros_count_121 = zeros_count_40_q1 & zeros_count_42;
    wire zeros_count_122 = zeros_count_40_q1 & zeros_count_41_q1;
    wire zeros_count_123 = zeros_count_43_q1 & zeros_count_45;
    wire zeros_count_124 = zeros_count_43_q1 & zeros_count_44_q1;
    wire zeros_count_125 = zeros_count_46_q1 & zeros_count_48;
    wire zeros_count_126 = zeros_count_46_q1 & zeros_count_47_q1;
    wire zeros_count_127 = zeros_count_49_q1 & zeros_count_51;
    wire zeros_count_128 = zeros_count_49_q1 & zeros_count_50_q1;
    wire zeros_count_129 = zeros_count_52_q1 & zeros_count_54;
    wire zeros_count_130 = zeros_count_52_q1 & zeros_count_53_q1;
    wire zeros_count_131 = zeros_count_55_q1 & zeros_count_57;
    wire zeros_count_132 = zeros_count_55_q1 & zeros_count_56_q1;
    wire zeros_count_133 = zeros_count_58_q1 & zeros_count_60;
    wire zeros_count_134 = zeros_count_58_q1 & zeros_count_59_q1;
    wire zeros_count_135 = zeros_count_61_q1 & zeros_count_63;
    wire zeros_count_136 = zeros_count_61_q1 & zeros_count_62_q1;
    wire zeros_count_137 = zeros_count_64_q1 & zeros_count_66;
    wire zeros_count_138 = zeros_count_64_q1 & zeros_count_65_q1;
    wire zeros_count_139 = zeros_count_67_q1 & zeros_count_69;
    wire zeros_count_140 = zeros_count_67_q1 & zeros_count_68_q1;
    wire zeros_count_141 = zeros_count_70_q1 & zeros_count_72;
    wire zeros_count_142 = zeros_count_70_q1 & zeros_count_71_q1;
    wire zeros_count_143 = zeros_count_73_q1 & zeros_count_75;
    wire zeros_count_144 = zeros_count_73_q1 & zeros_count_74_q1;
    wire zeros_count_145 = zeros_count_76_q1 & zeros_count_78;
    wire zeros_count_146 = zeros_count_76_q1 & zeros_count_77_q1;
    wire zeros_count_147 = zeros_count_79_q1 & zeros_count_81;
    wire zeros_count_148 = zeros_count_79_q1 & zeros_count_80_q1;
    wire zeros_count_149 = zeros_count_82_q1 & zeros_count_84;
    wire zeros_count_150 = zeros_count_82_q1 & zeros_count_83_q1;
    wire zeros_count_151 = zeros_count_85_q1 & zeros_count_87;
    wire zeros_count_152 = zeros_count_85_q1 & zeros_count_86_q1;
    wire zeros_count_153 = zeros_count_88_q1 & zeros_count_90;
    wire zeros_count_154 = zeros_count_88_q1 & zeros_count_89_q1;
    wire zeros_count_155 = zeros_count_91_q1 & zeros_count_93;
    wire zeros_count_156 = zeros_count_91_q1 & zeros_count_92_q1;
    wire zeros_count_157 = zeros_count_95 & zeros_count_97;
    wire zeros_count_158 = ~zeros_count_97;
    wire zeros_count_159 = zeros_count_95 & zeros_count_158;
    wire zeros_count_160 = zeros_count_95 ? zeros_count_98 : zeros_count_96;
    wire [2:0] zeros_count_161 = {zeros_count_157, zeros_count_159, zeros_count_160};
    wire zeros_count_162 = zeros_count_99 & zeros_count_101;
    wire zeros_count_163 = ~zeros_count_101;
    wire zeros_count_164 = zeros_count_99 & zeros_count_163;
    wire zeros_count_165 = zeros_count_99 ? zeros_count_102 : zeros_count_100;
    wire [2:0] zeros_count_166 = {zeros_count_162, zeros_count_164, zeros_count_165};
    wire zeros_count_167 = zeros_count_103 & zeros_count_105;
    wire zeros_count_168 = ~zeros_count_105;
    wire zeros_count_169 = zeros_count_103 & zeros_count_168;
    wire zeros_count_170 = zeros_count_103 ? zeros_count_106 : zeros_count_104;
    wire [2:0] zeros_count_171 = {zeros_count_167, zeros_count_169, zeros_count_170};
    wire zeros_count_172 = zeros_count_107 & zeros_count_109;
    wire zeros_count_173 = ~zeros_count_109;
    wire zeros_count_174 = zeros_count_107 & zeros_count_173;
    wire zeros_count_175 = zeros_count_107 ? zeros_count_110 : zeros_count_108;
    wire [2:0] zeros_count_176 = {zeros_count_172, zeros_count_174, zeros_count_175};
    wire zeros_count_177 = zeros_count_111 & zeros_count_113;
    wire zeros_count_178 = ~zeros_count_113;
    wire zeros_count_179 = zeros_count_111 & zeros_count_178;
    wire zeros_count_180 = zeros_count_111 ? zeros_count_114 : zeros_count_112;
    wire [2:0] zeros_count_181 = {zeros_count_177, zeros_count_179, zeros_count_180};
    wire zeros_count_182 = zeros_count_115 & zeros_count_117;
    wire zeros_count_183 = ~zeros_count_117;
    wire zeros_count_184 = zeros_count_115 & zeros_count_183;
    wire zeros_count_185 = zeros_count_115 ? zeros_count_118 : zeros_count_116;
    wire [2:0] zeros_count_186 = {zeros_count_182, zeros_count_184, zeros_count_185};
    wire zeros_count_187 = zeros_count_119 & zeros_count_121;
    wire zeros_count_188 = ~zeros_count_121;
    wire zeros_count_189 = zeros_count_119 & zeros_count_188;
    wire zeros_count_190 = zeros_count_119 ? zeros_count_122 : zeros_count_120;
    wire [2:0] zeros_count_191 = {zeros_count_187, zeros_count_189, zeros_count_190};
    wire zeros_count_192 = zeros_count_123 & zeros_count_125;
    wire zeros_count_193 = ~zeros_count_125;
    wire zeros_count_194 = zeros_count_123 & zeros_count_193;
    wire zeros_count_195 = zeros_count_123 ? zeros_count_126 : zeros_count_124;
    wire [2:0] zeros_count_196 = {zeros_count_192, zeros_count_194, zeros_count_195};
    wire zeros_count_197 = zeros_count_127 & zeros_count_129;
    wire zeros_count_198 = ~zeros_count_129;
    wire zeros_count_199 = zeros_count_127 & zeros_count_198;
    wire zeros_count_200 = zeros_count_127 ? zeros_count_130 : zeros_count_128;
    wire [2:0] zeros_count_201 = {zeros_count_197, zeros_count_199, zeros_count_200};
    wire zeros_count_202 = zeros_count_131 & zeros_count_133;
    wire zeros_count_203 = ~zeros_count_133;
    wire zeros_count_204 = zeros_count_131 & zeros_count_203;
    wire zeros_count_205 = zeros_count_131 ? zeros_count_134 : zeros_count_132;
    wire [2:0] zeros_count_206 = {zeros_count_202, zeros_count_204, zeros_count_205};
    wire zeros_count_207 = zeros_count_135 & zeros_count_137;
    wire zeros_count_208 = ~zeros_count_137;
    wire zeros_count_209 = zeros_count_135 & zeros_count_208;
    wire zeros_count_210 = zeros_count_135 ? zeros_count_138 : zeros_count_136;
    wire [2:0] zeros_count_211 = {zeros_count_207, zeros_count_209, zeros_count_210};
    wire zeros_count_212 = zeros_count_139 & zeros_count_141;
    wire zeros_count_213 = ~zeros_count_141;
    wire zeros_count_214 = zeros_count_139 & zeros_count_213;
    wire zeros_count_215 = zeros_count_139 ? zeros_count_142 : zeros_count_140;
    wire [2:0] zeros_count_216 = {zeros_count_212, zeros_count_214, zeros_count_215};
    wire zeros_count_217 = zeros_count_143 & zeros_count_145;
    wire zeros_count_218 = ~zeros_count_145;
    wire zeros_count_219 = zeros_count_143 & zeros_count_218;
    wire zeros_count_220 = zeros_count_143 ? zeros_count_146 : zeros_count_144;
    wire [2:0] zeros_count_221 = {zeros_count_217, zeros_count_219, zeros_count_220};
    wire zeros_count_222 = zeros_count_147 & zeros_count_149;
    wire zeros_count_223 = ~zeros_count_149;
    wire zeros_count_224 = zeros_count_147 & zeros_count_223;
    wire zeros_count_225 = zeros_count_147 ? zeros_count_150 : zeros_count_148;
    wire [2:0] zeros_count_226 = {zeros_count_222, zeros_count_224, zeros_count_225};
    wire zeros_count_227 = zeros_count_151 & zeros_count_153;
    wire zeros_count_228 = ~zeros_count_153;
    wire zeros_count_229 = zeros_count_151 & zeros_count_228;
    wire zeros_count_230 = zeros_count_151 ? zeros_count_154 : zeros_count_152;
    wire [2:0] zeros_count_231 = {zeros_count_227, zeros_count_229, zeros_count_230};
    wire zeros_count_232 = zeros_count_155 ? zeros_count_94_q1 : zeros_count_156;
    wire [1:0] zeros_count_233 = {zeros_count_155, zeros_count_232};
    wire zeros_count_234 = zeros_count_157 & zeros_count_162;
    wire zeros_count_235 = ~zeros_count_162;
    wire zeros_count_236 = zeros_count_157 & zeros_count_235;
    wire [1:0] zeros_count_237 = zeros_count_157 ? zeros_count_166[1:0] : zeros_count_161[1:0];
    wire [3:0] zeros_count_238 = {zeros_count_234, zeros_count_236, zeros_count_237};
    wire zeros_count_239 = zeros_count_167 & zeros_count_172;
    wire zeros_count_240 = ~zeros_count_172;
    wire zeros_count_241 = zeros_count_167 & zeros_count_240;
    wire [1:0] zeros_count_242 = zeros_count_167 ? zeros_count_176[1:0] : zeros_count_171[1:0];
    wire [3:0] zeros_count_243 = {zeros_count_239, zeros_count_241, zeros_count_242};
    wire zeros_count_244 = zeros_count_177 & zeros_count_182;
    wire zeros_count_245 = ~zeros_count_182;
    wire zeros_count_246 = zeros_count_177 & zeros_count_245;
    wire [1:0] zeros_count_247 = zeros_count_177 ? zeros_count_186[1:0] : zeros_count_181[1:0];
    wire [3:0] zeros_count_248 = {zeros_count_244, zeros_count_246, zeros_count_247};
    wire zeros_count_249 = zeros_count_187 & zeros_count_192;
    wire zeros_count_250 = ~zeros_count_192;
    wire zeros_count_251 = zeros_count_187 & zeros_count_250;
    wire [1:0] zeros_count_252 = zeros_count_187 ? zeros_count_196[1:0] : zeros_count_191[1:0];
    wire [3:0] zeros_count_253 = {zeros_count_249, zeros_count_251, zeros_count_252};
    wire zeros_count_254 = zeros_count_197 & zeros_count_202;
    wire zeros_count_255 = ~zeros_count_202;
    wire zeros_count_256 = zeros_count_197 & zeros_count_255;
    wire [1:0] zeros_count_257 = zeros_count_197 ? zeros_count_206[1:0] : zeros_count_201[1:0];
    wire [3:0] zeros_count_258 = {zeros_count_254, zeros_count_256, zeros_count_257};
    wire zeros_count_259 = zeros_count_207 & zeros_count_212;
    wire zeros_count_260 = ~zeros_count_212;
    wire zeros_count_261 = zeros_count_207 & zeros_count_260;
    wire [1:0] zeros_count_262 = zeros_count_207 ? zeros_count_216[1:0] : zeros_count_211[1:0];
    wire [3:0] zeros_count_263 = {zeros_count_259, zeros_count_261, zeros_count_262};
    wire zeros_count_264 = zeros_count_217 & zeros_count_222;
    wire zeros_count_265 = ~zeros_count_222;
    wire zeros_count_266 = zeros_count_217 & zeros_count_265;
    wire [1:0] zeros_count_267 = zeros_count_217 ? zeros_count_226[1:0] : zeros_count_221[1:0];
    wire [3:0] zeros_count_268 = {zeros_count_264, zeros_count_266, zeros_count_267};
    wire [1:0] zeros_count_269 = zeros_count_227 ? zeros_count_233 : zeros_count_231[1:0];
    wire [2:0] zeros_count_270 = {zeros_count_227, zeros_count_269};
    wire zeros_count_271 = zeros_count_234 & zeros_count_239;
    wire zeros_count_272 = ~zeros_count_239;
    wire zeros_count_273 = zeros_count_234 & zeros_count_272;
    wire [2:0] zeros_count_274 = zeros_count_234 ? zeros_count_243[2:0] : zeros_count_238[2:0];
    wire [4:0] zeros_count_275 = {zeros_count_271, zeros_count_273, zeros_count_274};
    wire zeros_count_276 = zeros_count_244 & zeros_count_249;
    wire zeros_count_277 = ~zeros_count_249;
    wire zeros_count_278 = zeros_count_244 & zeros_count_277;
    wire [2:0] zeros_count_279 = zeros_count_244 ? zeros_count_253[2:0] : zeros_count_248[2:0];
    wire [4:0] zeros_count_280 = {zeros_count_276, zeros_count_278, zeros_count_279};
    wire zeros_count_281 = zeros_count_254 & zeros_count_259;
    wire zeros_count_282 = ~zeros_count_259;
    wire zeros_count_283 = zeros_count_254 & zeros_count_282;
    wire [2:0] zeros_count_284 = zeros_count_254 ? zeros_count_263[2:0] : zeros_count_258[2:0];
    wire [4:0] zeros_count_285 = {zeros_count_281, zeros_count_283, zeros_count_284};
    wire [2:0] zeros_count_286 = zeros_count_264 ? zeros_count_270 : zeros_count_268[2:0];
    wire [3:0] zeros_count_287 = {zeros_count_264, zeros_count_286};
    wire zeros_count_288 = zeros_count_271 & zeros_count_276;
    wire zeros_count_289 = ~zeros_count_276;
    wire zeros_count_290 = zeros_count_271 & zeros_count_289;
    wire [3:0] zeros_count_291 = zeros_count_271 ? zeros_count_280[3:0] : zeros_count_275[3:0];
    wire [5:0] zeros_count_292 = {zeros_count_288, zeros_count_290, zeros_count_291};
    wire [3:0] zeros_count_293 = zeros_count_281 ? zeros_count_287 : zeros_count_285[3:0];
    wire [4:0] zeros_count_294 = {zeros_count_281, zeros_count_293};
    wire [4:0] zeros_count_295 = zeros_count_288 ? zeros_count_294 : zeros_count_292[4:0];
    reg magnitude_sign_2_q2;
    reg [62:0] magnitude_q2;
    reg zeros_count_288_q2;
    reg [4:0] zeros_count_295_q2;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q2 <= magnitude_sign_2_q1;
            magnitude_q2 <= magnitude_q1;
            zeros_count_288_q2 <= zeros_count_288;
            zeros_count_295_q2 <= zeros_count_295;
        end
    end

    // ---- stage 3 of 6
    // convert.py:17: zeros = clz(magnitude, w)
    wire [5:0] zeros_count_296 = {zeros_count_288_q2, zeros_count_295_q2};
    // convert.py:19: norm = bits(magnitude << (wide - w) << zeros, wide - 1, 0)
    wire [62:0] norm_shl_shift = {magnitude_q2[61:0], 1'd0};
    wire [62:0] norm_shl_shift_2 = zeros_count_295_q2[0] ? norm_shl_shift : magnitude_q2;
    wire [62:0] norm_shl_shift_3 = {norm_shl_shift_2[60:0], 2'd0};
    wire [62:0] norm_shl_shift_4 = zeros_count_295_q2[1] ? norm_shl_shift_3 : norm_shl_shift_2;
    wire [62:0] norm_shl_shift_5 = {norm_shl_shift_4[58:0], 4'd0};
    wire [62:0] norm_shl_shift_6 = zeros_count_295_q2[2] ? norm_shl_shift_5 : norm_shl_shift_4;
    wire [62:0] norm_shl_shift_7 = {norm_shl_shift_6[54:0], 8'd0};
    wire [62:0] norm_shl_shift_8 = zeros_count_295_q2[3] ? norm_shl_shift_7 : norm_shl_shift_6;
    wire [62:0] norm_shl_shift_9 = {norm_shl_shift_8[46:0], 16'd0};
    wire [62:0] norm_shl_shift_10 = zeros_count_295_q2[4] ? norm_shl_shift_9 : norm_shl_shift_8;
    wire [62:0] norm_shl_shift_11 = {norm_shl_shift_10[30:0], 32'h0};
    wire [62:0] norm_shl = zeros_count_288_q2 ? norm_shl_shift_11 : norm_shl_shift_10;
    // convert.py:20: biased = exponent + (1 << (e - 1)) - 1 + (w - 1) - zeros
    wire [6:0] biased = 7'd53 - {1'd0, zeros_count_296};
    // floats.py:33: odd = bit(norm, w - 1 - f)
    wire odd = norm_shl[52];
    // floats.py:34: guard = bit(norm, w - 2 - f)
    wire guard = norm_shl[51];
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire [50:0] sticky_bits = norm_shl[50:0];
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field_add = {biased, norm_shl[61:52]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~norm_shl[62];
    reg magnitude_sign_2_q3;
    reg odd_q3;
    reg guard_q3;
    reg [50:0] sticky_bits_q3;
    reg [16:0] field_add_q3;
    reg zero_eq_q3;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q3 <= magnitude_sign_2_q2;
            odd_q3 <= odd;
            guard_q3 <= guard;
            sticky_bits_q3 <= sticky_bits;
            field_add_q3 <= field_add;
            zero_eq_q3 <= zero_eq;
        end
    end

    // ---- stage 4 of 6
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = sticky_bits_q3 == 51'h0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = odd_q3 | sticky;
    wire increment = guard_q3 & increment_or;
    reg magnitude_sign_2_q4;
    reg increment_q4;
    reg [16:0] field_add_q4;
    reg zero_eq_q4;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q4 <= magnitude_sign_2_q3;
            increment_q4 <= increment;
            field_add_q4 <= field_add_q3;
            zero_eq_q4 <= zero_eq_q3;
        end
    end

    // ---- stage 5 of 6
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field = field_add_q4 + {16'd0, increment_q4};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(17'h400);
    wire zero = zero_eq_q4 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(17'h7bff) < $signed(field);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_bits = field[14:0];
    reg magnitude_sign_2_q5;
    reg zero_q5;
    reg overflow_2_q5;
    reg [14:0] magnitude_bits_q5;

    always @(posedge clk) begin
        if(ce) begin
            magnitude_sign_2_q5 <= magnitude_sign_2_q4;
            zero_q5 <= zero;
            overflow_2_q5 <= overflow_2;
            magnitude_bits_q5 <= magnitude_bits;
        end
    end

    // ---- stage 6 of 6
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select = overflow_2_q5 ? 15'd31743 : magnitude_bits_q5;
    wire [14:0] magnitude_2 = zero_q5 ? 15'd0 : magnitude_select;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [15:0] cat = {magnitude_sign_2_q5, magnitude_2};
    reg overflow_2_q6;
    reg [15:0] cat_q6;

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
    wire unused_bits = &{1'd0, magnitude_sign_3[63], zeros_count_161[2], zeros_count_166[2], zeros_count_171[2], zeros_count_176[2], zeros_count_181[2], zeros_count_186[2], zeros_count_191[2], zeros_count_196[2], zeros_count_201[2], zeros_count_206[2], zeros_count_211[2], zeros_count_216[2], zeros_count_221[2], zeros_count_226[2], zeros_count_231[2], zeros_count_238[3], zeros_count_243[3], zeros_count_248[3], zeros_count_253[3], zeros_count_258[3], zeros_count_263[3], zeros_count_268[3], zeros_count_275[4], zeros_count_280[4], zeros_count_285[4], zeros_count_292[5]};
endmodule
`default_nettype wire
