// npu_hold: keeps a block of activations for one engine and gives it out in CHUNKS parts.
// Contract: loaded in cycle t, part j is on m_data in cycle t + 1 + j.  Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_hold #(
    parameter CHUNK_W = 12,                // bits of a part
    parameter CHUNKS  = 4
) (
    input  wire                      clk,
    input  wire                      load,
    input  wire [CHUNKS*CHUNK_W-1:0] s_data,
    output wire [CHUNK_W-1:0]        m_data
);
    reg [CHUNKS*CHUNK_W-1:0] block_q;

    always @(posedge clk)
        block_q <= load ? s_data : block_q >> CHUNK_W;

    assign m_data = block_q[CHUNK_W-1:0];
endmodule
`default_nettype wire
