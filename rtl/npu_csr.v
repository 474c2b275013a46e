// npu_csr: the control and status registers behind an AXI4-Lite slave; docs/csr.md is their table.
// Contract: one access at a time in each direction; SLVERR for offsets outside the table, for writes other than to
// CONTROL while the machine is busy, and for instruction words behind the end of the memory. Address bits 1:0 are
// ignored; bytes without strobe keep their value, and are 0 in registers that cannot be read back.
// Test: tests/rtl/test_npu_csr.py
`include "npu_isa.vh"
`default_nettype none
module npu_csr #(
    parameter IMEM_WORDS = 4096
) (
    input  wire        clk,
    input  wire        rst,
    input  wire [7:0]  s_axil_awaddr,
    input  wire [2:0]  s_axil_awprot,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output reg  [1:0]  s_axil_bresp,
    output reg         s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [7:0]  s_axil_araddr,
    input  wire [2:0]  s_axil_arprot,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output reg  [31:0] s_axil_rdata,
    output reg  [1:0]  s_axil_rresp,
    output reg         s_axil_rvalid,
    input  wire        s_axil_rready,

    output reg         start_req,                          // pulses
    output reg         reset_req,
    output reg  [31:0] cfg_words,
    output reg  [31:0] cfg_watchdog,
    output reg  [63:0] cfg_dram_base,
    output reg  [63:0] cfg_dram_size,
    output reg         imem_we,
    output reg  [23:0] imem_addr,
    output reg  [63:0] imem_data,

    input  wire        busy,                               // npu_control
    input  wire        done,
    input  wire        fault,
    input  wire        saturated,
    input  wire [3:0]  error_code,
    input  wire [23:0] error_word,
    input  wire [63:0] cycles,
    input  wire [63:0] dram_read,
    input  wire [63:0] dram_written,
    input  wire [32*`NPU_QUEUE_N-1:0] chains,
    input  wire [31:0] busy_compute_cycles,
    input  wire [31:0] busy_vector_cycles
);
`include "npu_csr.vh"
    localparam [1:0]  OKAY = 2'b00, SLVERR = 2'b10;
    localparam [31:0] WORDS = IMEM_WORDS;

    // ---- write channels: address and data each wait here for the other
    reg        aw_q, w_q;
    reg [7:0]  waddr_q;
    reg [31:0] wdata_q;
    reg [3:0]  wstrb_q;
    assign s_axil_awready = !aw_q;
    assign s_axil_wready  = !w_q;
    wire write = aw_q && w_q && (!s_axil_bvalid || s_axil_bready);

    wire [31:0] mask = {{8{wstrb_q[3]}}, {8{wstrb_q[2]}}, {8{wstrb_q[1]}}, {8{wstrb_q[0]}}};
    wire [31:0] fresh = wdata_q & mask;
    function [31:0] merge;
        input [31:0] old;
        input [31:0] value;
        input [31:0] bits;
        merge = (old & ~bits) | value;
    endfunction

    reg [31:0] addr_q;                                     // IMEM_ADDR
    reg [31:0] low_q;                                      // IMEM_DATA_LO
    reg        known_w, known_r;
    wire       is_control = waddr_q == CSR_CONTROL;
    wire       is_store   = waddr_q == CSR_IMEM_DATA_HI;
    wire       refused    = !known_w || (busy && !is_control) || (is_store && addr_q >= WORDS);

    always @* begin
        case (waddr_q)
            CSR_ID, CSR_VERSION, CSR_CONTROL, CSR_STATUS, CSR_PROGRAM_WORDS, CSR_WATCHDOG, CSR_ERROR_CODE,
            CSR_ERROR_WORD, CSR_DRAM_BASE_LO, CSR_DRAM_BASE_HI, CSR_DRAM_SIZE_LO, CSR_DRAM_SIZE_HI, CSR_CYCLES_LO,
            CSR_CYCLES_HI, CSR_DRAM_READ_LO, CSR_DRAM_READ_HI, CSR_DRAM_WRITTEN_LO, CSR_DRAM_WRITTEN_HI,
            CSR_CHAINS_WEIGHT, CSR_CHAINS_VECTOR, CSR_CHAINS_COMPUTE, CSR_BUSY_COMPUTE, CSR_BUSY_VECTOR, CSR_IMEM_ADDR,
            CSR_IMEM_DATA_LO, CSR_IMEM_DATA_HI: known_w = 1'b1;
            default: known_w = 1'b0;
        endcase
    end

    always @(posedge clk) begin
        start_req <= write && !refused && is_control && fresh[0] && !fresh[1] && !busy && !fault;
        reset_req <= write && !refused && is_control && fresh[1];
        imem_we   <= write && !refused && is_store;
        imem_addr <= addr_q[23:0];
        imem_data <= {fresh, low_q};
        if (s_axil_awvalid && s_axil_awready) begin
            aw_q    <= 1'b1;
            waddr_q <= {s_axil_awaddr[7:2], 2'b00};
        end
        if (s_axil_wvalid && s_axil_wready) begin
            w_q     <= 1'b1;
            wdata_q <= s_axil_wdata;
            wstrb_q <= s_axil_wstrb;
        end
        if (s_axil_bready)
            s_axil_bvalid <= 1'b0;
        if (write) begin
            aw_q <= 1'b0;
            w_q  <= 1'b0;
            s_axil_bvalid <= 1'b1;
            s_axil_bresp  <= refused ? SLVERR : OKAY;
            if (!refused)
                case (waddr_q)
                    CSR_PROGRAM_WORDS: cfg_words            <= merge(cfg_words, fresh, mask);
                    CSR_WATCHDOG:      cfg_watchdog         <= merge(cfg_watchdog, fresh, mask);
                    CSR_DRAM_BASE_LO:  cfg_dram_base[31:0]  <= merge(cfg_dram_base[31:0], fresh, mask);
                    CSR_DRAM_BASE_HI:  cfg_dram_base[63:32] <= merge(cfg_dram_base[63:32], fresh, mask);
                    CSR_DRAM_SIZE_LO:  cfg_dram_size[31:0]  <= merge(cfg_dram_size[31:0], fresh, mask);
                    CSR_DRAM_SIZE_HI:  cfg_dram_size[63:32] <= merge(cfg_dram_size[63:32], fresh, mask);
                    CSR_IMEM_ADDR:     addr_q               <= merge(addr_q, fresh, mask);
                    CSR_IMEM_DATA_LO:  low_q                <= fresh;
                    CSR_IMEM_DATA_HI:  addr_q               <= addr_q + 32'd1;
                    default: ;
                endcase
        end
        if (rst) begin
            {aw_q, w_q, s_axil_bvalid, start_req, reset_req, imem_we} <= 6'd0;
            s_axil_bresp  <= OKAY;
            cfg_words     <= CSR_RESET_PROGRAM_WORDS;
            cfg_watchdog  <= CSR_RESET_WATCHDOG;
            cfg_dram_base <= {CSR_RESET_DRAM_BASE_HI, CSR_RESET_DRAM_BASE_LO};
            cfg_dram_size <= {CSR_RESET_DRAM_SIZE_HI, CSR_RESET_DRAM_SIZE_LO};
            addr_q        <= CSR_RESET_IMEM_ADDR;
        end
    end

    // ---- read channel
    reg  [31:0] value;
    wire [7:0]  raddr = {s_axil_araddr[7:2], 2'b00};
    always @* begin
        known_r = 1'b1;
        value   = 32'd0;
        case (raddr)
            CSR_ID:              value = CSR_RESET_ID;
            CSR_VERSION:         value = CSR_RESET_VERSION;
            CSR_STATUS:          value = {28'd0, saturated, fault, done, busy};
            CSR_PROGRAM_WORDS:   value = cfg_words;
            CSR_WATCHDOG:        value = cfg_watchdog;
            CSR_ERROR_CODE:      value = {28'd0, error_code};
            CSR_ERROR_WORD:      value = {8'd0, error_word};
            CSR_DRAM_BASE_LO:    value = cfg_dram_base[31:0];
            CSR_DRAM_BASE_HI:    value = cfg_dram_base[63:32];
            CSR_DRAM_SIZE_LO:    value = cfg_dram_size[31:0];
            CSR_DRAM_SIZE_HI:    value = cfg_dram_size[63:32];
            CSR_CYCLES_LO:       value = cycles[31:0];
            CSR_CYCLES_HI:       value = cycles[63:32];
            CSR_DRAM_READ_LO:    value = dram_read[31:0];
            CSR_DRAM_READ_HI:    value = dram_read[63:32];
            CSR_DRAM_WRITTEN_LO: value = dram_written[31:0];
            CSR_DRAM_WRITTEN_HI: value = dram_written[63:32];
            CSR_CHAINS_WEIGHT:   value = chains[32*`NPU_QUEUE_WEIGHT +: 32];
            CSR_CHAINS_VECTOR:   value = chains[32*`NPU_QUEUE_VECTOR +: 32];
            CSR_CHAINS_COMPUTE:  value = chains[32*`NPU_QUEUE_COMPUTE +: 32];
            CSR_BUSY_COMPUTE:    value = busy_compute_cycles;
            CSR_BUSY_VECTOR:     value = busy_vector_cycles;
            CSR_IMEM_ADDR:       value = addr_q;
            CSR_CONTROL, CSR_IMEM_DATA_LO, CSR_IMEM_DATA_HI: value = 32'd0;
            default:             known_r = 1'b0;
        endcase
    end

    assign s_axil_arready = !s_axil_rvalid || s_axil_rready;
    always @(posedge clk) begin
        if (s_axil_rready)
            s_axil_rvalid <= 1'b0;
        if (s_axil_arvalid && s_axil_arready) begin
            s_axil_rvalid <= 1'b1;
            s_axil_rdata  <= value;
            s_axil_rresp  <= known_r ? OKAY : SLVERR;
        end
        if (rst) begin
            s_axil_rvalid <= 1'b0;
            s_axil_rdata  <= 32'd0;
            s_axil_rresp  <= OKAY;
        end
    end

    wire unused = &{1'b0, s_axil_awprot, s_axil_arprot, s_axil_awaddr[1:0], s_axil_araddr[1:0]};
endmodule
`default_nettype wire
