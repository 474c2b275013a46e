// npu_reduce: the reduce stage: maximum or sum over windows of a stream of native vectors.
//
// Contract: one vector a cycle; what an element completes is on m_data LAT_REDUCE cycles later.  Windows come as marks
// of their elements (npu_walk); a chain without reduce stage marks each element as a window of its own.
// overflow pulses when the rounded sum of an output does not fit.  Test: tests/rtl/test_npu_reduce.py
`default_nettype none
`include "npu_chain.vh"
module npu_reduce #(
    parameter NATIVE_DIM = 8,
    parameter LAT_REDUCE = 4,              // 3 or more
    parameter V_W        = 16 * NATIVE_DIM
) (
    input  wire           clk,
    input  wire           rst,             // synchronous, high
    input  wire           s_valid,
    input  wire [1:0]     s_red,           // NPU_RED_*
    input  wire           s_load,          // the element opens a window: nothing before it counts
    input  wire           s_seed,          // it ends a window and opens the next
    input  wire           s_out,           // it ends a window that is an output
    input  wire [V_W-1:0] s_data,
    output wire [V_W-1:0] m_data,
    output reg            overflow
);
    wire s_add = s_red == `NPU_RED_ADD;
    wire m_add;
    npu_delay #(.WIDTH(1), .CYCLES(LAT_REDUCE)) add_i (.clk(clk), .s_data(s_add), .m_data(m_add));

    reg [LAT_REDUCE:1] out_q;              // bit k: an output was completed k cycles ago
    always @(posedge clk)
        out_q <= rst ? {LAT_REDUCE{1'b0}} : {out_q[LAT_REDUCE-1:1], s_valid && s_out};

    reg mark_valid, mark_add, mark_load, mark_seed;
    always @(posedge clk) begin
        mark_valid <= s_valid && !rst;
        mark_add   <= s_add;
        mark_load  <= s_load;
        mark_seed  <= s_seed;
    end

    wire [NATIVE_DIM-1:0] sum_overflow;
    genvar lane;
    generate
        for (lane = 0; lane < NATIVE_DIM; lane = lane + 1) begin : g_lane
            npu_reduce_lane #(.LAT_REDUCE(LAT_REDUCE)) lane_i (
                .clk(clk),
                .s_data(s_data[16*lane +: 16]),
                .mark_valid(mark_valid),
                .mark_add(mark_add),
                .mark_load(mark_load),
                .mark_seed(mark_seed),
                .m_add(m_add),
                .m_data(m_data[16*lane +: 16]),
                .sum_overflow(sum_overflow[lane])
            );
        end
    endgenerate

    always @(posedge clk)
        overflow <= !rst && out_q[LAT_REDUCE] && m_add && |sum_overflow;
endmodule
`default_nettype wire
