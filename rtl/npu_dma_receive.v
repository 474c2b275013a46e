// npu_dma_receive: native vectors out of DRAM beats and out of NetInQ beats, subnormals flushed.
//
// Contract: DRAM beats belong to the bursts that b_* told of, in order; r_done is high with the last beat of a move.
// NetInQ beats are taken from the cycle of start on, ⌈bytes / NET_BYTES⌉ of them; net_done with the last, taking while
// some are to come after this cycle. A vector is there in the cycle after its last beat. Test: tests/rtl/test_npu_dma.py
`default_nettype none
module npu_dma_receive #(
    parameter V_BYTES   = 16,              // of a vector
    parameter NET_BYTES = 8,               // a power of two
    parameter AXI_BYTES = 8,
    parameter V_W       = 8 * V_BYTES
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   halt,          // take and give nothing; DRAM beats are dropped
    input  wire                   b_valid,       // a read burst is granted
    output wire                   b_ready,
    input  wire [63:0]            b_addr,
    input  wire [12:0]            b_bytes,
    input  wire [25:0]            b_tag,         // instruction word; it loads the chip; last of its move
    input  wire                   r_valid,
    output wire                   r_ready,
    input  wire [8*AXI_BYTES-1:0] r_data,
    output wire [23:0]            r_word,        // instruction word of this beat
    output wire                   r_done,
    output wire                   r_done_load,
    output wire                   r_m_valid,
    input  wire                   r_m_ready,
    output wire [V_W-1:0]         r_m_data,
    input  wire                   start,         // a move from NetInQ
    input  wire [31:0]            l_count,       // its vectors
    output wire                   taking,
    output wire                   net_done,
    input  wire                   s_net_valid,
    output wire                   s_net_ready,
    input  wire [8*NET_BYTES-1:0] s_net_data,
    output wire                   n_m_valid,
    input  wire                   n_m_ready,
    output wire [V_W-1:0]         n_m_data
);
    localparam V_LOW = V_BYTES & (~V_BYTES + 1);                   // largest power of two that divides it

    // ---- DRAM
    localparam LEAST  = AXI_BYTES < 64 ? AXI_BYTES : 64;
    localparam UNIT   = V_LOW < LEAST ? V_LOW : LEAST;             // bytes
    localparam BEAT_N = AXI_BYTES / UNIT;
    localparam V_N    = V_BYTES / UNIT;
    localparam C_W    = $clog2(BEAT_N + V_N);
    wire [C_W-1:0] skip, count, r_held;
    wire [25:0]    tag;
    wire           gear_ready, beat_last, beat_valid;
    wire [V_W-1:0] r_raw, n_raw, r_late, n_late;
    wire           r_fresh, r_fresh_ready;
    wire           beat = r_valid && r_ready && !halt;
    assign r_ready     = (beat_valid && gear_ready) || halt;
    assign r_word      = tag[25:2];
    assign r_done      = beat && beat_last && tag[0];
    assign r_done_load = r_done && tag[1];
    npu_beats #(.AXI_BYTES(AXI_BYTES), .UNIT_W(8 * UNIT), .DEPTH(64), .TAG_W(26), .C_W(C_W)) beats_i (
        .clk(clk), .rst(rst),
        .s_valid(b_valid), .s_ready(b_ready), .s_addr(b_addr), .s_bytes(b_bytes), .s_tag(b_tag),
        .m_valid(beat_valid), .m_ready(beat), .m_skip(skip), .m_count(count), .m_last(beat_last), .m_tag(tag));
    npu_gearbox #(.UNIT_W(8 * UNIT), .IN_N(BEAT_N), .OUT_N(V_N)) dram_i (
        .clk(clk), .rst(rst),
        .s_valid(beat), .s_ready(gear_ready), .s_data(r_data), .s_skip(skip), .s_count(count),
        .m_valid(r_fresh), .m_ready(r_fresh_ready), .m_take(V_N[C_W-1:0]), .m_data(r_raw), .held(r_held));
    // a few vectors may wait for a memory whose banks are busy, so that the bus does not
    npu_fifo #(.WIDTH(V_W), .DEPTH(4), .BYPASS(1)) dram_wait_i (
        .clk(clk), .rst(rst), .s_valid(r_fresh), .s_ready(r_fresh_ready), .s_data(r_raw),
        .m_valid(r_m_valid), .m_ready(r_m_ready), .m_data(r_late));
    npu_flush #(.LANES(V_W / 16)) r_flush_i (.s_data(r_late), .m_data(r_m_data));

    // ---- NetInQ
    localparam N_UNIT = V_LOW < NET_BYTES ? V_LOW : NET_BYTES;     // bytes
    localparam N_IN   = NET_BYTES / N_UNIT;
    localparam N_OUT  = V_BYTES / N_UNIT;
    localparam N_C    = $clog2(N_IN + N_OUT);
    localparam [47:0] MOST = {16'd0, N_IN[31:0]}, EACH = {16'd0, N_OUT[31:0]};
    reg  [47:0]    left_q;                                         // units
    wire [47:0]    left = start ? {16'd0, l_count} * EACH : left_q;
    wire [47:0]    part = left < MOST ? left : MOST;
    wire           net_ready, n_valid, n_ready;
    wire [N_C-1:0] n_held;
    wire           take = s_net_valid && s_net_ready;
    assign taking      = left_q != 48'd0;
    assign s_net_ready = (start || taking) && net_ready && !halt;
    assign net_done    = take && left <= MOST;
    npu_gearbox #(.UNIT_W(8 * N_UNIT), .IN_N(N_IN), .OUT_N(N_OUT)) net_i (
        .clk(clk), .rst(rst),
        .s_valid(take), .s_ready(net_ready), .s_data(s_net_data),
        .s_skip({N_C{1'b0}}), .s_count(part[N_C-1:0]),
        .m_valid(n_valid), .m_ready(n_ready), .m_take(N_OUT[N_C-1:0]), .m_data(n_raw), .held(n_held));
    // vectors of DRAM go first where both are there: a few wait here, so that NetInQ does not
    npu_fifo #(.WIDTH(V_W), .DEPTH(4), .BYPASS(1)) net_wait_i (
        .clk(clk), .rst(rst), .s_valid(n_valid), .s_ready(n_ready), .s_data(n_raw),
        .m_valid(n_m_valid), .m_ready(n_m_ready), .m_data(n_late));
    npu_flush #(.LANES(V_W / 16)) n_flush_i (.s_data(n_late), .m_data(n_m_data));

    always @(posedge clk)
        left_q <= rst ? 48'd0 : take ? left - part : left;

    wire unused_bits = &{1'b0, r_held, n_held, part};
endmodule
`default_nettype wire
