// npu_expander: im2col of raw image rows, docs/architecture.md 3.1: gathers one vector of a window, lane by lane.
//
// Element e of the window is tap (i, j), channel ch: pixel (y + i * DILATION_H, x + j * DILATION_W), which lies in image
// row y at element x * CHANNELS + ch of that row. The lanes of vector k hold elements k * N on; each lane's (i, j, ch)
// follows from the lane below by counting, the lowest lane's from the highest of vector k - 1. Where in the memory a lane
// finds its element is registered, then the memory is read.
//
// The memory has N read ports here and the counting passes through all lanes in one cycle: this is the reference. For an
// FPGA, image rows belong in EXPANDER_ROWS banks of N lane banks each, read once, rotated and merged; the counting
// depends on CHANNELS, KW and k alone and can be done before the window arrives.
//
// Contract: m_data follows s_valid by LAT_EXPAND cycles, at least 2; k = 0 comes first and k does not skip. A vector that
// the DMA writes in cycle t is read by requests from t on. Descriptor fields hold while requests of their chain come.
// Test: tests/rtl/test_npu_expander.py
`default_nettype none
`include "npu_isa.vh"
`include "npu_chain.vh"
module npu_expander #(
    parameter NATIVE_DIM    = 8,           // N
    parameter EXPANDER      = 256,         // vectors; a power of two, or `%` becomes a divider
    parameter EXPANDER_ROWS = 8,           // most kernel rows
    parameter LAT_EXPAND    = 5,
    parameter CHECK_INIT    = 1,           // notice reads of vectors that nothing has written since clear
    parameter V_W           = 16 * NATIVE_DIM
) (
    input  wire                clk,
    input  wire                rst,        // synchronous, high
    input  wire                clear,      // a new run: nothing is written
    input  wire                xd_valid,   // vector DMA writes, always taken
    input  wire [23:0]         xd_addr,    // below EXPANDER
    input  wire [V_W-1:0]      xd_wdata,
    input  wire                s_valid,    // gather vector s_k of the window with origin
    input  wire [31:0]         s_k,
    input  wire [47:0]         s_y,        //   row and column, signed
    input  wire [47:0]         s_x,
    input  wire [47:0]         s_row,      //   address of row s_y before it is wrapped
    input  wire                s_wide,     // products were too large for an address
    input  wire [`NPU_D_W-1:0] s_desc,
    output wire [V_W-1:0]      m_data,
    output reg                 fault_valid,
    output reg  [3:0]          fault_code,
    output reg  [23:0]         fault_word
);
    localparam VEC_W  = EXPANDER > 1 ? $clog2(EXPANDER) : 1;
    localparam LANE_W = NATIVE_DIM > 1 ? $clog2(NATIVE_DIM) : 1;
    localparam [47:0] RING = {16'd0, EXPANDER[31:0]};
    localparam POST   = LAT_EXPAND - 2;                    // registers behind the memory
    localparam [3:0] FAULT_ILLEGAL_CHAIN = 4'd2, FAULT_ADDRESS_RANGE = 4'd3, FAULT_UNINITIALISED = 4'd8;

    wire [31:0] kh = s_desc[`NPU_D_REG(`NPU_REG_KH)];
    wire [31:0] kw = s_desc[`NPU_D_REG(`NPU_REG_KW)];
    wire [31:0] kc = s_desc[`NPU_D_REG(`NPU_REG_KC)];
    wire [31:0] channels = s_desc[`NPU_D_REG(`NPU_REG_CHANNELS)];
    wire [31:0] in_h = s_desc[`NPU_D_REG(`NPU_REG_IN_H)];
    wire [31:0] in_w = s_desc[`NPU_D_REG(`NPU_REG_IN_W)];
    wire [31:0] dilation_h = s_desc[`NPU_D_REG(`NPU_REG_DILATION_H)];
    wire [31:0] dilation_w = s_desc[`NPU_D_REG(`NPU_REG_DILATION_W)];
    wire [31:0] rd_row = s_desc[`NPU_D_REG(`NPU_REG_RD_ROW)];
    wire [39:0] tap_y = s_desc[`NPU_D_TAP_Y];

    // ---- the window's rows: inside the image? at which vector?
    reg  [EXPANDER_ROWS-1:0]       row_ok;
    reg  [EXPANDER_ROWS*VEC_W-1:0] row_vec;
    reg                            bad_row;                // a row inside the image has no address
    reg  [47:0]                    row_y, row_at, row_in_ring;
    integer                        n;
    always @* begin
        row_ok = 0;
        row_vec = 0;
        bad_row = 1'b0;
        row_y = s_y;
        row_at = s_row;
        row_in_ring = 0;
        n = 0;
        if (s_valid)
            for (n = 0; n < EXPANDER_ROWS; n = n + 1) begin
                if (n < kh && row_y < {16'd0, in_h}) begin             // negative numbers are large ones
                    row_ok[n] = 1'b1;
                    row_in_ring = row_at % RING;
                    row_vec[n*VEC_W +: VEC_W] = row_in_ring[VEC_W-1:0];
                    if (s_wide || row_at[47:44] != 0)
                        bad_row = 1'b1;
                end
                row_y = row_y + {16'd0, dilation_h};
                row_at = row_at + {8'd0, tap_y};
            end
    end

    // ---- the lanes: tap, channel, column and element counted from the window's origin
    reg  [31:0]                    k_q;                    // of the last request
    reg  [31:0]                    i_q, j_q, ch_q, of_e_q, next_i_q, next_j_q, next_ch_q, next_of_e_q;
    reg  [55:0]                    of_x_q, next_of_x_q;    // wide enough for any window
    wire fresh = s_k == 0;
    wire again = s_k == k_q;
    wire [31:0]                    i_first    = fresh ? 32'd0 : again ? i_q    : next_i_q;
    wire [31:0]                    j_first    = fresh ? 32'd0 : again ? j_q    : next_j_q;
    wire [31:0]                    ch_first   = fresh ? 32'd0 : again ? ch_q   : next_ch_q;
    wire [31:0]                    of_e_first = fresh ? 32'd0 : again ? of_e_q : next_of_e_q;
    wire [55:0]                    of_x_first = fresh ? 56'd0 : again ? of_x_q : next_of_x_q;
    wire [31:0]                    origin_e   = s_x[31:0] * channels;              // right where the element exists
    wire [31:0]                    jump       = (dilation_w - 1) * channels + 1;   // last channel to the next tap's first

    reg  [NATIVE_DIM-1:0]          ok;
    reg  [NATIVE_DIM*VEC_W-1:0]    vec;
    reg  [NATIVE_DIM*LANE_W-1:0]   lane;
    reg  [31:0]                    i, j, ch, of_e, element, part, at;
    reg  [55:0]                    of_x, column;
    integer                        l;
    always @* begin
        ok = 0;
        vec = 0;
        lane = 0;
        i = i_first;
        j = j_first;
        ch = ch_first;
        of_e = of_e_first;
        of_x = of_x_first;
        element = 0;
        column = 0;
        part = 0;
        at = 0;
        l = 0;
        if (s_valid)
            for (l = 0; l < NATIVE_DIM; l = l + 1) begin
                column = {{8{s_x[47]}}, s_x} + of_x;
                if (i < kh && i < EXPANDER_ROWS && row_ok[i] && column < {24'd0, in_w}) begin
                    element = origin_e + of_e;
                    at = {{32-VEC_W{1'b0}}, row_vec[i*VEC_W +: VEC_W]} + element / NATIVE_DIM;
                    at = at >= EXPANDER ? at - EXPANDER : at;
                    part = element % NATIVE_DIM;
                    ok[l] = 1'b1;
                    vec[l*VEC_W +: VEC_W] = at[VEC_W-1:0];
                    lane[l*LANE_W +: LANE_W] = part[LANE_W-1:0];
                end
                if (ch + 1 != channels) begin
                    ch = ch + 1;
                    of_e = of_e + 1;
                end else begin
                    ch = 0;
                    if (j + 1 != kw) begin
                        j = j + 1;
                        of_x = of_x + {24'd0, dilation_w};
                        of_e = of_e + jump;
                    end else begin
                        j = 0;
                        of_x = 0;
                        of_e = 0;
                        i = i + 1;
                    end
                end
            end
    end

    // ---- what no program may ask for
    wire [63:0] line = {32'd0, in_w} * {32'd0, channels};              // elements of an image row
    wire [63:0] room = {32'd0, rd_row} * NATIVE_DIM;
    wire        illegal = kh > EXPANDER_ROWS || rd_row > EXPANDER || line > room || (s_k + 1 == kc && i < kh);

    // ---- places, then values
    reg  [V_W-1:0]               words [0:EXPANDER-1];
    reg                          valid_q, bad_row_q, illegal_q;
    reg  [23:0]                  word_q;
    reg  [NATIVE_DIM-1:0]        ok_q;
    reg  [NATIVE_DIM*VEC_W-1:0]  vec_q;
    reg  [NATIVE_DIM*LANE_W-1:0] lane_q;
    wire [NATIVE_DIM-1:0]        unwritten;
    wire [V_W-1:0]               value;

    always @(posedge clk) begin
        if (xd_valid)
            words[xd_addr[VEC_W-1:0]] <= xd_wdata;
        valid_q <= s_valid && !rst;
        if (s_valid) begin
            k_q <= s_k;
            {i_q, j_q, ch_q, of_e_q, of_x_q} <= {i_first, j_first, ch_first, of_e_first, of_x_first};
            {next_i_q, next_j_q, next_ch_q, next_of_e_q, next_of_x_q} <= {i, j, ch, of_e, of_x};
            ok_q <= ok;
            vec_q <= vec;
            lane_q <= lane;
            bad_row_q <= bad_row;
            illegal_q <= illegal;
            word_q <= s_desc[`NPU_D_WORD];
        end
        fault_valid <= valid_q && !rst && (bad_row_q || illegal_q || unwritten != 0);
        fault_code <= illegal_q ? FAULT_ILLEGAL_CHAIN : bad_row_q ? FAULT_ADDRESS_RANGE : FAULT_UNINITIALISED;
        fault_word <= word_q;
    end

    genvar g;
    generate
        for (g = 0; g < NATIVE_DIM; g = g + 1) begin : g_lane
            wire [VEC_W-1:0]  from = vec_q[g*VEC_W +: VEC_W];
            wire [LANE_W-1:0] here = lane_q[g*LANE_W +: LANE_W];
            reg  [15:0]       value_q;
            always @(posedge clk)
                if (valid_q)
                    value_q <= ok_q[g] ? words[from][16*here +: 16] : 16'd0;
            assign value[16*g +: 16] = value_q;
        end

        if (CHECK_INIT != 0) begin : g_check
            reg [31:0] run_q;                              // never reset: runs are told apart also after rst
            reg [31:0] written [0:(1<<VEC_W)-1];           // the run that wrote the vector
            integer    vector;
            initial begin
                run_q = 1;
                for (vector = 0; vector < 1 << VEC_W; vector = vector + 1)
                    written[vector] = 0;
            end
            always @(posedge clk) begin
                if (clear || rst)
                    run_q <= run_q + 1;
                if (xd_valid)
                    written[xd_addr[VEC_W-1:0]] <= run_q;
            end
            for (g = 0; g < NATIVE_DIM; g = g + 1) begin : g_written
                assign unwritten[g] = valid_q && ok_q[g] && written[vec_q[g*VEC_W +: VEC_W]] != run_q;
            end
        end else begin : g_trust
            assign unwritten = 0;
            wire unused_bits = &{1'b0, clear};
        end

        if (POST == 0) begin : g_bare
            assign m_data = value;
        end else begin : g_post
            reg  [V_W*POST-1:0]     post_q;
            wire [V_W*(POST+1)-1:0] post = {post_q, value};
            reg  [POST:0]           full_q;                // stages that hold a vector, the value's first
            wire [POST+1:0]         full = {full_q, valid_q};
            integer stage;
            always @(posedge clk) begin
                full_q <= rst ? {POST+1{1'b0}} : full[POST:0];
                for (stage = 0; stage < POST; stage = stage + 1)
                    if (full_q[stage])
                        post_q[stage*V_W +: V_W] <= post[stage*V_W +: V_W];
            end
            assign m_data = post_q[(POST-1)*V_W +: V_W];
            wire unused_bits = &{1'b0, full};
        end
    endgenerate

    wire unused_bits = &{1'b0, s_desc, xd_addr, s_x, row_in_ring, at, part};
endmodule
`default_nettype wire
