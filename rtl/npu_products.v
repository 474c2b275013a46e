// npu_products: the products of registers that chains need, two cycles behind the registers.
// Contract: cycle t shows the products of the registers of cycle t - 2, on all outputs. Factors are clipped above the
// greatest legal value, so that a product of clipped factors is exact or above its limit, never aliased.
// Test: tests/rtl/test_npu_dispatch.py
`include "npu_isa.vh"
`default_nettype none
module npu_products (
    input  wire        clk,
    input  wire [`NPU_REG_N*`NPU_REG_W-1:0] regs,
    output reg  [22:0] positions,      // ROWS * COLS; 2^22 + 1 for more than 2^22
    output reg  [22:0] taps,           // KH * KW * KC, likewise
    output reg  [47:0] row,            // IN_W * CHANNELS, elements of an image row; both clipped to 24 bits
    output reg  [46:0] elements,       // KH * KW * CHANNELS; a greater channel count does not pass as a row either
    output reg  [39:0] step_y,         // STRIDE_H * RD_ROW; exact, their factors are below 2^20 in legal chains
    output reg  [39:0] step_x,         // STRIDE_W * RD_COL
    output reg  [39:0] tap_y,          // DILATION_H * RD_ROW
    output reg  [39:0] tap_x,          // DILATION_W * RD_COL
    output reg  [39:0] pad_y,          // PAD_TOP * RD_ROW
    output reg  [39:0] pad_x           // PAD_LEFT * RD_COL
);
    localparam [22:0] OVER = (1 << 22) + 1;

    function [22:0] count;         // a count, clipped
        input [31:0] value;
        count = value > 32'd4194304 ? OVER : value[22:0];
    endfunction

    function [22:0] clip;
        input [45:0] product;
        clip = product > 46'd4194304 ? OVER : product[22:0];
    endfunction

    function [23:0] short;
        input [31:0] value;
        short = value[31:24] != 8'd0 ? 24'hffffff : value[23:0];
    endfunction

    function [45:0] mul;
        input [22:0] a;
        input [22:0] b;
        mul = {23'd0, a} * {23'd0, b};
    endfunction

    function [39:0] pitch;
        input [19:0] a;
        input [19:0] b;
        pitch = {20'd0, a} * {20'd0, b};
    endfunction

    wire [31:0] rows = regs[32*`NPU_REG_ROWS +: 32];
    wire [31:0] cols = regs[32*`NPU_REG_COLS +: 32];
    wire [31:0] kh = regs[32*`NPU_REG_KH +: 32];
    wire [31:0] kw = regs[32*`NPU_REG_KW +: 32];
    wire [31:0] kc = regs[32*`NPU_REG_KC +: 32];
    wire [31:0] in_w = regs[32*`NPU_REG_IN_W +: 32];
    wire [31:0] channels = regs[32*`NPU_REG_CHANNELS +: 32];
    wire [19:0] rd_row = regs[32*`NPU_REG_RD_ROW +: 20];
    wire [19:0] rd_col = regs[32*`NPU_REG_RD_COL +: 20];

    reg [45:0] positions_q;
    reg [22:0] window_q, kc_q;
    reg [23:0] channels_q;
    reg [47:0] row_q;
    reg [39:0] step_y_q, step_x_q, tap_y_q, tap_x_q, pad_y_q, pad_x_q;

    always @(posedge clk) begin
        // one cycle behind
        positions_q <= mul(count(rows), count(cols));
        window_q    <= clip(mul(count(kh), count(kw)));
        kc_q        <= count(kc);
        channels_q  <= short(channels);
        row_q       <= {24'd0, short(in_w)} * {24'd0, short(channels)};
        step_y_q    <= pitch(regs[32*`NPU_REG_STRIDE_H +: 20], rd_row);
        step_x_q    <= pitch(regs[32*`NPU_REG_STRIDE_W +: 20], rd_col);
        tap_y_q     <= pitch(regs[32*`NPU_REG_DILATION_H +: 20], rd_row);
        tap_x_q     <= pitch(regs[32*`NPU_REG_DILATION_W +: 20], rd_col);
        pad_y_q     <= pitch(regs[32*`NPU_REG_PAD_TOP +: 20], rd_row);
        pad_x_q     <= pitch(regs[32*`NPU_REG_PAD_LEFT +: 20], rd_col);
        // two cycles behind
        positions <= clip(positions_q);
        taps      <= clip(mul(window_q, kc_q));
        row       <= row_q;
        elements  <= {24'd0, window_q} * {23'd0, channels_q};
        step_y    <= step_y_q;
        step_x    <= step_x_q;
        tap_y     <= tap_y_q;
        tap_x     <= tap_x_q;
        pad_y     <= pad_y_q;
        pad_x     <= pad_x_q;
    end

    wire unused = &{1'b0, regs};
endmodule
`default_nettype wire
