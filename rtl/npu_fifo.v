// npu_fifo: a short queue in registers or distributed memory, first word falls through.
// Contract: keeps order, drops nothing; a word is on m_data one cycle after it came, with BYPASS = 1 in its own cycle
// where the queue is empty.  Test: tests/rtl/test_npu_dma_parts.py
`default_nettype none
module npu_fifo #(
    parameter WIDTH  = 8,
    parameter DEPTH  = 4,                  // words, a power of two, at least 2
    parameter BYPASS = 0
) (
    input  wire             clk,
    input  wire             rst,           // drops all words
    input  wire             s_valid,
    output wire             s_ready,
    input  wire [WIDTH-1:0] s_data,
    output wire             m_valid,
    input  wire             m_ready,
    output wire [WIDTH-1:0] m_data
);
    localparam P_W = $clog2(DEPTH);
    reg  [WIDTH-1:0] words [0:DEPTH-1];
    reg  [P_W:0]     in_q, out_q;          // one bit more than an address, so that full and empty differ

    wire empty   = in_q == out_q;
    wire full    = in_q == {~out_q[P_W], out_q[P_W-1:0]};
    wire through = BYPASS != 0 && empty;
    assign s_ready = !full;
    assign m_valid = !empty || (BYPASS != 0 && s_valid);
    assign m_data  = through ? s_data : words[out_q[P_W-1:0]];

    wire push = s_valid && s_ready && !(through && m_ready);
    wire pop  = !empty && m_ready;
    always @(posedge clk) begin
        if (push) begin
            words[in_q[P_W-1:0]] <= s_data;
            in_q <= in_q + 1'b1;
        end
        if (pop)
            out_q <= out_q + 1'b1;
        if (rst) begin
            in_q  <= {(P_W+1){1'b0}};
            out_q <= {(P_W+1){1'b0}};
        end
    end
endmodule
`default_nettype wire
