// npu_accumulators: N lanes of convert, accumulate, round; one bank of N sums for each engine.
// Contract: that of npu_accumulator, for all lanes at once.  Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_accumulators #(
    parameter NATIVE_DIM = 8,
    parameter ENGINES    = 4,
    parameter ENTRY_W    = 2,
    parameter DOT_W      = 15,
    parameter FORWARD    = 1
) (
    input  wire                        clk,
    input  wire [NATIVE_DIM*DOT_W-1:0] s_dot,        // lane 0 in the low bits, as in every bus here
    input  wire [NATIVE_DIM*8-1:0]     s_weight_exponent,
    input  wire [9:0]                  s_exponent,   // what every lane adds to it
    input  wire [ENTRY_W-1:0]          entry,
    input  wire                        zero,
    input  wire                        sum_valid,
    input  wire [ENTRY_W-1:0]          sum_entry,
    output wire [NATIVE_DIM*16-1:0]    m_data,
    output wire                        term_over,    // some lane saturated
    output wire                        sum_over,
    output wire                        data_over
);
    wire [NATIVE_DIM-1:0] term_overs, sum_overs, data_overs;

    assign term_over = |term_overs;
    assign sum_over  = |sum_overs;
    assign data_over = |data_overs;

    genvar lane;
    generate
        for (lane = 0; lane < NATIVE_DIM; lane = lane + 1) begin : g_lane
            npu_accumulator #(
                .ENGINES(ENGINES), .ENTRY_W(ENTRY_W), .DOT_W(DOT_W), .FORWARD(FORWARD)
            ) lane_i (
                .clk(clk),
                .s_dot(s_dot[lane*DOT_W +: DOT_W]),
                .s_weight_exponent(s_weight_exponent[lane*8 +: 8]),
                .s_exponent(s_exponent),
                .entry(entry),
                .zero(zero),
                .sum_valid(sum_valid),
                .sum_entry(sum_entry),
                .m_data(m_data[lane*16 +: 16]),
                .term_over(term_overs[lane]),
                .sum_over(sum_overs[lane]),
                .data_over(data_overs[lane])
            );
        end
    endgenerate
endmodule
`default_nettype wire
