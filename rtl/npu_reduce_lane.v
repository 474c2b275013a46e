// npu_reduce_lane: one lane of the reduce stage: running maximum, exact running sum.
//
// The sum is a fixed-point number with unit 2^-24, the weight of the lowest bit of the smallest float16; 2^22 numbers
// below 2^16 stay below 2^62 units.  It is rounded once, by k_sum_to_f16.  The maximum compares patterns as integers:
// sign and inverted magnitude below zero, so that +0 is above -0.
//
// Contract: result of an element LAT_REDUCE cycles later; one element a cycle.  Test: tests/rtl/test_npu_reduce.py
`default_nettype none
module npu_reduce_lane #(
    parameter LAT_REDUCE = 4
) (
    input  wire        clk,
    input  wire        s_valid,
    input  wire        s_add,              // sum, else maximum
    input  wire        s_load,             // the element opens a window
    input  wire        s_seed,             // it opens the next one too
    input  wire [15:0] s_data,
    input  wire        m_add,              // with the result: it is a sum
    output wire [15:0] m_data,
    output wire        sum_overflow
);
    localparam SUM_W = 63;

    // ---- maximum; a window of one element passes it on, which is what a chain without reduce stage asks for
    reg  [15:0] best_q, larger_q;
    wire [15:0] key      = s_data[15] ? {1'b0, ~s_data[14:0]} : {1'b1, s_data[14:0]};
    wire [15:0] best_key = best_q[15] ? {1'b0, ~best_q[14:0]} : {1'b1, best_q[14:0]};
    wire [15:0] larger   = s_load || key > best_key ? s_data : best_q;

    always @(posedge clk)
        if (s_valid && !s_add) begin
            larger_q <= larger;
            best_q   <= s_seed ? s_data : larger;
        end

    // ---- sum
    reg  [SUM_W-1:0] sum_q, total_q;
    wire [39:0]      units = s_data[14:10] == 5'd0 ? 40'd0 : {29'd0, 1'b1, s_data[9:0]} << (s_data[14:10] - 5'd1);
    wire [SUM_W-1:0] fixed = s_data[15] ? -{{(SUM_W-40){1'b0}}, units} : {{(SUM_W-40){1'b0}}, units};
    wire [SUM_W-1:0] total = s_load ? fixed : sum_q + fixed;

    always @(posedge clk)
        if (s_valid && s_add) begin
            total_q <= total;
            sum_q   <= s_seed ? fixed : total;
        end

    // ---- rounding beside a delay of the same length
    wire [15:0] rounded, passed;
    k_sum_to_f16 round_i (.clk(clk), .value(total_q), .result(rounded), .overflow(sum_overflow));
    npu_delay #(.WIDTH(16), .CYCLES(LAT_REDUCE - 1)) pass_i (.clk(clk), .s_data(larger_q), .m_data(passed));
    assign m_data = m_add ? rounded : passed;
endmodule
`default_nettype wire
