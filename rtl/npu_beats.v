// npu_beats: for each beat of granted bursts, in order, which units of it are meant.
// Contract: a burst can be asked about from the cycle after it came on, with BYPASS = 1 in its own cycle; m_ready moves
// on to the next beat.  Test: tests/rtl/test_npu_dma_parts.py
`default_nettype none
module npu_beats #(
    parameter AXI_BYTES = 8,
    parameter UNIT_W    = 64,              // bits of a unit, a power of two, at most 8 * AXI_BYTES
    parameter DEPTH     = 64,              // bursts, a power of two
    parameter TAG_W     = 1,
    parameter BYPASS    = 0,
    parameter C_W       = 8                // bits of a count of units of a beat
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             s_valid,
    output wire             s_ready,
    input  wire [63:0]      s_addr,
    input  wire [12:0]      s_bytes,
    input  wire [TAG_W-1:0] s_tag,
    output wire             m_valid,
    input  wire             m_ready,
    output wire [C_W-1:0]   m_skip,        // units in front
    output wire [C_W-1:0]   m_count,
    output wire             m_last,        // last beat of the burst
    output wire [TAG_W-1:0] m_tag
);
    localparam SHIFT = $clog2(UNIT_W);
    localparam N     = 8 * AXI_BYTES / UNIT_W;     // units of a beat
    localparam L_W   = 16;                         // bits of a count of units of a burst
    localparam [L_W-1:0] BEAT = N[L_W-1:0];
    localparam SIZE  = $clog2(AXI_BYTES);

    wire [15:0]    skip_bits = {{(13-SIZE){1'b0}}, s_addr[SIZE-1:0], 3'b000};
    wire [L_W-1:0] s_skip = skip_bits >> SHIFT;
    wire [15:0]    units_bits = {s_bytes, 3'b000};
    wire [L_W-1:0] s_units = units_bits >> SHIFT;

    wire [L_W-1:0] skip, units;
    npu_fifo #(.WIDTH(2 * L_W + TAG_W), .DEPTH(DEPTH), .BYPASS(BYPASS)) bursts_i (
        .clk(clk), .rst(rst),
        .s_valid(s_valid), .s_ready(s_ready), .s_data({s_tag, s_skip, s_units}),
        .m_valid(m_valid), .m_ready(m_ready && m_last), .m_data({m_tag, skip, units}));

    reg             later_q;                       // beats of this burst have passed
    reg  [L_W-1:0]  left_q;                        // units, then
    wire [L_W-1:0]  left  = later_q ? left_q : units;
    wire [L_W-1:0]  here  = later_q ? {L_W{1'b0}} : skip;
    wire [L_W-1:0]  most  = BEAT - here;
    wire [L_W-1:0]  count = left < most ? left : most;
    assign m_skip  = here[C_W-1:0];
    assign m_count = count[C_W-1:0];
    assign m_last  = left <= most;

    always @(posedge clk)
        if (rst)
            later_q <= 1'b0;
        else if (m_valid && m_ready) begin
            later_q <= !m_last;
            left_q  <= left - count;
        end

    wire unused_bits = &{1'b0, s_addr[63:SIZE], here, count};
endmodule
`default_nettype wire
