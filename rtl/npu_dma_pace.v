// npu_dma_pace: when the vector DMA's moves that leave by a network queue, or write DRAM, may go on and are over.
//
//   drained    a write to DRAM is over: the channel's time of its last turn has passed and every burst is answered
//   out_over   NetOutQ's cycles of the present move are over (and of an emit, its last beat has left)
//   credit     the staging queue has room for the turn that a read for NetOutQ asks for
//   may        the present move's next write turn may be asked for
//
// A move that is longer than the staging queue begins to empty it early. What it gains by that is given back: the time
// that the turns behind a pour take (`hold_q`), or the cycles for which an emit's turns waited for room (`withheld`).
// Contract: docs/architecture.md 5.4.  Test: tests/rtl/test_npu_dma.py
`default_nettype none
module npu_dma_pace #(
    parameter V_BYTES   = 16,              // of a vector
    parameter NET_BYTES = 8,
    parameter STAGE     = 64,              // vectors staged
    parameter LAT_READ  = 3,
    parameter LAT_DMA   = 4,
    parameter RATE_NUM  = 8,
    parameter RATE_DEN  = 1
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        start,              // a move of one of these kinds, or none of them, starts
    input  wire        is_out,             // it goes to NetOutQ
    input  wire        is_emit,
    input  wire        is_pour,
    input  wire        is_spill,
    input  wire        is_send,
    input  wire [31:0] l_count,            // its vectors
    input  wire        emit_q,             // kind of the present move
    input  wire        pour_q,
    input  wire        spill_q,
    input  wire        taking,             // NetInQ beats are to come
    input  wire        net_done,           // the last one comes
    input  wire        r_done_emit,        // last DRAM beat of an emit
    input  wire        bursting,           // bursts are to be asked for
    input  wire        q_first,
    input  wire [31:0] q_turn,
    input  wire        asked_read,         // a burst is granted
    input  wire        asked_write,
    input  wire        ended,              // the channel's time of the last turn is over
    input  wire        b_valid,
    input  wire        fetched,            // a vector is asked of a vector register file
    input  wire        staged,             // a vector from NetInQ enters the staging queue
    input  wire        left,               // a vector leaves it
    input  wire        sent,               // the last beat of a move has left on NetOutQ
    output wire        drained,
    output wire        out_over,
    output wire        credit,
    output wire        may,
    output wire        fetch_room,
    output wire        send_over,          // pulse: NetOutQ's cycles of a send are over
    output wire        over                // pulse: an emit, pour or spill is over
);
    localparam [31:0] V        = V_BYTES[31:0];
    localparam [31:0] CAPACITY = V * STAGE[31:0];
    localparam [47:0] NET      = {16'd0, NET_BYTES[31:0]};
    localparam [63:0] CYCLE    = {32'd0, RATE_NUM[31:0]};
    localparam [63:0] V_TICKS  = {32'd0, V} * {32'd0, RATE_DEN[31:0]};

    // ---- bytes staged, or on their way into the staging queue
    reg  [31:0] used_q;
    wire [31:0] more = (asked_read && q_first && (emit_q || (start && is_emit)) ? q_turn : 32'd0)
                       + (fetched ? V : 32'd0) + (staged ? V : 32'd0);
    assign credit     = used_q + q_turn <= CAPACITY;
    assign fetch_room = used_q + V <= CAPACITY;

    // ---- writes
    reg  [15:0] writes_q;                  // not answered
    reg  [31:0] count_q;
    reg  [63:0] hold_q;                    // ticks
    reg         spill_may_q;
    wire        spill_now;
    wire [31:0] count = start ? l_count : count_q;
    wire        pours = start ? is_pour : pour_q;
    wire        early = count_q > STAGE[31:0] && (!q_first || used_q >= q_turn);
    npu_later #(.CYCLES(LAT_READ + LAT_DMA)) spill_i (
        .clk(clk), .rst(rst), .s_pulse(start && is_spill), .m_pulse(spill_now));
    assign may     = spill_q ? spill_may_q || spill_now : !taking || early;
    assign drained = !bursting && ended && !taking && hold_q == 64'd0
                     && (writes_q == 16'd0 || (writes_q == 16'd1 && b_valid));

    // ---- NetOutQ
    reg  [47:0] bytes_q;                   // left for its cycles
    reg         run_q, send_wait_q, wait_q;
    reg  [7:0]  outs_q;                    // moves whose last beat has not left
    wire        emit_now, send_now;
    npu_later #(.CYCLES(LAT_DMA)) emit_i (.clk(clk), .rst(rst), .s_pulse(r_done_emit), .m_pulse(emit_now));
    npu_later #(.CYCLES(LAT_READ)) send_i (
        .clk(clk), .rst(rst), .s_pulse(start && is_send), .m_pulse(send_now));
    wire withheld = emit_q && bursting && q_first && !credit && ended;
    wire passes   = emit_now || send_now || run_q || withheld;
    assign out_over  = run_q && bytes_q == 48'd0 && (!emit_q || outs_q == 8'd0 || (outs_q == 8'd1 && sent));
    assign send_over = send_wait_q && out_over;
    assign over      = wait_q && (emit_q ? out_over : drained);

    always @(posedge clk) begin
        used_q   <= used_q + more - (left ? V : 32'd0);
        writes_q <= writes_q + {15'd0, asked_write} - {15'd0, b_valid};
        count_q  <= count;
        if (net_done && pours)
            hold_q <= {32'd0, count} * V_TICKS;
        else
            hold_q <= hold_q > CYCLE ? hold_q - CYCLE : 64'd0;
        outs_q <= outs_q + {7'd0, start && is_out} - {7'd0, sent};
        if (passes)
            bytes_q <= bytes_q > NET ? bytes_q - NET : 48'd0;
        if (emit_now || send_now)
            run_q <= 1'b1;
        if (spill_now)
            spill_may_q <= 1'b1;
        if (send_over)
            send_wait_q <= 1'b0;
        if (over)
            wait_q <= 1'b0;
        if (start) begin
            bytes_q     <= {16'd0, l_count} * {16'd0, V};
            run_q       <= 1'b0;
            spill_may_q <= 1'b0;
            send_wait_q <= is_send;
            wait_q      <= is_emit || is_pour || is_spill;
        end
        if (rst) begin
            used_q      <= 32'd0;
            writes_q    <= 16'd0;
            hold_q      <= 64'd0;
            outs_q      <= 8'd0;
            run_q       <= 1'b0;
            spill_may_q <= 1'b0;
            send_wait_q <= 1'b0;
            wait_q      <= 1'b0;
        end
    end
endmodule
`default_nettype wire
