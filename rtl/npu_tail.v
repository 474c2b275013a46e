// npu_tail: what stands behind the matrix-vector unit: MFU0, reduce, MFU1, write-back (docs/architecture.md, 3.3 on).
//
// A pipeline of constant depth: a stage that a chain does not use delays.  Elements of many chains are in it at once,
// so what a stage does travels with each element, made from the chain's descriptor when the element is announced,
// LAT_READ cycles before it enters; that is also the cycle in which the first operand's address is due.
//
// Contract: an element announced in cycle t enters in cycle e = t + LAT_READ (x_data); its output is readable from
// cycle e + W on, W = 2 * (LAT_MUL + LAT_ADD + LAT_ACT) + LAT_REDUCE + LAT_WRITE, and done_valid of its chain comes in
// that cycle.  A chain that holds its sums announces its elements too: only done_valid follows.
// Test: tests/rtl/test_npu_tail.py
`default_nettype none
`include "npu_isa.vh"
`include "npu_chain.vh"
module npu_tail #(
    parameter NATIVE_DIM     = 8,
    parameter INITIAL_VRF    = 1024,       // depths [vectors]
    parameter ADDSUB_VRF_0   = 256,
    parameter ADDSUB_VRF_1   = 512,
    parameter MULTIPLY_VRF_0 = 256,
    parameter MULTIPLY_VRF_1 = 256,
    parameter LAT_READ       = 3,
    parameter LAT_MUL        = 3,
    parameter LAT_ADD        = 4,
    parameter LAT_ACT        = 3,
    parameter LAT_REDUCE     = 4,
    parameter LAT_WRITE      = 2,
    parameter SIGMOID_TANH_0 = 1,          // MFU0 has sigmoid and tanh
    parameter SIGMOID_TANH_1 = 1,
    parameter V_W            = 16 * NATIVE_DIM
) (
    input  wire                clk,
    input  wire                rst,        // synchronous, high
    input  wire                clear,      // a pulse: drop everything that is under way
    input  wire                stop,       // from now on write, complete and report nothing

    // ---- the stream
    input  wire                pre_valid,  // an element enters LAT_READ cycles later
    input  wire                pre_first,  // of its chain
    input  wire                pre_last,
    input  wire [`NPU_D_W-1:0] pre_desc,
    input  wire [V_W-1:0]      x_data,     // the element, in the cycle in which it enters

    // ---- operands: AddSubVrf_0, AddSubVrf_1, MultiplyVrf_0, MultiplyVrf_1 from the lowest bits on
    output wire [3:0]          rd_en,
    output wire [4*24-1:0]     rd_addr,
    input  wire [4*V_W-1:0]    rd_data,    // LAT_READ cycles after the address

    // ---- write-back: InitialVrf, then as above
    output wire [4:0]          wr_en,
    output wire [5*24-1:0]     wr_addr,
    output wire [V_W-1:0]      wr_data,    // common to all targets
    output wire [31:0]         wb_seq,     // number of the chain that writes

    // ---- to semaphores and control
    output wire                done_valid,
    output wire [2:0]          done_give,
    output wire [31:0]         done_seq,
    output wire                overflow,   // pulse: a value saturated
    output wire                fault_valid,
    output wire [3:0]          fault_code,
    output wire [23:0]         fault_word
);
    localparam MFU    = LAT_MUL + LAT_ADD + LAT_ACT;
    localparam TO_MFU = LAT_READ;                    // cycles from the announcement to each unit
    localparam TO_RED = TO_MFU + MFU;
    localparam TO_OUT = TO_RED + LAT_REDUCE;         // MFU1
    localparam CYCLES = TO_OUT + MFU + LAT_WRITE;    // LAT_READ + W

    wire flush = rst || clear;

    // ---- where the element stands
    wire        matmul = pre_desc[`NPU_D_MM];
    wire        live   = pre_valid && !(matmul && pre_desc[`NPU_D_HOLD]);
    wire [1:0]  red    = pre_desc[`NPU_D_RED];
    wire        more, row_end, load, seed, completes, out_first, out_row_end, misfit;

    npu_walk walk_i (
        .clk(clk),
        .s_valid(live),
        .s_first(pre_first),
        .s_last(pre_last),
        .s_inner(matmul ? pre_desc[`NPU_D_REG(`NPU_REG_MV_ROWS)] : pre_desc[`NPU_D_WINDOW]),
        .s_cols(pre_desc[`NPU_D_REG(`NPU_REG_COLS)]),
        .s_reduce(red != `NPU_RED_NONE),
        .s_red_n(pre_desc[`NPU_D_REG(`NPU_REG_RED_N)]),
        .s_red_head(pre_desc[`NPU_D_REG(`NPU_REG_RED_HEAD)]),
        .s_red_overlap(pre_desc[32*`NPU_REG_RED_OVERLAP]),
        .s_red_run(pre_desc[`NPU_D_REG(`NPU_REG_RED_RUN)]),
        .s_red_tail(pre_desc[32*`NPU_REG_RED_TAIL]),
        .s_out_cols(pre_desc[`NPU_D_REG(`NPU_REG_OUT_COLS)]),
        .m_more(more),
        .m_row_end(row_end),
        .m_load(load),
        .m_seed(seed),
        .m_out(completes),
        .m_out_first(out_first),
        .m_out_row_end(out_row_end),
        .m_misfit(misfit)
    );
    wire out = live && completes;

    // ---- operands: multiplier and adder of MFU0, then of MFU1; their addresses wait for their stages
    wire [3:0]      used = {pre_desc[`NPU_D_M1_AS] != `NPU_AS_NONE, pre_desc[`NPU_D_M1_MUL],
                            pre_desc[`NPU_D_M0_AS] != `NPU_AS_NONE, pre_desc[`NPU_D_M0_MUL]};
    wire [3:0]      step = {pre_desc[`NPU_D_M1_ASTEP], pre_desc[`NPU_D_M1_MSTEP],
                            pre_desc[`NPU_D_M0_ASTEP], pre_desc[`NPU_D_M0_MSTEP]};
    wire [4*24-1:0] base = {pre_desc[`NPU_D_M1_AADDR], pre_desc[`NPU_D_M1_MADDR],
                            pre_desc[`NPU_D_M0_AADDR], pre_desc[`NPU_D_M0_MADDR]};
    wire [3:0]      outside;

    genvar k;
    generate
        for (k = 0; k < 4; k = k + 1) begin : g_operand
            localparam [0:0] UNIT = k >= 2, ADDER = k == 1 || k == 3;
            localparam PORT  = ADDER ? (UNIT ? 1 : 0) : (UNIT ? 3 : 2);       // on the rd buses
            localparam DEPTH = ADDER ? (UNIT ? ADDSUB_VRF_1 : ADDSUB_VRF_0) : (UNIT ? MULTIPLY_VRF_1 : MULTIPLY_VRF_0);
            localparam WAIT  = (UNIT ? MFU + LAT_REDUCE : 0) + (ADDER ? LAT_MUL : 0);

            wire [24:0] addr;
            npu_operand nest_i (
                .clk(clk),
                .s_valid(UNIT ? out : live),
                .s_first(UNIT ? out_first : pre_first),
                .s_more(UNIT ? more && matmul && !step[k] : more),           // outputs know no positions
                .s_tiles(matmul),
                .s_row_end(UNIT ? out_row_end : row_end),
                .s_step(step[k]),
                .s_base(base[24*k +: 24]),
                .s_row(UNIT ? pre_desc[`NPU_D_REG(`NPU_REG_OP1_ROW)] : pre_desc[`NPU_D_REG(`NPU_REG_OP0_ROW)]),
                .s_col(UNIT ? pre_desc[`NPU_D_REG(`NPU_REG_OP1_COL)] : pre_desc[`NPU_D_REG(`NPU_REG_OP0_COL)]),
                .m_addr(addr)
            );

            wire reads = used[k] && (UNIT ? out : live);
            wire range = {7'd0, addr} >= DEPTH;
            assign outside[k] = reads && range;
            if (WAIT == 0) begin : g_now
                assign rd_en[PORT] = reads && !range;
                assign rd_addr[24*PORT +: 24] = addr[23:0];
            end else begin : g_later
                reg [WAIT:1] reads_q;
                wire [WAIT:0] line = {reads_q, reads && !range};
                always @(posedge clk)
                    reads_q <= flush ? {WAIT{1'b0}} : line[WAIT-1:0];
                assign rd_en[PORT] = line[WAIT];
                npu_delay #(.WIDTH(24), .CYCLES(WAIT)) wait_i (
                    .clk(clk), .s_data(addr[23:0]), .m_data(rd_addr[24*PORT +: 24])
                );
            end
        end
    endgenerate

    // ---- valid elements and outputs: bit k counts the cycles since the announcement
    reg [TO_RED:1] live_q;
    reg [TO_OUT:1] out_q;
    always @(posedge clk) begin
        live_q <= flush ? {TO_RED{1'b0}} : {live_q[TO_RED-1:1], live};
        out_q  <= flush ? {TO_OUT{1'b0}} : {out_q[TO_OUT-1:1], out};
    end

    // ---- what the stages do, beside the pipeline
    wire [38:0] mfu0, mfu1;                // multiply, add/sub/max, unary, immediates
    wire [1:0]  red_here;
    wire        load_here, seed_here;
    npu_delay #(.WIDTH(39), .CYCLES(TO_MFU)) mfu0_control_i (
        .clk(clk),
        .s_data({pre_desc[`NPU_D_M0_MUL], pre_desc[`NPU_D_M0_AS], pre_desc[`NPU_D_M0_ACT], pre_desc[`NPU_D_M0_A],
                 pre_desc[`NPU_D_M0_B]}),
        .m_data(mfu0)
    );
    npu_delay #(.WIDTH(4), .CYCLES(TO_RED)) reduce_control_i (
        .clk(clk), .s_data({red, load, seed}), .m_data({red_here, load_here, seed_here})
    );
    npu_delay #(.WIDTH(39), .CYCLES(TO_OUT)) mfu1_control_i (
        .clk(clk),
        .s_data({pre_desc[`NPU_D_M1_MUL], pre_desc[`NPU_D_M1_AS], pre_desc[`NPU_D_M1_ACT], pre_desc[`NPU_D_M1_A],
                 pre_desc[`NPU_D_M1_B]}),
        .m_data(mfu1)
    );

    // ---- the datapath
    wire [V_W-1:0] mapped, reduced, result;
    wire           mfu0_overflow, reduce_overflow, mfu1_overflow;

    npu_mfu #(
        .NATIVE_DIM(NATIVE_DIM), .LAT_MUL(LAT_MUL), .LAT_ADD(LAT_ADD), .LAT_ACT(LAT_ACT), .SIGMOID_TANH(SIGMOID_TANH_0)
    ) mfu0_i (
        .clk(clk),
        .rst(flush),
        .s_valid(live_q[TO_MFU]),
        .s_mul(mfu0[38]),
        .s_as(mfu0[37:35]),
        .s_act(mfu0[34:32]),
        .s_a(mfu0[31:16]),
        .s_b(mfu0[15:0]),
        .s_data(x_data),
        .s_mul_data(rd_data[2*V_W +: V_W]),
        .s_add_data(rd_data[0 +: V_W]),
        .m_data(mapped),
        .overflow(mfu0_overflow)
    );

    npu_reduce #(.NATIVE_DIM(NATIVE_DIM), .LAT_REDUCE(LAT_REDUCE)) reduce_i (
        .clk(clk),
        .rst(flush),
        .s_valid(live_q[TO_RED]),
        .s_red(red_here),
        .s_load(load_here),
        .s_seed(seed_here),
        .s_out(out_q[TO_RED]),
        .s_data(mapped),
        .m_data(reduced),
        .overflow(reduce_overflow)
    );

    npu_mfu #(
        .NATIVE_DIM(NATIVE_DIM), .LAT_MUL(LAT_MUL), .LAT_ADD(LAT_ADD), .LAT_ACT(LAT_ACT), .SIGMOID_TANH(SIGMOID_TANH_1)
    ) mfu1_i (
        .clk(clk),
        .rst(flush),
        .s_valid(out_q[TO_OUT]),
        .s_mul(mfu1[38]),
        .s_as(mfu1[37:35]),
        .s_act(mfu1[34:32]),
        .s_a(mfu1[31:16]),
        .s_b(mfu1[15:0]),
        .s_data(reduced),
        .s_mul_data(rd_data[3*V_W +: V_W]),
        .s_add_data(rd_data[1*V_W +: V_W]),
        .m_data(result),
        .overflow(mfu1_overflow)
    );
    assign overflow = mfu0_overflow || reduce_overflow || mfu1_overflow;

    // ---- write-back
    wire [24:0] offset;
    npu_operand write_i (
        .clk(clk),
        .s_valid(out),
        .s_first(out_first),
        .s_more(1'b0),
        .s_tiles(1'b0),
        .s_row_end(out_row_end),
        .s_step(1'b1),
        .s_base(24'd0),
        .s_row(pre_desc[`NPU_D_REG(`NPU_REG_WR_ROW)]),
        .s_col(pre_desc[`NPU_D_REG(`NPU_REG_WR_COL)]),
        .m_addr(offset)
    );

    wire [8:0] targets = pre_desc[`NPU_D_WR];
    npu_writeback #(
        .NATIVE_DIM(NATIVE_DIM), .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .LAT_WRITE(LAT_WRITE), .CYCLES(CYCLES)
    ) writeback_i (
        .clk(clk),
        .rst(flush),
        .stop(stop),
        .s_valid(pre_valid),
        .s_last(pre_last),
        .s_out(out),
        .s_mask(targets[8:4]),
        .s_base({pre_desc[`NPU_D_WR_ADDR(8)], pre_desc[`NPU_D_WR_ADDR(7)], pre_desc[`NPU_D_WR_ADDR(6)],
                 pre_desc[`NPU_D_WR_ADDR(5)], pre_desc[`NPU_D_WR_ADDR(4)]}),
        .s_offset(offset),
        .s_range(|outside),
        .s_misfit(live && misfit),
        .s_give(pre_desc[`NPU_D_GIVE]),
        .s_seq(pre_desc[`NPU_D_SEQ]),
        .s_word(pre_desc[`NPU_D_WORD]),
        .s_data(result),
        .wr_en(wr_en),
        .wr_addr(wr_addr),
        .wr_data(wr_data),
        .wb_seq(wb_seq),
        .done_valid(done_valid),
        .done_give(done_give),
        .done_seq(done_seq),
        .fault_valid(fault_valid),
        .fault_code(fault_code),
        .fault_word(fault_word)
    );

    wire unused_bits = &{1'b0, pre_desc, targets[3:0]};
endmodule
`default_nettype wire
