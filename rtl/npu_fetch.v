// npu_fetch: reads the program, hardware loops included, one word a cycle.
// Contract: after `start` the words leave in the order of dispatch. A word that cannot be fetched, or a loop word that
// is illegal, leaves as a word with m_fault set; it and `halt` are the last.
// The branch of end_loop needs no bubble: its target stands on the loop stack, and memory is read for the next word in
// the cycle in which this one is at its output.
// Test: tests/rtl/test_npu_fetch.py
`include "npu_isa.vh"
`default_nettype none
module npu_fetch #(
    parameter IMEM_WORDS = 4096
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,          // forget everything
    input  wire                   start,          // read word 0; one cycle, after clear
    input  wire [31:0]            cfg_words,      // words of the program
    output wire                   imem_en,        // word at imem_addr appears on imem_data in the next cycle, and stays
    output wire [23:0]            imem_addr,
    input  wire [`NPU_WORD_W-1:0] imem_data,
    output wire                   m_valid,
    input  wire                   m_ready,
    output wire [`NPU_WORD_W-1:0] m_word,
    output wire [23:0]            m_pc,           // place of the word; of a missing halt, of the last word
    output reg  [3:0]             m_fault         // FAULT_NONE, or why there is no word
);
`include "npu_csr.vh"
    localparam [31:0] DEPTH = `NPU_LOOP_DEPTH;
    localparam S_W = $clog2(DEPTH);
    localparam [31:0] WORDS = IMEM_WORDS;

    reg         valid_q;
    reg  [23:0] pc_q;

    // Loop stack. left: iterations after this one; again: left is not 0.
    reg  [23:0]      first_q [0:DEPTH-1];
    reg  [31:0]      left_q  [0:DEPTH-1];
    reg  [DEPTH-1:0] again_q;
    reg  [S_W:0]     depth_q;

    wire [S_W-1:0] next = depth_q[S_W-1:0];
    wire [S_W-1:0] top  = next - 1'b1;
    wire [31:0] count = imem_data[`NPU_LOOP_COUNT];

    wire [`NPU_OPCODE_W-1:0] opcode = imem_data[`NPU_OPCODE];
    wire is_halt = opcode == `NPU_OP_HALT;
    wire is_loop = opcode == `NPU_OP_LOOP;
    wire is_end  = opcode == `NPU_OP_END_LOOP;
    wire too_big = cfg_words > WORDS;
    wire missing = {8'd0, pc_q} >= cfg_words;
    wire in_loop = depth_q != {(S_W+1){1'b0}};

    always @* begin
        m_fault = FAULT_NONE;
        if (too_big)
            m_fault = FAULT_ADDRESS_RANGE;
        else if (missing)
            m_fault = FAULT_NO_HALT;
        else if ((is_halt && in_loop) || (is_end && !in_loop)
                 || (is_loop && (count == 32'd0 || depth_q == DEPTH[S_W:0])))
            m_fault = FAULT_ILLEGAL_INSTRUCTION;
    end

    wire [23:0] prior = pc_q == 24'd0 ? 24'd0 : pc_q - 24'd1;
    wire [23:0] after  = pc_q + 24'd1;
    wire        back   = is_end && again_q[top];
    wire        take   = valid_q && m_ready;
    wire        last   = m_fault != FAULT_NONE || is_halt;

    assign m_valid   = valid_q;
    assign m_word    = imem_data;
    assign m_pc      = too_big ? WORDS[23:0] : missing ? prior : pc_q;
    assign imem_en   = start || (take && !last);
    assign imem_addr = start ? 24'd0 : back ? first_q[top] : after;

    always @(posedge clk) begin
        if (imem_en)
            pc_q <= imem_addr;
        if (take && !last && is_loop) begin
            first_q[next] <= after;
            left_q[next]  <= count - 32'd1;
            again_q[next] <= count != 32'd1;
            depth_q <= depth_q + 1'b1;
        end
        if (take && !last && is_end) begin
            left_q[top]  <= left_q[top] - 32'd1;
            again_q[top] <= left_q[top] != 32'd1;
            if (!back)
                depth_q <= depth_q - 1'b1;
        end
        if (take && last)
            valid_q <= 1'b0;
        if (start)
            valid_q <= 1'b1;
        if (rst || clear) begin
            valid_q <= 1'b0;
            depth_q <= {(S_W+1){1'b0}};
        end
    end
endmodule
`default_nettype wire
