// npu_check: is a chain as a whole legal on this machine.
// Contract: m_* is what s_* was two steps of `move` before, with m_fault set where the chain may not start; the
// descriptor stays in place meanwhile. Addresses of later elements, and a stream that RED_RUN does not divide, are for
// the units to find.
// The rules are those of docs/architecture.md, section 3, and of npusim.chain.
// Test: tests/rtl/test_npu_dispatch.py
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_check #(
    parameter NATIVE_DIM     = 8,
    parameter ENGINES        = 4,
    parameter SHARED_WEIGHTS = 1,
    parameter MRF_TILES      = 16,
    parameter EXPANDER       = 256,
    parameter EXPANDER_ROWS  = 8
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    clear,
    input  wire                    move,
    input  wire                    s_valid,
    input  wire                    s_end,
    input  wire                    s_halt,
    input  wire [3:0]              s_fault,
    input  wire [23:0]             s_pc,
    input  wire [`NPU_QUEUE_N-1:0] s_queue,
    input  wire [`NPU_D_W-1:0]     s_desc,       // and its companions: stable until the chain has left
    input  wire [22:0]             s_taps,
    input  wire [47:0]             s_row,
    input  wire [46:0]             s_elements,
    output reg                     m_valid,
    output wire                    m_end,
    output wire                    m_halt,
    output reg  [3:0]              m_fault,
    output reg  [23:0]             m_pc
);
`include "npu_csr.vh"
    localparam WAYS  = SHARED_WEIGHTS ? 1 : ENGINES;      // tiles that a slot holds
    localparam SLOTS = MRF_TILES / WAYS;
    localparam R_W   = $clog2(MRF_TILES + ENGINES + 1);   // row tiles that MatrixRf can serve, rounded up to engines
    localparam [31:0] TILES_N = MRF_TILES, SLOTS_N = SLOTS, ENGINES_N = ENGINES;
    localparam [31:0] ROWS_N = EXPANDER_ROWS, EXPANDER_N = EXPANDER;
    localparam [31:0] LANES_N = NATIVE_DIM;
    // the largest power of two, up to 64, that divides a vector's bytes
    localparam [39:0] ALIGN = NATIVE_DIM % 32 == 0 ? 64 : NATIVE_DIM % 16 == 0 ? 32 : NATIVE_DIM % 8 == 0 ? 16
                              : NATIVE_DIM % 4 == 0 ? 8 : NATIVE_DIM % 2 == 0 ? 4 : 2;
    localparam [39:0] TILE_ALIGN = 64;
    localparam [22:0] MOST = 1 << 22;

    // ---- the descriptor's parts
    wire [31:0] rows = s_desc[`NPU_D_REG(`NPU_REG_ROWS)];
    wire [31:0] cols = s_desc[`NPU_D_REG(`NPU_REG_COLS)];
    wire [31:0] kh = s_desc[`NPU_D_REG(`NPU_REG_KH)];
    wire [31:0] kw = s_desc[`NPU_D_REG(`NPU_REG_KW)];
    wire [31:0] kc = s_desc[`NPU_D_REG(`NPU_REG_KC)];
    wire [31:0] in_h = s_desc[`NPU_D_REG(`NPU_REG_IN_H)];
    wire [31:0] in_w = s_desc[`NPU_D_REG(`NPU_REG_IN_W)];
    wire [31:0] rd_row = s_desc[`NPU_D_REG(`NPU_REG_RD_ROW)];
    wire [31:0] channels = s_desc[`NPU_D_REG(`NPU_REG_CHANNELS)];
    wire [31:0] out_cols = s_desc[`NPU_D_REG(`NPU_REG_OUT_COLS)];
    wire [31:0] mv_rows = s_desc[`NPU_D_REG(`NPU_REG_MV_ROWS)];
    wire [31:0] red_n = s_desc[`NPU_D_REG(`NPU_REG_RED_N)];
    wire [31:0] red_head = s_desc[`NPU_D_REG(`NPU_REG_RED_HEAD)];
    wire [31:0] red_overlap = s_desc[`NPU_D_REG(`NPU_REG_RED_OVERLAP)];
    wire [31:0] red_run = s_desc[`NPU_D_REG(`NPU_REG_RED_RUN)];
    wire [31:0] red_tail = s_desc[`NPU_D_REG(`NPU_REG_RED_TAIL)];
    wire [31:0] tiles = s_desc[`NPU_D_REG(`NPU_REG_TILES)];
    wire [31:0] positions = s_desc[`NPU_D_POSITIONS];
    wire [31:0] window = s_desc[`NPU_D_WINDOW];
    wire [39:0] addr = s_desc[`NPU_D_ADDR];
    wire [39:0] wr_dram = s_desc[`NPU_D_WR_DRAM];
    wire [23:0] wr_expander = s_desc[`NPU_D_WR_ADDR(3)];
    wire [23:0] tile = s_desc[`NPU_D_TILE];
    wire [3:0]  space = s_desc[`NPU_D_SPACE];
    wire [8:0]  wr = s_desc[`NPU_D_WR];
    wire        low = s_desc[`NPU_D_LOW];
    wire        mm = s_desc[`NPU_D_MM];
    wire        sums = s_desc[`NPU_D_ACC] || s_desc[`NPU_D_HOLD];
    wire        reduce = s_desc[`NPU_D_RED] != `NPU_RED_NONE;
    wire        staged = mm || reduce || s_desc[`NPU_D_M0_MUL] || s_desc[`NPU_D_M1_MUL]
                         || s_desc[`NPU_D_M0_AS] != `NPU_AS_NONE || s_desc[`NPU_D_M1_AS] != `NPU_AS_NONE
                         || s_desc[`NPU_D_M0_ACT] != `NPU_ACT_NONE || s_desc[`NPU_D_M1_ACT] != `NPU_ACT_NONE;

    wire from_expander = space == `NPU_SPACE_EXPANDER;

    // Pitches, strides, dilations and paddings of a window are below 2^20: their products are exact.
    localparam [31:0] STEEP = 1 << 20;
    wire steep = s_desc[`NPU_D_REG(`NPU_REG_STRIDE_H)] >= STEEP || s_desc[`NPU_D_REG(`NPU_REG_STRIDE_W)] >= STEEP
                 || s_desc[`NPU_D_REG(`NPU_REG_DILATION_H)] >= STEEP || s_desc[`NPU_D_REG(`NPU_REG_DILATION_W)] >= STEEP
                 || s_desc[`NPU_D_REG(`NPU_REG_PAD_TOP)] >= STEEP || s_desc[`NPU_D_REG(`NPU_REG_PAD_LEFT)] >= STEEP
                 || rd_row >= STEEP || (!from_expander && s_desc[`NPU_D_REG(`NPU_REG_RD_COL)] >= STEEP);

    // ---- what is wrong, by kind of chain
    wire from_dram     = space == `NPU_SPACE_DRAM;
    wire to_expander   = wr[`NPU_SPACE_EXPANDER];
    wire to_dram       = wr[`NPU_SPACE_DRAM];
    wire many_rows     = mv_rows > 32'd1;
    wire no_positions  = rows == 32'd0 || cols == 32'd0;
    wire outside_tile  = {8'd0, tile} >= SLOTS_N;

    wire bad_weight = tiles == 32'd0 || tiles > TILES_N;
    wire bad_vector = staged || from_expander || low || (from_dram && to_dram) || no_positions || out_cols == 32'd0
                      || positions[22:0] > MOST;
    wire bad_reader = !(from_expander || space == `NPU_SPACE_INITIAL_VRF) || to_expander || no_positions || steep
                      || kh == 32'd0 || kw == 32'd0 || kc == 32'd0 || in_h == 32'd0 || in_w == 32'd0
                      || (wr != 9'd0 && out_cols == 32'd0);
    wire bad_image  = from_expander && (low || channels == 32'd0 || kh > ROWS_N || rd_row > EXPANDER_N
                                        || {13'd0, s_elements} > {28'd0, kc} * {28'd0, LANES_N}
                                        || {12'd0, s_row} > {28'd0, rd_row} * {28'd0, LANES_N});
    wire bad_matrix = mm && (mv_rows == 32'd0 || window > SLOTS_N
                             || (SHARED_WEIGHTS != 0 ? many_rows || (sums && positions > ENGINES_N)
                                 : mv_rows > TILES_N || (sums && (positions != 32'd1 || mv_rows > ENGINES_N))));
    wire bad_reduce = reduce && (red_n == 32'd0 || red_head == 32'd0 || red_run == 32'd0 || red_overlap > 32'd1
                                 || red_tail > 32'd1 || red_n <= red_overlap || (mm && many_rows)
                                 || (red_head > red_run && red_tail == 32'd0));

    wire far_weight  = outside_tile || (addr & (TILE_ALIGN - 40'd1)) != 40'd0;
    wire far_vector  = (from_dram && (addr & (ALIGN - 40'd1)) != 40'd0)
                       || (to_dram && (wr_dram & (ALIGN - 40'd1)) != 40'd0)
                       || (to_expander && {8'd0, wr_expander} >= EXPANDER_N);
    wire far_compute = (from_expander && addr >= {8'd0, EXPANDER_N}) || (mm && outside_tile);

    reg bad_d, far_d;
    always @* begin
        bad_d = s_queue[`NPU_QUEUE_WEIGHT] ? bad_weight : s_queue[`NPU_QUEUE_VECTOR] ? bad_vector
                : bad_reader || bad_image || bad_matrix || bad_reduce;
        far_d = s_queue[`NPU_QUEUE_WEIGHT] ? far_weight : s_queue[`NPU_QUEUE_VECTOR] ? far_vector : far_compute;
    end

    // ---- two steps: first the rules and P * taps, then the product with the row tiles
    function [22:0] clip;
        input [45:0] product;
        clip = product > 46'd4194304 ? MOST + 23'd1 : product[22:0];
    endfunction

    wire [22:0] row_factor = !mm ? 23'd1 : mv_rows > {9'd0, MOST} ? MOST + 23'd1 : mv_rows[22:0];
    wire [R_W-1:0] row_tiles = mv_rows[R_W-1:0];
    localparam [31:0] ROUND_UP = ENGINES - 1;

    reg         valid_q, end_q, halt_q, bad_q, far_q, compute_q, private_q;
    reg  [3:0]  fault_q;
    reg  [23:0] pc_q;
    reg  [22:0] volume_q, window_q, row_factor_q;
    reg  [R_W-1:0] groups_q;
    reg         m_end_q, m_halt_q;

    wire [45:0] volume = {23'd0, volume_q} * {23'd0, row_factor_q};
    wire [45:0] slots  = {23'd0, window_q} * {{(46-R_W){1'b0}}, groups_q};
    wire bad_volume = compute_q && (volume > {23'd0, MOST} || (private_q && slots > {14'd0, SLOTS_N}));

    always @(posedge clk) begin
        if (move) begin
            valid_q <= s_valid;
            end_q   <= s_end;
            halt_q  <= s_halt;
            fault_q <= s_fault;
            pc_q    <= s_pc;
            if (s_end) begin
                bad_q        <= bad_d;
                far_q        <= far_d;
                compute_q    <= s_queue[`NPU_QUEUE_COMPUTE];
                private_q    <= SHARED_WEIGHTS == 0 && mm;
                volume_q     <= clip({23'd0, positions[22:0]} * {23'd0, s_taps});
                row_factor_q <= row_factor;
                window_q     <= window > {9'd0, MOST} ? MOST + 23'd1 : window[22:0];
                groups_q     <= (row_tiles + ROUND_UP[R_W-1:0]) / ENGINES_N[R_W-1:0];
            end
            m_valid  <= valid_q;
            m_end_q  <= end_q;
            m_halt_q <= halt_q;
            m_pc     <= pc_q;
            m_fault  <= fault_q;
            if (end_q && (bad_q || bad_volume))
                m_fault <= FAULT_ILLEGAL_CHAIN;
            else if (end_q && far_q)
                m_fault <= FAULT_ADDRESS_RANGE;
        end
        if (rst || clear) begin
            valid_q <= 1'b0;
            m_valid <= 1'b0;
        end
    end

    assign m_end  = m_valid && m_end_q && m_fault == FAULT_NONE;
    assign m_halt = m_valid && m_halt_q;

    wire unused = &{1'b0, s_desc, s_queue, positions};
endmodule
`default_nettype wire
