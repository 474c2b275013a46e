// npu_dispatch: the program to chain descriptors: fetch, decode, check, push.
// Contract: a word leaves the pipeline (word_done) DISPATCH_INTERVAL cycles behind the one before, or later: an
// end_chain only when its queue has room, and all words behind it wait. A fault leaves in place of its word, in its
// cycle; nothing follows it, or halt, or `stop`.
// The pipeline is deep: memory, word, chain, two steps of checks. Nothing that is dispatched feeds back to it, so its
// depth shows only between `start` and the first word, which is cycle 0.
// Test: tests/rtl/test_npu_dispatch.py
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_dispatch #(
    parameter NATIVE_DIM     = 8,
    parameter ENGINES        = 4,
    parameter SHARED_WEIGHTS = 1,
    parameter MRF_TILES      = 16,
    parameter EXPANDER       = 256,
    parameter EXPANDER_ROWS  = 8,
    parameter IMEM_WORDS     = 4096,
    parameter SIGMOID_TANH_0 = 1,                 // MFU0 has sigmoid and tanh
    parameter SIGMOID_TANH_1 = 1,
    parameter DISPATCH_INTERVAL = 1               // cycles from word to word
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    clear,
    input  wire                    start,         // one cycle, after clear
    input  wire                    stop,          // dispatch nothing more
    input  wire [31:0]             cfg_words,
    output wire                    imem_en,
    output wire [23:0]             imem_addr,
    input  wire [`NPU_WORD_W-1:0]  imem_data,
    output wire [`NPU_QUEUE_N-1:0] m_valid,       // one bit a queue
    input  wire [`NPU_QUEUE_N-1:0] m_ready,
    output wire [`NPU_D_W-1:0]     m_desc,
    output wire                    word_done,     // a word is dispatched in this cycle
    output wire                    halt_done,     // it is halt
    output wire                    fault_valid,
    output wire [3:0]              fault_code,
    output wire [23:0]             fault_word
);
`include "npu_csr.vh"
    wire        f_valid, a_valid, a_end, a_halt, c_valid, c_end, c_halt;
    wire [`NPU_WORD_W-1:0] f_word;
    wire [23:0] f_pc, a_pc;
    wire [3:0]  f_fault, a_fault, c_fault;
    wire [`NPU_QUEUE_N-1:0] queue;
    wire [22:0] taps;
    wire [47:0] row;
    wire [46:0] elements;

    // ---- the pace: cycles until the next word may leave
    localparam P_W = $clog2(DISPATCH_INTERVAL + 1);
    localparam [31:0] INTERVAL = DISPATCH_INTERVAL;
    reg  [P_W-1:0] pace_q;
    wire due  = pace_q == {P_W{1'b0}} && !stop;
    wire full = c_end && (queue & m_ready) == {`NPU_QUEUE_N{1'b0}};
    wire move = due && !full;

    assign m_valid     = c_end && due ? queue : {`NPU_QUEUE_N{1'b0}};
    assign word_done   = c_valid && c_fault == FAULT_NONE && move;
    assign halt_done   = c_halt && move;
    assign fault_valid = c_valid && c_fault != FAULT_NONE && due;
    assign fault_code  = c_fault;

    always @(posedge clk)
        if (rst || clear)
            pace_q <= {P_W{1'b0}};
        else if (word_done)
            pace_q <= INTERVAL[P_W-1:0] - 1'b1;
        else if (pace_q != {P_W{1'b0}})
            pace_q <= pace_q - 1'b1;

    npu_fetch #(.IMEM_WORDS(IMEM_WORDS)) fetch (
        .clk(clk), .rst(rst), .clear(clear), .start(start), .cfg_words(cfg_words), .imem_en(imem_en),
        .imem_addr(imem_addr), .imem_data(imem_data), .m_valid(f_valid), .m_ready(move), .m_word(f_word), .m_pc(f_pc),
        .m_fault(f_fault)
    );

    npu_assemble #(
        .NATIVE_DIM(NATIVE_DIM), .SIGMOID_TANH_0(SIGMOID_TANH_0), .SIGMOID_TANH_1(SIGMOID_TANH_1)
    ) assemble (
        .clk(clk), .rst(rst), .clear(clear), .move(move), .s_valid(f_valid), .s_word(f_word), .s_pc(f_pc),
        .s_fault(f_fault), .m_valid(a_valid), .m_end(a_end), .m_halt(a_halt), .m_fault(a_fault), .m_pc(a_pc),
        .m_queue(queue), .m_desc(m_desc), .m_taps(taps), .m_row(row), .m_elements(elements)
    );

    npu_check #(
        .NATIVE_DIM(NATIVE_DIM), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS), .MRF_TILES(MRF_TILES),
        .EXPANDER(EXPANDER), .EXPANDER_ROWS(EXPANDER_ROWS)
    ) check (
        .clk(clk), .rst(rst), .clear(clear), .move(move), .s_valid(a_valid), .s_end(a_end), .s_halt(a_halt),
        .s_fault(a_fault), .s_pc(a_pc), .s_queue(queue), .s_desc(m_desc), .s_taps(taps), .s_row(row),
        .s_elements(elements), .m_valid(c_valid), .m_end(c_end), .m_halt(c_halt), .m_fault(c_fault), .m_pc(fault_word)
    );
endmodule
`default_nettype wire
