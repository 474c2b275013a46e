// npu_engine: one tile engine, an integer dot product for each row of a tile, LANES elements of it a cycle.
// Contract: operands of a tile's N / L cycles follow one another; first and last come LAT_DOT - 1 cycles behind the
// first and the last of them. In the cycle of last the dot products of all rows are on m_dot, which is 0 otherwise: the
// outputs of engines that never finish together are joined by OR.
// Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_engine #(
    parameter NATIVE_DIM = 8,              // N: rows, elements of a row
    parameter LANES      = 2,              // L: elements of a row a cycle
    parameter WEIGHT_W   = 6,              // bits of a mantissa, sign included
    parameter ACT_W      = 6,
    parameter DOT_W      = 15              // bits of a row's dot product
) (
    input  wire                                 clk,
    input  wire [NATIVE_DIM*LANES*WEIGHT_W-1:0] s_weights,   // row 0 in the low bits
    input  wire [LANES*ACT_W-1:0]               s_act,       // the same elements for every row
    input  wire                                 first,       // a tile's first products are summed
    input  wire                                 last,        // and its last
    output wire [NATIVE_DIM*DOT_W-1:0]          m_dot        // signed, row 0 in the low bits
);
    genvar row;
    generate
        for (row = 0; row < NATIVE_DIM; row = row + 1) begin : g_row
            npu_row #(
                .LANES(LANES), .WEIGHT_W(WEIGHT_W), .ACT_W(ACT_W), .DOT_W(DOT_W)
            ) row_i (
                .clk(clk),
                .s_weights(s_weights[row*LANES*WEIGHT_W +: LANES*WEIGHT_W]),
                .s_act(s_act),
                .first(first),
                .last(last),
                .m_dot(m_dot[row*DOT_W +: DOT_W])
            );
        end
    endgenerate
endmodule
`default_nettype wire
