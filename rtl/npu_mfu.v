// npu_mfu: a multifunction unit: multiply, add/subtract/maximum and unary function of a stream of native vectors.
//
// Contract: one vector a cycle, constant latency LAT_MUL + LAT_ADD + LAT_ACT; the controls enter with the vector, the
// operand of the multiplier too, that of the adder LAT_MUL later.  overflow pulses for vectors with s_valid, in stages
// that they use.  Test: tests/rtl/test_npu_mfu.py
`default_nettype none
`include "npu_chain.vh"
module npu_mfu #(
    parameter NATIVE_DIM   = 8,
    parameter LAT_MUL      = 3,
    parameter LAT_ADD      = 4,
    parameter LAT_ACT      = 3,
    parameter SIGMOID_TANH = 1,
    parameter V_W          = 16 * NATIVE_DIM
) (
    input  wire           clk,
    input  wire           rst,             // synchronous, high
    input  wire           s_valid,
    input  wire           s_mul,           // multiply
    input  wire [2:0]     s_as,            // NPU_AS_*
    input  wire [2:0]     s_act,           // NPU_ACT_*
    input  wire [15:0]    s_a,             // immediates of the unary function
    input  wire [15:0]    s_b,
    input  wire [V_W-1:0] s_data,
    input  wire [V_W-1:0] s_mul_data,
    input  wire [V_W-1:0] s_add_data,      // LAT_MUL cycles later
    output wire [V_W-1:0] m_data,
    output reg            overflow
);
    localparam [15:0] ONE = 16'h3c00, MINUS_ZERO = 16'h8000, LOWEST = 16'hfbff, HIGHEST = 16'h7bff;

    // ---- controls beside the stages: add (in, out), act (in, out)
    wire [2:0]  as_in, as_out, act_in, act_out;
    wire [15:0] a_in, b_in;
    npu_delay #(.WIDTH(3), .CYCLES(LAT_MUL)) as_i (.clk(clk), .s_data(s_as), .m_data(as_in));
    npu_delay #(.WIDTH(3), .CYCLES(LAT_ADD)) as_out_i (.clk(clk), .s_data(as_in), .m_data(as_out));
    npu_delay #(.WIDTH(35), .CYCLES(LAT_MUL + LAT_ADD)) act_i (
        .clk(clk), .s_data({s_act, s_a, s_b}), .m_data({act_in, a_in, b_in})
    );
    npu_delay #(.WIDTH(3), .CYCLES(LAT_ACT)) act_out_i (.clk(clk), .s_data(act_in), .m_data(act_out));

    reg [LAT_MUL+LAT_ADD+LAT_ACT:1] valid_q;     // bit k: an element entered k cycles ago
    always @(posedge clk)
        valid_q <= rst ? {(LAT_MUL + LAT_ADD + LAT_ACT){1'b0}} : {valid_q[LAT_MUL+LAT_ADD+LAT_ACT-1:1], s_valid};

    // ---- what each stage does, the same in every lane
    wire as_none  = as_in == `NPU_AS_NONE;
    wire as_minus = as_in == `NPU_AS_A_SUB_B;
    wire negate   = as_in == `NPU_AS_B_SUB_A;
    wire clips    = act_in == `NPU_ACT_CLIP;
    wire [15:0] low  = clips ? a_in : act_in == `NPU_ACT_RELU ? 16'h0000 : LOWEST;
    wire [15:0] high = clips ? b_in : HIGHEST;

    // ---- lanes
    wire [NATIVE_DIM-1:0] mul_overflow, add_overflow, act_overflow;
    genvar lane;
    generate
        for (lane = 0; lane < NATIVE_DIM; lane = lane + 1) begin : g_lane
            wire [15:0] operand = s_add_data[16*lane +: 16];
            npu_mfu_lane #(.SIGMOID_TANH(SIGMOID_TANH)) lane_i (
                .clk(clk),
                .s_data(s_data[16*lane +: 16]),
                .s_mul_b(s_mul ? s_mul_data[16*lane +: 16] : ONE),
                .s_add_b(as_none ? MINUS_ZERO : {operand[15] ^ as_minus, operand[14:0]}),
                .s_negate(negate),
                .m_max(as_out == `NPU_AS_MAX),
                .s_low(low),
                .s_high(high),
                .s_slope(a_in),
                .m_act(act_out),
                .m_data(m_data[16*lane +: 16]),
                .mul_overflow(mul_overflow[lane]),
                .add_overflow(add_overflow[lane]),
                .act_overflow(act_overflow[lane])
            );
        end
    endgenerate

    // The idle multiplier and adder never overflow; the adder beside a maximum, and the slope, may.
    always @(posedge clk)
        overflow <= !rst && ((valid_q[LAT_MUL] && |mul_overflow)
                          || (valid_q[LAT_MUL+LAT_ADD] && as_out != `NPU_AS_MAX && |add_overflow)
                          || (valid_q[LAT_MUL+LAT_ADD+LAT_ACT] && act_out == `NPU_ACT_LRELU && |act_overflow));
endmodule
`default_nettype wire
