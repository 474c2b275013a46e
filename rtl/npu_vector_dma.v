// npu_vector_dma: vector moves between DRAM, the network queues, the vector register files and the Expander.
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_vector_dma #(
    parameter NATIVE_DIM     = 8,
    parameter INITIAL_VRF    = 1024,       // depths in vectors
    parameter ADDSUB_VRF_0   = 256,
    parameter ADDSUB_VRF_1   = 512,
    parameter MULTIPLY_VRF_0 = 256,
    parameter MULTIPLY_VRF_1 = 256,
    parameter EXPANDER       = 256,
    parameter DRAM_BURST     = 256,        // bytes of a turn
    parameter NET_BYTES      = 8,
    parameter LAT_READ       = 3,
    parameter LAT_DMA        = 4,
    parameter AXI_BYTES      = 8,
    parameter RATE_NUM       = 8,          // bytes a cycle of DRAM, as in npu_dram
    parameter RATE_DEN       = 1,
    parameter V_W            = 16 * NATIVE_DIM
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,
    input  wire                   stop,
    input  wire [63:0]            cfg_dram_base,
    input  wire [63:0]            cfg_dram_size,
    input  wire                   s_valid,         // from the vector queue
    output wire                   s_ready,
    input  wire [`NPU_D_W-1:0]    s_desc,
    output wire                   done_valid,
    output wire [2:0]             done_give,
    output wire [31:0]            done_seq,
    output wire                   fault_valid,
    output wire [3:0]             fault_code,
    output wire [23:0]            fault_word,
    output wire [4:0]             d_valid,         // npu_memories
    input  wire [4:0]             d_ready,
    output wire                   d_write,
    output wire [5*24-1:0]        d_addr,
    output wire [V_W-1:0]         d_wdata,
    output wire [23:0]            d_word,
    input  wire [4:0]             d_rvalid,
    input  wire [5*V_W-1:0]       d_rdata,
    output wire                   xd_valid,        // Expander
    output wire [23:0]            xd_addr,
    output wire [V_W-1:0]         xd_wdata,
    input  wire                   s_net_valid,     // NetInQ
    output wire                   s_net_ready,
    input  wire [8*NET_BYTES-1:0] s_net_data,
    output wire                   m_net_valid,     // NetOutQ
    input  wire                   m_net_ready,
    output wire [8*NET_BYTES-1:0] m_net_data,
    output wire                   m_net_last,
    output wire                   q_valid,         // npu_dram: v_*
    input  wire                   q_ready,
    output wire                   q_write,
    output wire [63:0]            q_addr,
    output wire [12:0]            q_bytes,
    output wire                   q_first,
    output wire                   q_last,
    output wire [31:0]            q_turn,
    input  wire                   ended,
    input  wire                   r_valid,
    output wire                   r_ready,
    input  wire                   r_error,
    input  wire [8*AXI_BYTES-1:0] r_data,
    output wire                   wd_valid,
    input  wire                   wd_ready,
    output wire [8*AXI_BYTES-1:0] wd_data,
    output wire [AXI_BYTES-1:0]   wd_strb,
    input  wire                   b_valid,
    input  wire                   b_error
);
endmodule
`default_nettype wire
