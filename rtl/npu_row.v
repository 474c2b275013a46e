// npu_row: one row of the matrix-vector unit: its dot products in every engine, and the lane that they end in.
// Contract: activations, first and last are those of npu_dot for each engine, the outputs those of npu_accumulator.
// Shared weights enter for engine 0 and pass on to the next engine a cycle later; private ones enter for each engine.
// Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_row #(
    parameter LANES          = 2,
    parameter ENGINES        = 4,
    parameter SHARED_WEIGHTS = 1,
    parameter WEIGHT_W       = 6,          // bits of a mantissa, sign included
    parameter ACT_W          = 6,
    parameter DOT_W          = 15,         // bits of a row's dot product
    parameter ENTRY_W        = 2,          // bits of an engine's number
    parameter FORWARD        = 1,          // see npu_accumulator
    parameter BANKS          = SHARED_WEIGHTS != 0 ? 1 : ENGINES
) (
    input  wire                            clk,
    input  wire [BANKS*LANES*WEIGHT_W-1:0] s_weights,
    input  wire [ENGINES*LANES*ACT_W-1:0]  s_acts,
    input  wire [ENGINES-1:0]              first,
    input  wire [ENGINES-1:0]              last,
    input  wire [7:0]                      s_weight_exponent,
    input  wire [9:0]                      s_exponent,
    input  wire [ENTRY_W-1:0]              entry,
    input  wire                            zero,
    input  wire                            sum_valid,
    input  wire [ENTRY_W-1:0]              sum_entry,
    output wire [15:0]                     m_data,
    output wire                            term_over,
    output wire                            sum_over,
    output wire                            data_over
);
    localparam PART_W = LANES * WEIGHT_W;

    wire [ENGINES*DOT_W-1:0] dots;         // of at most one engine not 0
    reg  [DOT_W-1:0]         dot_d, dot_q;
    integer                  i;

    genvar e;
    generate
        for (e = 0; e < ENGINES; e = e + 1) begin : g_engine
            wire [PART_W-1:0] weights;
            if (e < BANKS) begin : g_enter
                assign weights = s_weights[e*PART_W +: PART_W];
            end else begin : g_pass
                reg [PART_W-1:0] weights_q;
                always @(posedge clk)
                    weights_q <= g_engine[e-1].weights;
                assign weights = weights_q;
            end
            npu_dot #(
                .LANES(LANES), .WEIGHT_W(WEIGHT_W), .ACT_W(ACT_W), .DOT_W(DOT_W)
            ) dot_i (
                .clk(clk),
                .s_weights(weights),
                .s_act(s_acts[e*LANES*ACT_W +: LANES*ACT_W]),
                .first(first[e]),
                .last(last[e]),
                .m_dot(dots[e*DOT_W +: DOT_W])
            );
        end
    endgenerate

    always @* begin
        dot_d = dots[0 +: DOT_W];
        for (i = 1; i < ENGINES; i = i + 1)
            dot_d = dot_d | dots[i*DOT_W +: DOT_W];
    end

    always @(posedge clk)
        dot_q <= dot_d;

    npu_accumulator #(
        .ENGINES(ENGINES), .ENTRY_W(ENTRY_W), .DOT_W(DOT_W), .FORWARD(FORWARD)
    ) accumulator_i (
        .clk(clk),
        .s_dot(dot_q),
        .s_weight_exponent(s_weight_exponent),
        .s_exponent(s_exponent),
        .entry(entry),
        .zero(zero),
        .sum_valid(sum_valid),
        .sum_entry(sum_entry),
        .m_data(m_data),
        .term_over(term_over),
        .sum_over(sum_over),
        .data_over(data_over)
    );
endmodule
`default_nettype wire
