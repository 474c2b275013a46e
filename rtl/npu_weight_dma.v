// npu_weight_dma: weight moves: tiles from DRAM to MatrixRf, a chunk of all rows at a time.
//
// A tile in DRAM is N / L chunks (for each row the L mantissas that an engine takes in one cycle), without gaps, then
// from the next whole byte on N exponents, then zeros up to a multiple of 64 bytes. Tile n of a move goes to slot
// tile + n, or with private weights to engine n mod T, slot tile + n div T; slots are modulo the number of slots.
//
// Contract: docs/architecture.md 5.4. s_ready in the cycle in which the first turn is granted; done LAT_DMA cycles
// after the last beat of the move, once its last tile is written, in order. A fault ends all work until clear.
// Test: tests/rtl/test_npu_dma.py
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_weight_dma #(
    parameter NATIVE_DIM      = 8,         // N
    parameter LANES           = 2,         // L
    parameter ENGINES         = 4,         // T
    parameter SHARED_WEIGHTS  = 1,
    parameter WEIGHT_MANTISSA = 5,
    parameter MRF_TILES       = 16,
    parameter LAT_DMA         = 4,         // at least 2
    parameter AXI_BYTES       = 8,         // width of the AXI data bus
    parameter W_MANTISSAS     = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1),
    parameter W_W             = W_MANTISSAS > 8 * NATIVE_DIM ? W_MANTISSAS : 8 * NATIVE_DIM
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,           // drop all state
    input  wire                   stop,            // start nothing, write nothing
    input  wire [63:0]            cfg_dram_base,
    input  wire [63:0]            cfg_dram_size,
    input  wire                   s_valid,         // from the weight queue
    output wire                   s_ready,
    input  wire [`NPU_D_W-1:0]    s_desc,
    output wire                   done_valid,
    output wire [2:0]             done_give,
    output wire [31:0]            done_seq,
    output wire                   fault_valid,
    output wire [3:0]             fault_code,
    output wire [23:0]            fault_word,
    output wire                   w_valid,         // npu_mvu
    output wire [23:0]            w_slot,
    output wire [7:0]             w_engine,
    output wire [7:0]             w_chunk,
    output wire [W_W-1:0]         w_data,
    output wire                   q_valid,         // npu_dram: w_*
    input  wire                   q_ready,
    output wire [63:0]            q_addr,
    output wire [12:0]            q_bytes,
    output wire                   q_first,
    output wire                   q_last,
    output wire [31:0]            q_turn,
    input  wire                   r_valid,
    output wire                   r_ready,
    input  wire                   r_error,
    input  wire [8*AXI_BYTES-1:0] r_data
);
`include "npu_csr.vh"
    // ---- geometry of a tile
    localparam CHUNKS    = NATIVE_DIM / LANES;
    localparam MANT_BITS = CHUNKS * W_MANTISSAS;
    localparam PRE       = (8 - MANT_BITS % 8) % 8;                // bits between mantissas and exponents
    localparam TILE      = ((MANT_BITS + PRE) / 8 + NATIVE_DIM + 63) / 64 * 64;    // bytes
    localparam TAIL_BITS = 8 * TILE - MANT_BITS;
    // the unit of the gearbox: a power of two that divides a beat, 64 bytes and a chunk
    localparam LOW    = W_MANTISSAS & (~W_MANTISSAS + 1);
    localparam BEAT   = 8 * AXI_BYTES;
    localparam LEAST  = BEAT < 512 ? BEAT : 512;
    localparam UNIT_W = LOW < LEAST ? LOW : LEAST;
    localparam IN_N   = BEAT / UNIT_W;
    localparam CHUNK_N = W_MANTISSAS / UNIT_W;
    localparam TAIL_N  = TAIL_BITS / UNIT_W;
    localparam OUT_N   = CHUNK_N > TAIL_N ? CHUNK_N : TAIL_N;
    localparam [OUT_N:0] ONE = 1;
    localparam C_W     = $clog2(IN_N + OUT_N);
    localparam WAYS    = SHARED_WEIGHTS != 0 ? 1 : ENGINES;
    localparam LAST_WAY = WAYS - 1;
    localparam SLOTS_N  = MRF_TILES / WAYS;
    localparam [23:0] SLOTS  = SLOTS_N[23:0];
    localparam [31:0] TILES  = MRF_TILES[31:0];
    localparam [7:0]  LAST_E = LAST_WAY[7:0];
    localparam [7:0]  TAIL_C = CHUNKS[7:0];
    localparam MOVES = 16;                                         // in flight

    wire wipe = rst || clear;
    reg  dead_q;                                                   // after a fault
    wire halt = stop || dead_q;
    wire [2:0] unused;

    // ---- requests
    wire [31:0] tiles = s_desc[`NPU_D_REG(`NPU_REG_TILES)];
    wire [23:0] tile  = s_desc[`NPU_D_TILE];
    wire        loaded, busy, q_fault, q_end, beats_ready, moves_ready, track_ready;
    wire        begins = s_valid && loaded && moves_ready && track_ready;
    wire        wrong  = tile >= SLOTS || tiles > TILES || tiles == 32'd0;
    wire        asks   = (busy || begins) && !halt;
    wire        refused = asks && (q_fault || (!busy && wrong));
    reg  [23:0] word_q;                                            // of the move that asks for its bursts
    assign q_valid = asks && !refused && beats_ready;
    assign s_ready = begins && q_valid && q_ready && !busy;
    npu_bursts #(.UNIT(TILE), .TURN(TILE), .ALIGN(LEAST / 8), .AXI_BYTES(AXI_BYTES)) bursts_i (
        .clk(clk), .rst(wipe), .cfg_dram_base(cfg_dram_base), .cfg_dram_size(cfg_dram_size),
        .pop(s_ready), .start(s_ready),
        .l_addr(s_desc[`NPU_D_ADDR]), .l_count(tiles), .l_inner(32'd1), .l_row(32'd1), .l_col(32'd1),
        .loaded(loaded), .busy(busy), .m_valid(unused[0]), .m_ready(q_valid && q_ready),
        .m_addr(q_addr), .m_bytes(q_bytes), .m_first(q_first), .m_last(q_last), .m_turn(q_turn),
        .m_end(q_end), .m_fault(q_fault));

    // ---- data: beats to chunks
    wire [24:0]            tag;                                    // instruction word; last burst of its move
    wire [C_W-1:0]         skip, count, take, held;
    wire                   beat_last, beat_valid, gear_ready, part_valid;
    wire [OUT_N*UNIT_W-1:0] part;
    wire                   bad  = r_valid && r_error && !halt;
    wire                   beat = r_valid && r_ready && !r_error;
    assign r_ready = (beat_valid && gear_ready) || halt;
    npu_beats #(.AXI_BYTES(AXI_BYTES), .UNIT_W(UNIT_W), .DEPTH(64), .TAG_W(25), .C_W(C_W)) beats_i (
        .clk(clk), .rst(wipe),
        .s_valid(q_valid && q_ready), .s_ready(beats_ready), .s_addr(q_addr), .s_bytes(q_bytes),
        .s_tag({busy ? word_q : s_desc[`NPU_D_WORD], q_end}),
        .m_valid(beat_valid), .m_ready(beat && !halt), .m_skip(skip), .m_count(count), .m_last(beat_last), .m_tag(tag));
    npu_gearbox #(
        .UNIT_W(UNIT_W), .IN_N(IN_N), .OUT_N(OUT_N), .TAKES(ONE << CHUNK_N | ONE << TAIL_N)
    ) gear_i (
        .clk(clk), .rst(wipe),
        .s_valid(beat && !halt), .s_ready(gear_ready), .s_data(r_data), .s_skip(skip), .s_count(count),
        .m_valid(part_valid), .m_ready(!halt), .m_take(take), .m_data(part), .held(held));

    // ---- where the parts go
    wire [31:0] m_tiles;
    wire [23:0] m_tile;
    reg         more_q;                                            // a tile of this move has been written
    reg  [31:0] left_q;                                            // tiles
    reg  [23:0] slot_q;
    reg  [7:0]  engine_q, chunk_q;
    wire [31:0] left   = more_q ? left_q : m_tiles;
    wire [23:0] slot   = more_q ? slot_q : m_tile;
    wire [7:0]  engine = more_q ? engine_q : 8'd0;
    wire        tail   = chunk_q == TAIL_C;
    wire        tile_end = w_valid && tail;
    wire        move_end = tile_end && left == 32'd1;
    npu_fifo #(.WIDTH(56), .DEPTH(MOVES)) moves_i (
        .clk(clk), .rst(wipe),
        .s_valid(s_ready), .s_ready(moves_ready), .s_data({tiles, tile}),
        .m_valid(unused[2]), .m_ready(move_end), .m_data({m_tiles, m_tile}));

    reg [W_W-1:0] data;
    always @* begin
        data = 0;
        if (tail)
            data[8*NATIVE_DIM-1:0] = part[PRE +: 8*NATIVE_DIM];
        else
            data[W_MANTISSAS-1:0] = part[W_MANTISSAS-1:0];
    end
    assign take     = tail ? TAIL_N[C_W-1:0] : CHUNK_N[C_W-1:0];
    assign w_valid  = part_valid && !halt;
    assign w_slot   = slot;
    assign w_engine = engine;
    assign w_chunk  = chunk_q;
    assign w_data   = data;

    // ---- completion: both the time and the data
    reg  [LAT_DMA-1:0] line_q;
    reg  [4:0]  due_q, written_q;
    wire        due_now = line_q[LAT_DMA-1];
    wire        due     = due_now || due_q != 5'd0;
    wire        written = move_end || written_q != 5'd0;
    assign done_valid = due && written && !halt;
    npu_fifo #(.WIDTH(35), .DEPTH(2 * MOVES)) track_i (
        .clk(clk), .rst(wipe),
        .s_valid(s_ready), .s_ready(track_ready), .s_data({s_desc[`NPU_D_GIVE], s_desc[`NPU_D_SEQ]}),
        .m_valid(unused[1]), .m_ready(done_valid), .m_data({done_give, done_seq}));

    assign fault_valid = refused || bad;
    assign fault_code  = bad ? FAULT_DRAM_RESPONSE : FAULT_ADDRESS_RANGE;
    assign fault_word  = bad ? tag[24:1] : busy ? word_q : s_desc[`NPU_D_WORD];

    always @(posedge clk) begin
        if (s_ready)
            word_q <= s_desc[`NPU_D_WORD];
        if (w_valid)
            chunk_q <= tail ? 8'd0 : chunk_q + 8'd1;
        if (tile_end) begin
            more_q <= !move_end;
            left_q <= left - 32'd1;
            if (engine == LAST_E) begin
                engine_q <= 8'd0;
                slot_q   <= slot == SLOTS - 24'd1 ? 24'd0 : slot + 24'd1;
            end else begin
                engine_q <= engine + 8'd1;
                slot_q   <= slot;
            end
        end
        line_q    <= {line_q[LAT_DMA-2:0], beat && !halt && beat_last && tag[0]};
        due_q     <= due_q + {4'd0, due_now} - {4'd0, done_valid};
        written_q <= written_q + {4'd0, move_end} - {4'd0, done_valid};
        if (fault_valid)
            dead_q <= 1'b1;
        if (wipe) begin
            dead_q    <= 1'b0;
            more_q    <= 1'b0;
            chunk_q   <= 8'd0;
            line_q    <= {LAT_DMA{1'b0}};
            due_q     <= 5'd0;
            written_q <= 5'd0;
        end
    end

    wire unused_bits = &{1'b0, s_desc, part, held, unused};
endmodule
`default_nettype wire
