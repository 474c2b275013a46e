// npu_dma_bench: the two DMA engines with their queues, semaphores, memories and DRAM, as npu_top joins them.
// MEMORY = 1: axi_dram answers; 0: the bench does, on m_axi_*.  busy_rd and busy_wr: the compute path reads or writes that
// memory in this cycle, in the upper half of it, at the low and at the high byte of busy_addr.
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_dma_bench #(
    parameter NATIVE_DIM      = 8,
    parameter LANES           = 2,
    parameter ENGINES         = 4,
    parameter SHARED_WEIGHTS  = 1,
    parameter WEIGHT_MANTISSA = 5,
    parameter MRF_TILES       = 16,
    parameter INITIAL_VRF     = 1024,
    parameter ADDSUB_VRF_0    = 256,
    parameter ADDSUB_VRF_1    = 512,
    parameter MULTIPLY_VRF_0  = 256,
    parameter MULTIPLY_VRF_1  = 256,
    parameter EXPANDER        = 256,
    parameter QUEUE_DEPTH     = 4,
    parameter DRAM_BURST      = 256,
    parameter NET_BYTES       = 8,
    parameter LAT_SEM         = 1,
    parameter LAT_ISSUE       = 2,
    parameter LAT_READ        = 3,
    parameter LAT_DMA         = 4,
    parameter AXI_BYTES       = 8,
    parameter RATE_NUM        = 8,
    parameter RATE_DEN        = 1,
    parameter LATENCY         = 20,
    parameter MEMORY          = 1,
    parameter BYTES           = 1 << 20,
    parameter V_W             = 16 * NATIVE_DIM,
    parameter W_MANTISSAS     = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1),
    parameter W_W             = W_MANTISSAS > 8 * NATIVE_DIM ? W_MANTISSAS : 8 * NATIVE_DIM
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,
    input  wire                   stop,
    input  wire                   dump,
    input  wire [63:0]            cfg_dram_base,
    input  wire [63:0]            cfg_dram_size,
    input  wire                   wq_valid,        // dispatch
    output wire                   wq_ready,
    input  wire                   vq_valid,
    output wire                   vq_ready,
    input  wire [`NPU_D_W-1:0]    q_desc,
    output wire                   w_start,
    output wire [31:0]            w_start_seq,
    output wire                   v_start,
    output wire [31:0]            v_start_seq,
    output wire                   w_done,
    output wire [31:0]            w_done_seq,
    output wire                   v_done,
    output wire [31:0]            v_done_seq,
    output wire                   w_fault,
    output wire [3:0]             w_fault_code,
    output wire [23:0]            w_fault_word,
    output wire                   v_fault,
    output wire [3:0]             v_fault_code,
    output wire [23:0]            v_fault_word,
    output wire [7:0]             happens,         // which of the outputs that follow or stand above say something
    output wire                   idle,
    output wire [12:0]            read_bytes,
    output wire [12:0]            write_bytes,
    output wire                   w_valid,
    output wire [23:0]            w_slot,
    output wire [7:0]             w_engine,
    output wire [7:0]             w_chunk,
    output wire [W_W-1:0]         w_data,
    output wire [5:0]             vec_valid,       // writes of vectors; bit 0 the Expander, then the register files
    output wire [6*24-1:0]        vec_addr,
    output wire [V_W-1:0]         vec_data,
    input  wire                   s_net_valid,
    output wire                   s_net_ready,
    input  wire [8*NET_BYTES-1:0] s_net_data,
    output wire                   m_net_valid,
    input  wire                   m_net_ready,
    output wire [8*NET_BYTES-1:0] m_net_data,
    output wire                   m_net_last,
    input  wire [4:0]             busy_rd,
    input  wire [4:0]             busy_wr,
    input  wire [15:0]            busy_addr,
    output wire                   m_axi_arvalid,
    input  wire                   m_axi_arready,
    output wire [0:0]             m_axi_arid,
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
    // ---- queues and tokens
    wire [8:0] any, take;
    wire [2:0] w_give, v_give, w_take, v_take;
    wire       wd_valid, wd_ready, vd_valid, vd_ready;
    wire [`NPU_D_W-1:0] w_desc, v_desc;
    assign take = {1'b0, v_take[2], w_take[2], 1'b0, v_take[1], w_take[1], 1'b0, v_take[0], w_take[0]};
    npu_semaphores #(.LAT_SEM(LAT_SEM)) semaphores_i (
        .clk(clk), .rst(rst), .clear(clear),
        .give({3'd0, v_done ? v_give : 3'd0, w_done ? w_give : 3'd0}), .take(take), .any(any), .overflow());
    npu_queue #(.QUEUE_DEPTH(QUEUE_DEPTH), .LAT_ISSUE(LAT_ISSUE)) w_queue_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .s_valid(wq_valid), .s_ready(wq_ready), .s_desc(q_desc),
        .token_any({any[6], any[3], any[0]}), .token_take(w_take),
        .m_valid(wd_valid), .m_ready(wd_ready), .m_desc(w_desc));
    npu_queue #(.QUEUE_DEPTH(QUEUE_DEPTH), .LAT_ISSUE(LAT_ISSUE)) v_queue_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .s_valid(vq_valid), .s_ready(vq_ready), .s_desc(q_desc),
        .token_any({any[7], any[4], any[1]}), .token_take(v_take),
        .m_valid(vd_valid), .m_ready(vd_ready), .m_desc(v_desc));
    assign w_start = wd_valid && wd_ready;
    assign v_start = vd_valid && vd_ready;
    assign w_start_seq = w_desc[`NPU_D_SEQ];
    assign v_start_seq = v_desc[`NPU_D_SEQ];

    // ---- the DMA units
    wire                   wq_v, wq_r, wq_first, wq_last, wr_v, wr_r, wr_e;
    wire                   vq_v, vq_r, vq_w, vq_first, vq_last, vr_v, vr_r, vr_e, vwd_v, vwd_r, vb_v, vb_e, ended;
    wire [63:0]            wq_addr, vq_addr;
    wire [12:0]            wq_bytes, vq_bytes;
    wire [31:0]            wq_turn, vq_turn;
    wire [8*AXI_BYTES-1:0] wr_d, vr_d, vwd_d;
    wire [AXI_BYTES-1:0]   vwd_s;
    npu_weight_dma #(
        .NATIVE_DIM(NATIVE_DIM), .LANES(LANES), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS),
        .WEIGHT_MANTISSA(WEIGHT_MANTISSA), .MRF_TILES(MRF_TILES), .LAT_DMA(LAT_DMA), .AXI_BYTES(AXI_BYTES)
    ) weights_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop),
        .cfg_dram_base(cfg_dram_base), .cfg_dram_size(cfg_dram_size),
        .s_valid(wd_valid), .s_ready(wd_ready), .s_desc(w_desc),
        .done_valid(w_done), .done_give(w_give), .done_seq(w_done_seq),
        .fault_valid(w_fault), .fault_code(w_fault_code), .fault_word(w_fault_word),
        .w_valid(w_valid), .w_slot(w_slot), .w_engine(w_engine), .w_chunk(w_chunk), .w_data(w_data),
        .q_valid(wq_v), .q_ready(wq_r), .q_addr(wq_addr), .q_bytes(wq_bytes), .q_first(wq_first), .q_last(wq_last),
        .q_turn(wq_turn), .r_valid(wr_v), .r_ready(wr_r), .r_error(wr_e), .r_data(wr_d));

    wire [4:0]       d_valid, d_ready, d_rvalid;
    wire             d_write, xd_valid;
    wire [5*24-1:0]  d_addr;
    wire [23:0]      xd_addr, d_word;
    wire [V_W-1:0]   d_wdata, xd_wdata;
    wire [5*V_W-1:0] d_rdata;
    npu_vector_dma #(
        .NATIVE_DIM(NATIVE_DIM), .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .EXPANDER(EXPANDER), .DRAM_BURST(DRAM_BURST),
        .NET_BYTES(NET_BYTES), .LAT_READ(LAT_READ), .LAT_DMA(LAT_DMA), .AXI_BYTES(AXI_BYTES),
        .RATE_NUM(RATE_NUM), .RATE_DEN(RATE_DEN)
    ) vectors_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop),
        .cfg_dram_base(cfg_dram_base), .cfg_dram_size(cfg_dram_size),
        .s_valid(vd_valid), .s_ready(vd_ready), .s_desc(v_desc),
        .done_valid(v_done), .done_give(v_give), .done_seq(v_done_seq),
        .fault_valid(v_fault), .fault_code(v_fault_code), .fault_word(v_fault_word),
        .d_valid(d_valid), .d_ready(d_ready), .d_write(d_write), .d_addr(d_addr), .d_wdata(d_wdata), .d_word(d_word),
        .d_rvalid(d_rvalid), .d_rdata(d_rdata), .xd_valid(xd_valid), .xd_addr(xd_addr), .xd_wdata(xd_wdata),
        .s_net_valid(s_net_valid), .s_net_ready(s_net_ready), .s_net_data(s_net_data),
        .m_net_valid(m_net_valid), .m_net_ready(m_net_ready), .m_net_data(m_net_data), .m_net_last(m_net_last),
        .q_valid(vq_v), .q_ready(vq_r), .q_write(vq_w), .q_addr(vq_addr), .q_bytes(vq_bytes), .q_first(vq_first),
        .q_last(vq_last), .q_turn(vq_turn), .ended(ended),
        .r_valid(vr_v), .r_ready(vr_r), .r_error(vr_e), .r_data(vr_d),
        .wd_valid(vwd_v), .wd_ready(vwd_r), .wd_data(vwd_d), .wd_strb(vwd_s), .b_valid(vb_v), .b_error(vb_e));
    assign vec_valid = {d_write ? d_valid & d_ready : 5'd0, xd_valid};
    assign vec_addr  = {d_addr, xd_addr};
    assign vec_data  = xd_valid ? xd_wdata : d_wdata;

    localparam [5*24-1:0] DEPTHS = {MULTIPLY_VRF_1[23:0], MULTIPLY_VRF_0[23:0],
                                    ADDSUB_VRF_1[23:0], ADDSUB_VRF_0[23:0], INITIAL_VRF[23:0]};
    wire [5*24-1:0] rd_place, wr_place;
    genvar m;
    generate
        for (m = 0; m < 5; m = m + 1) begin : g_busy
            localparam [23:0] HALF = DEPTHS[24*m +: 24] / 2;
            assign rd_place[24*m +: 24] = HALF + {16'd0, busy_addr[7:0]} % HALF;
            assign wr_place[24*m +: 24] = HALF + {16'd0, busy_addr[15:8]} % HALF;
        end
    endgenerate
    npu_memories #(
        .NATIVE_DIM(NATIVE_DIM), .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .LAT_READ(LAT_READ),
        .CHECK_INIT(0)
    ) memories_i (
        .clk(clk), .rst(rst), .clear(clear),
        .rd_en(busy_rd), .rd_addr(rd_place), .rd_word({5*24{1'b0}}), .rd_data(),
        .wr_en(busy_wr), .wr_addr(wr_place), .wr_data({V_W{1'b0}}),
        .d_valid(d_valid), .d_ready(d_ready), .d_write(d_write), .d_addr(d_addr), .d_wdata(d_wdata), .d_word(d_word),
        .d_rvalid(d_rvalid), .d_rdata(d_rdata), .fault_valid(), .fault_code(), .fault_word());

    assign happens = {read_bytes != 13'd0, write_bytes != 13'd0, w_valid, vec_valid != 6'd0,
                      w_fault || v_fault, w_done || v_done, w_start || v_start, m_net_valid};

    // ---- DRAM
    wire                   arready, rvalid, rlast, awready, wready, bvalid;
    wire [0:0]             rid, bid;
    wire [8*AXI_BYTES-1:0] rdata;
    wire [1:0]             rresp, bresp;
    npu_dram #(.AXI_BYTES(AXI_BYTES), .RATE_NUM(RATE_NUM), .RATE_DEN(RATE_DEN)) dram_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .idle(idle),
        .read_bytes(read_bytes), .write_bytes(write_bytes),
        .w_q_valid(wq_v), .w_q_ready(wq_r), .w_q_addr(wq_addr), .w_q_bytes(wq_bytes), .w_q_first(wq_first),
        .w_q_last(wq_last), .w_q_turn(wq_turn),
        .w_r_valid(wr_v), .w_r_ready(wr_r), .w_r_error(wr_e), .w_r_data(wr_d),
        .v_q_valid(vq_v), .v_q_ready(vq_r), .v_q_write(vq_w), .v_q_addr(vq_addr), .v_q_bytes(vq_bytes),
        .v_q_first(vq_first), .v_q_last(vq_last), .v_q_turn(vq_turn), .v_ended(ended),
        .v_r_valid(vr_v), .v_r_ready(vr_r), .v_r_error(vr_e), .v_r_data(vr_d),
        .v_wd_valid(vwd_v), .v_wd_ready(vwd_r), .v_wd_data(vwd_d), .v_wd_strb(vwd_s),
        .v_b_valid(vb_v), .v_b_error(vb_e),
        .m_axi_arvalid(m_axi_arvalid), .m_axi_arready(arready), .m_axi_arid(m_axi_arid), .m_axi_araddr(m_axi_araddr),
        .m_axi_arlen(m_axi_arlen), .m_axi_arsize(m_axi_arsize), .m_axi_arburst(m_axi_arburst), .m_axi_aruser(m_axi_aruser),
        .m_axi_rvalid(rvalid), .m_axi_rready(m_axi_rready), .m_axi_rid(rid), .m_axi_rdata(rdata), .m_axi_rresp(rresp),
        .m_axi_rlast(rlast),
        .m_axi_awvalid(m_axi_awvalid), .m_axi_awready(awready), .m_axi_awid(m_axi_awid), .m_axi_awaddr(m_axi_awaddr),
        .m_axi_awlen(m_axi_awlen), .m_axi_awsize(m_axi_awsize), .m_axi_awburst(m_axi_awburst), .m_axi_awuser(m_axi_awuser),
        .m_axi_wvalid(m_axi_wvalid), .m_axi_wready(wready), .m_axi_wdata(m_axi_wdata), .m_axi_wstrb(m_axi_wstrb),
        .m_axi_wlast(m_axi_wlast),
        .m_axi_bvalid(bvalid), .m_axi_bready(m_axi_bready), .m_axi_bid(bid), .m_axi_bresp(bresp));
    generate
        if (MEMORY != 0) begin : g_memory
            axi_dram #(
                .AXI_BYTES(AXI_BYTES), .BYTES(BYTES), .RATE_NUM(RATE_NUM), .RATE_DEN(RATE_DEN), .LATENCY(LATENCY)
            ) memory_i (
                .clk(clk), .rst(rst), .dump(dump),
                .s_axi_arvalid(m_axi_arvalid), .s_axi_arready(arready), .s_axi_arid(m_axi_arid),
                .s_axi_araddr(m_axi_araddr), .s_axi_arlen(m_axi_arlen), .s_axi_arsize(m_axi_arsize),
                .s_axi_arburst(m_axi_arburst), .s_axi_aruser(m_axi_aruser),
                .s_axi_rvalid(rvalid), .s_axi_rready(m_axi_rready), .s_axi_rid(rid), .s_axi_rdata(rdata),
                .s_axi_rresp(rresp), .s_axi_rlast(rlast),
                .s_axi_awvalid(m_axi_awvalid), .s_axi_awready(awready), .s_axi_awid(m_axi_awid),
                .s_axi_awaddr(m_axi_awaddr), .s_axi_awlen(m_axi_awlen), .s_axi_awsize(m_axi_awsize),
                .s_axi_awburst(m_axi_awburst), .s_axi_awuser(m_axi_awuser),
                .s_axi_wvalid(m_axi_wvalid), .s_axi_wready(wready), .s_axi_wdata(m_axi_wdata), .s_axi_wstrb(m_axi_wstrb),
                .s_axi_wlast(m_axi_wlast),
                .s_axi_bvalid(bvalid), .s_axi_bready(m_axi_bready), .s_axi_bid(bid), .s_axi_bresp(bresp));
        end else begin : g_outside
            assign arready = m_axi_arready;
            assign rvalid  = m_axi_rvalid;
            assign rid     = m_axi_rid;
            assign rdata   = m_axi_rdata;
            assign rresp   = m_axi_rresp;
            assign rlast   = m_axi_rlast;
            assign awready = m_axi_awready;
            assign wready  = m_axi_wready;
            assign bvalid  = m_axi_bvalid;
            assign bid     = m_axi_bid;
            assign bresp   = m_axi_bresp;
        end
    endgenerate
endmodule
`default_nettype wire
