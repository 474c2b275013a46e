// npu_dma_fetch: reads the vectors of a move from a vector register file.
// Contract: vector n comes from addr + r * row + c * col, r = n div cols, c = n mod cols, in order, as fast as the file
// takes addresses and `room` allows; the first address is there in the cycle after start, which comes only while not
// busy. fault: the address is outside the memory; nothing more is read.  Test: tests/rtl/test_npu_dma.py
`default_nettype none
module npu_dma_fetch #(
    parameter INITIAL_VRF    = 1024,       // depths in vectors
    parameter ADDSUB_VRF_0   = 256,
    parameter ADDSUB_VRF_1   = 512,
    parameter MULTIPLY_VRF_0 = 256,
    parameter MULTIPLY_VRF_1 = 256,
    parameter V_W            = 128
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             halt,          // read nothing
    input  wire             start,
    input  wire [4:0]       l_from,        // one bit: the memory
    input  wire [39:0]      l_addr,
    input  wire [31:0]      l_count,
    input  wire [31:0]      l_cols,
    input  wire [31:0]      l_row,
    input  wire [31:0]      l_col,
    output wire             busy,          // addresses or vectors are to come
    input  wire             room,          // for one vector more
    output wire             d_valid,
    input  wire             d_ready,
    output wire [4:0]       d_from,
    output wire [23:0]      d_addr,
    input  wire [4:0]       d_rvalid,
    input  wire [5*V_W-1:0] d_rdata,
    output wire             m_valid,       // always taken
    output wire [V_W-1:0]   m_data,
    output wire             m_last,
    output wire             fault
);
    reg  [4:0]  from_q;
    reg  [63:0] addr_q, row_q;             // of the next vector; of its row
    reg  [31:0] left_q, back_q;            // addresses left; vectors that have not come
    reg  [31:0] cols_q, col_q, row_step_q, col_step_q;

    wire [23:0] depth = (from_q[0] ? INITIAL_VRF[23:0] : 24'd0) | (from_q[1] ? ADDSUB_VRF_0[23:0] : 24'd0)
                        | (from_q[2] ? ADDSUB_VRF_1[23:0] : 24'd0) | (from_q[3] ? MULTIPLY_VRF_0[23:0] : 24'd0)
                        | (from_q[4] ? MULTIPLY_VRF_1[23:0] : 24'd0);
    wire active  = left_q != 32'd0 && !halt;
    wire outside = addr_q >= {40'd0, depth};
    assign fault   = active && outside;
    assign d_valid = active && !outside && room;
    assign d_from  = from_q;
    assign d_addr  = addr_q[23:0];
    assign busy    = back_q != 32'd0;
    assign m_valid = d_rvalid != 5'd0 && busy;
    assign m_last  = back_q == 32'd1;
    assign m_data  = (from_q[0] ? d_rdata[0 +: V_W] : {V_W{1'b0}}) | (from_q[1] ? d_rdata[V_W +: V_W] : {V_W{1'b0}})
                     | (from_q[2] ? d_rdata[2*V_W +: V_W] : {V_W{1'b0}}) | (from_q[3] ? d_rdata[3*V_W +: V_W] : {V_W{1'b0}})
                     | (from_q[4] ? d_rdata[4*V_W +: V_W] : {V_W{1'b0}});

    wire        next    = d_valid && d_ready;
    wire        row_end = col_q == 32'd1;
    wire [63:0] row_d   = row_q + {32'd0, row_step_q};
    always @(posedge clk) begin
        if (next) begin
            left_q <= left_q - 32'd1;
            col_q  <= row_end ? cols_q : col_q - 32'd1;
            addr_q <= row_end ? row_d : addr_q + {32'd0, col_step_q};
            if (row_end)
                row_q <= row_d;
        end
        if (m_valid)
            back_q <= back_q - 32'd1;
        if (start) begin
            from_q <= l_from;
            addr_q <= {24'd0, l_addr};
            row_q  <= {24'd0, l_addr};
            left_q <= l_count;
            back_q <= l_count;
            cols_q <= l_cols;
            col_q  <= l_cols;
            row_step_q <= l_row;
            col_step_q <= l_col;
        end
        if (rst) begin
            left_q <= 32'd0;
            back_q <= 32'd0;
        end
    end
endmodule
`default_nettype wire
