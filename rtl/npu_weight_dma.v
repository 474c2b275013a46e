// npu_weight_dma: weight moves from DRAM to MatrixRf.
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_weight_dma #(
    parameter NATIVE_DIM      = 8,
    parameter LANES           = 2,
    parameter ENGINES         = 4,
    parameter SHARED_WEIGHTS  = 1,
    parameter WEIGHT_MANTISSA = 5,
    parameter MRF_TILES       = 16,
    parameter LAT_DMA         = 4,
    parameter AXI_BYTES       = 8,
    parameter W_MANTISSAS     = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1),
    parameter W_W             = W_MANTISSAS > 8 * NATIVE_DIM ? W_MANTISSAS : 8 * NATIVE_DIM
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,
    input  wire                   stop,
    input  wire [63:0]            cfg_dram_base,
    input  wire [63:0]            cfg_dram_size,
    input  wire                   s_valid,         // from the weight queue
    output wire                   s_ready,
    input  wire [`NPU_D_W-1:0]    s_desc,
    output wire                   done_valid,
    output wire [2:0]             done_give,
    output wire [31:0]            done_seq,
    output wire                   fault_valid,
    output wire [3:0]             fault_code,
    output wire [23:0]            fault_word,
    output wire                   w_valid,         // npu_mvu
    output wire [23:0]            w_slot,
    output wire [7:0]             w_engine,
    output wire [7:0]             w_chunk,
    output wire [W_W-1:0]         w_data,
    output wire                   q_valid,         // npu_dram: w_*
    input  wire                   q_ready,
    output wire [63:0]            q_addr,
    output wire [12:0]            q_bytes,
    output wire                   q_first,
    output wire                   q_last,
    output wire [31:0]            q_turn,
    input  wire                   r_valid,
    output wire                   r_ready,
    input  wire                   r_error,
    input  wire [8*AXI_BYTES-1:0] r_data
);
endmodule
`default_nettype wire
