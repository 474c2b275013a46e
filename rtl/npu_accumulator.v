// npu_accumulator: one lane behind the engines: integer to fp32, a sum for each engine, fp32 to float16.
// Contract: a dot product enters a cycle, its exponents a cycle before; LAT_CONVERT later it is added to the sum of `entry`, or begins it (zero);
// LAT_ACC later the sum is kept if sum_valid; LAT_ROUND later it is on m_data. Dot products of one entry are at least
// N / L cycles apart.  Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_accumulator #(
    parameter ENGINES = 4,                 // sums
    parameter ENTRY_W = 2,
    parameter DOT_W   = 15,
    parameter FORWARD = 1                  // LAT_ACC = N / L: the next summand of an entry meets its sum at the adder
) (
    input  wire               clk,
    input  wire [DOT_W-1:0]   s_dot,       // signed
    input  wire [7:0]         s_weight_exponent,  // signed: the summand is s_dot * 2^(sum of both)
    input  wire [9:0]         s_exponent,
    input  wire [ENTRY_W-1:0] entry,       // LAT_CONVERT later: sum that the summand belongs to
    input  wire               zero,        // and is the first of
    input  wire               sum_valid,   // LAT_ACC later: the sum is kept
    input  wire [ENTRY_W-1:0] sum_entry,
    output wire [15:0]        m_data,
    output wire               term_over,   // saturated: summand, sum, result, each when it appears
    output wire               sum_over,
    output wire               data_over
);
    // x + -0 = x for every x, zeros of both signs too: a sum begins there.
    localparam [31:0] MINUS_ZERO = 32'h80000000;

    wire [31:0] term, sum;
    reg  [31:0] sums [0:ENGINES-1];
    reg  [9:0]  exponent_q;
    wire        meets = FORWARD != 0 && sum_valid && sum_entry == entry;
    wire [31:0] from = zero ? MINUS_ZERO : meets ? sum : sums[entry];

    always @(posedge clk)
        exponent_q <= {{2{s_weight_exponent[7]}}, s_weight_exponent} + s_exponent;

    k_int_to_f32 convert_i (
        .clk(clk),
        .value({{(32-DOT_W){s_dot[DOT_W-1]}}, s_dot}),
        .exponent(exponent_q),
        .result(term),
        .overflow(term_over)
    );

    k_f32_add add_i (
        .clk(clk),
        .a(from),
        .b(term),
        .sum(sum),
        .overflow(sum_over)
    );

    always @(posedge clk)
        if (sum_valid)
            sums[sum_entry] <= sum;

    k_f32_to_f16 round_i (
        .clk(clk),
        .a(sum),
        .result(m_data),
        .overflow(data_over)
    );
endmodule
`default_nettype wire
