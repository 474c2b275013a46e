// npu_memories: the five vector register files and their ports, side by side on concatenated buses.
//
// Memory 0 is InitialVrf, 1 AddSubVrf_0, 2 AddSubVrf_1, 3 MultiplyVrf_0, 4 MultiplyVrf_1; memory m has bit m of a
// signal, bits 24*m on of an address bus, bits V_W*m on of a data bus.
// Contract: rd_data follows its address by LAT_READ cycles; a write presented in cycle t is seen by reads with address
// cycles from t + 1 on, and not before. DMA accesses wait (d_ready) where both ports of their bank are taken;
// d_rvalid and d_rdata follow an accepted read by 1 cycle, or 2 where LAT_READ > 1. Addresses are below the depths.
// With CHECK_INIT a read of a vector that nothing has written since clear is the fault UNINITIALISED.
// Test: tests/rtl/test_npu_memories.py
`default_nettype none
module npu_memories #(
    parameter NATIVE_DIM     = 8,
    parameter INITIAL_VRF    = 1024,       // depths in vectors
    parameter ADDSUB_VRF_0   = 256,
    parameter ADDSUB_VRF_1   = 512,
    parameter MULTIPLY_VRF_0 = 256,
    parameter MULTIPLY_VRF_1 = 256,
    parameter LAT_READ       = 3,
    parameter CHECK_INIT     = 1,
    parameter V_W            = 16 * NATIVE_DIM
) (
    input  wire             clk,
    input  wire             rst,           // synchronous, high
    input  wire             clear,         // a new run: nothing is written
    input  wire [4:0]       rd_en,         // compute path: reads
    input  wire [5*24-1:0]  rd_addr,
    input  wire [5*24-1:0]  rd_word,       // instruction word to name if the vector is not written
    output wire [5*V_W-1:0] rd_data,
    input  wire [4:0]       wr_en,         // compute path: one vector to several memories
    input  wire [5*24-1:0]  wr_addr,
    input  wire [V_W-1:0]   wr_data,
    input  wire [4:0]       d_valid,       // vector DMA
    output wire [4:0]       d_ready,
    input  wire             d_write,
    input  wire [5*24-1:0]  d_addr,
    input  wire [V_W-1:0]   d_wdata,
    input  wire [23:0]      d_word,
    output wire [4:0]       d_rvalid,
    output wire [5*V_W-1:0] d_rdata,
    output wire             fault_valid,
    output wire [3:0]       fault_code,
    output wire [23:0]      fault_word
);
    localparam [3:0] FAULT_UNINITIALISED = 4'd8;
    localparam [5*24-1:0] DEPTHS = {MULTIPLY_VRF_1[23:0], MULTIPLY_VRF_0[23:0],
                                    ADDSUB_VRF_1[23:0], ADDSUB_VRF_0[23:0], INITIAL_VRF[23:0]};

    wire [4:0] rd_unwritten, d_unwritten;
    genvar m;
    generate
        for (m = 0; m < 5; m = m + 1) begin : g_vrf
            localparam DEPTH  = DEPTHS[24*m +: 24];
            localparam ADDR_W = DEPTH > 2 ? $clog2(DEPTH) : 2;
            npu_vrf #(
                .NATIVE_DIM(NATIVE_DIM), .DEPTH(DEPTH), .LAT_READ(LAT_READ), .CHECK_INIT(CHECK_INIT)
            ) vrf_i (
                .clk(clk),
                .rst(rst),
                .clear(clear),
                .rd_en(rd_en[m]),
                .rd_addr(rd_addr[24*m +: ADDR_W]),
                .rd_data(rd_data[V_W*m +: V_W]),
                .rd_unwritten(rd_unwritten[m]),
                .wr_en(wr_en[m]),
                .wr_addr(wr_addr[24*m +: ADDR_W]),
                .wr_data(wr_data),
                .d_valid(d_valid[m]),
                .d_ready(d_ready[m]),
                .d_write(d_write),
                .d_addr(d_addr[24*m +: ADDR_W]),
                .d_wdata(d_wdata),
                .d_rvalid(d_rvalid[m]),
                .d_rdata(d_rdata[V_W*m +: V_W]),
                .d_unwritten(d_unwritten[m])
            );
            // Whoever makes an address has compared all its bits with the depth.
            wire unused_bits = &{1'b0, rd_addr[24*m +: 24], wr_addr[24*m +: 24], d_addr[24*m +: 24]};
        end
    endgenerate

    // ---- the fault names the word that came with the read; npu_vrf tells PRE + 1 cycles later
    wire [5*24-1:0] told_rd_word;
    wire [23:0]     told_d_word;
    npu_delay #(.WIDTH(5*24), .CYCLES(LAT_READ > 2 ? 2 : 1)) rd_word_i (
        .clk(clk), .s_data(rd_word), .m_data(told_rd_word));
    npu_delay #(.WIDTH(24), .CYCLES(1)) d_word_i (
        .clk(clk), .s_data(d_word), .m_data(told_d_word));

    assign fault_valid = rd_unwritten != 0 || d_unwritten != 0;
    assign fault_code = FAULT_UNINITIALISED;
    assign fault_word = rd_unwritten[0] ? told_rd_word[0 +: 24] :
                        rd_unwritten[1] ? told_rd_word[24 +: 24] :
                        rd_unwritten[2] ? told_rd_word[48 +: 24] :
                        rd_unwritten[3] ? told_rd_word[72 +: 24] :
                        rd_unwritten[4] ? told_rd_word[96 +: 24] : told_d_word;
endmodule
`default_nettype wire
