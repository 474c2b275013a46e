// npu_operand: the address of one operand, or of the write-back, as the stream passes.
// A nest of rows and columns over the stream's positions; every address is made one element ahead.
//
// Contract: m_addr belongs to the element of the same cycle.  Bit 24 says that the true address is 2^24 or more: sums
// saturate there and never alias, for registers of any value.  Test: tests/rtl/test_npu_operand.py
`default_nettype none
module npu_operand (
    input  wire        clk,
    input  wire        s_valid,            // an element, or an output
    input  wire        s_first,            // the first of its chain: the nest starts at s_base
    input  wire        s_more,             // more elements of this position follow
    input  wire        s_tiles,            // ... they are row tiles: the next vector for each; else the same one
    input  wire        s_row_end,          // the position is the last of its row
    input  wire        s_step,             // the address steps with the stream, or stays
    input  wire [23:0] s_base,
    input  wire [31:0] s_row,              // pitches
    input  wire [31:0] s_col,
    output wire [24:0] m_addr
);
    function [24:0] plus;
        input [24:0] addr;
        input [31:0] pitch;
        plus = addr[24] || pitch[31:24] != 8'd0 ? {1'b1, 24'd0} : {1'b0, addr[23:0]} + {1'b0, pitch[23:0]};
    endfunction

    reg  [24:0] addr_q, position_q, row_q; // next element; first element of its position, of its row
    wire [24:0] start    = {1'b0, s_base};
    wire [24:0] addr     = s_first ? start : addr_q;
    wire [24:0] position = s_first ? start : position_q;
    wire [24:0] row      = s_first ? start : row_q;
    wire [24:0] next_row = plus(row, s_row);
    wire [24:0] next_col = plus(position, s_col);

    always @(posedge clk)
        if (s_valid) begin
            if (s_more) begin
                addr_q     <= s_tiles ? plus(addr, 32'd1) : addr;
                position_q <= position;
                row_q      <= row;
            end else if (!s_step) begin
                addr_q     <= start;
                position_q <= start;
                row_q      <= start;
            end else if (s_row_end) begin
                addr_q     <= next_row;
                position_q <= next_row;
                row_q      <= next_row;
            end else begin
                addr_q     <= next_col;
                position_q <= next_col;
                row_q      <= row;
            end
        end

    assign m_addr = addr;
endmodule
`default_nettype wire
