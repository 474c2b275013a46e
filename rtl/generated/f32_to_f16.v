// f32_to_f16: Round to a format with at least two fraction bits less.
// Generated from convert.py:85 float_narrow(e=8, f=23, to_e=5, to_f=10); do not edit, run `npusim hls emit f32_to_f16`.
// Contract: one result a cycle, latency 3 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f32_to_f16 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [31:0] a,                 // u[32]
    output wire m_valid,                 // s_valid, 3 cycles later
    output wire [15:0] result,           // u[16]
    output wire overflow                 // u[1]
);

    // ---- stage 1 of 3
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[30:23] == 8'd0;
    wire [23:0] significand_or = {1'd0, a[22:0]} | 24'h800000;
    wire [23:0] significand = significand_eq ? 24'h0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = a[31];
    // convert.py:88: biased = exponent - (1 << (e - 1)) + (1 << (to_e - 1))
    wire [8:0] biased = {1'd0, a[30:23]} - 9'd112;
    // floats.py:34: guard = bit(norm, w - 2 - f)
    wire guard = significand[12];
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = significand[11:0] == 12'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = significand[13] | sticky;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [18:0] field_add = {biased, significand[22:13]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~significand[23];
    reg sign_q1;
    reg guard_q1;
    reg increment_or_q1;
    reg [18:0] field_add_q1;
    reg zero_eq_q1;

    always @(posedge clk) begin
        if(ce) begin
            sign_q1 <= sign;
            guard_q1 <= guard;
            increment_or_q1 <= increment_or;
            field_add_q1 <= field_add;
            zero_eq_q1 <= zero_eq;
        end
    end

    // ---- stage 2 of 3
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment = guard_q1 & increment_or_q1;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [18:0] field = field_add_q1 + {18'h0, increment};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(19'h400);
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_lt = $signed(19'h7bff) < $signed(field);
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_bits = field[14:0];
    reg sign_q2;
    reg zero_eq_q2;
    reg zero_lt_q2;
    reg overflow_lt_q2;
    reg [14:0] magnitude_bits_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            zero_eq_q2 <= zero_eq_q1;
            zero_lt_q2 <= zero_lt;
            overflow_lt_q2 <= overflow_lt;
            magnitude_bits_q2 <= magnitude_bits;
        end
    end

    // ---- stage 3 of 3
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero = zero_eq_q2 | zero_lt_q2;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_2 = overflow_xor & overflow_lt_q2;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select = overflow_2 ? 15'd31743 : magnitude_bits_q2;
    wire [14:0] magnitude = zero ? 15'd0 : magnitude_select;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [15:0] cat = {sign_q2, magnitude};
    reg overflow_2_q3;
    reg [15:0] cat_q3;

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
endmodule
`default_nettype wire
