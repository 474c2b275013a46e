// npu_tiles: which tiles of MatrixRf are written, a bit each.
// Contract: `missing` says in the cycle of a read that one of its tiles has not been completed since rst: the tile of a
// slot with shared weights, those of its first s_count engines with private weights. A tile is complete with its
// exponents, and can be read from the next cycle on. CHECK_INIT = 0 leaves the bits out.
// Test: tests/rtl/test_npu_tiles.py
`default_nettype none
module npu_tiles #(
    parameter ENGINES        = 4,
    parameter SHARED_WEIGHTS = 1,
    parameter MRF_TILES      = 16,
    parameter CHECK_INIT     = 1
) (
    input  wire        clk,
    input  wire        rst,                // synchronous, high, or a new run: nothing is written
    input  wire        w_valid,            // the last part of a tile is written
    input  wire [23:0] w_slot,
    input  wire [7:0]  w_engine,           // private weights
    input  wire        s_valid,            // tiles are about to be read
    input  wire [23:0] s_slot,
    input  wire [7:0]  s_count,            // private weights: engines at work
    output wire        missing
);
    localparam WAYS  = SHARED_WEIGHTS != 0 ? 1 : ENGINES;  // tiles of a slot
    localparam SLOTS = MRF_TILES / WAYS;
    localparam SLOT_W = SLOTS > 1 ? $clog2(SLOTS) : 1;

    generate
        if (CHECK_INIT != 0) begin : g_check
            reg  [SLOTS*WAYS-1:0] written_q;               // the tile of slot s, engine e is bit s * WAYS + e
            wire [WAYS-1:0]       here = written_q[s_slot[SLOT_W-1:0]*WAYS +: WAYS];
            wire [WAYS-1:0]       lacks;
            wire [31:0]           engine = WAYS > 1 ? {24'd0, w_engine} : 32'd0;
            genvar                way;
            for (way = 0; way < WAYS; way = way + 1) begin : g_way
                localparam [7:0] ME = way;
                assign lacks[way] = !here[way] && (WAYS == 1 || ME < s_count);
            end
            always @(posedge clk)
                if (rst)
                    written_q <= 0;
                else if (w_valid)
                    written_q[w_slot[SLOT_W-1:0]*WAYS + engine] <= 1'b1;
            assign missing = s_valid && lacks != 0;
        end else begin : g_trust
            assign missing = 1'b0;
        end
    endgenerate

    // Whoever makes a slot has compared all its bits with the number of slots.
    wire unused_bits = &{1'b0, clk, rst, w_valid, w_slot, w_engine, s_valid, s_slot, s_count};
endmodule
`default_nettype wire
