// npu_skid: a word passes in its cycle, or is held until it is taken.
// Contract: valid and data hold until taken; nothing comes while a word is held.  Test: tests/rtl/test_npu_dma.py, test_npu_dma_bus.py
`default_nettype none
module npu_skid #(
    parameter WIDTH = 8
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             s_valid,               // only while nothing is held
    input  wire [WIDTH-1:0] s_data,
    output wire             held,
    output wire             m_valid,
    input  wire             m_ready,
    output wire [WIDTH-1:0] m_data                 // 0 while m_valid is low
);
    reg             held_q;
    reg [WIDTH-1:0] data_q;
    assign held    = held_q;
    assign m_valid = held_q || s_valid;
    assign m_data  = held_q ? data_q : s_data & {WIDTH{s_valid}};
    always @(posedge clk) begin
        held_q <= m_valid && !m_ready && !rst;
        if (s_valid)
            data_q <= s_data;
    end
endmodule
`default_nettype wire
