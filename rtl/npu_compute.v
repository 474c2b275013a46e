// npu_compute: the unit of the compute queue: starts chains, reads, multiplies, and leads the stream through the tail.
//
// Everything is decided at the start (docs/architecture.md 5.3): a chain starts in the first cycle in which it is ready,
// the reader is free, and its first element enters the tail behind the last one of the chain before, F' > E. From there
// on nothing waits. What must be known later travels in delay lines beside the data: what a vector is for, to where it
// arrives; and marks, one bit an element, that come out LAT_READ cycles before the element enters the tail.
//
//   cycle of the read    + S                + S + M - LAT_READ         + S + M
//   npu_reader ──► memory ──► npu_mvu ──────► marks, descriptor ──────► npu_tail
//
// Contract: s_ready is high in the cycle in which the chain starts. A chain with mv_mul from InitialVrf behind one from
// the Expander starts LAT_EXPAND - LAT_READ cycles later than the reader is free, as its vectors would overtake.
// LAT_EXPAND >= LAT_READ. stop: nothing starts or is written any more. clear: everything under way is dropped.
// Test: tests/rtl/test_npu_compute.py
`default_nettype none
`include "npu_isa.vh"
`include "npu_chain.vh"
module npu_compute #(
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
    parameter SIGMOID_TANH_0  = 1,         // MFU0 has sigmoid and tanh
    parameter SIGMOID_TANH_1  = 1,
    parameter CHECK_INIT      = 1,         // notice reads of vectors and tiles that nothing has written
    parameter V_W             = 16 * NATIVE_DIM,
    parameter W_MANTISSAS     = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1),
    parameter W_W             = W_MANTISSAS > 8 * NATIVE_DIM ? W_MANTISSAS : 8 * NATIVE_DIM
) (
    input  wire                clk,
    input  wire                rst,        // synchronous, high
    input  wire                clear,      // a new run
    input  wire                stop,

    // ---- compute queue
    input  wire                s_valid,    // its head is ready
    output wire                s_ready,
    input  wire [`NPU_D_W-1:0] s_desc,

    // ---- npu_memories: InitialVrf, AddSubVrf_0, AddSubVrf_1, MultiplyVrf_0, MultiplyVrf_1
    output wire [4:0]          rd_en,
    output wire [5*24-1:0]     rd_addr,
    output wire [5*24-1:0]     rd_word,    // instruction word that reads
    input  wire [5*V_W-1:0]    rd_data,
    output wire [4:0]          wr_en,
    output wire [5*24-1:0]     wr_addr,
    output wire [V_W-1:0]      wr_data,
    output wire [31:0]         wb_seq,     // number of the chain that writes

    // ---- DMA: Expander and MatrixRf, always taken
    input  wire                xd_valid,
    input  wire [23:0]         xd_addr,
    input  wire [V_W-1:0]      xd_wdata,
    input  wire                w_valid,
    input  wire [23:0]         w_slot,
    input  wire [7:0]          w_engine,
    input  wire [7:0]          w_chunk,
    input  wire [W_W-1:0]      w_data,

    // ---- semaphores and control
    output wire                done_valid, // a chain is complete
    output wire [2:0]          done_give,
    output wire [31:0]         done_seq,
    output wire                busy_mm,    // the matrix-vector unit is occupied
    output wire                busy_vector,// the reader is, by a chain without mv_mul
    output wire                overflow,   // pulse: a value saturated
    output wire                fault_valid,
    output wire [3:0]          fault_code,
    output wire [23:0]         fault_word
);
    localparam TC    = NATIVE_DIM / LANES;
    localparam M     = LAT_BFP + TC + LAT_DOT + LAT_CONVERT + LAT_ACC + LAT_ROUND;
    localparam LATER = LAT_EXPAND - LAT_READ;              // a vector of the Expander comes later
    localparam LEFT  = LAT_EXPAND + M + ENGINES;           // bound on cycles from a chain's last read to its last entry
    localparam MARKS = LATER + M + ENGINES;                // bound on cycles from a read to its last mark
    localparam CHAINS = (MARKS + TC) / TC + LAT_EXPAND + 2;    // started, last mark not out
    localparam PLACE_W = $clog2(CHAINS + 1);
    localparam [3:0] FAULT_ADDRESS_RANGE = 4'd3, FAULT_UNINITIALISED = 4'd8;
    localparam [V_W-1:0] LOWEST = {NATIVE_DIM{16'hfbff}};  // -65504

    wire flush = rst || clear;

    // ---- start rule: the head may start unless its first element would meet the tail's or its vectors the unit's work
    wire        active, ends;
    wire [7:0]  skew;
    reg  [31:0] left_q;                                    // E - now, once the reader is free
    reg  [31:0] behind_q;                                  // cycles until vectors of InitialVrf overtake nothing
    wire        head_mm = s_desc[`NPU_D_MM];
    wire        head_expand = s_desc[`NPU_D_SPACE] == `NPU_SPACE_EXPANDER;
    wire [31:0] head_tiles = s_desc[`NPU_D_WINDOW] > LEFT ? LEFT : s_desc[`NPU_D_WINDOW] - 32'd1;
    wire [31:0] head_first = (head_expand ? LAT_EXPAND : LAT_READ) + (head_mm ? M + head_tiles * TC : 0);  // F' - s'
    assign s_ready = !active && !stop && !flush && head_first > left_q && (!head_mm || head_expand || behind_q == 0);
    wire        start = s_valid && s_ready;

    reg  [`NPU_D_W-1:0] desc_q;
    wire [`NPU_D_W-1:0] desc = start ? s_desc : desc_q;
    wire        mm     = desc[`NPU_D_MM];
    wire        expand = desc[`NPU_D_SPACE] == `NPU_SPACE_EXPANDER;
    assign busy_mm     = (start || active) && mm;
    assign busy_vector = (start || active) && !mm;

    always @(posedge clk) begin
        if (start)
            desc_q <= s_desc;
        if (flush)
            left_q <= 0;
        else if (ends)
            left_q <= (expand ? LAT_EXPAND : LAT_READ) + (mm ? M - TC + {24'd0, skew} : -1);
        else if (left_q != 0)
            left_q <= left_q - 1;
        if (flush)
            behind_q <= 0;
        else if (ends && mm && expand)
            behind_q <= LATER;
        else if (behind_q != 0)
            behind_q <= behind_q - 1;
    end

    // ---- reads
    wire        r_valid, r_pad, r_expand, r_wide, r_first, r_last, r_elem, r_elem_first, r_elem_last, r_fault;
    wire [23:0] r_addr, r_slot;
    wire [31:0] r_k;
    wire [47:0] r_y, r_x, r_row;
    wire [7:0]  r_engine, r_count;
    npu_reader #(
        .NATIVE_DIM(NATIVE_DIM), .LANES(LANES), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS),
        .MRF_TILES(MRF_TILES), .INITIAL_VRF(INITIAL_VRF), .EXPANDER(EXPANDER)
    ) reader_i (
        .clk(clk),
        .rst(flush || stop),
        .start(start),
        .desc(desc),
        .active(active),
        .ends(ends),
        .skew(skew),
        .m_valid(r_valid),
        .m_pad(r_pad),
        .m_addr(r_addr),
        .m_expand(r_expand),
        .m_k(r_k),
        .m_y(r_y),
        .m_x(r_x),
        .m_row(r_row),
        .m_wide(r_wide),
        .m_engine(r_engine),
        .m_count(r_count),
        .m_slot(r_slot),
        .m_first(r_first),
        .m_last(r_last),
        .m_elem(r_elem),
        .m_elem_first(r_elem_first),
        .m_elem_last(r_elem_last),
        .fault(r_fault)
    );
    wire r_missing;
    npu_tiles #(
        .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS), .MRF_TILES(MRF_TILES), .CHECK_INIT(CHECK_INIT)
    ) tiles_i (
        .clk(clk),
        .rst(flush),
        .w_valid(w_valid && {24'd0, w_chunk} == TC),
        .w_slot(w_slot),
        .w_engine(w_engine),
        .s_valid(r_valid && mm && !r_fault),
        .s_slot(r_slot),
        .s_count(r_count),
        .missing(r_missing)
    );
    assign rd_en[0] = r_valid && !r_expand && !r_pad;
    assign rd_addr[23:0] = r_addr;

    wire [V_W-1:0] expanded;
    wire           x_fault;
    wire [3:0]     x_fault_code;
    wire [23:0]    x_fault_word;
    npu_expander #(
        .NATIVE_DIM(NATIVE_DIM), .EXPANDER(EXPANDER), .EXPANDER_ROWS(EXPANDER_ROWS), .LAT_EXPAND(LAT_EXPAND),
        .CHECK_INIT(CHECK_INIT)
    ) expander_i (
        .clk(clk),
        .rst(rst),
        .clear(clear),
        .xd_valid(xd_valid),
        .xd_addr(xd_addr),
        .xd_wdata(xd_wdata),
        .s_valid(r_valid && r_expand && !r_fault),
        .s_k(r_k),
        .s_y(r_y),
        .s_x(r_x),
        .s_row(r_row),
        .s_wide(r_wide),
        .s_desc(desc),
        .m_data(expanded),
        .fault_valid(x_fault),
        .fault_code(x_fault_code),
        .fault_word(x_fault_word)
    );

    // ---- arrivals: the vector, and what it is for
    localparam USE_W = 47;
    reg  [LAT_EXPAND:1] from_vrf_q, from_expander_q;       // bit k: read k cycles ago
    always @(posedge clk) begin
        from_vrf_q      <= flush ? {LAT_EXPAND{1'b0}} : {from_vrf_q[LAT_EXPAND-1:1], r_valid && !r_expand};
        from_expander_q <= flush ? {LAT_EXPAND{1'b0}} : {from_expander_q[LAT_EXPAND-1:1], r_valid && r_expand};
    end
    wire [USE_W-1:0] r_use = {r_pad, desc[`NPU_D_LOW], mm, r_engine, r_count, r_slot, r_first, r_last,
                              desc[`NPU_D_ACC], desc[`NPU_D_HOLD]};
    wire [USE_W-1:0] vrf_use, expander_use;
    npu_delay #(.WIDTH(USE_W), .CYCLES(LAT_READ)) vrf_use_i (.clk(clk), .s_data(r_use), .m_data(vrf_use));
    npu_delay #(.WIDTH(USE_W), .CYCLES(LATER)) expander_use_i (.clk(clk), .s_data(vrf_use), .m_data(expander_use));

    // A vector for the unit may arrive beside one that goes past it: of a chain with mv_mul from InitialVrf right behind a
    // chain without from the Expander. Two that go the same way never meet.
    wire             v_pad, v_low, v_mm, u_pad, u_low, u_mm, u_first, u_last, u_acc, u_hold;
    wire [7:0]       u_engine, u_count;
    wire [23:0]      u_slot;
    assign {v_pad, v_low, v_mm} = vrf_use[USE_W-1 -: 3];
    wire             x_mm = expander_use[USE_W-3];
    wire [V_W-1:0]   v_data = v_pad ? (v_low ? LOWEST : {V_W{1'b0}}) : rd_data[V_W-1:0];
    wire v_here = from_vrf_q[LAT_READ];
    wire x_here = from_expander_q[LAT_EXPAND];
    wire             past = (v_here && !v_mm) || (x_here && !x_mm);            // an element without mv_mul
    wire [V_W-1:0]   past_data = x_here && !x_mm ? expanded : v_data;
    assign {u_pad, u_low, u_mm, u_engine, u_count, u_slot, u_first, u_last, u_acc, u_hold} =
        x_here && x_mm ? expander_use : vrf_use;

    wire             p_valid, p_overflow;
    wire [V_W-1:0]   product;
    npu_mvu #(
        .NATIVE_DIM(NATIVE_DIM), .LANES(LANES), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS),
        .WEIGHT_MANTISSA(WEIGHT_MANTISSA), .ACT_MANTISSA(ACT_MANTISSA), .MRF_TILES(MRF_TILES), .LAT_BFP(LAT_BFP),
        .LAT_DOT(LAT_DOT), .LAT_CONVERT(LAT_CONVERT), .LAT_ACC(LAT_ACC), .LAT_ROUND(LAT_ROUND)
    ) mvu_i (
        .clk(clk),
        .rst(flush),
        .s_valid((v_here && v_mm) || (x_here && x_mm)),
        .s_data(x_here && x_mm ? expanded : v_data),
        .s_engine(u_engine),
        .s_count(u_count),
        .s_slot(u_slot),
        .s_first(u_first),
        .s_last(u_last),
        .s_acc(u_acc),
        .s_hold(u_hold),
        .m_valid(p_valid),
        .m_data(product),
        .overflow(p_overflow),
        .w_valid(w_valid),
        .w_slot(w_slot),
        .w_engine(w_engine),
        .w_chunk(w_chunk),
        .w_data(w_data)
    );

    // ---- marks: bit k of each comes out in k cycles
    reg  [MARKS-1:0] valid_q, first_q, last_q;
    wire [MARKS-1:0] one = {{MARKS-1{1'b0}}, 1'b1};
    wire [MARKS-1:0] r_valid_marks = r_elem ? (one << r_count) - one : {MARKS{1'b0}};
    wire [MARKS-1:0] r_last_mark   = r_elem_last ? (one << r_count) >> 1 : {MARKS{1'b0}};
    wire [MARKS-1:0] r_first_mark  = r_elem_first ? one : {MARKS{1'b0}};
    wire [3*MARKS-1:0] vrf_marks = mm ? {r_valid_marks << M, r_first_mark << M, r_last_mark << M}
                                      : {r_valid_marks, r_first_mark, r_last_mark};
    wire [MARKS-1:0] valid = valid_q | (expand ? vrf_marks[2*MARKS +: MARKS] << LATER : vrf_marks[2*MARKS +: MARKS]);
    wire [MARKS-1:0] first = first_q | (expand ? vrf_marks[MARKS +: MARKS] << LATER : vrf_marks[MARKS +: MARKS]);
    wire [MARKS-1:0] last  = last_q | (expand ? vrf_marks[0 +: MARKS] << LATER : vrf_marks[0 +: MARKS]);
    always @(posedge clk) begin
        valid_q <= flush ? {MARKS{1'b0}} : valid >> 1;
        first_q <= flush ? {MARKS{1'b0}} : first >> 1;
        last_q  <= flush ? {MARKS{1'b0}} : last >> 1;
    end

    // ---- descriptors of the chains whose last mark is not out; chains pass in order
    reg  [`NPU_D_W-1:0] chains [0:(1<<PLACE_W)-1];
    reg  [PLACE_W-1:0]  put_q, take_q;
    wire pre_valid = valid[0];
    wire pre_last = valid[0] && last[0];
    wire [`NPU_D_W-1:0] pre_desc = put_q == take_q ? s_desc : chains[take_q];  // the one that starts now is not in yet
    always @(posedge clk) begin
        if (start)
            chains[put_q] <= s_desc;
        put_q  <= flush ? {PLACE_W{1'b0}} : put_q + {{PLACE_W-1{1'b0}}, start};
        take_q <= flush ? {PLACE_W{1'b0}} : take_q + {{PLACE_W-1{1'b0}}, pre_last};
    end

    wire           t_overflow, t_fault;
    wire [3:0]     t_fault_code;
    wire [23:0]    t_fault_word;
    npu_tail #(
        .NATIVE_DIM(NATIVE_DIM), .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .LAT_READ(LAT_READ), .LAT_MUL(LAT_MUL),
        .LAT_ADD(LAT_ADD), .LAT_ACT(LAT_ACT), .LAT_REDUCE(LAT_REDUCE), .LAT_WRITE(LAT_WRITE),
        .SIGMOID_TANH_0(SIGMOID_TANH_0), .SIGMOID_TANH_1(SIGMOID_TANH_1)
    ) tail_i (
        .clk(clk),
        .rst(rst),
        .clear(clear),
        .stop(stop),
        .pre_valid(pre_valid),
        .pre_first(first[0]),
        .pre_last(pre_last),
        .pre_desc(pre_desc),
        .x_data(past ? past_data : product),
        .rd_en(rd_en[4:1]),
        .rd_addr(rd_addr[5*24-1:24]),
        .rd_data(rd_data[5*V_W-1:V_W]),
        .wr_en(wr_en),
        .wr_addr(wr_addr),
        .wr_data(wr_data),
        .wb_seq(wb_seq),
        .done_valid(done_valid),
        .done_give(done_give),
        .done_seq(done_seq),
        .overflow(t_overflow),
        .fault_valid(t_fault),
        .fault_code(t_fault_code),
        .fault_word(t_fault_word)
    );
    assign overflow = p_overflow || t_overflow;

    // ---- faults, and whom to name: an operand's read names the chain that was announced last
    reg        r_fault_q, r_missing_q;
    reg [23:0] r_word_q, t_word_q;
    always @(posedge clk) begin
        r_fault_q <= (r_fault || r_missing) && !flush;
        r_missing_q <= r_missing;
        if (r_fault || r_missing)
            r_word_q <= desc[`NPU_D_WORD];
        if (pre_valid)
            t_word_q <= pre_desc[`NPU_D_WORD];
    end
    wire [23:0] t_word = pre_valid ? pre_desc[`NPU_D_WORD] : t_word_q;
    assign rd_word     = {{4{t_word}}, desc[`NPU_D_WORD]};
    assign fault_valid = r_fault_q || x_fault || t_fault;
    assign fault_code  = t_fault ? t_fault_code : x_fault ? x_fault_code
                         : r_missing_q ? FAULT_UNINITIALISED : FAULT_ADDRESS_RANGE;
    assign fault_word  = t_fault ? t_fault_word : x_fault ? x_fault_word : r_word_q;

    // ---- results and marks meet
    wire unused_bits = &{1'b0, u_pad, u_low, u_mm, p_valid};
    // synthesis translate_off
    reg  [LAT_READ:1] announced_q;
    wire [LAT_READ:0] announced = {announced_q, pre_valid};
    always @(posedge clk) begin
        announced_q <= flush ? {LAT_READ{1'b0}} : announced[LAT_READ-1:0];
        if (p_valid && !flush && (!announced[LAT_READ] || past)) begin
            $display("npu_compute: the matrix-vector unit gave a result in a cycle in which none enters the tail");
            $finish;
        end
        if (start && put_q + 1'b1 == take_q) begin
            $display("npu_compute: more than %0d chains are under way", CHAINS);
            $finish;
        end
    end
    // synthesis translate_on
endmodule
`default_nettype wire
