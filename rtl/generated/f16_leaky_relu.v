// f16_leaky_relu: a · alpha where a < 0, else a (-0 stays -0).
// Generated from floats.py:125 float_leaky_relu(e=5, f=10); do not edit, run `npusim hls emit f16_leaky_relu`.
// Contract: one result a cycle, latency 5 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_leaky_relu (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    input wire [15:0] alpha,             // u[16]
    output wire m_valid,                 // s_valid, 5 cycles later
    output wire [15:0] result,           // u[16]
    output wire overflow                 // u[1]
);

    // ---- stage 1 of 5
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    wire significand_eq_2 = alpha[14:10] == 5'd0;
    wire [10:0] significand_or_2 = {1'd0, alpha[9:0]} | 11'd1024;
    wire [10:0] significand_2 = significand_eq_2 ? 11'd0 : significand_or_2;
    // floats.py:81: exponent = exp_a + exp_b - ((1 << (e - 1)) - 1) + top
    wire [5:0] exponent_add = {1'd0, a[14:10]} + {1'd0, alpha[14:10]};
    // floats.py:82: return round_pack(sign_a ^ sign_b, exponent, norm, e=e, f=f, w=2 * f + 2)
    wire xor_2 = a[15] ^ alpha[15];
    // floats.py:128: negative = bit(a, e + f) & (bits(a, e + f - 1, f) != 0)
    wire negative_xor = ~significand_eq;
    wire negative = a[15] & negative_xor;
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire [15:0] shl = {a[15], 15'd0};
    wire [15:0] select = significand_eq ? shl : a;
    reg [10:0] significand_q1;
    reg [10:0] significand_2_q1;
    reg [5:0] exponent_add_q1;
    reg xor_2_q1;
    reg negative_q1;
    reg [15:0] select_q1;

    always @(posedge clk) begin
        if(ce) begin
            significand_q1 <= significand;
            significand_2_q1 <= significand_2;
            exponent_add_q1 <= exponent_add;
            xor_2_q1 <= xor_2;
            negative_q1 <= negative;
            select_q1 <= select;
        end
    end

    // ---- stage 2 of 5
    // floats.py:78: product = sig_a * sig_b
    wire [21:0] product = {11'd0, significand_q1} * {11'd0, significand_2_q1};
    // floats.py:79: top = bit(product, 2 * f + 1)
    wire top = product[21];
    // floats.py:80: norm = product if top else bits(product << 1, 2 * f + 1, 0)
    wire [21:0] norm_shl = {product[20:0], 1'd0};
    wire [21:0] norm = top ? product : norm_shl;
    // floats.py:33: odd = bit(norm, w - 1 - f)
    wire odd = norm[11];
    // floats.py:34: guard = bit(norm, w - 2 - f)
    wire guard = norm[10];
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire [9:0] sticky_bits = norm[9:0];
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [9:0] field_bits = norm[20:11];
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~norm[21];
    reg top_q2;
    reg [5:0] exponent_add_q2;
    reg xor_2_q2;
    reg odd_q2;
    reg guard_q2;
    reg [9:0] sticky_bits_q2;
    reg [9:0] field_bits_q2;
    reg zero_eq_q2;
    reg negative_q2;
    reg [15:0] select_q2;

    always @(posedge clk) begin
        if(ce) begin
            top_q2 <= top;
            exponent_add_q2 <= exponent_add_q1;
            xor_2_q2 <= xor_2_q1;
            odd_q2 <= odd;
            guard_q2 <= guard;
            sticky_bits_q2 <= sticky_bits;
            field_bits_q2 <= field_bits;
            zero_eq_q2 <= zero_eq;
            negative_q2 <= negative_q1;
            select_q2 <= select_q1;
        end
    end

    // ---- stage 3 of 5
    // floats.py:81: exponent = exp_a + exp_b - ((1 << (e - 1)) - 1) + top
    wire [6:0] exponent_sub = {1'd0, exponent_add_q2} - 7'd15;
    wire [6:0] exponent = exponent_sub + {6'd0, top_q2};
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = sticky_bits_q2 == 10'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = odd_q2 | sticky;
    wire increment = guard_q2 & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field_add = {exponent, field_bits_q2};
    wire [16:0] field = field_add + {16'd0, increment};
    reg xor_2_q3;
    reg [16:0] field_q3;
    reg zero_eq_q3;
    reg negative_q3;
    reg [15:0] select_q3;

    always @(posedge clk) begin
        if(ce) begin
            xor_2_q3 <= xor_2_q2;
            field_q3 <= field;
            zero_eq_q3 <= zero_eq_q2;
            negative_q3 <= negative_q2;
            select_q3 <= select_q2;
        end
    end

    // ---- stage 4 of 5
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field_q3) < $signed(17'h400);
    wire zero = zero_eq_q3 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(17'h7bff) < $signed(field_q3);
    wire overflow_2 = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select = overflow_2 ? 15'd31743 : field_q3[14:0];
    wire [14:0] magnitude = zero ? 15'd0 : magnitude_select;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [15:0] product_2 = {xor_2_q3, magnitude};
    // floats.py:129: return product if negative else flush(a, e=e, f=f), overflow & negative
    wire and_2 = overflow_2 & negative_q3;
    reg [15:0] product_2_q4;
    reg negative_q4;
    reg [15:0] select_q4;
    reg and_2_q4;

    always @(posedge clk) begin
        if(ce) begin
            product_2_q4 <= product_2;
            negative_q4 <= negative_q3;
            select_q4 <= select_q3;
            and_2_q4 <= and_2;
        end
    end

    // ---- stage 5 of 5
    // floats.py:129: return product if negative else flush(a, e=e, f=f), overflow & negative
    wire [15:0] select_2 = negative_q4 ? product_2_q4 : select_q4;
    reg [15:0] select_2_q5;
    reg and_2_q5;

    always @(posedge clk) begin
        if(ce) begin
            select_2_q5 <= select_2;
            and_2_q5 <= and_2_q4;
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
    assign result = select_2_q5;
    assign overflow = and_2_q5;
endmodule
`default_nettype wire
