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
    localparam DOTS_W   = NATIVE_DIM * DOT_W;
    localparam CHUNK_W  = LANES * ACT_W;
    localparam ROWS_W   = NATIVE_DIM * LANES * WEIGHT_W;
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

    wire                        t_valid;           // what enters
    wire [ENTRY_W-1:0]          t_engine;
    wire [23:0]                 t_slot;
    wire                        t_begin, t_send;   // begins its sum; its sum leaves

    reg  [AT_OUT-1:0]           valid_q;           // delayed: element x is x cycles behind
    reg  [AT_SUM*ENTRY_W-1:0]   engine_q;
    reg  [AT_SCALE*24-1:0]      slot_q;
    reg  [AT_TERM-1:0]          begin_q;
    reg  [AT_OUT-1:0]           send_q;
    wire [AT_OUT:0]             valid  = {valid_q, t_valid};
    wire [AT_SUM*ENTRY_W+ENTRY_W-1:0] engine = {engine_q, t_engine};
    wire [AT_SCALE*24+23:0]     slot   = {slot_q, t_slot};
    wire [AT_TERM:0]            begins = {begin_q, t_begin};
    wire [AT_OUT:0]             sends  = {send_q, t_send};

    always @(posedge clk) begin
        valid_q  <= rst ? {AT_OUT{1'b0}} : valid[AT_OUT-1:0];
        engine_q <= engine[AT_SUM*ENTRY_W-1:0];
        slot_q   <= slot[AT_SCALE*24-1:0];
        begin_q  <= begins[AT_TERM-1:0];
        send_q   <= sends[AT_OUT-1:0];
    end

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
        .rd_start(valid[AT_SCALE]),
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
                .rd_start(valid[AT_READ] && engine[AT_READ*ENTRY_W +: ENTRY_W] == ME),
                .rd_slot(slot[AT_READ*24 +: 24]),
                .rd_data(bank_weights[e*ROWS_W +: ROWS_W])
            );
        end
    endgenerate

    // ---- engines, and what passes from one to the next
    wire [ENGINES*ROWS_W-1:0]               weights;
    wire [ENGINES*CHUNK_W-1:0]              acts;
    wire [ENGINES*DOTS_W-1:0]               dots;    // of at most one engine not 0
    wire [5:0]                              shared_exponent;  // of the block that comes at AT_BLOCK

    generate
        for (e = 0; e < ENGINES; e = e + 1) begin : g_engine
            localparam [ENTRY_W-1:0] ME = e;
            npu_engine #(
                .NATIVE_DIM(NATIVE_DIM), .LANES(LANES), .WEIGHT_W(WEIGHT_W), .ACT_W(ACT_W), .DOT_W(DOT_W)
            ) engine_i (
                .clk(clk),
                .s_weights(weights[e*ROWS_W +: ROWS_W]),
                .s_act(acts[e*CHUNK_W +: CHUNK_W]),
                .first(valid[AT_FIRST] && engine[AT_FIRST*ENTRY_W +: ENTRY_W] == ME),
                .last(valid[AT_LAST] && engine[AT_LAST*ENTRY_W +: ENTRY_W] == ME),
                .m_dot(dots[e*DOTS_W +: DOTS_W])
            );
        end

        if (SHARED_WEIGHTS != 0) begin : g_shared
            assign t_valid      = s_valid;
            assign t_engine     = s_engine[ENTRY_W-1:0];
            assign t_slot       = s_slot;
            assign t_begin      = s_first && !s_acc;
            assign t_send       = s_last && !s_hold;
            assign scale_slot   = slot[AT_SCALE*24 +: 24];
            assign w_scale_slot = w_slot;
            assign shared_exponent     = block_exponent;
            assign weights[0 +: ROWS_W] = bank_weights;

            for (e = 0; e < ENGINES; e = e + 1) begin : g_pass
                localparam [ENTRY_W-1:0] ME = e;
                npu_hold #(.CHUNK_W(CHUNK_W), .CHUNKS(TC)) hold_i (
                    .clk(clk),
                    .load(valid[AT_BLOCK] && engine[AT_BLOCK*ENTRY_W +: ENTRY_W] == ME),
                    .s_data(block),
                    .m_data(acts[e*CHUNK_W +: CHUNK_W])
                );
                if (e > 0) begin : g_weights
                    npu_delay #(.WIDTH(ROWS_W), .CYCLES(1)) pass_i (
                        .clk(clk),
                        .s_data(weights[(e-1)*ROWS_W +: ROWS_W]),
                        .m_data(weights[e*ROWS_W +: ROWS_W])
                    );
                end
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
            assign scale_slot   = slot[AT_SCALE*24 +: 24] * OWN[23:0]
                                + {{24-ENTRY_W{1'b0}}, engine[AT_SCALE*ENTRY_W +: ENTRY_W]};
            assign w_scale_slot = w_slot * OWN[23:0] + {16'd0, w_engine};
            assign shared_exponent =
                engine[AT_BLOCK*ENTRY_W +: ENTRY_W] == 0 ? block_exponent : exponent_q;
            assign weights = bank_weights;

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
                .load(valid[AT_BLOCK] && engine[AT_BLOCK*ENTRY_W +: ENTRY_W] == 0),
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

    // ---- accumulators
    reg  [DOTS_W-1:0]           dot_d, dot_q;      // dot_q at AT_DOT
    wire [9:0]                  exponent;          // what all rows add to theirs, at AT_DOT - 1
    wire                        term_over, sum_over, data_over;

    integer i;
    always @* begin
        dot_d = dots[0 +: DOTS_W];
        for (i = 1; i < ENGINES; i = i + 1)
            dot_d = dot_d | dots[i*DOTS_W +: DOTS_W];
    end

    always @(posedge clk)
        dot_q <= dot_d;

    npu_delay #(.WIDTH(10), .CYCLES(AT_DOT - 1 - AT_BLOCK)) exponent_i (
        .clk(clk),
        .s_data({{4{shared_exponent[5]}}, shared_exponent} - UNIT[9:0]),
        .m_data(exponent)
    );

    npu_accumulators #(
        .NATIVE_DIM(NATIVE_DIM), .ENGINES(ENGINES), .ENTRY_W(ENTRY_W), .DOT_W(DOT_W), .FORWARD(LAT_ACC == TC ? 1 : 0)
    ) accumulators_i (
        .clk(clk),
        .s_dot(dot_q),
        .s_weight_exponent(scales),
        .s_exponent(exponent),
        .entry(engine[AT_TERM*ENTRY_W +: ENTRY_W]),
        .zero(begins[AT_TERM]),
        .sum_valid(valid[AT_SUM]),
        .sum_entry(engine[AT_SUM*ENTRY_W +: ENTRY_W]),
        .m_data(m_data),
        .term_over(term_over),
        .sum_over(sum_over),
        .data_over(data_over)
    );

    assign m_valid = valid[AT_OUT] && sends[AT_OUT];

    always @(posedge clk)
        overflow <= !rst && (valid[AT_TERM] && term_over || valid[AT_SUM] && sum_over || m_valid && data_over);
endmodule
`default_nettype wire
