// npu_reduce_lane: one lane of the reduce stage: running maximum, exact running sum.
//
// The sum is a fixed-point number with unit 2^-24, the weight of the lowest bit of the smallest float16; 2^22 numbers
// below 2^16 stay below 2^62 units.  It is rounded once, by k_sum_to_f16.  The maximum compares patterns as integers:
// sign and inverted magnitude below zero, so that +0 is above -0.
//
// Contract: result of an element LAT_REDUCE cycles later, at least 3: one cycle aligns, one accumulates (a shift and an
// addition of 63 bits are too much for one at 300 MHz), k_sum_to_f16 takes the rest.  One element a cycle; the marks come
// a cycle behind their element.  Test: tests/rtl/test_npu_reduce.py
`default_nettype none
module npu_reduce_lane #(
    parameter LAT_REDUCE = 4
) (
    input  wire        clk,
    input  wire [15:0] s_data,
    input  wire        mark_valid,         // a cycle behind s_data
    input  wire        mark_add,           // sum, else maximum
    input  wire        mark_load,          // the element opens a window
    input  wire        mark_seed,          // it opens the next one too
    input  wire        m_add,              // with the result: it is a sum
    output wire [15:0] m_data,
    output wire        sum_overflow
);
    localparam SUM_W = 63;

    // ---- maximum; a window of one element passes it on, which is what a chain without reduce stage asks for
    reg  [15:0] data_q, best_q, larger_q;
    wire [15:0] key      = data_q[15] ? {1'b0, ~data_q[14:0]} : {1'b1, data_q[14:0]};
    wire [15:0] best_key = best_q[15] ? {1'b0, ~best_q[14:0]} : {1'b1, best_q[14:0]};
    wire [15:0] larger   = mark_load || key > best_key ? data_q : best_q;

    always @(posedge clk) begin
        data_q <= s_data;
        if (mark_valid && !mark_add) begin
            larger_q <= larger;
            best_q   <= mark_seed ? data_q : larger;
        end
    end

    // ---- sum
    reg  [SUM_W-1:0] sum_q, total_q;
    wire             sign;
    wire [40:0]      units;
    k_f16_to_fixed align_i (.clk(clk), .a(s_data), .sign(sign), .magnitude(units));

    wire [SUM_W-1:0] flipped = {SUM_W{sign}} ^ {{(SUM_W-41){1'b0}}, units};
    wire [SUM_W-1:0] carry   = {{(SUM_W-1){1'b0}}, sign};
    wire [SUM_W-1:0] total   = (mark_load ? {SUM_W{1'b0}} : sum_q) + flipped + carry;

    always @(posedge clk)
        if (mark_valid && mark_add) begin
            total_q <= total;
            sum_q   <= mark_seed ? flipped + carry : total;
        end

    // ---- rounding beside a delay of the same length
    wire [15:0] rounded, passed;
    k_sum_to_f16 round_i (.clk(clk), .value(total_q), .result(rounded), .overflow(sum_overflow));
    npu_delay #(.WIDTH(16), .CYCLES(LAT_REDUCE - 2)) pass_i (.clk(clk), .s_data(larger_q), .m_data(passed));
    assign m_data = m_add ? rounded : passed;
endmodule
`default_nettype wire
