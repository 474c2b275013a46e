// f16_exp: e**a, within 0.63 ulp; above the largest number it saturates and reports overflow, below the smallest it is +0.
// Generated from unary.py:60 float_exp(e=5, f=10); do not edit, run `npusim hls emit f16_exp`.
// Contract: one result a cycle, latency 10 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_exp (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 10 cycles later
    output wire [15:0] result,           // u[16]
    output wire overflow                 // u[1]
);

    function [6:0] c2_rom;
        input [3:0] index;
        case(index)
            4'd0: c2_rom = 7'd63;
            4'd1: c2_rom = 7'd66;
            4'd2: c2_rom = 7'd69;
            4'd3: c2_rom = 7'd72;
            4'd4: c2_rom = 7'd75;
            4'd5: c2_rom = 7'd78;
            4'd6: c2_rom = 7'd82;
            4'd7: c2_rom = 7'd85;
            4'd8: c2_rom = 7'd89;
            4'd9: c2_rom = 7'd93;
            4'd10: c2_rom = 7'd97;
            4'd11: c2_rom = 7'd101;
            4'd12: c2_rom = 7'd106;
            4'd13: c2_rom = 7'd110;
            4'd14: c2_rom = 7'd115;
            4'd15: c2_rom = 7'd120;
            default: c2_rom = 7'd0;
        endcase
    endfunction

    function [12:0] c1_rom;
        input [3:0] index;
        case(index)
            4'd0: c1_rom = 13'd2839;
            4'd1: c1_rom = 13'd2964;
            4'd2: c1_rom = 13'd3096;
            4'd3: c1_rom = 13'd3233;
            4'd4: c1_rom = 13'd3376;
            4'd5: c1_rom = 13'd3525;
            4'd6: c1_rom = 13'd3681;
            4'd7: c1_rom = 13'd3844;
            4'd8: c1_rom = 13'd4014;
            4'd9: c1_rom = 13'd4192;
            4'd10: c1_rom = 13'd4378;
            4'd11: c1_rom = 13'd4572;
            4'd12: c1_rom = 13'd4774;
            4'd13: c1_rom = 13'd4985;
            4'd14: c1_rom = 13'd5206;
            4'd15: c1_rom = 13'd5437;
            default: c1_rom = 13'd0;
        endcase
    endfunction

    function [16:0] c0_rom;
        input [3:0] index;
        case(index)
            4'd0: c0_rom = 17'h10000;
            4'd1: c0_rom = 17'h10b56;
            4'd2: c0_rom = 17'h1172c;
            4'd3: c0_rom = 17'h12388;
            4'd4: c0_rom = 17'h13070;
            4'd5: c0_rom = 17'h13dea;
            4'd6: c0_rom = 17'h14bfe;
            4'd7: c0_rom = 17'h15ab1;
            4'd8: c0_rom = 17'h16a0a;
            4'd9: c0_rom = 17'h17a11;
            4'd10: c0_rom = 17'h18ace;
            4'd11: c0_rom = 17'h19c49;
            4'd12: c0_rom = 17'h1ae8a;
            4'd13: c0_rom = 17'h1c19a;
            4'd14: c0_rom = 17'h1d582;
            4'd15: c0_rom = 17'h1ea4b;
            default: c0_rom = 17'h0;
        endcase
    endfunction

    // ---- stage 1 of 10
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = a[15];
    // unary.py:68: huge = exponent >= top
    wire huge_lt = a[14:10] < 5'd19;
    // unary.py:69: distance = min(bits(top - exponent, e - 1, 0), 2 * f + 8)
    wire [4:0] distance_sub = 5'd19 - a[14:10];
    wire distance_less = distance_sub < 5'd28;
    wire [4:0] distance_less_2 = distance_less ? distance_sub : 5'd28;
    // unary.py:70: fixed = (significand * log2_of_e(f + 6) >> distance) >> (f + f + 6 - q - (e - 1))
    wire fixed_shr_shift = distance_less_2[4];
    wire fixed_shr_shift_3 = distance_less_2[3];
    wire fixed_shr_shift_5 = distance_less_2[2];
    wire fixed_shr_shift_7 = distance_less_2[1];
    wire fixed_shr_shift_9 = distance_less_2[0];
    reg [10:0] significand_q1;
    reg sign_q1;
    reg huge_lt_q1;
    reg fixed_shr_shift_q1;
    reg fixed_shr_shift_3_q1;
    reg fixed_shr_shift_5_q1;
    reg fixed_shr_shift_7_q1;
    reg fixed_shr_shift_9_q1;

    always @(posedge clk) begin
        if(ce) begin
            significand_q1 <= significand;
            sign_q1 <= sign;
            huge_lt_q1 <= huge_lt;
            fixed_shr_shift_q1 <= fixed_shr_shift;
            fixed_shr_shift_3_q1 <= fixed_shr_shift_3;
            fixed_shr_shift_5_q1 <= fixed_shr_shift_5;
            fixed_shr_shift_7_q1 <= fixed_shr_shift_7;
            fixed_shr_shift_9_q1 <= fixed_shr_shift_9;
        end
    end

    // ---- stage 2 of 10
    // unary.py:70: fixed = (significand * log2_of_e(f + 6) >> distance) >> (f + f + 6 - q - (e - 1))
    wire [27:0] fixed_mul = {17'h0, significand_q1} * 28'h17154;
    wire [27:0] fixed_shr_shift_2 = fixed_shr_shift_q1 ? {16'd0, fixed_mul[27:16]} : fixed_mul;
    reg sign_q2;
    reg huge_lt_q2;
    reg [27:0] fixed_shr_shift_2_q2;
    reg fixed_shr_shift_3_q2;
    reg fixed_shr_shift_5_q2;
    reg fixed_shr_shift_7_q2;
    reg fixed_shr_shift_9_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            huge_lt_q2 <= huge_lt_q1;
            fixed_shr_shift_2_q2 <= fixed_shr_shift_2;
            fixed_shr_shift_3_q2 <= fixed_shr_shift_3_q1;
            fixed_shr_shift_5_q2 <= fixed_shr_shift_5_q1;
            fixed_shr_shift_7_q2 <= fixed_shr_shift_7_q1;
            fixed_shr_shift_9_q2 <= fixed_shr_shift_9_q1;
        end
    end

    // ---- stage 3 of 10
    // unary.py:70: fixed = (significand * log2_of_e(f + 6) >> distance) >> (f + f + 6 - q - (e - 1))
    wire [27:0] fixed_shr_shift_4 = fixed_shr_shift_3_q2 ? {8'd0, fixed_shr_shift_2_q2[27:8]} : fixed_shr_shift_2_q2;
    wire [27:0] fixed_shr_shift_6 = fixed_shr_shift_5_q2 ? {4'd0, fixed_shr_shift_4[27:4]} : fixed_shr_shift_4;
    wire [27:0] fixed_shr_shift_8 = fixed_shr_shift_7_q2 ? {2'd0, fixed_shr_shift_6[27:2]} : fixed_shr_shift_6;
    wire [27:0] fixed_shr = fixed_shr_shift_9_q2 ? {1'd0, fixed_shr_shift_8[27:1]} : fixed_shr_shift_8;
    wire [20:0] fixed = fixed_shr[27:7];
    reg sign_q3;
    reg huge_lt_q3;
    reg [20:0] fixed_q3;

    always @(posedge clk) begin
        if(ce) begin
            sign_q3 <= sign_q2;
            huge_lt_q3 <= huge_lt_q2;
            fixed_q3 <= fixed;
        end
    end

    // ---- stage 4 of 10
    // unary.py:71: power = -fixed if sign else fixed
    wire [21:0] power_sub = 22'h0 - {1'd0, fixed_q3};
    wire [21:0] power = sign_q3 ? power_sub : {1'd0, fixed_q3};
    // unary.py:72: c0, c1, c2 = exp2_rows(4, p)[bits(power, q - 1, q - 4)]
    wire [3:0] bits = power[14:11];
    // unary.py:73: y = evaluate(c0, c1, c2, bits(power, q - 5, 0), n=q - 4)
    wire [10:0] y_bits = power[10:0];
    // unary.py:75: result, overflow = round_pack(0, (power >> q) + bias, norm, e=e, f=f, w=p + 1)
    wire [6:0] shr = power[21:15];
    wire [6:0] add = shr + 7'd15;
    reg sign_q4;
    reg huge_lt_q4;
    reg [3:0] bits_q4;
    reg [10:0] y_bits_q4;
    reg [6:0] add_q4;

    always @(posedge clk) begin
        if(ce) begin
            sign_q4 <= sign_q3;
            huge_lt_q4 <= huge_lt_q3;
            bits_q4 <= bits;
            y_bits_q4 <= y_bits;
            add_q4 <= add;
        end
    end

    // ---- stage 5 of 10
    // unary.py:72: c0, c1, c2 = exp2_rows(4, p)[bits(power, q - 1, q - 4)]
    wire [6:0] c2 = c2_rom(bits_q4);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [17:0] y_mul = {11'd0, c2} * {7'd0, y_bits_q4};
    wire [6:0] y_shr = y_mul[17:11];
    reg sign_q5;
    reg huge_lt_q5;
    reg [3:0] bits_q5;
    reg [10:0] y_bits_q5;
    reg [6:0] y_shr_q5;
    reg [6:0] add_q5;

    always @(posedge clk) begin
        if(ce) begin
            sign_q5 <= sign_q4;
            huge_lt_q5 <= huge_lt_q4;
            bits_q5 <= bits_q4;
            y_bits_q5 <= y_bits_q4;
            y_shr_q5 <= y_shr;
            add_q5 <= add_q4;
        end
    end

    // ---- stage 6 of 10
    // unary.py:72: c0, c1, c2 = exp2_rows(4, p)[bits(power, q - 1, q - 4)]
    wire [12:0] c1 = c1_rom(bits_q5);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [12:0] y_add = c1 + {6'd0, y_shr_q5};
    reg sign_q6;
    reg huge_lt_q6;
    reg [3:0] bits_q6;
    reg [10:0] y_bits_q6;
    reg [12:0] y_add_q6;
    reg [6:0] add_q6;

    always @(posedge clk) begin
        if(ce) begin
            sign_q6 <= sign_q5;
            huge_lt_q6 <= huge_lt_q5;
            bits_q6 <= bits_q5;
            y_bits_q6 <= y_bits_q5;
            y_add_q6 <= y_add;
            add_q6 <= add_q5;
        end
    end

    // ---- stage 7 of 10
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [23:0] y_mul_2 = {11'd0, y_add_q6} * {13'd0, y_bits_q6};
    wire [12:0] y_shr_2 = y_mul_2[23:11];
    reg sign_q7;
    reg huge_lt_q7;
    reg [3:0] bits_q7;
    reg [12:0] y_shr_2_q7;
    reg [6:0] add_q7;

    always @(posedge clk) begin
        if(ce) begin
            sign_q7 <= sign_q6;
            huge_lt_q7 <= huge_lt_q6;
            bits_q7 <= bits_q6;
            y_shr_2_q7 <= y_shr_2;
            add_q7 <= add_q6;
        end
    end

    // ---- stage 8 of 10
    // unary.py:72: c0, c1, c2 = exp2_rows(4, p)[bits(power, q - 1, q - 4)]
    wire [16:0] c0 = c0_rom(bits_q7);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [15:0] y = c0[15:0] + {3'd0, y_shr_2_q7};
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = y[4:0] == 5'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = y[6] | sticky;
    wire increment = y[5] & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field_add = {add_q7, y[15:6]};
    reg sign_q8;
    reg huge_lt_q8;
    reg increment_q8;
    reg [16:0] field_add_q8;

    always @(posedge clk) begin
        if(ce) begin
            sign_q8 <= sign_q7;
            huge_lt_q8 <= huge_lt_q7;
            increment_q8 <= increment;
            field_add_q8 <= field_add;
        end
    end

    // ---- stage 9 of 10
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field = field_add_q8 + {16'd0, increment_q8};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(17'h400);
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero_lt;
    wire overflow_lt = $signed(17'h7bff) < $signed(field);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select = overflow_2 ? 15'd31743 : field[14:0];
    // unary.py:77: return ((0, 0) if sign else (largest, 1)) if huge else (result, overflow)
    wire xor_2 = ~sign_q8;
    wire select_3 = huge_lt_q8 ? overflow_2 : xor_2;
    reg sign_q9;
    reg huge_lt_q9;
    reg zero_lt_q9;
    reg [14:0] magnitude_select_q9;
    reg select_3_q9;

    always @(posedge clk) begin
        if(ce) begin
            sign_q9 <= sign_q8;
            huge_lt_q9 <= huge_lt_q8;
            zero_lt_q9 <= zero_lt;
            magnitude_select_q9 <= magnitude_select;
            select_3_q9 <= select_3;
        end
    end

    // ---- stage 10 of 10
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude = zero_lt_q9 ? 15'd0 : magnitude_select_q9;
    // unary.py:77: return ((0, 0) if sign else (largest, 1)) if huge else (result, overflow)
    wire [14:0] select = sign_q9 ? 15'd0 : 15'd31743;
    wire [14:0] select_2 = huge_lt_q9 ? magnitude : select;
    reg [14:0] select_2_q10;
    reg select_3_q10;

    always @(posedge clk) begin
        if(ce) begin
            select_2_q10 <= select_2;
            select_3_q10 <= select_3_q9;
        end
    end

    // ---- valid
    reg [9:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 10'd0;
        end else if(ce) begin
            valid_q <= {valid_q[8:0], s_valid};
        end
    end

    assign m_valid = valid_q[9];
    // ---- outputs
    assign result = {1'd0, select_2_q10};
    assign overflow = select_3_q10;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, fixed_shr[6:0], y_mul[10:0], y_mul_2[10:0], c0[16]};
endmodule
`default_nettype wire
