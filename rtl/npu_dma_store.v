// npu_dma_store: spreads the vectors of moves over their targets' addresses.
//
// Output n of a move goes to addr + i * row + j * col of each target, i = n div inner, j = n mod inner; in the Expander
// modulo its size. Targets: bit 0 the Expander, bits 1..5 the vector register files, bit 6 the staging queue of the
// sending side, which has no address. A vector leaves when every target has taken it, each in a cycle of its own choice.
//
// Contract: c_* hold while c_valid; `last` is high in the cycle in which a move's last vector leaves, and moves on to
// the next move. fault: the vector would leave a memory; nothing of it is written. Test: tests/rtl/test_npu_dma.py
`default_nettype none
module npu_dma_store #(
    parameter INITIAL_VRF    = 1024,       // depths in vectors
    parameter ADDSUB_VRF_0   = 256,
    parameter ADDSUB_VRF_1   = 512,
    parameter MULTIPLY_VRF_0 = 256,
    parameter MULTIPLY_VRF_1 = 256,
    parameter EXPANDER       = 256         // a power of two, or `%` becomes a divider
) (
    input  wire            clk,
    input  wire            rst,
    input  wire            halt,           // write nothing
    input  wire            c_valid,        // a move
    input  wire [6:0]      c_mask,
    input  wire [6*24-1:0] c_addr,
    input  wire [31:0]     c_count,
    input  wire [31:0]     c_inner,
    input  wire [31:0]     c_row,
    input  wire [31:0]     c_col,
    input  wire            s_valid,        // a vector, which goes around this unit
    output wire            s_ready,
    output wire [6:0]      m_valid,
    input  wire [6:0]      m_ready,
    output wire [6*24-1:0] m_addr,
    output wire            last,
    output wire            fault
);
    localparam [31:0] RING = EXPANDER[31:0];
    localparam [6*24-1:0] DEPTHS = {MULTIPLY_VRF_1[23:0], MULTIPLY_VRF_0[23:0], ADDSUB_VRF_1[23:0], ADDSUB_VRF_0[23:0],
                                    INITIAL_VRF[23:0], EXPANDER[23:0]};

    reg         more_q;                    // vectors of this move have left
    reg  [31:0] left_q, col_q;             // vectors left; of the row
    reg  [55:0] off_q, row_q;              // of this vector; of its row
    reg  [23:0] ring_q, ring_row_q;        // the same as addresses in the Expander
    reg  [6:0]  taken_q;                   // targets that have this vector

    wire [31:0] left = more_q ? left_q : c_count;
    wire [31:0] col  = more_q ? col_q  : c_inner;
    wire [55:0] off  = more_q ? off_q  : 56'd0;
    wire [55:0] row  = more_q ? row_q  : 56'd0;
    wire [23:0] ring     = more_q ? ring_q     : c_addr[23:0];
    wire [23:0] ring_row = more_q ? ring_row_q : c_addr[23:0];

    // ---- addresses
    wire [5:0] outside;
    assign m_addr[23:0] = ring;
    assign outside[0]   = ring >= DEPTHS[23:0];
    genvar t;
    generate
        for (t = 1; t < 6; t = t + 1) begin : g_target
            wire [56:0] at = {33'd0, c_addr[24*t +: 24]} + {1'b0, off};
            assign m_addr[24*t +: 24] = at[23:0];
            assign outside[t] = at >= {33'd0, DEPTHS[24*t +: 24]};
        end
    endgenerate

    wire       here    = c_valid && s_valid && !halt;
    wire       beyond  = (outside & c_mask[5:0]) != 6'd0;
    wire [6:0] pending = c_mask & ~taken_q;
    wire       leaves  = here && !beyond && (pending & ~m_ready) == 7'd0;
    assign m_valid = here && !beyond ? pending : 7'd0;
    assign s_ready = leaves;
    assign last    = leaves && left == 32'd1;
    assign fault   = here && beyond;

    // ---- the next vector
    wire        row_end  = col == 32'd1;
    wire [55:0] row_d    = row + {24'd0, c_row};
    wire [55:0] off_d    = row_end ? row_d : off + {24'd0, c_col};
    wire [31:0] row_step = c_row % RING;
    wire [31:0] col_step = c_col % RING;
    wire [31:0] ring_sum = row_end ? {8'd0, ring_row} + row_step : {8'd0, ring} + col_step;
    wire [31:0] ring_d   = ring_sum >= RING ? ring_sum - RING : ring_sum;

    always @(posedge clk) begin
        if (leaves) begin
            taken_q <= 7'd0;
            more_q  <= !last;
            left_q  <= left - 32'd1;
            col_q   <= row_end ? c_inner : col - 32'd1;
            off_q   <= off_d;
            row_q   <= row_end ? row_d : row;
            ring_q  <= ring_d[23:0];
            ring_row_q <= row_end ? ring_d[23:0] : ring_row;
        end else
            taken_q <= taken_q | (m_valid & m_ready);
        if (rst) begin
            more_q  <= 1'b0;
            taken_q <= 7'd0;
        end
    end

    wire unused_bits = &{1'b0, ring_d[31:24]};
endmodule
`default_nettype wire
