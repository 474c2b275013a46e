// npu_imem: the instruction memory: the host writes words, fetch reads one a cycle.
// Contract: m_data is the word at rd_addr of the last cycle with rd_en, and holds; simple dual port, infers M20K.
// Test: tests/rtl/test_npu_fetch.py
`default_nettype none
module npu_imem #(
    parameter IMEM_WORDS = 4096
) (
    input  wire        clk,
    input  wire        wr_en,
    input  wire [23:0] wr_addr,    // below IMEM_WORDS
    input  wire [63:0] wr_data,
    input  wire        rd_en,
    input  wire [23:0] rd_addr,
    output reg  [63:0] rd_data
);
    localparam A_W = IMEM_WORDS > 1 ? $clog2(IMEM_WORDS) : 1;

    reg [63:0] mem [0:IMEM_WORDS-1];

    always @(posedge clk) begin
        if (wr_en)
            mem[wr_addr[A_W-1:0]] <= wr_data;
        if (rd_en)
            rd_data <= mem[rd_addr[A_W-1:0]];
    end

    wire unused = &{1'b0, wr_addr, rd_addr};
endmodule
`default_nettype wire
