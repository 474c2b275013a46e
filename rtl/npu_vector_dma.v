// npu_vector_dma: vector moves between DRAM, the network queues, the vector register files and the Expander.
//
//   DRAM beats ──► gearbox ─┐                  ┌─► vector register files, Expander
//   NetInQ ──────► gearbox ─┴─► npu_dma_store ─┤
//                                              └─► npu_dma_send ─► write data, NetOutQ
//   vector register files ──► npu_dma_fetch ───────────┘
//
// One move after the other is at the front (`open` tells that the next may start); data of loads from DRAM arrive later,
// beside the moves that follow. Kinds: load DRAM -> chip, emit DRAM -> NetOutQ, take NetInQ -> chip, pour NetInQ -> DRAM,
// pass NetInQ -> NetOutQ, spill VRF -> DRAM, send VRF -> NetOutQ. DRAM -> DRAM is the fault ILLEGAL_CHAIN.
//
// Contract: docs/architecture.md 5.4; s_ready in the cycle of the start, done in the cycle of completion, in order, one
// a cycle. A vector of 2N bytes takes DRAM at least two cycles, or moves of one vector follow one another a cycle late. Data of NetInQ
// and NetOutQ pass as early as they can; a move longer than the staging queue is not late for it where NetInQ is slower
// than DRAM, and within a cycle a turn where NetOutQ is. A fault ends all work until clear.
// Test: tests/rtl/test_npu_dma.py
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_vector_dma #(
    parameter NATIVE_DIM     = 8,
    parameter INITIAL_VRF    = 1024,       // depths in vectors
    parameter ADDSUB_VRF_0   = 256,
    parameter ADDSUB_VRF_1   = 512,
    parameter MULTIPLY_VRF_0 = 256,
    parameter MULTIPLY_VRF_1 = 256,
    parameter EXPANDER       = 256,
    parameter DRAM_BURST     = 256,        // bytes of a turn
    parameter NET_BYTES      = 8,          // a power of two
    parameter LAT_READ       = 3,
    parameter LAT_DMA        = 4,          // at least 3
    parameter AXI_BYTES      = 8,
    parameter RATE_NUM       = 8,          // bytes a cycle of DRAM, as in npu_dram
    parameter RATE_DEN       = 1,
    parameter V_W            = 16 * NATIVE_DIM
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,           // drop all state
    input  wire                   stop,            // start nothing, write nothing
    input  wire [63:0]            cfg_dram_base,
    input  wire [63:0]            cfg_dram_size,
    input  wire                   s_valid,         // from the vector queue
    output wire                   s_ready,
    input  wire [`NPU_D_W-1:0]    s_desc,
    output wire                   done_valid,
    output wire [2:0]             done_give,
    output wire [31:0]            done_seq,
    output wire                   fault_valid,
    output wire [3:0]             fault_code,
    output wire [23:0]            fault_word,
    output wire [4:0]             d_valid,         // npu_memories
    input  wire [4:0]             d_ready,
    output wire                   d_write,
    output wire [5*24-1:0]        d_addr,
    output wire [V_W-1:0]         d_wdata,
    output wire [23:0]            d_word,
    input  wire [4:0]             d_rvalid,
    input  wire [5*V_W-1:0]       d_rdata,
    output wire                   xd_valid,        // Expander
    output wire [23:0]            xd_addr,
    output wire [V_W-1:0]         xd_wdata,
    input  wire                   s_net_valid,     // NetInQ
    output wire                   s_net_ready,
    input  wire [8*NET_BYTES-1:0] s_net_data,
    output wire                   m_net_valid,     // NetOutQ
    input  wire                   m_net_ready,
    output wire [8*NET_BYTES-1:0] m_net_data,
    output wire                   m_net_last,
    output wire                   q_valid,         // npu_dram: v_*
    input  wire                   q_ready,
    output wire                   q_write,
    output wire [63:0]            q_addr,
    output wire [12:0]            q_bytes,
    output wire                   q_first,
    output wire                   q_last,
    output wire [31:0]            q_turn,
    input  wire                   ended,
    input  wire                   r_valid,
    output wire                   r_ready,
    input  wire                   r_error,
    input  wire [8*AXI_BYTES-1:0] r_data,
    output wire                   wd_valid,
    input  wire                   wd_ready,
    output wire [8*AXI_BYTES-1:0] wd_data,
    output wire [AXI_BYTES-1:0]   wd_strb,
    input  wire                   b_valid,
    input  wire                   b_error
);
`include "npu_csr.vh"
    localparam V_BYTES = 2 * NATIVE_DIM;
    localparam V_LOW   = V_BYTES & (~V_BYTES + 1);                 // largest power of two that divides it
    localparam ALIGN   = V_LOW < 64 ? V_LOW : 64;                  // of vectors in DRAM
    localparam TURN_V  = (DRAM_BURST + V_BYTES - 1) / V_BYTES;     // vectors of a turn
    localparam STAGE   = 1 << $clog2(2 * TURN_V + 32);             // vectors on their way out

    wire wipe = rst || clear;
    reg  dead_q;                                                   // after a fault
    wire halt = stop || dead_q;

    // ---- the chain at the head of the queue
    wire [3:0]  space = s_desc[`NPU_D_SPACE];
    wire [8:0]  to    = s_desc[`NPU_D_WR];
    wire [31:0] count = s_desc[`NPU_D_POSITIONS];
    wire [31:0] cols = s_desc[`NPU_D_REG(`NPU_REG_COLS)];
    wire [31:0] rd_row = s_desc[`NPU_D_REG(`NPU_REG_RD_ROW)];
    wire [31:0] rd_col = s_desc[`NPU_D_REG(`NPU_REG_RD_COL)];
    wire [31:0] out_cols = s_desc[`NPU_D_REG(`NPU_REG_OUT_COLS)];
    wire [31:0] wr_row = s_desc[`NPU_D_REG(`NPU_REG_WR_ROW)];
    wire [31:0] wr_col = s_desc[`NPU_D_REG(`NPU_REG_WR_COL)];
    wire        from_dram = space == `NPU_SPACE_DRAM;
    wire        from_net  = space == `NPU_SPACE_NET_IN_Q;
    wire        from_vrf  = space >= `NPU_SPACE_INITIAL_VRF && space <= `NPU_SPACE_MULTIPLY_VRF_1;
    wire to_dram = to[`NPU_SPACE_DRAM];
    wire to_net = to[`NPU_SPACE_NET_OUT_Q];
    wire to_chip = to[8:3] != 6'd0;
    wire is_load = from_dram && to_chip;
    wire is_emit = from_dram && to_net;
    wire is_take = from_net && to_chip;
    wire is_pour = from_net && to_dram;
    wire is_pass = from_net && to_net;
    wire is_spill = from_vrf && to_dram;
    wire is_send = from_vrf && to_net;
    wire illegal = !(is_load || is_emit || is_take || is_pour || is_pass || is_spill || is_send) || count == 32'd0;
    // what the storing side needs to know: instruction word, to NetOutQ, targets, addresses, nest
    localparam M_W = 24 + 1 + 7 + 6*24 + 4*32;
    wire [M_W-1:0] move = {
        s_desc[`NPU_D_WORD], to_net, to_dram || to_net, to[8:3],
        s_desc[`NPU_D_WR_ADDR(8)], s_desc[`NPU_D_WR_ADDR(7)], s_desc[`NPU_D_WR_ADDR(6)],
        s_desc[`NPU_D_WR_ADDR(5)], s_desc[`NPU_D_WR_ADDR(4)], s_desc[`NPU_D_WR_ADDR(3)],
        count, out_cols, wr_row, wr_col};

    // ---- the move at the front
    reg  load_q, emit_q, take_q, pour_q, spill_q, send_q;          // its kind; pass counts as take
    reg  [23:0] word_q;
    wire taking, fetching, drained, out_over, bursting;
    wire open = (!load_q || (!bursting && ended)) && (!emit_q || out_over) && (!take_q || !taking)
                && (!(pour_q || spill_q) || drained) && (!send_q || (out_over && !fetching));

    // ---- starts
    wire loaded, q_fault, q_end, reads_ready, writes_ready, rmoves_ready, nmoves_ready, track_ready;
    wire credit, overlap, staged_all;
    wire chosen  = s_valid && open && track_ready && !halt;
    wire reads   = chosen && loaded && (is_load || (is_emit && credit && staged_all)) && rmoves_ready;
    wire net     = chosen && from_net && s_net_valid && nmoves_ready && !illegal;
    wire start_n = net && (!is_pour || loaded);
    wire start_v = chosen && from_vrf && !illegal && (is_send || loaded);
    wire start_r = reads && q_valid && q_ready;
    assign s_ready = start_n || start_v || start_r;

    // ---- requests to DRAM
    wire   may, unused;
    assign q_write = bursting && (pour_q || spill_q);
    wire   asks_r  = bursting && !q_write && (!q_first || !emit_q || credit);
    wire   asks_w  = q_write && may && !overlap;
    wire   refused = (reads || asks_r || (q_write && may)) && q_fault && !halt;
    assign q_valid = !halt && !refused && (((reads || asks_r) && reads_ready) || (asks_w && writes_ready));
    wire   asked  = q_valid && q_ready;
    npu_bursts #(.UNIT(V_BYTES), .TURN(DRAM_BURST), .ALIGN(ALIGN), .AXI_BYTES(AXI_BYTES)) bursts_i (
        .clk(clk), .rst(wipe), .cfg_dram_base(cfg_dram_base), .cfg_dram_size(cfg_dram_size),
        .pop(s_ready), .start(start_r || (s_ready && to_dram)),
        .l_addr(from_dram ? s_desc[`NPU_D_ADDR] : s_desc[`NPU_D_WR_DRAM]), .l_count(count),
        .l_inner(from_dram ? cols : out_cols), .l_row(from_dram ? rd_row : wr_row),
        .l_col(from_dram ? rd_col : wr_col),
        .loaded(loaded), .busy(bursting), .m_valid(unused), .m_ready(asked),
        .m_addr(q_addr), .m_bytes(q_bytes), .m_first(q_first), .m_last(q_last), .m_turn(q_turn),
        .m_end(q_end), .m_fault(q_fault));

    // ---- in: DRAM beats, NetInQ; both become vectors, which npu_dma_store spreads
    wire             r_here, r_store_ready, r_last, r_fault, n_here, n_store_ready, n_last, n_fault;
    wire [V_W-1:0]   r_vector, n_vector;
    wire [6:0]       r_to, n_to, r_to_ready, n_to_ready;
    wire [6*24-1:0]  r_addr, n_addr;
    wire [M_W-1:0]   r_move, n_move;
    wire             r_move_valid, n_move_valid;
    wire             r_done, r_done_load;                          // the last beat of a move; of a load
    wire             net_done;
    wire [23:0]      r_word;
    wire             first_load = bursting ? load_q : is_load;
    npu_dma_receive #(.V_BYTES(V_BYTES), .AXI_BYTES(AXI_BYTES), .NET_BYTES(NET_BYTES)) receive_i (
        .clk(clk), .rst(wipe), .halt(halt),
        .b_valid(asked && !q_write), .b_ready(reads_ready), .b_addr(q_addr), .b_bytes(q_bytes),
        .b_tag({bursting ? word_q : s_desc[`NPU_D_WORD], first_load, q_end}),
        .r_valid(r_valid && !r_error), .r_ready(r_ready), .r_data(r_data), .r_word(r_word),
        .r_done(r_done), .r_done_load(r_done_load),
        .r_m_valid(r_here), .r_m_ready(r_store_ready), .r_m_data(r_vector),
        .start(start_n), .l_count(count), .taking(taking), .net_done(net_done),
        .s_net_valid(s_net_valid), .s_net_ready(s_net_ready), .s_net_data(s_net_data),
        .n_m_valid(n_here), .n_m_ready(n_store_ready), .n_m_data(n_vector));
    npu_fifo #(.WIDTH(M_W), .DEPTH(32)) r_moves_i (
        .clk(clk), .rst(wipe), .s_valid(start_r), .s_ready(rmoves_ready), .s_data(move),
        .m_valid(r_move_valid), .m_ready(r_last), .m_data(r_move));
    npu_fifo #(.WIDTH(M_W), .DEPTH(8)) n_moves_i (
        .clk(clk), .rst(wipe), .s_valid(start_n), .s_ready(nmoves_ready), .s_data(move),
        .m_valid(n_move_valid), .m_ready(n_last), .m_data(n_move));
    npu_dma_store #(
        .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .EXPANDER(EXPANDER)
    ) r_store_i (
        .clk(clk), .rst(wipe), .halt(halt), .c_valid(r_move_valid),
        .c_mask(r_move[272 +: 7]), .c_addr(r_move[128 +: 144]), .c_count(r_move[96 +: 32]),
        .c_inner(r_move[64 +: 32]), .c_row(r_move[32 +: 32]), .c_col(r_move[0 +: 32]),
        .s_valid(r_here), .s_ready(r_store_ready), .m_valid(r_to), .m_ready(r_to_ready), .m_addr(r_addr),
        .last(r_last), .fault(r_fault));
    npu_dma_store #(
        .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .EXPANDER(EXPANDER)
    ) n_store_i (
        .clk(clk), .rst(wipe), .halt(halt), .c_valid(n_move_valid),
        .c_mask(n_move[272 +: 7]), .c_addr(n_move[128 +: 144]), .c_count(n_move[96 +: 32]),
        .c_inner(n_move[64 +: 32]), .c_row(n_move[32 +: 32]), .c_col(n_move[0 +: 32]),
        .s_valid(n_here), .s_ready(n_store_ready), .m_valid(n_to), .m_ready(n_to_ready), .m_addr(n_addr),
        .last(n_last), .fault(n_fault));

    // ---- the DMA port of the memories: arriving data first
    wire         f_valid, f_here, f_end, f_fault, fetch_room;
    wire [4:0]   f_from;
    wire [23:0]  f_addr;
    wire [V_W-1:0] f_vector;
    wire         r_turn = r_to[5:0] != 6'd0;
    wire         n_turn = !r_turn && n_to[5:0] != 6'd0;
    wire         f_turn = !r_turn && !n_turn && f_valid;
    wire [5:0]   w_to   = r_turn ? r_to[5:0] : n_turn ? n_to[5:0] : 6'd0;
    wire [6*24-1:0] w_addr = r_turn ? r_addr : n_addr;
    assign d_valid  = w_to[5:1] | (f_turn ? f_from : 5'd0);
    assign d_write  = r_turn || n_turn;
    assign d_addr   = d_write ? w_addr[6*24-1:24] : {5{f_addr}};
    assign d_wdata  = r_turn ? r_vector : n_vector;
    assign d_word   = r_turn ? r_move[280 +: 24] : n_turn ? n_move[280 +: 24] : word_q;
    assign xd_valid = w_to[0];
    assign xd_addr  = w_addr[23:0];
    assign xd_wdata = d_wdata;
    assign r_to_ready[5:0] = r_turn ? {d_ready, 1'b1} : 6'd0;
    assign n_to_ready[5:0] = n_turn ? {d_ready, 1'b1} : 6'd0;
    npu_dma_fetch #(
        .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .V_W(V_W)
    ) fetch_i (
        .clk(clk), .rst(wipe), .halt(halt), .start(start_v),
        .l_from({space == 4'd8, space == 4'd7, space == 4'd6, space == 4'd5, space == 4'd4}),
        .l_addr(s_desc[`NPU_D_ADDR]), .l_count(count), .l_cols(cols), .l_row(rd_row), .l_col(rd_col),
        .busy(fetching), .room(fetch_room && staged_all), .d_valid(f_valid), .d_ready(f_turn && (d_ready & f_from) != 5'd0),
        .d_from(f_from), .d_addr(f_addr), .d_rvalid(d_rvalid), .d_rdata(d_rdata),
        .m_valid(f_here), .m_data(f_vector), .m_last(f_end), .fault(f_fault));

    // ---- out; vectors from NetInQ are staged before any of the move behind theirs
    wire stage_ready, left, sent;
    reg  [3:0] staging_q;                                          // moves from NetInQ that are not yet staged
    wire staged_last = n_last && n_move[278];
    assign staged_all = staging_q == 4'd0 || (staging_q == 4'd1 && staged_last);
    wire r_stages = !f_here && r_to[6];
    wire n_stages = !f_here && !r_to[6] && n_to[6];
    assign r_to_ready[6] = r_stages && stage_ready;
    assign n_to_ready[6] = n_stages && stage_ready;
    npu_dma_send #(.V_BYTES(V_BYTES), .NET_BYTES(NET_BYTES), .AXI_BYTES(AXI_BYTES), .STAGE(STAGE)) send_i (
        .clk(clk), .rst(wipe), .halt(halt),
        .s_valid(f_here || r_stages || n_stages), .s_ready(stage_ready),
        .s_data(f_here ? f_vector : r_stages ? r_vector : n_vector),
        .s_net(f_here ? send_q : r_stages ? r_move[279] : n_move[279]),
        .s_last(f_here ? f_end : r_stages ? r_last : n_last), .left(left),
        .b_valid(asked && q_write), .b_ready(writes_ready), .b_addr(q_addr), .b_bytes(q_bytes),
        .wd_valid(wd_valid), .wd_ready(wd_ready), .wd_data(wd_data), .wd_strb(wd_strb),
        .m_net_valid(m_net_valid), .m_net_ready(m_net_ready), .m_net_data(m_net_data), .m_net_last(m_net_last),
        .sent(sent));

    // ---- DRAM bytes that are still being read
    npu_dma_guard guard_i (
        .clk(clk), .rst(wipe), .add(asked && !q_write), .add_first(start_r), .q_addr(q_addr), .q_bytes(q_bytes),
                .retire(r_done), .overlap(overlap));

    // ---- times, completion
    wire send_over, over, load_time, take_time, send_time;
    npu_dma_pace #(
        .V_BYTES(V_BYTES), .NET_BYTES(NET_BYTES), .STAGE(STAGE), .LAT_READ(LAT_READ), .LAT_DMA(LAT_DMA),
        .RATE_NUM(RATE_NUM), .RATE_DEN(RATE_DEN)
    ) pace_i (
        .clk(clk), .rst(wipe), .start(s_ready), .is_out(to_net), .is_emit(is_emit), .is_pour(is_pour),
        .is_spill(is_spill), .is_send(is_send), .l_count(count), .emit_q(emit_q), .pour_q(pour_q), .spill_q(spill_q),
        .taking(taking), .net_done(net_done), .r_done_emit(r_done && !r_done_load), .bursting(bursting),
        .q_first(q_first), .q_turn(q_turn), .asked_read(asked && !q_write), .asked_write(asked && q_write),
        .ended(ended), .b_valid(b_valid), .fetched(f_turn && (d_ready & f_from) != 5'd0),
        .staged(n_stages && stage_ready), .left(left), .sent(sent), .drained(drained), .out_over(out_over),
        .credit(credit), .may(may), .fetch_room(fetch_room), .send_over(send_over), .over(over));
    wire take_last = net_done && !(start_n ? is_pour : pour_q);
    npu_later #(.CYCLES(LAT_DMA)) load_time_i (
        .clk(clk), .rst(wipe), .s_pulse(r_done_load), .m_pulse(load_time));
    npu_later #(.CYCLES(LAT_DMA + 1)) take_time_i (
        .clk(clk), .rst(wipe), .s_pulse(take_last), .m_pulse(take_time));
    npu_later #(.CYCLES(LAT_DMA)) send_time_i (
        .clk(clk), .rst(wipe), .s_pulse(send_over), .m_pulse(send_time));
    wire [6:0] happens = {over, sent, send_time, n_last && !n_move[278], take_time, r_last && !r_move[278], load_time};
    wire [6:0] needs   = {is_emit || is_pour || is_spill, to_net, is_send, is_take, is_take || is_pass, is_load, is_load};
    wire       complete;
    npu_dma_done #(.EVENTS(7), .MOVES(64), .TAG_W(35)) done_i (
        .clk(clk), .rst(wipe), .s_valid(s_ready), .s_ready(track_ready), .s_needs(needs),
        .s_tag({s_desc[`NPU_D_GIVE], s_desc[`NPU_D_SEQ]}), .happens(happens),
        .done_valid(complete), .done_tag({done_give, done_seq}));
    assign done_valid = complete && !halt;

    // ---- faults
    wire bad_r   = r_valid && r_error && !halt;
    wire bad_b   = b_valid && b_error && !halt;
    wire bad_kind = chosen && illegal;
    assign fault_valid = bad_r || bad_b || bad_kind || refused || r_fault || n_fault || f_fault;
    assign fault_code  = bad_r || bad_b ? FAULT_DRAM_RESPONSE : bad_kind ? FAULT_ILLEGAL_CHAIN : FAULT_ADDRESS_RANGE;
    assign fault_word  = bad_r ? r_word : bad_b ? word_q : bad_kind ? s_desc[`NPU_D_WORD]
                         : refused ? (bursting ? word_q : s_desc[`NPU_D_WORD])
                         : r_fault ? r_move[280 +: 24] : n_fault ? n_move[280 +: 24] : word_q;

    always @(posedge clk) begin
        if (s_ready) begin
            load_q  <= is_load;
            emit_q  <= is_emit;
            take_q  <= is_take || is_pass;
            pour_q  <= is_pour;
            spill_q <= is_spill;
            send_q  <= is_send;
            word_q  <= s_desc[`NPU_D_WORD];
        end
        if (fault_valid)
            dead_q <= 1'b1;
        staging_q <= staging_q + {3'd0, start_n && !is_take} - {3'd0, staged_last};
        if (wipe) begin
            staging_q <= 4'd0;
            load_q  <= 1'b0;
            emit_q  <= 1'b0;
            take_q  <= 1'b0;
            pour_q  <= 1'b0;
            spill_q <= 1'b0;
            send_q  <= 1'b0;
            dead_q  <= 1'b0;
        end
    end

    wire unused_bits = &{1'b0, s_desc, to, unused};
endmodule
`default_nettype wire
