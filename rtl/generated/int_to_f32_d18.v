// int_to_f32_d18: value · 2**exponent for a value of d <= f + 1 bits, its sign one of them: exact unless out of range.
// Generated from convert.py:33 dot_to_float(d=18, w=32, x=10, e=8, f=23); do not edit, run `npusim hls emit int_to_f32_d18`.
// Contract: one result a cycle, latency 3 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module int_to_f32_d18 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [31:0] value,             // s[32]
    input wire [9:0] exponent,           // s[10]
    output wire m_valid,                 // s_valid, 3 cycles later
    output wire [31:0] result,           // u[32]
    output wire overflow                 // u[1]
);

    // ---- stage 1 of 3
    // convert.py:35: sign = bit(value, d - 1)
    wire sign = value[17];
    // convert.py:37: magnitude = bits(0 - low if sign else low, d - 1, 0)
    wire [17:0] magnitude_sub = 18'h0 - value[17:0];
    wire [17:0] magnitude_select = sign ? magnitude_sub : value[17:0];
    // convert.py:38: zeros = clz(magnitude, d)
    wire zeros_count = ~magnitude_select[17];
    wire zeros_count_2 = ~magnitude_select[16];
    wire zeros_count_3 = ~magnitude_select[15];
    wire zeros_count_4 = ~magnitude_select[14];
    wire zeros_count_5 = ~magnitude_select[13];
    wire zeros_count_6 = ~magnitude_select[12];
    wire zeros_count_7 = ~magnitude_select[11];
    wire zeros_count_8 = ~magnitude_select[10];
    wire zeros_count_9 = ~magnitude_select[9];
    wire zeros_count_10 = ~magnitude_select[8];
    wire zeros_count_11 = ~magnitude_select[7];
    wire zeros_count_12 = ~magnitude_select[6];
    wire zeros_count_13 = ~magnitude_select[5];
    wire zeros_count_14 = ~magnitude_select[4];
    wire zeros_count_15 = ~magnitude_select[3];
    wire zeros_count_16 = ~magnitude_select[2];
    wire zeros_count_17 = ~magnitude_select[1];
    wire zeros_count_18 = ~magnitude_select[0];
    wire zeros_count_19 = zeros_count & zeros_count_2;
    wire zeros_count_20 = zeros_count & magnitude_select[16];
    wire zeros_count_21 = zeros_count_3 & zeros_count_4;
    wire zeros_count_22 = zeros_count_3 & magnitude_select[14];
    wire zeros_count_23 = zeros_count_5 & zeros_count_6;
    wire zeros_count_24 = zeros_count_5 & magnitude_select[12];
    wire zeros_count_25 = zeros_count_7 & zeros_count_8;
    wire zeros_count_26 = zeros_count_7 & magnitude_select[10];
    wire zeros_count_27 = zeros_count_9 & zeros_count_10;
    wire zeros_count_28 = zeros_count_9 & magnitude_select[8];
    wire zeros_count_29 = zeros_count_11 & zeros_count_12;
    wire zeros_count_30 = zeros_count_11 & magnitude_select[6];
    wire zeros_count_31 = zeros_count_13 & zeros_count_14;
    wire zeros_count_32 = zeros_count_13 & magnitude_select[4];
    wire zeros_count_33 = zeros_count_15 & zeros_count_16;
    wire zeros_count_34 = zeros_count_15 & magnitude_select[2];
    wire zeros_count_35 = zeros_count_17 & zeros_count_18;
    wire zeros_count_36 = zeros_count_17 & magnitude_select[0];
    wire zeros_count_37 = zeros_count_19 & zeros_count_21;
    wire zeros_count_38 = ~zeros_count_21;
    wire zeros_count_39 = zeros_count_19 & zeros_count_38;
    wire zeros_count_40 = zeros_count_19 ? zeros_count_22 : zeros_count_20;
    wire [2:0] zeros_count_41 = {zeros_count_37, zeros_count_39, zeros_count_40};
    wire zeros_count_42 = zeros_count_23 & zeros_count_25;
    wire zeros_count_43 = ~zeros_count_25;
    wire zeros_count_44 = zeros_count_23 & zeros_count_43;
    wire zeros_count_45 = zeros_count_23 ? zeros_count_26 : zeros_count_24;
    wire [2:0] zeros_count_46 = {zeros_count_42, zeros_count_44, zeros_count_45};
    wire zeros_count_47 = zeros_count_27 & zeros_count_29;
    wire zeros_count_48 = ~zeros_count_29;
    wire zeros_count_49 = zeros_count_27 & zeros_count_48;
    wire zeros_count_50 = zeros_count_27 ? zeros_count_30 : zeros_count_28;
    wire [2:0] zeros_count_51 = {zeros_count_47, zeros_count_49, zeros_count_50};
    wire zeros_count_52 = zeros_count_31 & zeros_count_33;
    wire zeros_count_53 = ~zeros_count_33;
    wire zeros_count_54 = zeros_count_31 & zeros_count_53;
    wire zeros_count_55 = zeros_count_31 ? zeros_count_34 : zeros_count_32;
    wire [2:0] zeros_count_56 = {zeros_count_52, zeros_count_54, zeros_count_55};
    wire zeros_count_57 = zeros_count_35 ? 1'd0 : zeros_count_36;
    wire [1:0] zeros_count_58 = {zeros_count_35, zeros_count_57};
    wire zeros_count_59 = zeros_count_37 & zeros_count_42;
    wire zeros_count_60 = ~zeros_count_42;
    wire zeros_count_61 = zeros_count_37 & zeros_count_60;
    wire [1:0] zeros_count_62 = zeros_count_37 ? zeros_count_46[1:0] : zeros_count_41[1:0];
    wire [3:0] zeros_count_63 = {zeros_count_59, zeros_count_61, zeros_count_62};
    wire zeros_count_64 = zeros_count_47 & zeros_count_52;
    wire zeros_count_65 = ~zeros_count_52;
    wire zeros_count_66 = zeros_count_47 & zeros_count_65;
    wire [1:0] zeros_count_67 = zeros_count_47 ? zeros_count_56[1:0] : zeros_count_51[1:0];
    wire [3:0] zeros_count_68 = {zeros_count_64, zeros_count_66, zeros_count_67};
    wire [2:0] zeros_count_72 = zeros_count_68[2:0];
    wire [2:0] zeros_count_73 = zeros_count_63[2:0];
    reg [9:0] exponent_q1;
    reg sign_q1;
    reg [17:0] magnitude_select_q1;
    reg [1:0] zeros_count_58_q1;
    reg zeros_count_59_q1;
    reg zeros_count_64_q1;
    reg [2:0] zeros_count_72_q1;
    reg [2:0] zeros_count_73_q1;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q1 <= exponent;
            sign_q1 <= sign;
            magnitude_select_q1 <= magnitude_select;
            zeros_count_58_q1 <= zeros_count_58;
            zeros_count_59_q1 <= zeros_count_59;
            zeros_count_64_q1 <= zeros_count_64;
            zeros_count_72_q1 <= zeros_count_72;
            zeros_count_73_q1 <= zeros_count_73;
        end
    end

    // ---- stage 2 of 3
    // convert.py:38: zeros = clz(magnitude, d)
    wire zeros_count_69 = zeros_count_59_q1 & zeros_count_64_q1;
    wire zeros_count_70 = ~zeros_count_64_q1;
    wire zeros_count_71 = zeros_count_59_q1 & zeros_count_70;
    wire [2:0] zeros_count_74 = zeros_count_59_q1 ? zeros_count_72_q1 : zeros_count_73_q1;
    wire [4:0] zeros_count_75 = {zeros_count_69, zeros_count_71, zeros_count_74};
    wire [3:0] zeros_count_76 = zeros_count_69 ? {2'd0, zeros_count_58_q1} : zeros_count_75[3:0];
    wire [4:0] zeros_count_77 = {zeros_count_69, zeros_count_76};
    // convert.py:39: fraction = bits(magnitude << zeros, d - 2, 0) << (f - (d - 1))
    wire [16:0] fraction_shl_shift = {magnitude_select_q1[15:0], 1'd0};
    wire [17:0] fraction_shl_shift_2 = zeros_count_76[0] ? {1'd0, fraction_shl_shift} : magnitude_select_q1;
    wire [16:0] fraction_shl_shift_3 = {fraction_shl_shift_2[14:0], 2'd0};
    wire [17:0] fraction_shl_shift_4 = zeros_count_76[1] ? {1'd0, fraction_shl_shift_3} : fraction_shl_shift_2;
    wire [16:0] fraction_shl_shift_5 = {fraction_shl_shift_4[12:0], 4'd0};
    wire [17:0] fraction_shl_shift_6 = zeros_count_76[2] ? {1'd0, fraction_shl_shift_5} : fraction_shl_shift_4;
    wire [16:0] fraction_shl_shift_7 = {fraction_shl_shift_6[8:0], 8'd0};
    wire [17:0] fraction_shl_shift_8 = zeros_count_76[3] ? {1'd0, fraction_shl_shift_7} : fraction_shl_shift_6;
    // convert.py:40: biased = exponent + (1 << (e - 1)) - 1 + (d - 1) - zeros
    wire [10:0] biased_add = {exponent_q1[9], exponent_q1} + 11'd144;
    wire [10:0] biased = biased_add - {6'd0, zeros_count_77};
    // convert.py:41: zero = (magnitude == 0) | (biased < 1)
    wire zero_eq = magnitude_select_q1 == 18'h0;
    wire zero_lt = $signed(biased) < $signed(11'd1);
    // convert.py:42: overflow = (not zero) & (biased > (1 << e) - 2)
    wire overflow_lt = $signed(11'd254) < $signed(biased);
    // convert.py:44: normal = cat((bits(biased, e - 1, 0), e), (fraction, f))
    wire [7:0] normal_bits = biased[7:0];
    reg sign_q2;
    reg zeros_count_69_q2;
    reg [17:0] fraction_shl_shift_8_q2;
    reg zero_eq_q2;
    reg zero_lt_q2;
    reg overflow_lt_q2;
    reg [7:0] normal_bits_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            zeros_count_69_q2 <= zeros_count_69;
            fraction_shl_shift_8_q2 <= fraction_shl_shift_8;
            zero_eq_q2 <= zero_eq;
            zero_lt_q2 <= zero_lt;
            overflow_lt_q2 <= overflow_lt;
            normal_bits_q2 <= normal_bits;
        end
    end

    // ---- stage 3 of 3
    // convert.py:39: fraction = bits(magnitude << zeros, d - 2, 0) << (f - (d - 1))
    wire [16:0] fraction_shl_shift_9 = {fraction_shl_shift_8_q2[0], 16'd0};
    wire [17:0] fraction_shl_shift_10 = zeros_count_69_q2 ? {1'd0, fraction_shl_shift_9} : fraction_shl_shift_8_q2;
    wire [22:0] fraction = {fraction_shl_shift_10[16:0], 6'd0};
    // convert.py:41: zero = (magnitude == 0) | (biased < 1)
    wire zero = zero_eq_q2 | zero_lt_q2;
    // convert.py:42: overflow = (not zero) & (biased > (1 << e) - 2)
    wire overflow_xor = ~zero;
    wire overflow_2 = overflow_xor & overflow_lt_q2;
    // convert.py:44: normal = cat((bits(biased, e - 1, 0), e), (fraction, f))
    wire [30:0] normal = {normal_bits_q2, fraction};
    // convert.py:45: return cat((sign, 1), (0 if zero else largest if overflow else normal, e + f)), overflow
    wire [30:0] select = overflow_2 ? 31'h7f7fffff : normal;
    wire [30:0] select_2 = zero ? 31'h0 : select;
    wire [31:0] cat = {sign_q2, select_2};
    reg overflow_2_q3;
    reg [31:0] cat_q3;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q3 <= overflow_2;
            cat_q3 <= cat;
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
    assign result = cat_q3;
    assign overflow = overflow_2_q3;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, value[31:18], zeros_count_41[2], zeros_count_46[2], zeros_count_51[2], zeros_count_56[2], zeros_count_63[3], zeros_count_68[3], zeros_count_75[4], fraction_shl_shift_10[17]};
endmodule
`default_nettype wire
