// npu_dram: the AXI4 master. Grants DRAM turns to the two DMA engines and carries their bursts.
//
// Turns (docs/architecture.md 5.4): the channel is kept as a clock of its own, exact in ticks of 1 / RATE_NUM cycle; a
// turn of b bytes occupies it for b * RATE_DEN ticks. The next turn is granted in the cycle in which the channel
// becomes free, to the queue that was not served last if both ask. Bursts of a granted turn follow one a cycle. The
// memory therefore never holds more than it can serve, and the order of turns is decided as late as possible.
//
// Contract: *_q_valid does not fall before *_q_ready, which grants one burst; bursts stay inside 4 KiB and 256 beats. A
// burst is on AR or AW in the cycle of its grant. Reads of one client keep their order; r_ready low stalls the bus.
// Write data follow the grants in order, *_wd_valid only for granted bursts, also in the cycle of the grant.
// aruser and awuser, which a controller may ignore: bits 12:0 bytes of the burst, bit 13 it continues a turn.
// stop or clear: nothing more is granted, data read are dropped, bursts on their way end with strobes 0; idle tells
// when none is left. A clear before that takes effect at once but holds grants back until then.
// Test: tests/rtl/test_npu_dma.py, test_npu_dma_bus.py
`default_nettype none
module npu_dram #(
    parameter AXI_BYTES = 8,               // width of the data bus, a power of two, 8..128
    parameter RATE_NUM  = 8,               // bytes a cycle that DRAM sustains: RATE_NUM / RATE_DEN
    parameter RATE_DEN  = 1
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,
    input  wire                   stop,
    output wire                   idle,            // no burst is on its way
    output wire [12:0]            read_bytes,      // bytes of the burst granted in this cycle, 0 if none
    output wire [12:0]            write_bytes,
    // weight DMA
    input  wire                   w_q_valid,
    output wire                   w_q_ready,
    input  wire [63:0]            w_q_addr,        // AXI address of the first byte
    input  wire [12:0]            w_q_bytes,       // of the burst, 1..4096
    input  wire                   w_q_first,       // first burst of a turn
    input  wire                   w_q_last,        // last burst of a turn
    input  wire [31:0]            w_q_turn,        // with w_q_first: bytes of the turn
    output wire                   w_r_valid,
    input  wire                   w_r_ready,
    output wire                   w_r_error,
    output wire [8*AXI_BYTES-1:0] w_r_data,
    // vector DMA
    input  wire                   v_q_valid,
    output wire                   v_q_ready,
    input  wire                   v_q_write,
    input  wire [63:0]            v_q_addr,
    input  wire [12:0]            v_q_bytes,
    input  wire                   v_q_first,
    input  wire                   v_q_last,
    input  wire [31:0]            v_q_turn,
    output wire                   v_ended,         // the channel's time of the last turn granted is over
    output wire                   v_r_valid,
    input  wire                   v_r_ready,
    output wire                   v_r_error,
    output wire [8*AXI_BYTES-1:0] v_r_data,
    input  wire                   v_wd_valid,
    output wire                   v_wd_ready,
    input  wire [8*AXI_BYTES-1:0] v_wd_data,
    input  wire [AXI_BYTES-1:0]   v_wd_strb,
    output wire                   v_b_valid,       // a write burst has been answered
    output wire                   v_b_error,
    // AXI4
    output wire                   m_axi_arvalid,
    input  wire                   m_axi_arready,
    output wire [0:0]             m_axi_arid,      // 0 weights, 1 vectors
    output wire [63:0]            m_axi_araddr,
    output wire [7:0]             m_axi_arlen,
    output wire [2:0]             m_axi_arsize,
    output wire [1:0]             m_axi_arburst,
    output wire [13:0]            m_axi_aruser,
    input  wire                   m_axi_rvalid,
    output wire                   m_axi_rready,
    input  wire [0:0]             m_axi_rid,
    input  wire [8*AXI_BYTES-1:0] m_axi_rdata,
    input  wire [1:0]             m_axi_rresp,
    input  wire                   m_axi_rlast,
    output wire                   m_axi_awvalid,
    input  wire                   m_axi_awready,
    output wire [0:0]             m_axi_awid,
    output wire [63:0]            m_axi_awaddr,
    output wire [7:0]             m_axi_awlen,
    output wire [2:0]             m_axi_awsize,
    output wire [1:0]             m_axi_awburst,
    output wire [13:0]            m_axi_awuser,
    output wire                   m_axi_wvalid,
    input  wire                   m_axi_wready,
    output wire [8*AXI_BYTES-1:0] m_axi_wdata,
    output wire [AXI_BYTES-1:0]   m_axi_wstrb,
    output wire                   m_axi_wlast,
    input  wire                   m_axi_bvalid,
    output wire                   m_axi_bready,
    input  wire [0:0]             m_axi_bid,
    input  wire [1:0]             m_axi_bresp
);
    localparam SIZE = $clog2(AXI_BYTES);
    localparam [63:0] CYCLE = {32'd0, RATE_NUM[31:0]};     // ticks
    localparam [63:0] BYTE  = {32'd0, RATE_DEN[31:0]};

    // ---- bursts on their way
    reg  [15:0] reads_q, writes_q;
    reg         drain_q;                           // cleared while bursts were on their way
    wire        drop = stop || drain_q;
    assign idle = reads_q == 16'd0 && writes_q == 16'd0;

    // ---- the channel: how long it is occupied from this cycle on
    reg  [63:0] free_q, ended_q;                   // by all turns; by the vector queue's
    reg         mid_q, mid_v_q;                    // a turn has bursts left; it is the vector queue's
    reg         last_w_q;                          // the weight queue was served last
    wire        pick_v = mid_q ? mid_v_q : (v_q_valid && (last_w_q || !w_q_valid));
    wire        p_valid = pick_v ? v_q_valid : w_q_valid;
    wire        p_write = pick_v && v_q_write;
    wire [63:0] p_addr  = pick_v ? v_q_addr  : w_q_addr;
    wire [12:0] p_bytes = pick_v ? v_q_bytes : w_q_bytes;
    wire        p_first = pick_v ? v_q_first : w_q_first;
    wire        p_last  = pick_v ? v_q_last  : w_q_last;
    wire [31:0] p_turn  = pick_v ? v_q_turn  : w_q_turn;
    wire        ar_held, aw_held, lengths_ready;
    wire        room = p_write ? !aw_held && lengths_ready && !(&writes_q) : !ar_held && !(&reads_q);
    wire        grant = p_valid && !drop && room && (mid_q || free_q < CYCLE);
    wire [63:0] until_d = free_q + (grant && p_first ? {32'd0, p_turn} * BYTE : 64'd0);

    assign v_q_ready = grant && pick_v;
    assign w_q_ready = grant && !pick_v;
    assign v_ended   = ended_q == 64'd0;
    assign read_bytes  = grant && !p_write ? p_bytes : 13'd0;
    assign write_bytes = grant && p_write ? p_bytes : 13'd0;

    always @(posedge clk) begin
        free_q <= until_d > CYCLE ? until_d - CYCLE : 64'd0;
        if (grant && p_first && pick_v)
            ended_q <= until_d > CYCLE ? until_d - CYCLE : 64'd0;
        else
            ended_q <= ended_q > CYCLE ? ended_q - CYCLE : 64'd0;
        if (grant) begin
            mid_q    <= !p_last;
            mid_v_q  <= pick_v;
            last_w_q <= !pick_v;
        end
        if (rst || clear) begin
            free_q   <= 64'd0;
            ended_q  <= 64'd0;
            mid_q    <= 1'b0;
            mid_v_q  <= 1'b0;
            last_w_q <= 1'b0;
        end
    end

    // ---- AR and AW: the grant itself, or what the memory has not yet taken
    wire [12:0] span  = (p_bytes - 13'd1 + {{(13-SIZE){1'b0}}, p_addr[SIZE-1:0]}) >> SIZE;   // beats but one
    wire [7:0]  len   = span[7:0];
    wire [85:0] burst = {p_addr, len, !p_first, p_bytes};
    npu_skid #(.WIDTH(87)) ar_i (
        .clk(clk), .rst(rst),
        .s_valid(grant && !p_write), .s_data({pick_v, burst}), .held(ar_held),
        .m_valid(m_axi_arvalid), .m_ready(m_axi_arready),
        .m_data({m_axi_arid, m_axi_araddr, m_axi_arlen, m_axi_aruser}));
    npu_skid #(.WIDTH(87)) aw_i (
        .clk(clk), .rst(rst),
        .s_valid(grant && p_write), .s_data({pick_v, burst}), .held(aw_held),
        .m_valid(m_axi_awvalid), .m_ready(m_axi_awready),
        .m_data({m_axi_awid, m_axi_awaddr, m_axi_awlen, m_axi_awuser}));
    assign m_axi_arsize  = SIZE[2:0];
    assign m_axi_arburst = 2'b01;
    assign m_axi_awsize  = SIZE[2:0];
    assign m_axi_awburst = 2'b01;

    // ---- R
    wire to_v = m_axi_rid[0];
    assign v_r_valid = m_axi_rvalid && to_v && !drop;
    assign w_r_valid = m_axi_rvalid && !to_v && !drop;
    assign m_axi_rready = drop || (m_axi_rvalid && (to_v ? v_r_ready : w_r_ready));
    assign v_r_error = m_axi_rresp[1];
    assign w_r_error = m_axi_rresp[1];
    assign v_r_data  = m_axi_rdata;
    assign w_r_data  = m_axi_rdata;

    // ---- W: beats of granted bursts
    wire       lengths_valid;
    wire [7:0] length;
    reg  [7:0] beat_q;
    reg        offered_q;                          // the client's beat waits for the memory and must not change
    wire       client  = !drop || offered_q;
    wire       w_sent  = m_axi_wvalid && m_axi_wready;
    assign m_axi_wvalid = lengths_valid && (!client || v_wd_valid);
    assign m_axi_wlast  = m_axi_wvalid && beat_q == length;
    assign m_axi_wdata  = m_axi_wvalid && client ? v_wd_data : {8*AXI_BYTES{1'b0}};
    assign m_axi_wstrb  = m_axi_wvalid && client ? v_wd_strb : {AXI_BYTES{1'b0}};
    assign v_wd_ready   = lengths_valid && client && m_axi_wready;
    npu_fifo #(.WIDTH(8), .DEPTH(16), .BYPASS(1)) lengths_i (
        .clk(clk), .rst(rst),
        .s_valid(grant && p_write), .s_ready(lengths_ready), .s_data(len),
        .m_valid(lengths_valid), .m_ready(w_sent && m_axi_wlast), .m_data(length));

    // ---- B
    assign m_axi_bready = 1'b1;
    assign v_b_valid = m_axi_bvalid && !drop;
    assign v_b_error = m_axi_bresp[1];

    wire read_done  = m_axi_rvalid && m_axi_rready && m_axi_rlast;
    wire write_done = m_axi_bvalid;
    always @(posedge clk) begin
        if (w_sent)
            beat_q <= m_axi_wlast ? 8'd0 : beat_q + 8'd1;
        offered_q <= m_axi_wvalid && !m_axi_wready && client;
        reads_q   <= reads_q + {15'd0, grant && !p_write} - {15'd0, read_done};
        writes_q  <= writes_q + {15'd0, grant && p_write} - {15'd0, write_done};
        if (clear)
            drain_q <= !idle;
        else if (idle)
            drain_q <= 1'b0;
        if (rst) begin
            beat_q    <= 8'd0;
            offered_q <= 1'b0;
            reads_q   <= 16'd0;
            writes_q  <= 16'd0;
            drain_q   <= 1'b0;
        end
    end

    wire unused_bits = &{1'b0, m_axi_bid, m_axi_bresp[0], m_axi_rresp[0], span[12:8]};
endmodule
`default_nettype wire
