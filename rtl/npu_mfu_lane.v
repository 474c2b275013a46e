// npu_mfu_lane: one lane of a multifunction unit: multiply; add, subtract or maximum; unary function.
//
// A stage that a chain does not use computes something that changes nothing, so that no second path is needed beside
// the kernels: x * 1.0, x + (-0) and min(max(x, -65504), 65504) are x for every float16, zeros' signs included. And
// v_relu is v_clip with the bounds +0 and 65504.
//
// Contract: constant latency LAT_MUL + LAT_ADD + LAT_ACT; s_add_b and s_negate come LAT_MUL after s_data, m_max LAT_ADD
// later, the bounds and the slope in that cycle too, m_act LAT_ACT later.  Test: tests/rtl/test_npu_mfu.py
`default_nettype none
`include "npu_chain.vh"
module npu_mfu_lane #(
    parameter SIGMOID_TANH = 1             // 0: the machine has no sigmoid and tanh in this unit
) (
    input  wire        clk,
    input  wire [15:0] s_data,
    input  wire [15:0] s_mul_b,
    input  wire [15:0] s_add_b,            // sign flipped where the operand is subtracted
    input  wire        s_negate,           // the stream is subtracted
    input  wire        m_max,              // with the sum: take the maximum
    input  wire [15:0] s_low,              // v_clip, v_relu: bounds
    input  wire [15:0] s_high,
    input  wire [15:0] s_slope,            // v_lrelu
    input  wire [2:0]  m_act,              // with the result: NPU_ACT_*
    output wire [15:0] m_data,
    output wire        mul_overflow,       // of the element that leaves the stage
    output wire        add_overflow,
    output wire        act_overflow
);
    wire [15:0] product, sum, larger, clipped, leaky, smooth;

    k_f16_mul mul_i (.clk(clk), .a(s_data), .b(s_mul_b), .product(product), .overflow(mul_overflow));

    k_f16_add add_i (
        .clk(clk), .a({product[15] ^ s_negate, product[14:0]}), .b(s_add_b), .sum(sum), .overflow(add_overflow)
    );
    k_f16_max max_i (.clk(clk), .a(product), .b(s_add_b), .larger(larger));
    wire [15:0] added = m_max ? larger : sum;

    k_f16_clip clip_i (.clk(clk), .a(added), .lo(s_low), .hi(s_high), .result(clipped));
    k_f16_leaky_relu leaky_i (.clk(clk), .a(added), .alpha(s_slope), .result(leaky), .overflow(act_overflow));

    generate
        if (SIGMOID_TANH != 0) begin : g_smooth
            wire [15:0] sigmoid, tanh;
            k_f16_sigmoid sigmoid_i (.clk(clk), .a(added), .result(sigmoid));
            k_f16_tanh tanh_i (.clk(clk), .a(added), .result(tanh));
            assign smooth = m_act == `NPU_ACT_SIGM ? sigmoid : tanh;
        end else begin : g_plain
            assign smooth = clipped;
        end
    endgenerate

    assign m_data = m_act == `NPU_ACT_LRELU ? leaky
                  : m_act == `NPU_ACT_SIGM || m_act == `NPU_ACT_TANH ? smooth : clipped;
endmodule
`default_nettype wire
