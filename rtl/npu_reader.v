// npu_reader: walks a compute chain's positions and window, docs/architecture.md 3.1 and 5.3: what is read when.
//
// Without mv_mul a vector a cycle, windows one after the other. With mv_mul tile after tile of N / L cycles:
//   shared weights   rounds of up to ENGINES positions; in cycle t of a tile position t of the round is read
//   private weights  rounds of up to ENGINES row tiles of a position; a tile's one vector is read in its first cycle
// A position is (column, y, x and the address of its first tap), a tap the offsets of all these; both advance by sums
// alone, which stop at LIMIT, so that what leaves its memory never comes back into it.
//
// Contract: start in cycle s, with desc; desc stays as it is from s to s + B - 1. The outputs of a cycle are
// its read. Products in desc that are all ones were too large: only padding may be read with them.
// Test: tests/rtl/test_npu_reader.py
`default_nettype none
`include "npu_isa.vh"
`include "npu_chain.vh"
module npu_reader #(
    parameter NATIVE_DIM     = 8,
    parameter LANES          = 2,
    parameter ENGINES        = 4,          // at most N / L
    parameter SHARED_WEIGHTS = 1,
    parameter MRF_TILES      = 16,
    parameter INITIAL_VRF    = 1024,       // vectors
    parameter EXPANDER       = 256         // vectors
) (
    input  wire                clk,
    input  wire                rst,        // synchronous, high: ends the chain
    input  wire                start,      // not while active
    input  wire [`NPU_D_W-1:0] desc,
    output wire                active,     // occupied by a chain that started in an earlier cycle
    output wire                ends,       // last cycle of the occupancy [s, s + B)
    output wire [7:0]          skew,       // x of section 5.3, with ends
    output wire                m_valid,    // a vector is read
    output wire                m_pad,      // it is padding
    output wire [23:0]         m_addr,     // else it lies here
    output wire                m_expand,   // it comes from the Expander: vector m_k of the window with its origin at
    output wire [31:0]         m_k,        //   row m_y, column m_x; row 0 of the window begins at vector m_row
    output wire [47:0]         m_y,
    output wire [47:0]         m_x,
    output wire [47:0]         m_row,
    output wire                m_wide,     // products were too large for an address
    output wire [7:0]          m_engine,   // shared weights: engine that takes it
    output wire [7:0]          m_count,    // private weights: engines that take it, else 1
    output wire [23:0]         m_slot,     // of the tile
    output wire                m_first,    // first and last tile of a sum
    output wire                m_last,
    output wire                m_elem,     // it completes m_count elements of the stream: a vector, or a sum's last tile
    output wire                m_elem_first,   // of the chain
    output wire                m_elem_last,
    output wire                fault       // an address or a slot that does not exist; nothing is read
);
    localparam TC     = NATIVE_DIM / LANES;
    localparam [31:0] SLOTS = SHARED_WEIGHTS != 0 ? MRF_TILES : MRF_TILES / ENGINES;
    localparam [39:0] RING  = {8'd0, EXPANDER[31:0]};
    localparam [47:0] DEPTH = {16'd0, INITIAL_VRF[31:0]};
    localparam SHARED = SHARED_WEIGHTS != 0;
    localparam [47:0] LIMIT = 48'd1 << 44;                 // far above all coordinates and addresses inside a memory

    function [47:0] sum;                                   // a + b, signed; a, and so the sum, at most LIMIT
        input [47:0] a;
        input [39:0] b;
        reg   [47:0] plain;
        begin
            plain = a + {8'd0, b};
            sum = !plain[47] && plain[46:44] != 0 ? LIMIT : plain;
        end
    endfunction

    // ---- descriptor
    wire [31:0] cols = desc[`NPU_D_REG(`NPU_REG_COLS)];
    wire [31:0] rows = desc[`NPU_D_REG(`NPU_REG_ROWS)];
    wire [31:0] kh = desc[`NPU_D_REG(`NPU_REG_KH)];
    wire [31:0] kw = desc[`NPU_D_REG(`NPU_REG_KW)];
    wire [31:0] kc    = desc[`NPU_D_REG(`NPU_REG_KC)];
    wire [31:0] in_h = desc[`NPU_D_REG(`NPU_REG_IN_H)];
    wire [31:0] in_w = desc[`NPU_D_REG(`NPU_REG_IN_W)];
    wire [31:0] row_tiles = SHARED ? 32'd1 : desc[`NPU_D_REG(`NPU_REG_MV_ROWS)];
    wire [39:0] stride_h = {8'd0, desc[`NPU_D_REG(`NPU_REG_STRIDE_H)]};
    wire [39:0] stride_w = {8'd0, desc[`NPU_D_REG(`NPU_REG_STRIDE_W)]};
    wire [39:0] dilation_h = {8'd0, desc[`NPU_D_REG(`NPU_REG_DILATION_H)]};
    wire [39:0] dilation_w = {8'd0, desc[`NPU_D_REG(`NPU_REG_DILATION_W)]};
    wire [39:0] step_y = desc[`NPU_D_STEP_Y];
    wire [39:0] step_x = desc[`NPU_D_STEP_X];
    wire [39:0] tap_y = desc[`NPU_D_TAP_Y];
    wire [39:0] tap_x = desc[`NPU_D_TAP_X];
    wire [39:0] pad_y = desc[`NPU_D_PAD_Y];
    wire [39:0] pad_x = desc[`NPU_D_PAD_X];
    wire        mm     = desc[`NPU_D_MM];
    wire [23:0] tile   = desc[`NPU_D_TILE];
    wire        expand = desc[`NPU_D_SPACE] == `NPU_SPACE_EXPANDER;
    wire        turns  = SHARED && mm;                     // positions of a round take turns in each tile

    wire [47:0] y_first   = 48'd0 - {16'd0, desc[`NPU_D_REG(`NPU_REG_PAD_TOP)]};
    wire [47:0] x_first   = 48'd0 - {16'd0, desc[`NPU_D_REG(`NPU_REG_PAD_LEFT)]};
    wire [47:0] row_first = {8'd0, desc[`NPU_D_ADDR]} - {8'd0, pad_y};
    wire [47:0] col_first = 48'd0 - {8'd0, pad_x};

    wire wide_y = pad_y == ~40'd0 || (step_y == ~40'd0 && rows != 1) || (tap_y == ~40'd0 && kh != 1);
    wire wide_x = pad_x == ~40'd0 || (step_x == ~40'd0 && cols != 1) || (tap_x == ~40'd0 && kw != 1);

    // ---- state; the cycle of the start has the values of the descriptor
    reg         active_q, untouched_q;
    reg  [7:0]  cycle_q;                                   // of the tile
    reg  [31:0] left_q;                                    // positions that this round and the later ones have
    reg  [31:0] tiles_q;                                   // row tiles that this round and the later ones of the position have
    reg  [23:0] slot_q;
    reg  [31:0] i_q, j_q, k_q;                             // tap
    reg  [47:0] tap_y_q, tap_x_q;                          //   i * DILATION_H, j * DILATION_W
    reg  [47:0] tap_row_q, tap_col_q, tap_q;               //   address: of (i, 0, 0), (i, j, 0), (i, j, k)
    reg  [31:0] col_q, base_col_q;                         // position, and the first one of the round
    reg  [47:0] y_q, x_q, row_q, at_q;                     //   row_q: address of column 0, at_q: of the column from there
    reg  [47:0] base_y_q, base_x_q, base_row_q, base_at_q;

    assign      active = active_q;
    wire        busy = start || active_q;
    wire        untouched = start || untouched_q;
    wire [7:0]  cycle = start ? 8'd0 : cycle_q;
    wire [31:0] left  = start ? desc[`NPU_D_POSITIONS] : left_q;
    wire [31:0] tiles = start ? row_tiles : tiles_q;
    wire [23:0] slot  = start ? tile : slot_q;
    wire [31:0] i = start ? 32'd0 : i_q;
    wire [31:0] j = start ? 32'd0 : j_q;
    wire [31:0] k = start ? 32'd0 : k_q;
    wire [47:0] of_y = start ? 48'd0 : tap_y_q;
    wire [47:0] of_x = start ? 48'd0 : tap_x_q;
    wire [47:0] tap_row = start ? 48'd0 : tap_row_q;
    wire [47:0] tap_col = start ? 48'd0 : tap_col_q;
    wire [47:0] tap = start ? 48'd0 : tap_q;
    wire [31:0] col = start ? 32'd0 : col_q;
    wire [47:0] y = start ? y_first : y_q;
    wire [47:0] x = start ? x_first : x_q;
    wire [47:0] row = start ? row_first : row_q;
    wire [47:0] at = start ? col_first : at_q;

    // ---- where in the walk this cycle is
    wire more_k = k + 1 != kc;
    wire more_j = !expand && j + 1 != kw;
    wire more_i = !expand && i + 1 != kh;
    wire tile_ends  = !mm || {24'd0, cycle} == TC - 1;
    wire last_tap   = !more_k && !more_j && !more_i;
    wire last_tiles = !mm || SHARED || tiles <= ENGINES;
    wire last_round = turns ? left <= ENGINES : left == 1 && last_tiles;
    wire place_ends = tile_ends && last_tap && last_tiles; // the position's, or the round's, last cycle
    wire takes      = turns ? {24'd0, cycle} < ENGINES && {24'd0, cycle} < left : !mm || cycle == 0;
    assign ends = busy && place_ends && last_round;
    assign skew = turns ? left[7:0] - 8'd1 : m_count - 8'd1;

    // ---- the read
    wire [47:0] in_y = y + of_y;
    wire [47:0] in_x = x + of_x;
    wire        in_map = in_y < {16'd0, in_h} && in_x < {16'd0, in_w};         // negative numbers are large ones
    wire [47:0] address = row + at + tap;
    wire [23:0] next_slot = {8'd0, slot} + 1 == SLOTS ? 24'd0 : slot + 24'd1;
    wire        bad_read = expand ? desc[`NPU_D_ADDR] >= RING : in_map && (m_wide || address >= DEPTH);
    wire        bad_slot = mm && ({8'd0, tile} >= SLOTS || (tile_ends && !place_ends && next_slot == tile));

    assign fault    = busy && ((takes && bad_read) || bad_slot);
    assign m_valid  = busy && takes;
    assign m_expand = expand;
    assign m_pad    = !expand && (!in_map || fault);
    assign m_addr   = address[23:0];
    assign m_k      = k;
    assign m_y      = y;
    assign m_x      = x;
    assign m_row    = row;
    assign m_wide   = wide_y || (wide_x && !expand);
    assign m_engine = turns ? cycle : 8'd0;
    assign m_count  = SHARED || !mm ? 8'd1 : last_tiles ? tiles[7:0] : ENGINES[7:0];
    assign m_slot   = slot;
    assign m_first  = k == 0 && j == 0 && i == 0;
    assign m_last   = last_tap;
    assign m_elem   = m_valid && (!mm || last_tap);
    assign m_elem_first = m_elem && untouched;
    assign m_elem_last  = m_elem && last_tap && last_round && (!turns || {24'd0, cycle} + 1 == left);

    // ---- the next position, the next tap
    wire        row_ends = col + 1 == cols;
    wire        moves    = turns ? {24'd0, cycle} < ENGINES : place_ends;
    wire [31:0] col_d = !moves ? col : row_ends ? 32'd0 : col + 32'd1;
    wire [47:0] x_d   = !moves ? x   : row_ends ? x_first : sum(x, stride_w);
    wire [47:0] at_d  = !moves ? at  : row_ends ? col_first : sum(at, step_x);
    wire [47:0] y_d   = moves && row_ends ? sum(y, stride_h) : y;
    wire [47:0] row_d = moves && row_ends ? sum(row, step_y) : row;
    wire        again = turns && tile_ends && !last_tap;   // the round's positions once more

    always @(posedge clk) begin
        if (rst)
            active_q <= 1'b0;
        else if (busy)
            active_q <= !ends;
        if (busy) begin
            untouched_q <= untouched && !m_elem;
            cycle_q <= tile_ends ? 8'd0 : cycle + 8'd1;
            left_q <= !place_ends ? left : turns ? left - ENGINES : left - 32'd1;
            tiles_q <= !(tile_ends && last_tap) ? tiles : last_tiles ? row_tiles : tiles - ENGINES;
            if (tile_ends)
                slot_q <= place_ends ? tile : next_slot;
            else
                slot_q <= slot;

            col_q <= again && !start ? base_col_q : again ? 32'd0 : col_d;
            y_q   <= again && !start ? base_y_q   : again ? y_first : y_d;
            x_q   <= again && !start ? base_x_q   : again ? x_first : x_d;
            row_q <= again && !start ? base_row_q : again ? row_first : row_d;
            at_q  <= again && !start ? base_at_q  : again ? col_first : at_d;
            if (turns && (start || place_ends)) begin      // TC = 1: a round may end where it starts
                base_col_q <= place_ends ? col_d : 32'd0;
                base_y_q   <= place_ends ? y_d   : y_first;
                base_x_q   <= place_ends ? x_d   : x_first;
                base_row_q <= place_ends ? row_d : row_first;
                base_at_q  <= place_ends ? at_d  : col_first;
            end

            k_q <= !tile_ends ? k : more_k ? k + 32'd1 : 32'd0;
            j_q <= !tile_ends || more_k ? j : more_j ? j + 32'd1 : 32'd0;
            i_q <= !tile_ends || more_k || more_j ? i : more_i ? i + 32'd1 : 32'd0;
            tap_x_q <= !tile_ends || more_k ? of_x : more_j ? sum(of_x, dilation_w) : 48'd0;
            tap_y_q <= !tile_ends || more_k || more_j ? of_y : more_i ? sum(of_y, dilation_h) : 48'd0;
            tap_row_q <= !tile_ends || more_k || more_j ? tap_row : more_i ? sum(tap_row, tap_y) : 48'd0;
            tap_col_q <= !tile_ends || more_k ? tap_col : more_j ? sum(tap_col, tap_x) :
                         more_i ? sum(tap_row, tap_y) : 48'd0;
            tap_q <= !tile_ends ? tap : more_k ? sum(tap, 40'd1) : more_j ? sum(tap_col, tap_x) :
                     more_i ? sum(tap_row, tap_y) : 48'd0;
        end
    end

    wire unused_bits = &{1'b0, desc, address[47:24], ENGINES[31:8]};
endmodule
`default_nettype wire
