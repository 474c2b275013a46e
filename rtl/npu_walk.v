// npu_walk: where each element of the tail's stream stands: in its position, in its row, in the windows of the reduce
// stage, and which output it completes.
//
// Contract: all results belong to the element of the same cycle; the elements of one chain come in order, chain after
// chain, with any gaps.  An element gives at most one output: a window has more elements than it shares with the one
// before.  Test: tests/rtl/test_npu_walk.py
`default_nettype none
module npu_walk (
    input  wire        clk,
    input  wire        s_valid,
    input  wire        s_first,            // of its chain
    input  wire        s_last,
    input  wire [31:0] s_inner,            // elements of a position
    input  wire [31:0] s_cols,             // positions of a row
    input  wire        s_reduce,           // the chain has a reduce stage
    input  wire [31:0] s_red_n,
    input  wire [31:0] s_red_head,
    input  wire        s_red_overlap,
    input  wire [31:0] s_red_run,
    input  wire        s_red_tail,
    input  wire [31:0] s_out_cols,
    output wire        m_more,             // more elements of this position follow
    output wire        m_row_end,          // the position is the last of its row
    output wire        m_load,             // the element opens a window alone: forget what was accumulated
    output wire        m_seed,             // it also opens the window behind the one that it completes
    output wire        m_out,              // it completes an output
    output wire        m_out_first,        // the chain's first
    output wire        m_out_row_end,      // the last of a row of outputs
    output wire        m_misfit            // at the chain's end: a run is cut, or no output was made
);
    // ---- counters: what is left including this element; loaded by the first element of a chain
    reg  [31:0] inner_q, col_q, window_q, run_q, out_col_q;
    reg         load_q, silent_q;          // silent: the chain has given no output yet
    wire [31:0] inner   = s_first ? s_inner    : inner_q;
    wire [31:0] col     = s_first ? s_cols     : col_q;
    wire [31:0] window  = s_first ? s_red_head : window_q;
    wire [31:0] run     = s_first ? s_red_run  : run_q;
    wire        silent  = s_first || silent_q;
    wire [31:0] out_col = silent  ? s_out_cols : out_col_q;

    wire inner_end   = inner == 32'd1;
    wire col_end     = col == 32'd1;
    wire window_end  = window == 32'd1;
    wire run_end     = run == 32'd1;
    wire out_col_end = out_col == 32'd1;

    // A window cut short by the run's end holds this element, which is beyond the overlap: else it would have ended.
    wire out = !s_reduce || window_end || (run_end && s_red_tail);

    always @(posedge clk)
        if (s_valid) begin
            inner_q <= inner_end ? s_inner : inner - 32'd1;
            if (inner_end)
                col_q <= col_end ? s_cols : col - 32'd1;
            else
                col_q <= col;
            run_q <= run_end ? s_red_run : run - 32'd1;
            if (run_end)
                window_q <= s_red_head;
            else if (window_end)
                window_q <= s_red_n - {31'd0, s_red_overlap};
            else
                window_q <= window - 32'd1;
            load_q    <= run_end || (window_end && !s_red_overlap);
            silent_q  <= silent && !out;
            out_col_q <= !out ? out_col : out_col_end ? s_out_cols : out_col - 32'd1;
        end

    assign m_more        = !inner_end;
    assign m_row_end     = col_end;
    assign m_load        = !s_reduce || s_first || load_q;
    assign m_seed        = window_end && s_red_overlap;
    assign m_out         = out;
    assign m_out_first   = silent;
    assign m_out_row_end = out_col_end;
    assign m_misfit      = s_last && s_reduce && (!run_end || (silent && !out));
endmodule
`default_nettype wire
