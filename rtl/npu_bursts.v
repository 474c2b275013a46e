// npu_bursts: cuts the DRAM side of a move into turns and AXI bursts.
//
// The move is COUNT units of UNIT bytes: unit n is at addr + UNIT * (i * row + j * col), i = n div inner, j = n mod inner.
// Its byte stream is cut every TURN bytes (turns), where addresses jump, at 4 KiB boundaries and after 256 beats.
// While no started move has bursts left, the fields of the chain at the head of the queue are taken over every cycle;
// `loaded` tells that they are the present head's, which is so from the second cycle in which it is the head.
//
// Contract: m_* describe the next burst while m_valid; m_fault: it leaves DRAM, or its address is not a multiple of
// ALIGN. start: the head's move begins (its first burst may be taken in that cycle). Test: tests/rtl/test_npu_dma_parts.py
`default_nettype none
module npu_bursts #(
    parameter UNIT      = 16,              // bytes of a unit
    parameter TURN      = 256,             // bytes of a turn
    parameter ALIGN     = 16,              // bytes, a power of two, at most 64
    parameter AXI_BYTES = 8
) (
    input  wire        clk,
    input  wire        rst,
    input  wire [63:0] cfg_dram_base,
    input  wire [63:0] cfg_dram_size,
    input  wire        pop,                // the head leaves the queue
    input  wire        start,              // it leaves and its move begins here
    input  wire [39:0] l_addr,             // the head
    input  wire [31:0] l_count,
    input  wire [31:0] l_inner,
    input  wire [31:0] l_row,
    input  wire [31:0] l_col,
    output wire        loaded,
    output wire        busy,               // a started move has bursts left
    output wire        m_valid,
    input  wire        m_ready,
    output wire [63:0] m_addr,             // on AXI
    output wire [12:0] m_bytes,
    output wire        m_first,            // of its turn
    output wire        m_last,
    output wire [31:0] m_turn,             // bytes of the turn, with m_first
    output wire        m_end,              // last burst of the move
    output wire        m_fault
);
    localparam PAGE = 256 * AXI_BYTES < 4096 ? 256 * AXI_BYTES : 4096;
    localparam P_W  = $clog2(PAGE);
    localparam A_W  = $clog2(ALIGN);
    localparam [63:0] UNIT_N = {32'd0, UNIT[31:0]};
    localparam [47:0] TURN_N = {16'd0, TURN[31:0]};

    reg         loaded_q, busy_q;
    reg  [64:0] addr_q, row_q;             // next byte; start of its row; bit 64: beyond all addresses
    reg  [63:0] row_step_q, col_step_q;    // bytes
    reg  [47:0] left_q, run_q;             // bytes of the move; of the stretch without a jump
    reg  [47:0] line_q;                    // bytes of a row without jumps
    reg  [31:0] inner_q, col_q;            // units of a row; left of them
    reg         lines_q;                   // rows have no jumps inside
    reg  [31:0] turn_q;
    reg         first_q;

    assign loaded  = loaded_q;
    assign busy    = busy_q;
    assign m_valid = loaded_q || busy_q;

    // ---- this burst
    wire [64:0] phys  = {1'b0, cfg_dram_base} + {1'b0, addr_q[63:0]};
    wire [12:0] page  = PAGE[12:0] - {{(13-P_W){1'b0}}, phys[P_W-1:0]};
    wire [12:0] turn  = turn_q > 32'd4096 ? 13'd4096 : turn_q[12:0];
    wire [12:0] run   = run_q > 48'd4096 ? 13'd4096 : run_q[12:0];
    wire [12:0] least = run < turn ? run : turn;
    wire [12:0] bytes = least < page ? least : page;
    wire [64:0] next  = {1'b0, addr_q[63:0]} + {52'd0, bytes};
    wire        odd;
    generate
        if (A_W == 0) begin : g_any
            assign odd = 1'b0;
        end else begin : g_aligned
            assign odd = phys[A_W-1:0] != {A_W{1'b0}};
        end
    endgenerate
    assign m_addr  = phys[63:0];
    assign m_bytes = bytes;
    assign m_first = first_q;
    assign m_last  = turn_q == {19'd0, bytes};
    assign m_turn  = turn_q;
    assign m_end   = left_q == {35'd0, bytes};
    assign m_fault = addr_q[64] || phys[64] || next[64] || next[63:0] > cfg_dram_size || odd;

    // ---- the next one
    wire [47:0] left_d   = left_q - {35'd0, bytes};
    wire        jump     = run_q == {35'd0, bytes};
    wire        line_end = lines_q || col_q == 32'd1;
    wire [64:0] row_d    = {1'b0, row_q[63:0]} + {1'b0, row_step_q};
    wire [64:0] col_d    = {1'b0, next[63:0]} - {1'b0, UNIT_N} + {1'b0, col_step_q};

    // ---- the head
    wire [63:0] l_total = {32'd0, l_count} * UNIT_N;
    wire [63:0] l_line  = {32'd0, l_inner} * UNIT_N;
    wire        l_whole = l_count == 32'd1 || (l_inner == 32'd1 && l_row == 32'd1)
                          || (l_col == 32'd1 && (l_row == l_inner || l_count <= l_inner));

    always @(posedge clk) begin
        if (m_valid && m_ready) begin
            left_q  <= left_d;
            first_q <= m_last;
            addr_q  <= next;
            turn_q  <= m_last ? (left_d < TURN_N ? left_d[31:0] : TURN_N[31:0]) : turn_q - {19'd0, bytes};
            run_q   <= run_q - {35'd0, bytes};
            if (jump) begin
                run_q  <= !lines_q ? UNIT_N[47:0] : line_q < left_d ? line_q : left_d;
                addr_q <= line_end ? row_d : col_d;
                col_q  <= line_end ? inner_q : col_q - 32'd1;
                if (line_end)
                    row_q <= row_d;
            end
        end else if (!busy_q && !start) begin
            addr_q     <= {25'd0, l_addr};
            row_q      <= {25'd0, l_addr};
            row_step_q <= {32'd0, l_row} * UNIT_N;
            col_step_q <= {32'd0, l_col} * UNIT_N;
            left_q     <= l_total[47:0];
            run_q      <= l_whole ? l_total[47:0] : l_col == 32'd1 ? l_line[47:0] : UNIT_N[47:0];
            line_q     <= l_line[47:0];
            inner_q    <= l_inner;
            col_q      <= l_inner;
            lines_q    <= l_col == 32'd1;
            turn_q     <= l_total[47:0] < TURN_N ? l_total[31:0] : TURN_N[31:0];
            first_q    <= 1'b1;
        end
        loaded_q <= !busy_q && !start && !pop;
        if (m_ready && m_end && (start || busy_q))
            busy_q <= 1'b0;
        else if (start)
            busy_q <= 1'b1;
        if (rst) begin
            loaded_q <= 1'b0;
            busy_q   <= 1'b0;
        end
    end

    wire unused_bits = &{1'b0, l_total[63:48], l_line[63:48], row_q[64]};
endmodule
`default_nettype wire
