// npu_mvu: the matrix-vector unit: float16 vectors times tiles of MatrixRf, fp32 sums over tiles, float16 results.
// Contract: docs/architecture.md 3.2, 4, 5.3. A vector arrives in cycle a for the tile in s_slot; the result of the last
// tile of a position leaves in cycle a + M, M = LAT_BFP + N/L + LAT_DOT + LAT_CONVERT + LAT_ACC + LAT_ROUND.
//   shared weights: a vector for each engine at work, engine 0 first, in consecutive cycles; N/L cycles a tile;
//   private weights: one vector a tile for all of the s_count engines; engine e gives its result in cycle a + M + e.
// The unit never stalls.  Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_mvu #(
    parameter NATIVE_DIM      = 8,         // N: elements of a vector, rows of a tile
    parameter LANES           = 2,         // L: elements of a row a cycle
    parameter ENGINES         = 4,         // T: at most N / L
    parameter SHARED_WEIGHTS  = 1,         // 1: weights pass from engine to engine; 0: activations, weights are private
    parameter WEIGHT_MANTISSA = 5,         // magnitude bits
    parameter ACT_MANTISSA    = 5,
    parameter MRF_TILES       = 16,
    parameter LAT_BFP         = 4,
    parameter LAT_DOT         = 3,
    parameter LAT_CONVERT     = 3,
    parameter LAT_ACC         = 4,         // at most N / L
    parameter LAT_ROUND       = 2,
    parameter W_MANTISSAS     = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1),
    parameter W_W             = W_MANTISSAS > 8 * NATIVE_DIM ? W_MANTISSAS : 8 * NATIVE_DIM
) (
    input  wire                     clk,
    input  wire                     rst,        // synchronous, high: drops all work; sums and weights stay
    input  wire                     s_valid,
    input  wire [16*NATIVE_DIM-1:0] s_data,     // float16, lane 0 in the low bits
    input  wire [7:0]               s_engine,   // shared: engine that the vector is for; private: 0
    input  wire [7:0]               s_count,    // private: engines at work
    input  wire [23:0]              s_slot,     // of the tile, modulo the slots
    input  wire                     s_first,    // first tile of the position
    input  wire                     s_last,     // last
    input  wire                     s_acc,      // the first tile is added to the sum that is there
    input  wire                     s_hold,     // the sum stays, no result leaves
    output wire                     m_valid,
    output wire [16*NATIVE_DIM-1:0] m_data,
    output reg                      overflow,   // pulse: a summand, sum or result saturated
    input  wire                     w_valid,    // writes a part of a tile; always taken
    input  wire [23:0]              w_slot,
    input  wire [7:0]               w_engine,   // private weights
    input  wire [7:0]               w_chunk,    // 0 .. N/L - 1: mantissas, L of each row; N/L: the rows' exponents
    input  wire [W_W-1:0]           w_data
);
    localparam TC       = NATIVE_DIM / LANES;
    localparam WEIGHT_W = WEIGHT_MANTISSA + 1;
    localparam ACT_W    = ACT_MANTISSA + 1;
    localparam DOT_W    = WEIGHT_W + ACT_W + $clog2(NATIVE_DIM);
    localparam CHUNK_W  = LANES * ACT_W;
    localparam PART_W   = LANES * WEIGHT_W;        // a row's weights of a cycle
    localparam ROWS_W   = NATIVE_DIM * PART_W;
    localparam BANKS    = SHARED_WEIGHTS != 0 ? 1 : ENGINES;
    localparam ENTRY_W  = ENGINES > 1 ? $clog2(ENGINES) : 1;
    localparam [31:0] UNIT  = WEIGHT_MANTISSA + ACT_MANTISSA - 2;  // D counts in 2^(E_w + E_a - UNIT[9:0])

    // ---- order of work: one tile of one engine a cycle enters; AT_x cycles later it is
    localparam AT_READ  = LAT_BFP - 1;             // starting to read mantissas from MatrixRf
    localparam AT_BLOCK = LAT_BFP;                 // block floating point; its first products begin a cycle later
    localparam AT_FIRST = AT_BLOCK + LAT_DOT;      // adding its first products
    localparam AT_LAST  = AT_FIRST + TC - 1;       // adding its last products
    localparam AT_DOT   = AT_LAST + 1;             // integers
    localparam AT_TERM  = AT_DOT + LAT_CONVERT;    // fp32 summands
    localparam AT_SUM   = AT_TERM + LAT_ACC;       // fp32 sums
    localparam AT_OUT   = AT_SUM + LAT_ROUND;      // float16
    localparam AT_SCALE = AT_DOT - 3;              // starting to read exponents, which are added at AT_DOT - 1
    localparam R        = AT_READ > 0 ? AT_READ - 1 : 0;

    wire                        t_valid;           // what enters
    wire [ENTRY_W-1:0]          t_engine;
    wire [23:0]                 t_slot;
    wire                        t_begin, t_send;   // begins its sum; its sum leaves

    // what is x cycles behind is element x - 1 of these
    reg  [AT_OUT-1:0]           valid_q, send_q;
    reg  [AT_SUM*ENTRY_W-1:0]   engine_q;
    reg  [AT_TERM-1:0]          begin_q;

    always @(posedge clk) begin
        valid_q  <= rst ? {AT_OUT{1'b0}} : {valid_q[AT_OUT-2:0], t_valid};
        send_q   <= {send_q[AT_OUT-2:0], t_send};
        engine_q <= {engine_q[(AT_SUM-1)*ENTRY_W-1:0], t_engine};
        begin_q  <= {begin_q[AT_TERM-2:0], t_begin};
    end

    wire                        r_valid  = AT_READ == 0 ? t_valid : valid_q[R];  // at AT_READ
    wire [ENTRY_W-1:0]          r_engine = AT_READ == 0 ? t_engine : engine_q[R*ENTRY_W +: ENTRY_W];
    wire [23:0]                 r_slot, late_slot;                              // late_slot at AT_SCALE

    npu_delay #(.WIDTH(24), .CYCLES(AT_READ)) slot_i (
        .clk(clk),
        .s_data(t_slot),
        .m_data(r_slot)
    );

    npu_delay #(.WIDTH(24), .CYCLES(AT_SCALE - AT_READ)) late_slot_i (
        .clk(clk),
        .s_data(r_slot),
        .m_data(late_slot)
    );

    // ---- block floating point: the block for the engine that comes at AT_BLOCK
    wire [NATIVE_DIM*ACT_W-1:0] block;
    wire [5:0]                  block_exponent;    // signed

    k_f16_to_bfp block_i (
        .clk(clk),
        .lanes(s_data),
        .q(block),
        .exponent(block_exponent)
    );

    // ---- MatrixRf
    wire                        w_scale = w_valid && {24'd0, w_chunk} == TC;
    wire [BANKS*ROWS_W-1:0]     bank_weights;
    wire [8*NATIVE_DIM-1:0]     scales;            // exponents of the rows, at AT_DOT - 1
    wire [23:0]                 scale_slot, w_scale_slot;

    npu_mrf #(
        .WIDTH(8 * NATIVE_DIM), .CHUNKS(1), .TILES(MRF_TILES)
    ) scales_i (
        .clk(clk),
        .rst(rst),
        .wr_en(w_scale),
        .wr_slot(w_scale_slot),
        .wr_chunk(8'd0),
        .wr_data(w_data[8*NATIVE_DIM-1:0]),
        .rd_start(valid_q[AT_SCALE-1]),
        .rd_slot(scale_slot),
        .rd_data(scales)
    );

    genvar e;
    generate
        for (e = 0; e < BANKS; e = e + 1) begin : g_bank
            localparam [ENTRY_W-1:0] ME = e;
            localparam [7:0]         ME_8 = e;
            npu_mrf #(
                .WIDTH(ROWS_W), .CHUNKS(TC), .TILES(MRF_TILES / BANKS)
            ) mantissas_i (
                .clk(clk),
                .rst(rst),
                .wr_en(w_valid && !w_scale && (SHARED_WEIGHTS != 0 || w_engine == ME_8)),
                .wr_slot(w_slot),
                .wr_chunk(w_chunk),
                .wr_data(w_data[ROWS_W-1:0]),
                .rd_start(r_valid && r_engine == ME),
                .rd_slot(r_slot),
                .rd_data(bank_weights[e*ROWS_W +: ROWS_W])
            );
        end
    endgenerate

    // ---- activations of each engine
    wire [ENGINES*CHUNK_W-1:0] acts;
    wire [5:0]                 shared_exponent;    // of the block that comes at AT_BLOCK

    generate
        if (SHARED_WEIGHTS != 0) begin : g_shared
            assign t_valid      = s_valid;
            assign t_engine     = s_engine[ENTRY_W-1:0];
            assign t_slot       = s_slot;
            assign t_begin      = s_first && !s_acc;
            assign t_send       = s_last && !s_hold;
            assign scale_slot   = late_slot;
            assign w_scale_slot = w_slot;
            assign shared_exponent     = block_exponent;

            for (e = 0; e < ENGINES; e = e + 1) begin : g_pass
                localparam [ENTRY_W-1:0] ME = e;
                npu_hold #(.CHUNK_W(CHUNK_W), .CHUNKS(TC)) hold_i (
                    .clk(clk),
                    .load(valid_q[AT_BLOCK-1] && engine_q[(AT_BLOCK-1)*ENTRY_W +: ENTRY_W] == ME),
                    .s_data(block),
                    .m_data(acts[e*CHUNK_W +: CHUNK_W])
                );
            end

            wire unused_bits = &{1'b0, s_engine, s_count, w_engine};
        end else begin : g_private
            // A vector is work for engine 0 in its cycle, for engine 1 a cycle later, and so on.
            localparam [31:0] OWN = ENGINES;       // tiles of a slot
            reg               more_q;              // engine next_q is at work, too
            reg [7:0]         next_q, count_q;
            reg [23:0]        slot_more_q;
            reg               begin_more_q, send_more_q;
            reg [5:0]         exponent_q;
            wire [7:0]        now   = s_valid ? 8'd0 : next_q;
            wire [7:0]        count = s_valid ? s_count : count_q;

            assign t_valid      = s_valid || more_q;
            assign t_engine     = now[ENTRY_W-1:0];
            assign t_slot       = s_valid ? s_slot : slot_more_q;
            assign t_begin      = s_valid ? s_first && !s_acc : begin_more_q;
            assign t_send       = s_valid ? s_last && !s_hold : send_more_q;
            assign scale_slot   = late_slot * OWN[23:0]
                                + {{24-ENTRY_W{1'b0}}, engine_q[(AT_SCALE-1)*ENTRY_W +: ENTRY_W]};
            assign w_scale_slot = w_slot * OWN[23:0] + {16'd0, w_engine};
            assign shared_exponent =
                engine_q[(AT_BLOCK-1)*ENTRY_W +: ENTRY_W] == 0 ? block_exponent : exponent_q;

            always @(posedge clk) begin
                more_q       <= !rst && t_valid && now + 8'd1 < count;
                next_q       <= now + 8'd1;
                count_q      <= count;
                slot_more_q  <= t_slot;
                begin_more_q <= t_begin;
                send_more_q  <= t_send;
                exponent_q   <= shared_exponent;
            end

            npu_hold #(.CHUNK_W(CHUNK_W), .CHUNKS(TC)) hold_i (
                .clk(clk),
                .load(valid_q[AT_BLOCK-1] && engine_q[(AT_BLOCK-1)*ENTRY_W +: ENTRY_W] == 0),
                .s_data(block),
                .m_data(acts[0 +: CHUNK_W])
            );
            for (e = 1; e < ENGINES; e = e + 1) begin : g_pass
                npu_delay #(.WIDTH(CHUNK_W), .CYCLES(1)) pass_i (
                    .clk(clk),
                    .s_data(acts[(e-1)*CHUNK_W +: CHUNK_W]),
                    .m_data(acts[e*CHUNK_W +: CHUNK_W])
                );
            end

            wire unused_bits = &{1'b0, s_engine};
        end
    endgenerate

    // ---- rows: dot products in every engine, accumulators
    reg  [ENGINES-1:0]    first, last;             // an engine adds the first, the last products of a tile
    wire [9:0]            exponent;                // what all rows add to theirs, at AT_DOT - 1
    wire [NATIVE_DIM-1:0] term_overs, sum_overs, data_overs;
    integer               i;

    always @* begin
        for (i = 0; i < ENGINES; i = i + 1) begin
            first[i] = valid_q[AT_FIRST-1] && {{32-ENTRY_W{1'b0}}, engine_q[(AT_FIRST-1)*ENTRY_W +: ENTRY_W]} == i;
            last[i]  = valid_q[AT_LAST-1] && {{32-ENTRY_W{1'b0}}, engine_q[(AT_LAST-1)*ENTRY_W +: ENTRY_W]} == i;
        end
    end

    npu_delay #(.WIDTH(10), .CYCLES(AT_DOT - 1 - AT_BLOCK)) exponent_i (
        .clk(clk),
        .s_data({{4{shared_exponent[5]}}, shared_exponent} - UNIT[9:0]),
        .m_data(exponent)
    );

    genvar row;
    generate
        for (row = 0; row < NATIVE_DIM; row = row + 1) begin : g_row
            wire [BANKS*PART_W-1:0] weights;
            for (e = 0; e < BANKS; e = e + 1) begin : g_part
                assign weights[e*PART_W +: PART_W] = bank_weights[e*ROWS_W+row*PART_W +: PART_W];
            end
            npu_row #(
                .LANES(LANES), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS), .WEIGHT_W(WEIGHT_W),
                .ACT_W(ACT_W), .DOT_W(DOT_W), .ENTRY_W(ENTRY_W), .FORWARD(LAT_ACC == TC ? 1 : 0)
            ) row_i (
                .clk(clk),
                .s_weights(weights),
                .s_acts(acts),
                .first(first),
                .last(last),
                .s_weight_exponent(scales[8*row +: 8]),
                .s_exponent(exponent),
                .entry(engine_q[(AT_TERM-1)*ENTRY_W +: ENTRY_W]),
                .zero(begin_q[AT_TERM-1]),
                .sum_valid(valid_q[AT_SUM-1]),
                .sum_entry(engine_q[(AT_SUM-1)*ENTRY_W +: ENTRY_W]),
                .m_data(m_data[16*row +: 16]),
                .term_over(term_overs[row]),
                .sum_over(sum_overs[row]),
                .data_over(data_overs[row])
            );
        end
    endgenerate

    assign m_valid = valid_q[AT_OUT-1] && send_q[AT_OUT-1];

    always @(posedge clk)
        overflow <= !rst && (valid_q[AT_TERM-1] && |term_overs || valid_q[AT_SUM-1] && |sum_overs || m_valid && |data_overs);
endmodule
`default_nettype wire
