// npu_dma_done: completion of the vector queue's moves, in order, one a cycle.
//
// Moves start in order but need different things to be complete: a mask of events, each of which is counted when it
// happens (in the order of the moves that wait for it) and used up by the completion.
// Contract: done_valid in the cycle of the last event that the oldest move waits for. Test: tests/rtl/test_npu_dma.py
`default_nettype none
module npu_dma_done #(
    parameter EVENTS = 4,
    parameter MOVES  = 64,                 // under way, a power of two
    parameter TAG_W  = 35
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              s_valid,      // a move starts
    output wire              s_ready,
    input  wire [EVENTS-1:0] s_needs,
    input  wire [TAG_W-1:0]  s_tag,
    input  wire [EVENTS-1:0] happens,
    output wire              done_valid,
    output wire [TAG_W-1:0]  done_tag
);
    wire              move;
    wire [EVENTS-1:0] needs, there;
    npu_fifo #(.WIDTH(EVENTS + TAG_W), .DEPTH(MOVES)) moves_i (
        .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data({s_needs, s_tag}),
        .m_valid(move), .m_ready(done_valid), .m_data({needs, done_tag}));
    assign done_valid = move && (needs & ~there) == {EVENTS{1'b0}};

    genvar e;
    generate
        for (e = 0; e < EVENTS; e = e + 1) begin : g_event
            reg [7:0] count_q;
            assign there[e] = happens[e] || count_q != 8'd0;
            always @(posedge clk)
                if (rst)
                    count_q <= 8'd0;
                else
                    count_q <= count_q + {7'd0, happens[e]} - {7'd0, done_valid && needs[e]};
        end
    endgenerate
endmodule
`default_nettype wire
