// compute_bench: npu_compute with the vector memories beside it, for tests/rtl/test_npu_compute.py.
`default_nettype none
`include "npu_chain.vh"
module compute_bench #(
    parameter NATIVE_DIM      = 8,
    parameter LANES           = 2,
    parameter ENGINES         = 4,
    parameter SHARED_WEIGHTS  = 1,
    parameter WEIGHT_MANTISSA = 5,
    parameter ACT_MANTISSA    = 5,
    parameter MRF_TILES       = 16,
    parameter INITIAL_VRF     = 1024,
    parameter ADDSUB_VRF_0    = 256,
    parameter ADDSUB_VRF_1    = 512,
    parameter MULTIPLY_VRF_0  = 256,
    parameter MULTIPLY_VRF_1  = 256,
    parameter EXPANDER        = 256,
    parameter EXPANDER_ROWS   = 8,
    parameter LAT_READ        = 3,
    parameter LAT_EXPAND      = 5,
    parameter LAT_BFP         = 4,
    parameter LAT_DOT         = 3,
    parameter LAT_CONVERT     = 3,
    parameter LAT_ACC         = 4,
    parameter LAT_ROUND       = 2,
    parameter LAT_MUL         = 3,
    parameter LAT_ADD         = 4,
    parameter LAT_ACT         = 3,
    parameter LAT_REDUCE      = 4,
    parameter LAT_WRITE       = 2,
    parameter V_W             = 16 * NATIVE_DIM,
    parameter W_MANTISSAS     = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1),
    parameter W_W             = W_MANTISSAS > 8 * NATIVE_DIM ? W_MANTISSAS : 8 * NATIVE_DIM
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                clear,
    input  wire                stop,
    input  wire                s_valid,
    output wire                s_ready,
    input  wire [`NPU_D_W-1:0] s_desc,
    input  wire [4:0]          d_valid,
    output wire [4:0]          d_ready,
    input  wire                d_write,
    input  wire [5*24-1:0]     d_addr,
    input  wire [V_W-1:0]      d_wdata,
    output wire [4:0]          d_rvalid,
    output wire [5*V_W-1:0]    d_rdata,
    input  wire                xd_valid,
    input  wire [23:0]         xd_addr,
    input  wire [V_W-1:0]      xd_wdata,
    input  wire                w_valid,
    input  wire [23:0]         w_slot,
    input  wire [7:0]          w_engine,
    input  wire [7:0]          w_chunk,
    input  wire [W_W-1:0]      w_data,
    output wire                done_valid,
    output wire [2:0]          done_give,
    output wire [31:0]         done_seq,
    output wire                busy_mm,
    output wire                busy_vector,
    output wire                overflow,
    output wire                fault_valid,
    output wire [3:0]          fault_code,
    output wire [23:0]         fault_word,
    output wire                unwritten_valid,
    output wire [3:0]          unwritten_code,
    output wire [23:0]         unwritten_word
);
    wire [4:0]       rd_en, wr_en;
    wire [5*24-1:0]  rd_addr, rd_word, wr_addr;
    wire [5*V_W-1:0] rd_data;
    wire [V_W-1:0]   wr_data;
    wire [31:0]      wb_seq;

    npu_compute #(
        .NATIVE_DIM(NATIVE_DIM), .LANES(LANES), .ENGINES(ENGINES), .SHARED_WEIGHTS(SHARED_WEIGHTS),
        .WEIGHT_MANTISSA(WEIGHT_MANTISSA), .ACT_MANTISSA(ACT_MANTISSA), .MRF_TILES(MRF_TILES),
        .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .EXPANDER(EXPANDER),
        .EXPANDER_ROWS(EXPANDER_ROWS), .LAT_READ(LAT_READ), .LAT_EXPAND(LAT_EXPAND), .LAT_BFP(LAT_BFP),
        .LAT_DOT(LAT_DOT), .LAT_CONVERT(LAT_CONVERT), .LAT_ACC(LAT_ACC), .LAT_ROUND(LAT_ROUND), .LAT_MUL(LAT_MUL),
        .LAT_ADD(LAT_ADD), .LAT_ACT(LAT_ACT), .LAT_REDUCE(LAT_REDUCE), .LAT_WRITE(LAT_WRITE)
    ) compute_i (
        .clk(clk), .rst(rst), .clear(clear), .stop(stop), .s_valid(s_valid), .s_ready(s_ready), .s_desc(s_desc),
        .rd_en(rd_en), .rd_addr(rd_addr), .rd_word(rd_word), .rd_data(rd_data), .wr_en(wr_en), .wr_addr(wr_addr),
        .wr_data(wr_data), .wb_seq(wb_seq), .xd_valid(xd_valid), .xd_addr(xd_addr), .xd_wdata(xd_wdata),
        .w_valid(w_valid), .w_slot(w_slot), .w_engine(w_engine), .w_chunk(w_chunk), .w_data(w_data),
        .done_valid(done_valid), .done_give(done_give), .done_seq(done_seq), .busy_mm(busy_mm),
        .busy_vector(busy_vector), .overflow(overflow), .fault_valid(fault_valid), .fault_code(fault_code),
        .fault_word(fault_word)
    );

    npu_memories #(
        .NATIVE_DIM(NATIVE_DIM), .INITIAL_VRF(INITIAL_VRF), .ADDSUB_VRF_0(ADDSUB_VRF_0), .ADDSUB_VRF_1(ADDSUB_VRF_1),
        .MULTIPLY_VRF_0(MULTIPLY_VRF_0), .MULTIPLY_VRF_1(MULTIPLY_VRF_1), .LAT_READ(LAT_READ)
    ) memories_i (
        .clk(clk), .rst(rst), .clear(clear), .rd_en(rd_en), .rd_addr(rd_addr), .rd_word(rd_word), .rd_data(rd_data),
        .wr_en(wr_en), .wr_addr(wr_addr), .wr_data(wr_data), .d_valid(d_valid), .d_ready(d_ready), .d_write(d_write),
        .d_addr(d_addr), .d_wdata(d_wdata), .d_word(24'd0), .d_rvalid(d_rvalid), .d_rdata(d_rdata),
        .fault_valid(unwritten_valid), .fault_code(unwritten_code), .fault_word(unwritten_word)
    );
endmodule
`default_nettype wire
