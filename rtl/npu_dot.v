// npu_dot: one row of one tile engine: LANES products a cycle, summed over a tile.
// Contract: the operands of a tile follow one another; first and last come LAT_DOT - 1 cycles behind the first and the
// last of them. In the cycle of last the dot product of the tile is on m_dot, which is 0 otherwise: engines never finish
// together, so their outputs are joined by OR.  Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_dot #(
    parameter LANES    = 2,
    parameter WEIGHT_W = 6,                // bits of a weight mantissa, sign included
    parameter ACT_W    = 6,
    parameter DOT_W    = 15                // bits of a row's dot product
) (
    input  wire                      clk,
    input  wire [LANES*WEIGHT_W-1:0] s_weights,
    input  wire [LANES*ACT_W-1:0]    s_act,
    input  wire                      first,
    input  wire                      last,
    output wire [DOT_W-1:0]          m_dot   // signed
);
    localparam SUM_W = WEIGHT_W + ACT_W + $clog2(LANES);

    wire [SUM_W-1:0] products;             // signed
    reg  [DOT_W-1:0] sum_q;
    wire [DOT_W-1:0] more  = {{(DOT_W-SUM_W+1){products[SUM_W-1]}}, products[SUM_W-2:0]};
    wire [DOT_W-1:0] sum_d = first ? more : sum_q + more;

    k_bfp_dot products_i (
        .clk(clk),
        .a(s_weights),
        .b(s_act),
        .sum(products)
    );

    always @(posedge clk)
        sum_q <= sum_d;

    assign m_dot = last ? sum_d : {DOT_W{1'b0}};
endmodule
`default_nettype wire
