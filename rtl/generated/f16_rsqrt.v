// f16_rsqrt: 1 / √a, within 0.55 ulp; zeros and negative numbers give the largest number and overflow.
// Generated from unary.py:46 float_rsqrt(e=5, f=10); do not edit, run `npusim hls emit f16_rsqrt`.
// Contract: one result a cycle, latency 7 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_rsqrt (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 7 cycles later
    output wire [15:0] result,           // u[16]
    output wire overflow                 // u[1]
);

    function [6:0] c2_rom;
        input [4:0] index;
        case(index)
            5'd0: c2_rom = 7'd89;
            5'd1: c2_rom = 7'd77;
            5'd2: c2_rom = 7'd67;
            5'd3: c2_rom = 7'd59;
            5'd4: c2_rom = 7'd52;
            5'd5: c2_rom = 7'd46;
            5'd6: c2_rom = 7'd41;
            5'd7: c2_rom = 7'd37;
            5'd8: c2_rom = 7'd33;
            5'd9: c2_rom = 7'd30;
            5'd10: c2_rom = 7'd27;
            5'd11: c2_rom = 7'd25;
            5'd12: c2_rom = 7'd23;
            5'd13: c2_rom = 7'd21;
            5'd14: c2_rom = 7'd19;
            5'd15: c2_rom = 7'd18;
            5'd16: c2_rom = 7'd63;
            5'd17: c2_rom = 7'd54;
            5'd18: c2_rom = 7'd47;
            5'd19: c2_rom = 7'd41;
            5'd20: c2_rom = 7'd37;
            5'd21: c2_rom = 7'd32;
            5'd22: c2_rom = 7'd29;
            5'd23: c2_rom = 7'd26;
            5'd24: c2_rom = 7'd23;
            5'd25: c2_rom = 7'd21;
            5'd26: c2_rom = 7'd19;
            5'd27: c2_rom = 7'd18;
            5'd28: c2_rom = 7'd16;
            5'd29: c2_rom = 7'd15;
            5'd30: c2_rom = 7'd14;
            5'd31: c2_rom = 7'd12;
            default: c2_rom = 7'd0;
        endcase
    endfunction

    function [11:0] c1_rom;
        input [4:0] index;
        case(index)
            5'd0: c1_rom = 12'd2051;
            5'd1: c1_rom = 12'd2228;
            5'd2: c1_rom = 12'd2381;
            5'd3: c1_rom = 12'd2515;
            5'd4: c1_rom = 12'd2632;
            5'd5: c1_rom = 12'd2735;
            5'd6: c1_rom = 12'd2827;
            5'd7: c1_rom = 12'd2908;
            5'd8: c1_rom = 12'd2982;
            5'd9: c1_rom = 12'd3048;
            5'd10: c1_rom = 12'd3108;
            5'd11: c1_rom = 12'd3162;
            5'd12: c1_rom = 12'd3212;
            5'd13: c1_rom = 12'd3257;
            5'd14: c1_rom = 12'd3299;
            5'd15: c1_rom = 12'd3337;
            5'd16: c1_rom = 12'd2650;
            5'd17: c1_rom = 12'd2775;
            5'd18: c1_rom = 12'd2884;
            5'd19: c1_rom = 12'd2978;
            5'd20: c1_rom = 12'd3061;
            5'd21: c1_rom = 12'd3134;
            5'd22: c1_rom = 12'd3198;
            5'd23: c1_rom = 12'd3256;
            5'd24: c1_rom = 12'd3308;
            5'd25: c1_rom = 12'd3355;
            5'd26: c1_rom = 12'd3397;
            5'd27: c1_rom = 12'd3436;
            5'd28: c1_rom = 12'd3471;
            5'd29: c1_rom = 12'd3503;
            5'd30: c1_rom = 12'd3532;
            5'd31: c1_rom = 12'd3559;
            default: c1_rom = 12'd0;
        endcase
    endfunction

    function [16:0] c0_rom;
        input [4:0] index;
        case(index)
            5'd0: c0_rom = 17'h10000;
            5'd1: c0_rom = 17'hf85b;
            5'd2: c0_rom = 17'hf15c;
            5'd3: c0_rom = 17'heaec;
            5'd4: c0_rom = 17'he4f9;
            5'd5: c0_rom = 17'hdf74;
            5'd6: c0_rom = 17'hda51;
            5'd7: c0_rom = 17'hd585;
            5'd8: c0_rom = 17'hd106;
            5'd9: c0_rom = 17'hcccd;
            5'd10: c0_rom = 17'hc8d3;
            5'd11: c0_rom = 17'hc512;
            5'd12: c0_rom = 17'hc185;
            5'd13: c0_rom = 17'hbe27;
            5'd14: c0_rom = 17'hbaf5;
            5'd15: c0_rom = 17'hb7ea;
            5'd16: c0_rom = 17'hb505;
            5'd17: c0_rom = 17'haf9d;
            5'd18: c0_rom = 17'haaab;
            5'd19: c0_rom = 17'ha61d;
            5'd20: c0_rom = 17'ha1e9;
            5'd21: c0_rom = 17'h9e02;
            5'd22: c0_rom = 17'h9a60;
            5'd23: c0_rom = 17'h96fb;
            5'd24: c0_rom = 17'h93cd;
            5'd25: c0_rom = 17'h90d1;
            5'd26: c0_rom = 17'h8e01;
            5'd27: c0_rom = 17'h8b59;
            5'd28: c0_rom = 17'h88d6;
            5'd29: c0_rom = 17'h8675;
            5'd30: c0_rom = 17'h8433;
            5'd31: c0_rom = 17'h820c;
            default: c0_rom = 17'h0;
        endcase
    endfunction

    // ---- stage 1 of 7
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // unary.py:50: power = exponent - ((1 << (e - 1)) - 1)
    wire [5:0] power = {1'd0, a[14:10]} - 6'd15;
    // unary.py:51: c0, c1, c2 = rsqrt_rows(4, p)[cat((bits(power, 0, 0), 1), (bits(significand, f - 1, n), 4))]
    wire [4:0] cat = {power[0], significand[9:6]};
    // unary.py:52: y = bits(evaluate(c0, c1, c2, bits(significand, n - 1, 0), n=n), p, 0)
    wire [5:0] y_bits = significand[5:0];
    // unary.py:54: result, overflow = normalize(0, bias - (power >> 1), y, e=e, f=f, w=p + 1)
    wire [4:0] shr = power[5:1];
    wire [4:0] sub = 5'd15 - shr;
    // unary.py:56: return (largest, 1) if (exponent == 0) | sign else (result, overflow)
    wire or_2 = significand_eq | a[15];
    reg [4:0] cat_q1;
    reg [5:0] y_bits_q1;
    reg [4:0] sub_q1;
    reg or_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            cat_q1 <= cat;
            y_bits_q1 <= y_bits;
            sub_q1 <= sub;
            or_2_q1 <= or_2;
        end
    end

    // ---- stage 2 of 7
    // unary.py:51: c0, c1, c2 = rsqrt_rows(4, p)[cat((bits(power, 0, 0), 1), (bits(significand, f - 1, n), 4))]
    wire [6:0] c2 = c2_rom(cat_q1);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [12:0] y_mul = {6'd0, c2} * {7'd0, y_bits_q1};
    wire [6:0] y_shr = y_mul[12:6];
    reg [4:0] cat_q2;
    reg [5:0] y_bits_q2;
    reg [6:0] y_shr_q2;
    reg [4:0] sub_q2;
    reg or_2_q2;

    always @(posedge clk) begin
        if(ce) begin
            cat_q2 <= cat_q1;
            y_bits_q2 <= y_bits_q1;
            y_shr_q2 <= y_shr;
            sub_q2 <= sub_q1;
            or_2_q2 <= or_2_q1;
        end
    end

    // ---- stage 3 of 7
    // unary.py:51: c0, c1, c2 = rsqrt_rows(4, p)[cat((bits(power, 0, 0), 1), (bits(significand, f - 1, n), 4))]
    wire [11:0] c1 = c1_rom(cat_q2);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [11:0] y_add = c1 + {5'd0, y_shr_q2};
    reg [4:0] cat_q3;
    reg [5:0] y_bits_q3;
    reg [11:0] y_add_q3;
    reg [4:0] sub_q3;
    reg or_2_q3;

    always @(posedge clk) begin
        if(ce) begin
            cat_q3 <= cat_q2;
            y_bits_q3 <= y_bits_q2;
            y_add_q3 <= y_add;
            sub_q3 <= sub_q2;
            or_2_q3 <= or_2_q2;
        end
    end

    // ---- stage 4 of 7
    // unary.py:51: c0, c1, c2 = rsqrt_rows(4, p)[cat((bits(power, 0, 0), 1), (bits(significand, f - 1, n), 4))]
    wire [16:0] c0 = c0_rom(cat_q3);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [17:0] y_mul_2 = $signed({{6{y_add_q3[11]}}, y_add_q3}) * $signed({12'd0, y_bits_q3});
    wire [11:0] y_shr_2 = y_mul_2[17:6];
    reg [16:0] c0_q4;
    reg [11:0] y_shr_2_q4;
    reg [4:0] sub_q4;
    reg or_2_q4;

    always @(posedge clk) begin
        if(ce) begin
            c0_q4 <= c0;
            y_shr_2_q4 <= y_shr_2;
            sub_q4 <= sub_q3;
            or_2_q4 <= or_2_q3;
        end
    end

    // ---- stage 5 of 7
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [16:0] y_add_2 = c0_q4 + {{5{y_shr_2_q4[11]}}, y_shr_2_q4};
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
    reg [16:0] y_add_2_q5;
    reg [4:0] sub_q5;
    reg zeros_count_17_q5;
    reg zeros_count_64_q5;
    reg [3:0] zeros_count_69_q5;
    reg or_2_q5;

    always @(posedge clk) begin
        if(ce) begin
            y_add_2_q5 <= y_add_2;
            sub_q5 <= sub_q4;
            zeros_count_17_q5 <= zeros_count_17;
            zeros_count_64_q5 <= zeros_count_64;
            zeros_count_69_q5 <= zeros_count_69;
            or_2_q5 <= or_2_q4;
        end
    end

    // ---- stage 6 of 7
    // unary.py:28: zeros = clz(value, w)
    wire [3:0] zeros_count_70 = zeros_count_64_q5 ? {3'd0, zeros_count_17_q5} : zeros_count_69_q5;
    // unary.py:29: return round_pack(sign, exponent - zeros, bits(value << zeros, w - 1, 0), e=e, f=f, w=w)
    wire [4:0] sub_2 = sub_q5 - {3'd0, zeros_count_70[1:0]};
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
    wire [14:0] field_add = {sub_2, select_2[15:6]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_bits = select_2[16];
    reg increment_q6;
    reg [14:0] field_add_q6;
    reg zero_bits_q6;
    reg or_2_q6;

    always @(posedge clk) begin
        if(ce) begin
            increment_q6 <= increment;
            field_add_q6 <= field_add;
            zero_bits_q6 <= zero_bits;
            or_2_q6 <= or_2_q5;
        end
    end

    // ---- stage 7 of 7
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [14:0] field = field_add_q6 + {14'd0, increment_q6};
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude = zero_bits_q6 ? field : 15'd0;
    // unary.py:56: return (largest, 1) if (exponent == 0) | sign else (result, overflow)
    wire [14:0] select_3 = or_2_q6 ? 15'd31743 : magnitude;
    reg or_2_q7;
    reg [14:0] select_3_q7;

    always @(posedge clk) begin
        if(ce) begin
            or_2_q7 <= or_2_q6;
            select_3_q7 <= select_3;
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
    assign result = {1'd0, select_3_q7};
    assign overflow = or_2_q7;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, significand[10], y_mul[5:0], y_mul_2[5:0], zeros_count_38[2], zeros_count_43[2], zeros_count_48[2], zeros_count_53[2], zeros_count_58[3], zeros_count_63[3], zeros_count_68[4], zeros_count_70[3:2]};
endmodule
`default_nettype wire
