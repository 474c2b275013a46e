// f32_mul: Multiply: exact product of the significands, one rounding.
// Generated from floats.py:74 float_mul(e=8, f=23); do not edit, run `npusim hls emit f32_mul`.
// Contract: one result a cycle, latency 5 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f32_mul (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [31:0] a,                 // u[32]
    input wire [31:0] b,                 // u[32]
    output wire m_valid,                 // s_valid, 5 cycles later
    output wire [31:0] product,          // u[32]
    output wire overflow                 // u[1]
);

    // ---- stage 1 of 5
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[30:23] == 8'd0;
    wire [23:0] significand_or = {1'd0, a[22:0]} | 24'h800000;
    wire [23:0] significand = significand_eq ? 24'h0 : significand_or;
    wire significand_eq_2 = b[30:23] == 8'd0;
    wire [23:0] significand_or_2 = {1'd0, b[22:0]} | 24'h800000;
    wire [23:0] significand_2 = significand_eq_2 ? 24'h0 : significand_or_2;
    // floats.py:81: exponent = exp_a + exp_b - ((1 << (e - 1)) - 1) + top
    wire [8:0] exponent_add = {1'd0, a[30:23]} + {1'd0, b[30:23]};
    // floats.py:82: return round_pack(sign_a ^ sign_b, exponent, norm, e=e, f=f, w=2 * f + 2)
    wire xor_2 = a[31] ^ b[31];
    reg [23:0] significand_q1;
    reg [23:0] significand_2_q1;
    reg [8:0] exponent_add_q1;
    reg xor_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            significand_q1 <= significand;
            significand_2_q1 <= significand_2;
            exponent_add_q1 <= exponent_add;
            xor_2_q1 <= xor_2;
        end
    end

    // ---- stage 2 of 5
    // floats.py:78: product = sig_a * sig_b
    wire [47:0] product_2 = {24'h0, significand_q1} * {24'h0, significand_2_q1};
    reg [47:0] product_2_q2;
    reg [8:0] exponent_add_q2;
    reg xor_2_q2;

    always @(posedge clk) begin
        if(ce) begin
            product_2_q2 <= product_2;
            exponent_add_q2 <= exponent_add_q1;
            xor_2_q2 <= xor_2_q1;
        end
    end

    // ---- stage 3 of 5
    // floats.py:80: norm = product if top else bits(product << 1, 2 * f + 1, 0)
    wire [47:0] norm_shl = {product_2_q2[46:0], 1'd0};
    wire [47:0] norm = product_2_q2[47] ? product_2_q2 : norm_shl;
    // floats.py:81: exponent = exp_a + exp_b - ((1 << (e - 1)) - 1) + top
    wire [9:0] exponent_sub = {1'd0, exponent_add_q2} - 10'd127;
    wire [9:0] exponent = exponent_sub + {9'd0, product_2_q2[47]};
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = norm[22:0] == 23'h0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = norm[24] | sticky;
    wire increment = norm[23] & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [32:0] field_add = {exponent, norm[46:24]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~norm[47];
    reg xor_2_q3;
    reg increment_q3;
    reg [32:0] field_add_q3;
    reg zero_eq_q3;

    always @(posedge clk) begin
        if(ce) begin
            xor_2_q3 <= xor_2_q2;
            increment_q3 <= increment;
            field_add_q3 <= field_add;
            zero_eq_q3 <= zero_eq;
        end
    end

    // ---- stage 4 of 5
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [32:0] field = field_add_q3 + {32'h0, increment_q3};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(33'h800000);
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_lt = $signed(33'h7f7fffff) < $signed(field);
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_bits = field[30:0];
    reg xor_2_q4;
    reg zero_eq_q4;
    reg zero_lt_q4;
    reg overflow_lt_q4;
    reg [30:0] magnitude_bits_q4;

    always @(posedge clk) begin
        if(ce) begin
            xor_2_q4 <= xor_2_q3;
            zero_eq_q4 <= zero_eq_q3;
            zero_lt_q4 <= zero_lt;
            overflow_lt_q4 <= overflow_lt;
            magnitude_bits_q4 <= magnitude_bits;
        end
    end

    // ---- stage 5 of 5
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero = zero_eq_q4 | zero_lt_q4;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_2 = overflow_xor & overflow_lt_q4;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [30:0] magnitude_select = overflow_2 ? 31'h7f7fffff : magnitude_bits_q4;
    wire [30:0] magnitude = zero ? 31'h0 : magnitude_select;
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [31:0] cat = {xor_2_q4, magnitude};
    reg overflow_2_q5;
    reg [31:0] cat_q5;

    always @(posedge clk) begin
        if(ce) begin
            overflow_2_q5 <= overflow_2;
            cat_q5 <= cat;
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
    assign product = cat_q5;
    assign overflow = overflow_2_q5;
endmodule
`default_nettype wire
