// sum_to_f16: A sum in units of the smallest normal's last bit, rounded once; a sum of 0 is +0. Written for float16.
// Generated from convert.py:61 sum_to_float(w=63, e=5, f=10); do not edit, run `npusim hls emit sum_to_f16`.
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
    // convert.py:68: sign = bit(value, w - 1)
    wire sign = value[62];
    // convert.py:71: magnitude = bits(0 - low if sign else low, t - 1, 0)
    wire [39:0] magnitude_sub = 40'h0 - value[39:0];
    wire [39:0] magnitude_select = sign ? magnitude_sub : value[39:0];
    // convert.py:72: huge = (high != (1 << (w - t)) - 1) | (low == 0) if sign else high != 0
    wire huge_eq = value[62:40] == 23'h7fffff;
    wire huge_xor = ~huge_eq;
    wire huge_eq_2 = value[39:0] == 40'h0;
    wire huge_or = huge_xor | huge_eq_2;
    wire huge_eq_3 = value[62:40] == 23'h0;
    wire huge_xor_2 = ~huge_eq_3;
    wire huge = sign ? huge_or : huge_xor_2;
    // convert.py:54: moved = bits(x, w - 1, w - step) == 0
    wire moved = magnitude_select[39:24] == 16'd0;
    // convert.py:55: stay = bits(x, w - 1, w - keep)
    wire [26:0] stay = magnitude_select[39:13];
    // convert.py:56: lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    wire lost_eq = magnitude_select[12:0] == 13'd0;
    wire lost_xor = ~lost_eq;
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire [23:0] bits = magnitude_select[23:0];
    reg sign_q1;
    reg huge_q1;
    reg moved_q1;
    reg [26:0] stay_q1;
    reg lost_xor_q1;
    reg [23:0] bits_q1;

    always @(posedge clk) begin
        if(ce) begin
            sign_q1 <= sign;
            huge_q1 <= huge;
            moved_q1 <= moved;
            stay_q1 <= stay;
            lost_xor_q1 <= lost_xor;
            bits_q1 <= bits;
        end
    end

    // ---- stage 2 of 5
    // convert.py:56: lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    wire lost_xor_2 = ~moved_q1;
    wire lost = lost_xor_q1 & lost_xor_2;
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire [26:0] shl = {bits_q1, 3'd0};
    wire [26:0] x16 = moved_q1 ? shl : stay_q1;
    // convert.py:54: moved = bits(x, w - 1, w - step) == 0
    wire moved_2 = x16[26:19] == 8'd0;
    // convert.py:56: lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    wire lost_eq_2 = x16[7:0] == 8'd0;
    wire lost_xor_3 = ~lost_eq_2;
    wire lost_xor_4 = ~moved_2;
    wire lost_2 = lost_xor_3 & lost_xor_4;
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire [18:0] x8 = moved_2 ? x16[18:0] : x16[26:8];
    wire sticky8 = lost | lost_2;
    // convert.py:54: moved = bits(x, w - 1, w - step) == 0
    wire moved_3 = x8[18:15] == 4'd0;
    // convert.py:56: lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    wire lost_eq_3 = x8[3:0] == 4'd0;
    wire lost_xor_5 = ~lost_eq_3;
    wire lost_xor_6 = ~moved_3;
    wire lost_3 = lost_xor_5 & lost_xor_6;
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire [14:0] x4 = moved_3 ? x8[14:0] : x8[18:4];
    // convert.py:54: moved = bits(x, w - 1, w - step) == 0
    wire [1:0] moved_bits = x4[14:13];
    // convert.py:55: stay = bits(x, w - 1, w - keep)
    wire [12:0] stay_2 = x4[14:2];
    // convert.py:56: lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    wire [1:0] lost_bits = x4[1:0];
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire [12:0] bits_2 = x4[12:0];
    reg sign_q2;
    reg huge_q2;
    reg moved_q2;
    reg moved_2_q2;
    reg sticky8_q2;
    reg moved_3_q2;
    reg lost_3_q2;
    reg [1:0] moved_bits_q2;
    reg [12:0] stay_2_q2;
    reg [1:0] lost_bits_q2;
    reg [12:0] bits_2_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            huge_q2 <= huge_q1;
            moved_q2 <= moved_q1;
            moved_2_q2 <= moved_2;
            sticky8_q2 <= sticky8;
            moved_3_q2 <= moved_3;
            lost_3_q2 <= lost_3;
            moved_bits_q2 <= moved_bits;
            stay_2_q2 <= stay_2;
            lost_bits_q2 <= lost_bits;
            bits_2_q2 <= bits_2;
        end
    end

    // ---- stage 3 of 5
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire sticky4 = sticky8_q2 | lost_3_q2;
    // convert.py:54: moved = bits(x, w - 1, w - step) == 0
    wire moved_4 = moved_bits_q2 == 2'd0;
    // convert.py:56: lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    wire lost_eq_4 = lost_bits_q2 == 2'd0;
    wire lost_xor_7 = ~lost_eq_4;
    wire lost_xor_8 = ~moved_4;
    wire lost_4 = lost_xor_7 & lost_xor_8;
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire [12:0] x2 = moved_4 ? bits_2_q2 : stay_2_q2;
    wire sticky2 = sticky4 | lost_4;
    // convert.py:54: moved = bits(x, w - 1, w - step) == 0
    wire moved_5 = ~x2[12];
    // convert.py:56: lost = (bits(x, w - keep - 1, 0) != 0) & (not moved)
    wire lost_5 = x2[0] & x2[12];
    // convert.py:57: return bits(x, w - step - 1, 0) << (keep - w + step) if moved else stay, sticky | lost, moved
    wire [11:0] x1 = x2[12] ? x2[12:1] : x2[11:0];
    wire sticky1 = sticky2 | lost_5;
    // convert.py:78: zeros = cat((by16, 1), (by8, 1), (by4, 1), (by2, 1), (by1, 1))
    wire [4:0] zeros = {moved_q2, moved_2_q2, moved_3_q2, moved_4, moved_5};
    // convert.py:79: result, overflow = round_pack(sign, (1 << e) - 2 - zeros, cat((x1, f + 2), (sticky1, 1)), e=e, f=f, w=f + 3)
    wire [5:0] sub = 6'd30 - {1'd0, zeros};
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = x1[1] | sticky1;
    wire increment = x1[0] & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field_add = {sub, x1[10:1]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~x1[11];
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
    // convert.py:80: largest = cat((sign, 1), ((((1 << e) - 2) << f) + (1 << f) - 1, e + f))
    wire [15:0] largest = {sign_q4, 15'd31743};
    // convert.py:81: return largest if huge else result, huge | overflow
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
endmodule
`default_nettype wire
