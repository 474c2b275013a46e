// npu_pending: the chains between dispatch and completion, by queue: what a fault names, and whether any is left.
// Contract: a queue's chains complete in the order of their dispatch. done_word is the end_chain of the chain that
// completes in this cycle; oldest_word that of the oldest chain that has not completed, one cycle late. s_ready only
// falls where CHAINS chains of a queue are under way.
// Test: tests/rtl/test_npu_control.py
`include "npu_isa.vh"
`default_nettype none
module npu_pending #(
    parameter CHAINS = 64                                  // a queue; a power of two
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    clear,
    input  wire [`NPU_QUEUE_N-1:0] s_valid,                // a chain enters this queue
    output wire [`NPU_QUEUE_N-1:0] s_ready,
    input  wire [23:0]             s_word,
    input  wire [31:0]             s_seq,
    input  wire [`NPU_QUEUE_N-1:0] done_valid,
    output wire [24*`NPU_QUEUE_N-1:0] done_word,
    output wire                    empty,
    output reg                     oldest_valid,
    output reg  [23:0]             oldest_word
);
    localparam Q   = `NPU_QUEUE_N;
    localparam P_W = $clog2(CHAINS);

    wire [32*Q-1:0] seqs;
    wire [Q-1:0]    some;

    genvar q;
    generate
        for (q = 0; q < Q; q = q + 1) begin : g_queue
            reg [55:0]  mem [0:CHAINS-1];
            reg [P_W:0] in_q, out_q;

            assign some[q]    = in_q != out_q;
            assign s_ready[q] = in_q != {~out_q[P_W], out_q[P_W-1:0]};
            assign {seqs[32*q +: 32], done_word[24*q +: 24]} = some[q] ? mem[out_q[P_W-1:0]] : 56'd0;

            always @(posedge clk) begin
                if (s_valid[q] && s_ready[q]) begin
                    mem[in_q[P_W-1:0]] <= {s_seq, s_word};
                    in_q <= in_q + 1'b1;
                end
                if (done_valid[q])
                    out_q <= out_q + 1'b1;
                if (rst || clear) begin
                    in_q  <= {(P_W+1){1'b0}};
                    out_q <= {(P_W+1){1'b0}};
                end
            end
        end
    endgenerate

    assign empty = some == {Q{1'b0}};

    // The oldest of the heads: numbers grow in the order of dispatch, modulo 2^32.
    integer i;
    reg         found;
    reg  [31:0] seq, ahead;
    reg  [23:0] word;
    always @* begin
        found = 1'b0;
        seq   = 32'd0;
        ahead = 32'd0;
        word  = 24'd0;
        for (i = 0; i < Q; i = i + 1) begin
            ahead = seq - seqs[32*i +: 32];
            if (some[i] && (!found || (!ahead[31] && ahead != 32'd0))) begin
                seq  = seqs[32*i +: 32];
                word = done_word[24*i +: 24];
            end
            found = found || some[i];
        end
    end

    always @(posedge clk) begin
        oldest_valid <= found && !rst && !clear;
        oldest_word  <= word;
    end
endmodule
`default_nettype wire
