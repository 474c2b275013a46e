// npu_queue: the chains of one queue between dispatch and start; they take their tokens here.
// Contract: order kept; QUEUE_DEPTH chains. A chain that enters in cycle d can take its tokens from d + 1 on, one
// chain a cycle, in order, also behind a head that has not started; the head is valid LAT_ISSUE cycles after it took
// them. Its descriptor is on m_desc from the cycle on in which it is the head. Room that a start leaves is room in that
// cycle.
// Test: tests/rtl/test_npu_queue.py
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_queue #(
    parameter QUEUE_DEPTH = 4,
    parameter LAT_ISSUE   = 2
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    clear,         // drop all chains
    input  wire                    stop,          // no chain becomes valid, none takes tokens
    input  wire                    s_valid,
    output wire                    s_ready,
    input  wire [`NPU_D_W-1:0]     s_desc,
    input  wire [`NPU_QUEUE_N-1:0] token_any,     // bit q: the semaphore (q, own queue) holds a token
    output wire [`NPU_QUEUE_N-1:0] token_take,    // bit q: one is taken
    output wire                    m_valid,       // the head holds its tokens and LAT_ISSUE has passed
    input  wire                    m_ready,       // it starts in this cycle
    output wire [`NPU_D_W-1:0]     m_desc
);
    localparam P_W = $clog2(QUEUE_DEPTH);
    localparam C_W = $clog2(QUEUE_DEPTH + 1);
    localparam [31:0] DEPTH = QUEUE_DEPTH;
    localparam [31:0] END   = QUEUE_DEPTH - 1;
    localparam [P_W-1:0] LAST = END[P_W-1:0];

    reg  [`NPU_D_W-1:0]     mem  [0:QUEUE_DEPTH-1];
    reg  [`NPU_QUEUE_N-1:0] wait_q [0:QUEUE_DEPTH-1];
    reg  [P_W-1:0] in_q, walk_q, out_q;
    reg  [C_W-1:0] count_q;                // chains in the queue
    reg  [C_W-1:0] waiting_q;              // the youngest of them, which have not taken their tokens
    reg  [C_W-1:0] ready_q;                // the oldest of them, whose LAT_ISSUE has passed

    wire push = s_valid && s_ready;
    wire pop  = m_valid && m_ready;
    wire [`NPU_QUEUE_N-1:0] need = wait_q[walk_q];
    wire take = !stop && waiting_q != {C_W{1'b0}} && (need & ~token_any) == {`NPU_QUEUE_N{1'b0}};
    wire issued;

    assign token_take = take ? need : {`NPU_QUEUE_N{1'b0}};
    assign m_valid    = !stop && ready_q != {C_W{1'b0}};
    assign m_desc     = mem[out_q];
    assign s_ready    = count_q != DEPTH[C_W-1:0] || pop;

    generate
        if (LAT_ISSUE == 1) begin : g_at_once
            assign issued = take;
        end else begin : g_later
            reg  [LAT_ISSUE-2:0] delay_q;
            wire [LAT_ISSUE-1:0] line = {delay_q, take};
            assign issued = line[LAT_ISSUE-1];
            always @(posedge clk)
                delay_q <= rst || clear ? {(LAT_ISSUE-1){1'b0}} : line[LAT_ISSUE-2:0];
        end
    endgenerate

    always @(posedge clk) begin
        if (push) begin
            mem[in_q]    <= s_desc;
            wait_q[in_q] <= s_desc[`NPU_D_WAIT];
            in_q <= in_q == LAST ? {P_W{1'b0}} : in_q + 1'b1;
        end
        if (take)
            walk_q <= walk_q == LAST ? {P_W{1'b0}} : walk_q + 1'b1;
        if (pop)
            out_q <= out_q == LAST ? {P_W{1'b0}} : out_q + 1'b1;
        count_q   <= count_q + {{(C_W-1){1'b0}}, push} - {{(C_W-1){1'b0}}, pop};
        waiting_q <= waiting_q + {{(C_W-1){1'b0}}, push} - {{(C_W-1){1'b0}}, take};
        ready_q   <= ready_q + {{(C_W-1){1'b0}}, issued} - {{(C_W-1){1'b0}}, pop};
        if (rst || clear) begin
            in_q      <= {P_W{1'b0}};
            walk_q    <= {P_W{1'b0}};
            out_q     <= {P_W{1'b0}};
            count_q   <= {C_W{1'b0}};
            waiting_q <= {C_W{1'b0}};
            ready_q   <= {C_W{1'b0}};
        end
    end
endmodule
`default_nettype wire
