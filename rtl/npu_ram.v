// npu_ram: the memory wrapper, written so that Quartus infers M20K blocks: registered reads, one clock, no reset.
// Contract: a read in cycle t is on the output in t + 1 and stays until the next read of that port; a read beside a
// write of the same word gives the old word. Two writes of one word in one cycle are not allowed.
// TRUE_DUAL = 0: port A writes, port B reads. TRUE_DUAL = 1: either port reads or writes in a cycle.
// Test: tests/rtl/test_npu_ram.py
`default_nettype none
module npu_ram #(
    parameter WIDTH     = 16,              // bits of a word
    parameter DEPTH     = 16,              // words
    parameter TRUE_DUAL = 0,
    parameter ADDR_W    = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    input  wire              clk,
    input  wire              a_en,
    input  wire              a_we,         // with a_en: write, else read (TRUE_DUAL)
    input  wire [ADDR_W-1:0] a_addr,       // below DEPTH
    input  wire [WIDTH-1:0]  a_wdata,
    output wire [WIDTH-1:0]  a_rdata,
    input  wire              b_en,
    input  wire              b_we,
    input  wire [ADDR_W-1:0] b_addr,
    input  wire [WIDTH-1:0]  b_wdata,
    output wire [WIDTH-1:0]  b_rdata
);
    reg [WIDTH-1:0] words [0:DEPTH-1];
    reg [WIDTH-1:0] b_rdata_q;
    assign b_rdata = b_rdata_q;

    generate
        if (TRUE_DUAL != 0) begin : g_true
            reg [WIDTH-1:0] a_rdata_q;
            assign a_rdata = a_rdata_q;
            always @(posedge clk)
                if (a_en) begin
                    if (a_we)
                        words[a_addr] <= a_wdata;
                    else
                        a_rdata_q <= words[a_addr];
                end
            always @(posedge clk)
                if (b_en) begin
                    if (b_we)
                        words[b_addr] <= b_wdata;
                    else
                        b_rdata_q <= words[b_addr];
                end
        end else begin : g_simple
            assign a_rdata = {WIDTH{1'b0}};
            always @(posedge clk) begin
                if (a_en && a_we)
                    words[a_addr] <= a_wdata;
                if (b_en)
                    b_rdata_q <= words[b_addr];
            end
            wire unused_bits = &{1'b0, b_we, b_wdata};
        end
    endgenerate
endmodule
`default_nettype wire
