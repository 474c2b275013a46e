// f16_recip: 1 / a, within 0.55 ulp; ±0 gives the largest number of that sign and overflow.
// Generated from unary.py:33 float_recip(e=5, f=10); do not edit, run `npusim hls emit f16_recip`.
// Contract: one result a cycle, latency 8 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_recip (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 8 cycles later
    output wire [15:0] result,           // u[16]
    output wire overflow                 // u[1]
);

    function [7:0] c2_rom;
        input [3:0] index;
        case(index)
            4'd0: c2_rom = 8'd234;
            4'd1: c2_rom = 8'd196;
            4'd2: c2_rom = 8'd166;
            4'd3: c2_rom = 8'd141;
            4'd4: c2_rom = 8'd122;
            4'd5: c2_rom = 8'd106;
            4'd6: c2_rom = 8'd92;
            4'd7: c2_rom = 8'd81;
            4'd8: c2_rom = 8'd71;
            4'd9: c2_rom = 8'd63;
            4'd10: c2_rom = 8'd56;
            4'd11: c2_rom = 8'd50;
            4'd12: c2_rom = 8'd45;
            4'd13: c2_rom = 8'd41;
            4'd14: c2_rom = 8'd37;
            4'd15: c2_rom = 8'd34;
            default: c2_rom = 8'd0;
        endcase
    endfunction

    function [12:0] c1_rom;
        input [3:0] index;
        case(index)
            4'd0: c1_rom = 13'd4104;
            4'd1: c1_rom = 13'd4570;
            4'd2: c1_rom = 13'd4961;
            4'd3: c1_rom = 13'd5292;
            4'd4: c1_rom = 13'd5574;
            4'd5: c1_rom = 13'd5817;
            4'd6: c1_rom = 13'd6028;
            4'd7: c1_rom = 13'd6212;
            4'd8: c1_rom = 13'd6373;
            4'd9: c1_rom = 13'd6516;
            4'd10: c1_rom = 13'd6642;
            4'd11: c1_rom = 13'd6755;
            4'd12: c1_rom = 13'd6855;
            4'd13: c1_rom = 13'd6946;
            4'd14: c1_rom = 13'd7028;
            4'd15: c1_rom = 13'd7101;
            default: c1_rom = 13'd0;
        endcase
    endfunction

    function [16:0] c0_rom;
        input [3:0] index;
        case(index)
            4'd0: c0_rom = 17'h10000;
            4'd1: c0_rom = 17'hf0f1;
            4'd2: c0_rom = 17'he38e;
            4'd3: c0_rom = 17'hd794;
            4'd4: c0_rom = 17'hcccd;
            4'd5: c0_rom = 17'hc30c;
            4'd6: c0_rom = 17'hba2e;
            4'd7: c0_rom = 17'hb216;
            4'd8: c0_rom = 17'haaab;
            4'd9: c0_rom = 17'ha3d7;
            4'd10: c0_rom = 17'h9d8a;
            4'd11: c0_rom = 17'h97b4;
            4'd12: c0_rom = 17'h9249;
            4'd13: c0_rom = 17'h8d3e;
            4'd14: c0_rom = 17'h8888;
            4'd15: c0_rom = 17'h8421;
            default: c0_rom = 17'h0;
        endcase
    endfunction

    // ---- stage 1 of 8
    // floats.py:21: exponent = bits(a, e + f - 1, f)
    wire [4:0] exponent = a[14:10];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = exponent == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = a[15];
    // unary.py:37: c0, c1, c2 = reciprocal_rows(4, p)[bits(significand, f - 1, n)]
    wire [3:0] bits = significand[9:6];
    // unary.py:38: y = bits(evaluate(c0, c1, c2, bits(significand, n - 1, 0), n=n), p, 0)
    wire [5:0] y_bits = significand[5:0];
    reg [4:0] exponent_q1;
    reg significand_eq_q1;
    reg sign_q1;
    reg [3:0] bits_q1;
    reg [5:0] y_bits_q1;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q1 <= exponent;
            significand_eq_q1 <= significand_eq;
            sign_q1 <= sign;
            bits_q1 <= bits;
            y_bits_q1 <= y_bits;
        end
    end

    // ---- stage 2 of 8
    // unary.py:37: c0, c1, c2 = reciprocal_rows(4, p)[bits(significand, f - 1, n)]
    wire [7:0] c2 = c2_rom(bits_q1);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [13:0] y_mul = {6'd0, c2} * {8'd0, y_bits_q1};
    wire [7:0] y_shr = y_mul[13:6];
    reg [4:0] exponent_q2;
    reg significand_eq_q2;
    reg sign_q2;
    reg [3:0] bits_q2;
    reg [5:0] y_bits_q2;
    reg [7:0] y_shr_q2;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q2 <= exponent_q1;
            significand_eq_q2 <= significand_eq_q1;
            sign_q2 <= sign_q1;
            bits_q2 <= bits_q1;
            y_bits_q2 <= y_bits_q1;
            y_shr_q2 <= y_shr;
        end
    end

    // ---- stage 3 of 8
    // unary.py:37: c0, c1, c2 = reciprocal_rows(4, p)[bits(significand, f - 1, n)]
    wire [12:0] c1 = c1_rom(bits_q2);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [12:0] y_add = c1 + {5'd0, y_shr_q2};
    reg [4:0] exponent_q3;
    reg significand_eq_q3;
    reg sign_q3;
    reg [3:0] bits_q3;
    reg [5:0] y_bits_q3;
    reg [12:0] y_add_q3;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q3 <= exponent_q2;
            significand_eq_q3 <= significand_eq_q2;
            sign_q3 <= sign_q2;
            bits_q3 <= bits_q2;
            y_bits_q3 <= y_bits_q2;
            y_add_q3 <= y_add;
        end
    end

    // ---- stage 4 of 8
    // unary.py:37: c0, c1, c2 = reciprocal_rows(4, p)[bits(significand, f - 1, n)]
    wire [16:0] c0 = c0_rom(bits_q3);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [18:0] y_mul_2 = $signed({{6{y_add_q3[12]}}, y_add_q3}) * $signed({13'd0, y_bits_q3});
    wire [12:0] y_shr_2 = y_mul_2[18:6];
    reg [4:0] exponent_q4;
    reg significand_eq_q4;
    reg sign_q4;
    reg [16:0] c0_q4;
    reg [12:0] y_shr_2_q4;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q4 <= exponent_q3;
            significand_eq_q4 <= significand_eq_q3;
            sign_q4 <= sign_q3;
            c0_q4 <= c0;
            y_shr_2_q4 <= y_shr_2;
        end
    end

    // ---- stage 5 of 8
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [16:0] y_add_2 = c0_q4 + {{4{y_shr_2_q4[12]}}, y_shr_2_q4};
    // unary.py:28: zeros = clz(value, w)
    wire zeros_count = ~y_add_2[16];
    wire zeros_count_2 = ~y_add_2[15];
    wire zeros_count_3 = ~y_add_2[14];
    wire zeros_count_4 = ~y_add_2[13];
    wire zeros_count_5 = ~y_add_2[12];
    wire zeros_count_6 = ~y_add_2[11];
    wire zeros_count_7 = ~y_add_2[10];
    wire zeros_count_8 = ~y_add_2[9];
    wire zeros_count_9 = ~y_add_2[8];
    wire zeros_count_10 = ~y_add_2[7];
    wire zeros_count_11 = ~y_add_2[6];
    wire zeros_count_12 = ~y_add_2[5];
    wire zeros_count_13 = ~y_add_2[4];
    wire zeros_count_14 = ~y_add_2[3];
    wire zeros_count_15 = ~y_add_2[2];
    wire zeros_count_16 = ~y_add_2[1];
    wire zeros_count_17 = ~y_add_2[0];
    wire zeros_count_18 = zeros_count & zeros_count_2;
    wire zeros_count_19 = zeros_count & y_add_2[15];
    wire zeros_count_20 = zeros_count_3 & zeros_count_4;
    wire zeros_count_21 = zeros_count_3 & y_add_2[13];
    wire zeros_count_22 = zeros_count_5 & zeros_count_6;
    wire zeros_count_23 = zeros_count_5 & y_add_2[11];
    wire zeros_count_24 = zeros_count_7 & zeros_count_8;
    wire zeros_count_25 = zeros_count_7 & y_add_2[9];
    wire zeros_count_26 = zeros_count_9 & zeros_count_10;
    wire zeros_count_27 = zeros_count_9 & y_add_2[7];
    wire zeros_count_28 = zeros_count_11 & zeros_count_12;
    wire zeros_count_29 = zeros_count_11 & y_add_2[5];
    wire zeros_count_30 = zeros_count_13 & zeros_count_14;
    wire zeros_count_31 = zeros_count_13 & y_add_2[3];
    wire zeros_count_32 = zeros_count_15 & zeros_count_16;
    wire zeros_count_33 = zeros_count_15 & y_add_2[1];
    wire zeros_count_34 = zeros_count_18 & zeros_count_20;
    wire zeros_count_35 = ~zeros_count_20;
    wire zeros_count_36 = zeros_count_18 & zeros_count_35;
    wire zeros_count_37 = zeros_count_18 ? zeros_count_21 : zeros_count_19;
    wire [2:0] zeros_count_38 = {zeros_count_34, zeros_count_36, zeros_count_37};
    wire zeros_count_39 = zeros_count_22 & zeros_count_24;
    wire zeros_count_40 = ~zeros_count_24;
    wire zeros_count_41 = zeros_count_22 & zeros_count_40;
    wire zeros_count_42 = zeros_count_22 ? zeros_count_25 : zeros_count_23;
    wire [2:0] zeros_count_43 = {zeros_count_39, zeros_count_41, zeros_count_42};
    wire zeros_count_44 = zeros_count_26 & zeros_count_28;
    wire zeros_count_45 = ~zeros_count_28;
    wire zeros_count_46 = zeros_count_26 & zeros_count_45;
    wire zeros_count_47 = zeros_count_26 ? zeros_count_29 : zeros_count_27;
    wire [2:0] zeros_count_48 = {zeros_count_44, zeros_count_46, zeros_count_47};
    wire zeros_count_49 = zeros_count_30 & zeros_count_32;
    wire zeros_count_50 = ~zeros_count_32;
    wire zeros_count_51 = zeros_count_30 & zeros_count_50;
    wire zeros_count_52 = zeros_count_30 ? zeros_count_33 : zeros_count_31;
    wire [2:0] zeros_count_53 = {zeros_count_49, zeros_count_51, zeros_count_52};
    wire zeros_count_54 = zeros_count_34 & zeros_count_39;
    wire zeros_count_55 = ~zeros_count_39;
    wire zeros_count_56 = zeros_count_34 & zeros_count_55;
    wire [1:0] zeros_count_57 = zeros_count_34 ? zeros_count_43[1:0] : zeros_count_38[1:0];
    wire [3:0] zeros_count_58 = {zeros_count_54, zeros_count_56, zeros_count_57};
    wire zeros_count_59 = zeros_count_44 & zeros_count_49;
    wire zeros_count_60 = ~zeros_count_49;
    wire zeros_count_61 = zeros_count_44 & zeros_count_60;
    wire [1:0] zeros_count_62 = zeros_count_44 ? zeros_count_53[1:0] : zeros_count_48[1:0];
    wire [3:0] zeros_count_63 = {zeros_count_59, zeros_count_61, zeros_count_62};
    wire zeros_count_64 = zeros_count_54 & zeros_count_59;
    wire zeros_count_65 = ~zeros_count_59;
    wire zeros_count_66 = zeros_count_54 & zeros_count_65;
    wire [2:0] zeros_count_67 = zeros_count_54 ? zeros_count_63[2:0] : zeros_count_58[2:0];
    wire [4:0] zeros_count_68 = {zeros_count_64, zeros_count_66, zeros_count_67};
    wire [3:0] zeros_count_69 = zeros_count_68[3:0];
    reg [4:0] exponent_q5;
    reg significand_eq_q5;
    reg sign_q5;
    reg [16:0] y_add_2_q5;
    reg zeros_count_17_q5;
    reg zeros_count_64_q5;
    reg [3:0] zeros_count_69_q5;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q5 <= exponent_q4;
            significand_eq_q5 <= significand_eq_q4;
            sign_q5 <= sign_q4;
            y_add_2_q5 <= y_add_2;
            zeros_count_17_q5 <= zeros_count_17;
            zeros_count_64_q5 <= zeros_count_64;
            zeros_count_69_q5 <= zeros_count_69;
        end
    end

    // ---- stage 6 of 8
    // unary.py:40: result, overflow = normalize(sign, 2 * bias - exponent, y, e=e, f=f, w=p + 1)
    wire [5:0] sub = 6'd30 - {1'd0, exponent_q5};
    // unary.py:28: zeros = clz(value, w)
    wire [3:0] zeros_count_70 = zeros_count_64_q5 ? {3'd0, zeros_count_17_q5} : zeros_count_69_q5;
    // unary.py:29: return round_pack(sign, exponent - zeros, bits(value << zeros, w - 1, 0), e=e, f=f, w=w)
    wire [5:0] sub_2 = sub - {4'd0, zeros_count_70[1:0]};
    wire [16:0] shl = {y_add_2_q5[15:0], 1'd0};
    wire [16:0] select = zeros_count_70[0] ? shl : y_add_2_q5;
    wire [16:0] shl_2 = {select[14:0], 2'd0};
    wire [16:0] select_2 = zeros_count_70[1] ? shl_2 : select;
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = select_2[4:0] == 5'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = select_2[6] | sticky;
    wire increment = select_2[5] & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field_add = {sub_2, select_2[15:6]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~select_2[16];
    reg significand_eq_q6;
    reg sign_q6;
    reg increment_q6;
    reg [15:0] field_add_q6;
    reg zero_eq_q6;

    always @(posedge clk) begin
        if(ce) begin
            significand_eq_q6 <= significand_eq_q5;
            sign_q6 <= sign_q5;
            increment_q6 <= increment;
            field_add_q6 <= field_add;
            zero_eq_q6 <= zero_eq;
        end
    end

    // ---- stage 7 of 8
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field = field_add_q6 + {15'd0, increment_q6};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(16'd1024);
    wire zero = zero_eq_q6 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(16'd31743) < $signed(field);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_refine = field[14:0];
    reg significand_eq_q7;
    reg sign_q7;
    reg zero_q7;
    reg overflow_2_q7;
    reg [14:0] magnitude_refine_q7;

    always @(posedge clk) begin
        if(ce) begin
            significand_eq_q7 <= significand_eq_q6;
            sign_q7 <= sign_q6;
            zero_q7 <= zero;
            overflow_2_q7 <= overflow_2;
            magnitude_refine_q7 <= magnitude_refine;
        end
    end

    // ---- stage 8 of 8
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select = overflow_2_q7 ? 15'd31743 : magnitude_refine_q7;
    wire [14:0] magnitude = zero_q7 ? 15'd0 : magnitude_select;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [15:0] result_2 = {sign_q7, magnitude};
    // unary.py:42: return (cat((sign, 1), (largest, e + f)), 1) if exponent == 0 else (result, overflow)
    wire [15:0] cat = {sign_q7, 15'd31743};
    wire [15:0] select_3 = significand_eq_q7 ? cat : result_2;
    wire or_2 = significand_eq_q7 | overflow_2_q7;
    reg [15:0] select_3_q8;
    reg or_2_q8;

    always @(posedge clk) begin
        if(ce) begin
            select_3_q8 <= select_3;
            or_2_q8 <= or_2;
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
    assign result = select_3_q8;
    assign overflow = or_2_q8;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, significand[10], y_mul[5:0], y_mul_2[5:0], zeros_count_38[2], zeros_count_43[2], zeros_count_48[2], zeros_count_53[2], zeros_count_58[3], zeros_count_63[3], zeros_count_68[4], zeros_count_70[3:2]};
endmodule
`default_nettype wire
