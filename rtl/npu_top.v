// npu_top: the processor: AXI4-Lite slave (control), AXI4 master (DRAM), AXI4-Stream in (NetInQ) and out (NetOutQ).
//
//   npu_csr, npu_control ── start, stop, clear, faults, counters
//   npu_imem ─► npu_dispatch ─┬─► npu_queue ─► npu_weight_dma ──┐
//                             ├─► npu_queue ─► npu_vector_dma ──┼── npu_dram ── AXI4
//                             └─► npu_queue ─► npu_compute      │
//                                  │ tokens       │ ▲           │
//                            npu_semaphores   npu_memories ◄────┘
//
// Contract: docs/architecture.md; cycle 0 is the cycle in which word_done is first high. Parameters are the fields of
// NpuConfig in capitals; AXI_BYTES, DRAM_NUM and DRAM_DEN follow from its DRAM rate (npusim.rtl.parameters).
// Test: tests/rtl/test_npu_top.py
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_top #(
    parameter NATIVE_DIM      = 8,
    parameter LANES           = 2,
    parameter ENGINES         = 4,
    parameter SHARED_WEIGHTS  = 1,
    parameter WEIGHT_MANTISSA = 5,
    parameter ACT_MANTISSA    = 5,
    parameter MRF_TILES       = 16,
    parameter INITIAL_VRF     = 1024,      // depths in vectors
    parameter ADDSUB_VRF_0    = 256,
    parameter ADDSUB_VRF_1    = 512,
    parameter MULTIPLY_VRF_0  = 256,
    parameter MULTIPLY_VRF_1  = 256,
    parameter EXPANDER        = 256,
    parameter EXPANDER_ROWS   = 8,
    parameter IMEM_WORDS      = 4096,
    parameter QUEUE_DEPTH     = 4,
    parameter DISPATCH_INTERVAL = 1,       // cycles from word to word
    parameter DRAM_BURST      = 256,       // bytes of a turn
    parameter NET_BYTES       = 8,
    parameter AXI_BYTES       = 8,         // width of the AXI4 data bus
    parameter DRAM_NUM        = 8,         // bytes a cycle that DRAM sustains: DRAM_NUM / DRAM_DEN
    parameter DRAM_DEN        = 1,
    parameter SIGMOID_TANH_0  = 1,         // MFU0 has sigmoid and tanh
    parameter SIGMOID_TANH_1  = 1,
    parameter CHECK_INIT      = 1,         // notice reads of vectors that nothing has written
    parameter LAT_SEM         = 1,
    parameter LAT_ISSUE       = 2,
    parameter LAT_READ        = 3,
    parameter LAT_EXPAND      = 5,
    parameter LAT_BFP         = 4,
    parameter LAT_DOT         = 3,
    parameter LAT_CONVERT     = 3,
    parameter LAT_ACC         = 4,
    parameter LAT_ROUND       = 2,
    parameter LAT_MUL         = 3,
    parameter LAT_ADD         = 4,
    parameter LAT_ACT         = 3,
    parameter LAT_REDUCE      = 4,
    parameter LAT_WRITE       = 2,
    parameter LAT_DMA         = 4
) (
    input  wire                   clk,
    input  wire                   rst,             // synchronous, high

    input  wire [7:0]             s_axil_awaddr,
    input  wire [2:0]             s_axil_awprot,
    input  wire                   s_axil_awvalid,
    output wire                   s_axil_awready,
    input  wire [31:0]            s_axil_wdata,
    input  wire [3:0]             s_axil_wstrb,
    input  wire                   s_axil_wvalid,
    output wire                   s_axil_wready,
    output wire [1:0]             s_axil_bresp,
    output wire                   s_axil_bvalid,
    input  wire                   s_axil_bready,
    input  wire [7:0]             s_axil_araddr,
    input  wire [2:0]             s_axil_arprot,
    input  wire                   s_axil_arvalid,
    output wire                   s_axil_arready,
    output wire [31:0]            s_axil_rdata,
    output wire [1:0]             s_axil_rresp,
    output wire                   s_axil_rvalid,
    input  wire                   s_axil_rready,
    output wire                   irq,             // level: done or fault

    output wire [0:0]             m_axi_awid,      // 0 weights, 1 vectors
    output wire [63:0]            m_axi_awaddr,
    output wire [7:0]             m_axi_awlen,
    output wire [2:0]             m_axi_awsize,
    output wire [1:0]             m_axi_awburst,
    output wire [13:0]            m_axi_awuser,    // 12:0 bytes of the burst, 13 it continues a turn
    output wire                   m_axi_awvalid,
    input  wire                   m_axi_awready,
    output wire [8*AXI_BYTES-1:0] m_axi_wdata,
    output wire [AXI_BYTES-1:0]   m_axi_wstrb,
    output wire                   m_axi_wlast,
    output wire                   m_axi_wvalid,
    input  wire                   m_axi_wready,
    input  wire [0:0]             m_axi_bid,
    input  wire [1:0]             m_axi_bresp,
    input  wire                   m_axi_bvalid,
    output wire                   m_axi_bready,
    output wire [0:0]             m_axi_arid,
    output wire [63:0]            m_axi_araddr,
    output wire [7:0]             m_axi_arlen,
    output wire [2:0]             m_axi_arsize,
    output wire [1:0]             m_axi_arburst,
    output wire [13:0]            m_axi_aruser,
    output wire                   m_axi_arvalid,
    input  wire                   m_axi_arready,
    input  wire [0:0]             m_axi_rid,
    input  wire [8*AXI_BYTES-1:0] m_axi_rdata,
    input  wire [1:0]             m_axi_rresp,
    input  wire                   m_axi_rlast,
    input  wire                   m_axi_rvalid,
    output wire                   m_axi_rready,

    input  wire [8*NET_BYTES-1:0] s_axis_tdata,    // NetInQ
    input  wire                   s_axis_tvalid,
    output wire                   s_axis_tready,
    output wire [8*NET_BYTES-1:0] m_axis_tdata,    // NetOutQ
    output wire                   m_axis_tvalid,
    input  wire                   m_axis_tready,
    output wire                   m_axis_tlast     // end of a move
);
`include "npu_csr.vh"
    localparam Q   = `NPU_QUEUE_N;
    localparam V_W = 16 * NATIVE_DIM;
    localparam D_W = `NPU_D_W;
    localparam W_MANTISSAS = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1);
    localparam W_W = W_MANTISSAS > 8 * NATIVE_DIM ? W_MANTISSAS : 8 * NATIVE_DIM;
    localparam BUS = 8 * AXI_BYTES;

    // Chains of a queue that can be under way: those that wait, and one every three cycles in the longest pipeline.
    localparam PIPELINE = LAT_EXPAND + LAT_BFP + NATIVE_DIM / LANES + LAT_DOT + LAT_CONVERT + LAT_ACC + LAT_ROUND
                          + ENGINES + 2 * (LAT_MUL + LAT_ADD + LAT_ACT) + LAT_REDUCE + LAT_WRITE;
    localparam CHAINS = 1 << $clog2(2 * QUEUE_DEPTH + PIPELINE / 2 + 64);

    // ---- control
    wire        start_req, reset_req, clear, start, stop;
    wire        busy, done, fault, saturated, imem_we, imem_en;
    wire [31:0] cfg_words, cfg_watchdog, busy_compute_cycles, busy_vector_cycles;
    wire [63:0] cfg_dram_base, cfg_dram_size, cycles, dram_read, dram_written;
    wire [23:0] imem_waddr, imem_addr, error_word;
    wire [63:0] imem_wdata, imem_data;
    wire [3:0]  error_code;
    wire [32*Q-1:0] chains;
    assign irq = done || fault;

    // ---- dispatch, queues, completion: bit q is queue q
    wire         word_done, halt_done, empty, oldest_valid;
    wire [Q-1:0] x_valid, x_ready, q_room, p_room, u_valid, u_ready, done_valid, too_many;
    wire [D_W-1:0] x_desc;
    wire [D_W*Q-1:0] u_desc;
    wire [3*Q-1:0] done_give, token_give, token_take, token_any;
    wire [32*Q-1:0] done_seq;
    wire [24*Q-1:0] done_word;
    wire [23:0]  oldest_word, x_word;
    wire         x_fault;
    wire [3:0]   x_code;
    assign x_ready = q_room & p_room;

    // ---- units
    wire           c_fault, m_fault, wd_fault, vd_fault, overflow, busy_mm, busy_vector, bus_idle;
    wire [3:0]     c_code, m_code, wd_code, vd_code;
    wire [23:0]    c_word, m_word, wd_word, vd_word;
    wire [4:0]     rd_en, wr_en, d_valid, d_ready, d_rvalid;
    wire [5*24-1:0] rd_addr, rd_word, wr_addr, d_addr;
    wire [5*V_W-1:0] rd_data, d_rdata;
    wire [V_W-1:0] wr_data, d_wdata, xd_wdata;
    wire [31:0]    wb_seq;                                 // for traces
    wire           d_write, xd_valid, w_valid;
    wire [23:0]    d_word, xd_addr, w_slot;
    wire [7:0]     w_engine, w_chunk;
    wire [W_W-1:0] w_data;
    wire [12:0]    read_bytes, write_bytes;
    wire           wq_valid, wq_ready, wq_first, wq_last, wr_valid, wr_ready, wr_error;
    wire           vq_valid, vq_ready, vq_write, vq_first, vq_last, v_ended, vr_valid, vr_ready, vr_error;
    wire           vwd_valid, vwd_ready, vb_valid, vb_error;
    wire [63:0]    wq_addr, vq_addr;
    wire [12:0]    wq_bytes, vq_bytes;
    wire [31:0]    wq_turn, vq_turn;
    wire [BUS-1:0] wr_rdata, vr_rdata, vwd_data;
    wire [AXI_BYTES-1:0] vwd_strb;

    npu_csr #(
        .IMEM_WORDS(IMEM_WORDS)
    ) csr_i (
        .clk(clk), .rst(rst), .s_axil_awaddr(s_axil_awaddr), .s_axil_awprot(s_axil_awprot),
        .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready), .s_axil_wdata(s_axil_wdata),
        .s_axil_wstrb(s_axil_wstrb), .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready),
        .s_axil_bresp(s_axil_bresp), .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
        .s_axil_araddr(s_axil_araddr), .s_axil_arprot(s_axil_arprot), .s_axil_arvalid(s_axil_arvalid),
        .s_axil_arready(s_axil_arready), .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp),
        .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready), .start_req(start_req), .reset_req(reset_req),
        .cfg_words(cfg_words), .cfg_watchdog(cfg_watchdog), .cfg_dram_base(cfg_dram_base),
        .cfg_dram_size(cfg_dram_size), .imem_we(imem_we), .imem_addr(imem_waddr), .imem_data(imem_wdata),
        .busy(busy), .done(done), .fault(fault), .saturated(saturated), .error_code(error_code),
        .error_word(error_word), .cycles(cycles), .dram_read(dram_read), .dram_written(dram_written),
        .chains(chains), .busy_compute_cycles(busy_compute_cycles), .busy_vector_cycles(busy_vector_cycles)
    );

    // Sources of faults in order of rank: units report of older chains than dispatch.
    npu_control #(
        .SOURCES(8)
    ) control_i (
        .clk(clk), .rst(rst), .start_req(start_req), .reset_req(reset_req), .cfg_watchdog(cfg_watchdog),
        .word_done(word_done), .word_pc(x_word), .halt_done(halt_done), .done_valid(done_valid), .empty(empty),
        .oldest_valid(oldest_valid), .oldest_word(oldest_word),
        .f_valid({x_fault, too_many, vd_fault, wd_fault, m_fault, c_fault}),
        .f_code({x_code, {Q{FAULT_TOKEN_OVERFLOW}}, vd_code, wd_code, m_code, c_code}),
        .f_word({x_word, done_word, vd_word, wd_word, m_word, c_word}), .bus_idle(bus_idle), .overflow(overflow),
        .busy_mm(busy_mm), .busy_vector(busy_vector), .read_bytes(read_bytes), .write_bytes(write_bytes),
        .clear(clear), .start(start), .stop(stop), .busy(busy), .done(done), .fault(fault), .saturated(saturated),
        .error_code(error_code), .error_word(error_word), .cycles(cycles), .dram_read(dram_read),
        .dram_written(dram_written), .chains(chains), .busy_compute_cycles(busy_compute_cycles),
        .busy_vector_cycles(busy_vector_cycles)
    );

    npu_imem #(
        .IMEM_WORDS(IMEM_WORDS)
    ) imem_i (
        .clk(clk), .wr_en(imem_we), .wr_addr(imem_waddr), .wr_data(imem_wdata), .rd_en(imem_en),
        .rd_addr(imem_addr), .rd_data(imem_data)
    );

    npu_dispatch #(
        .NATIVE_DIM(NATIVE_DIM), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS), .MRF_TILES(MRF_TILES),
        .EXPANDER(EXPANDER), .EXPANDER_ROWS(EXPANDER_ROWS), .IMEM_WORDS(IMEM_WORDS),
        .DISPATCH_INTERVAL(DISPATCH_INTERVAL), .SIGMOID_TANH_0(SIGMOID_TANH_0), .SIGMOID_TANH_1(SIGMOID_TANH_1)
    ) dispatch_i (
        .clk(clk), .rst(rst), .clear(clear), .start(start), .stop(stop), .cfg_words(cfg_words), .imem_en(imem_en),
        .imem_addr(imem_addr), .imem_data(imem_data), .m_valid(x_valid), .m_ready(x_ready), .m_desc(x_desc),
        .word_done(word_done), .halt_done(halt_done), .fault_valid(x_fault), .fault_code(x_code),
        .fault_word(x_word)
    );

    npu_pending #(
        .CHAINS(CHAINS)
    ) pending_i (
        .clk(clk), .rst(rst), .clear(clear), .s_valid(x_valid & x_ready), .s_ready(p_room),
        .s_word(x_desc[`NPU_D_WORD]), .s_seq(x_desc[`NPU_D_SEQ]), .done_valid(done_valid), .done_word(done_word),
        .empty(empty), .oldest_valid(oldest_valid), .oldest_word(oldest_word)
    );

    genvar q;
    generate
        for (q = 0; q < Q; q = q + 1) begin : g_queue
            assign token_give[Q*q +: Q] = done_valid[q] ? done_give[Q*q +: Q] : {Q{1'b0}};
            npu_queue #(
                .QUEUE_DEPTH(QUEUE_DEPTH), .LAT_ISSUE(LAT_ISSUE)
            ) queue_i (
                .clk(clk), .rst(rst), .clear(clear), .stop(stop), .s_valid(x_valid[q] && p_room[q]),
                .s_ready(q_room[q]), .s_desc(x_desc), .token_any({token_any[2*Q+q], token_any[Q+q], token_any[q]}),
                .token_take({token_take[2*Q+q], token_take[Q+q], token_take[q]}), .m_valid(u_valid[q]),
                .m_ready(u_ready[q]), .m_desc(u_desc[D_W*q +: D_W])
            );
        end
    endgenerate

    npu_semaphores #(
        .LAT_SEM(LAT_SEM)
    ) semaphores_i (
        .clk(clk), .rst(rst), .clear(clear), .give(token_give), .take(token_take), .any(token_any),
        .overflow(too_many)
    );

    npu_weight_dma #(
        .NATIVE_DIM(NATIVE_DIM), .LANES(LANES), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS),
        .WEIGHT_MANTISSA(WEIGHT_MANTISSA), .MRF_TILES(MRF_TILES), .LAT_DMA(LAT_DMA), .AXI_BYTES(AXI_BYTES)
    ) weight_dma_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .cfg_dram_base(cfg_dram_base),
        .cfg_dram_size(cfg_dram_size), .s_valid(u_valid[`NPU_QUEUE_WEIGHT]), .s_ready(u_ready[`NPU_QUEUE_WEIGHT]),
        .s_desc(u_desc[D_W*`NPU_QUEUE_WEIGHT +: D_W]), .done_valid(done_valid[`NPU_QUEUE_WEIGHT]),
        .done_give(done_give[3*`NPU_QUEUE_WEIGHT +: 3]), .done_seq(done_seq[32*`NPU_QUEUE_WEIGHT +: 32]),
        .fault_valid(wd_fault), .fault_code(wd_code), .fault_word(wd_word), .w_valid(w_valid), .w_slot(w_slot),
        .w_engine(w_engine), .w_chunk(w_chunk), .w_data(w_data), .q_valid(wq_valid), .q_ready(wq_ready),
        .q_addr(wq_addr), .q_bytes(wq_bytes), .q_first(wq_first), .q_last(wq_last), .q_turn(wq_turn),
        .r_valid(wr_valid), .r_ready(wr_ready), .r_error(wr_error), .r_data(wr_rdata)
    );

    npu_vector_dma #(
        .NATIVE_DIM(NATIVE_DIM), .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0),
        .ADDSUB_VRF_1(ADDSUB_VRF_1), .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1),
        .EXPANDER(EXPANDER), .DRAM_BURST(DRAM_BURST), .NET_BYTES(NET_BYTES), .LAT_READ(LAT_READ),
        .LAT_DMA(LAT_DMA), .AXI_BYTES(AXI_BYTES), .RATE_NUM(DRAM_NUM), .RATE_DEN(DRAM_DEN)
    ) vector_dma_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .cfg_dram_base(cfg_dram_base),
        .cfg_dram_size(cfg_dram_size), .s_valid(u_valid[`NPU_QUEUE_VECTOR]), .s_ready(u_ready[`NPU_QUEUE_VECTOR]),
        .s_desc(u_desc[D_W*`NPU_QUEUE_VECTOR +: D_W]), .done_valid(done_valid[`NPU_QUEUE_VECTOR]),
        .done_give(done_give[3*`NPU_QUEUE_VECTOR +: 3]), .done_seq(done_seq[32*`NPU_QUEUE_VECTOR +: 32]),
        .fault_valid(vd_fault), .fault_code(vd_code), .fault_word(vd_word), .d_valid(d_valid), .d_ready(d_ready),
        .d_write(d_write), .d_addr(d_addr), .d_wdata(d_wdata), .d_word(d_word), .d_rvalid(d_rvalid),
        .d_rdata(d_rdata), .xd_valid(xd_valid), .xd_addr(xd_addr), .xd_wdata(xd_wdata), .s_net_valid(s_axis_tvalid),
        .s_net_ready(s_axis_tready), .s_net_data(s_axis_tdata), .m_net_valid(m_axis_tvalid),
        .m_net_ready(m_axis_tready), .m_net_data(m_axis_tdata), .m_net_last(m_axis_tlast), .q_valid(vq_valid),
        .q_ready(vq_ready), .q_write(vq_write), .q_addr(vq_addr), .q_bytes(vq_bytes), .q_first(vq_first),
        .q_last(vq_last), .q_turn(vq_turn), .ended(v_ended), .r_valid(vr_valid), .r_ready(vr_ready),
        .r_error(vr_error), .r_data(vr_rdata), .wd_valid(vwd_valid), .wd_ready(vwd_ready), .wd_data(vwd_data),
        .wd_strb(vwd_strb), .b_valid(vb_valid), .b_error(vb_error)
    );

    npu_dram #(
        .AXI_BYTES(AXI_BYTES), .RATE_NUM(DRAM_NUM), .RATE_DEN(DRAM_DEN)
    ) dram_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .idle(bus_idle), .read_bytes(read_bytes),
        .write_bytes(write_bytes), .w_q_valid(wq_valid), .w_q_ready(wq_ready), .w_q_addr(wq_addr),
        .w_q_bytes(wq_bytes), .w_q_first(wq_first), .w_q_last(wq_last), .w_q_turn(wq_turn), .w_r_valid(wr_valid),
        .w_r_ready(wr_ready), .w_r_error(wr_error), .w_r_data(wr_rdata), .v_q_valid(vq_valid), .v_q_ready(vq_ready),
        .v_q_write(vq_write), .v_q_addr(vq_addr), .v_q_bytes(vq_bytes), .v_q_first(vq_first), .v_q_last(vq_last),
        .v_q_turn(vq_turn), .v_ended(v_ended), .v_r_valid(vr_valid), .v_r_ready(vr_ready), .v_r_error(vr_error),
        .v_r_data(vr_rdata), .v_wd_valid(vwd_valid), .v_wd_ready(vwd_ready), .v_wd_data(vwd_data),
        .v_wd_strb(vwd_strb), .v_b_valid(vb_valid), .v_b_error(vb_error), .m_axi_awid(m_axi_awid),
        .m_axi_awaddr(m_axi_awaddr), .m_axi_awlen(m_axi_awlen), .m_axi_awsize(m_axi_awsize),
        .m_axi_awburst(m_axi_awburst), .m_axi_awuser(m_axi_awuser), .m_axi_awvalid(m_axi_awvalid),
        .m_axi_awready(m_axi_awready), .m_axi_wdata(m_axi_wdata), .m_axi_wstrb(m_axi_wstrb),
        .m_axi_wlast(m_axi_wlast), .m_axi_wvalid(m_axi_wvalid), .m_axi_wready(m_axi_wready), .m_axi_bid(m_axi_bid),
        .m_axi_bresp(m_axi_bresp), .m_axi_bvalid(m_axi_bvalid), .m_axi_bready(m_axi_bready),
        .m_axi_arid(m_axi_arid), .m_axi_araddr(m_axi_araddr), .m_axi_arlen(m_axi_arlen),
        .m_axi_arsize(m_axi_arsize), .m_axi_arburst(m_axi_arburst), .m_axi_aruser(m_axi_aruser),
        .m_axi_arvalid(m_axi_arvalid), .m_axi_arready(m_axi_arready), .m_axi_rid(m_axi_rid),
        .m_axi_rdata(m_axi_rdata), .m_axi_rresp(m_axi_rresp), .m_axi_rlast(m_axi_rlast),
        .m_axi_rvalid(m_axi_rvalid), .m_axi_rready(m_axi_rready)
    );

    npu_memories #(
        .NATIVE_DIM(NATIVE_DIM), .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0),
        .ADDSUB_VRF_1(ADDSUB_VRF_1), .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1),
        .LAT_READ(LAT_READ), .CHECK_INIT(CHECK_INIT)
    ) memories_i (
        .clk(clk), .rst(rst), .clear(clear), .rd_en(rd_en), .rd_addr(rd_addr), .rd_word(rd_word), .rd_data(rd_data),
        .wr_en(wr_en), .wr_addr(wr_addr), .wr_data(wr_data), .d_valid(d_valid), .d_ready(d_ready),
        .d_write(d_write), .d_addr(d_addr), .d_wdata(d_wdata), .d_word(d_word), .d_rvalid(d_rvalid),
        .d_rdata(d_rdata), .fault_valid(m_fault), .fault_code(m_code), .fault_word(m_word)
    );

    npu_compute #(
        .NATIVE_DIM(NATIVE_DIM), .LANES(LANES), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS),
        .WEIGHT_MANTISSA(WEIGHT_MANTISSA), .ACT_MANTISSA(ACT_MANTISSA), .MRF_TILES(MRF_TILES),
        .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .EXPANDER(EXPANDER),
        .EXPANDER_ROWS(EXPANDER_ROWS), .LAT_READ(LAT_READ), .LAT_EXPAND(LAT_EXPAND), .LAT_BFP(LAT_BFP),
        .LAT_DOT(LAT_DOT), .LAT_CONVERT(LAT_CONVERT), .LAT_ACC(LAT_ACC), .LAT_ROUND(LAT_ROUND), .LAT_MUL(LAT_MUL),
        .LAT_ADD(LAT_ADD), .LAT_ACT(LAT_ACT), .LAT_REDUCE(LAT_REDUCE), .LAT_WRITE(LAT_WRITE),
        .SIGMOID_TANH_0(SIGMOID_TANH_0), .SIGMOID_TANH_1(SIGMOID_TANH_1), .CHECK_INIT(CHECK_INIT)
    ) compute_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .s_valid(u_valid[`NPU_QUEUE_COMPUTE]),
        .s_ready(u_ready[`NPU_QUEUE_COMPUTE]), .s_desc(u_desc[D_W*`NPU_QUEUE_COMPUTE +: D_W]), .rd_en(rd_en),
        .rd_addr(rd_addr), .rd_word(rd_word), .rd_data(rd_data), .wr_en(wr_en), .wr_addr(wr_addr),
        .wr_data(wr_data), .wb_seq(wb_seq), .xd_valid(xd_valid), .xd_addr(xd_addr), .xd_wdata(xd_wdata),
        .w_valid(w_valid), .w_slot(w_slot), .w_engine(w_engine), .w_chunk(w_chunk), .w_data(w_data),
        .done_valid(done_valid[`NPU_QUEUE_COMPUTE]), .done_give(done_give[3*`NPU_QUEUE_COMPUTE +: 3]),
        .done_seq(done_seq[32*`NPU_QUEUE_COMPUTE +: 32]), .busy_mm(busy_mm), .busy_vector(busy_vector),
        .overflow(overflow), .fault_valid(c_fault), .fault_code(c_code), .fault_word(c_word)
    );

    wire unused = &{1'b0, done_seq, wb_seq};
endmodule
`default_nettype wire
