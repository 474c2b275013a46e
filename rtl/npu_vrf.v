// npu_vrf: one vector register file: a read and a write of the compute path every cycle, and a port for the vector DMA.
//
// Two banks of true dual-port memory; a vector lies in the bank of its address's parity, so that no stride always meets
// the same bank. Port A of a bank takes the compute path's read, port B its write, and the DMA whichever port of its bank
// is free that cycle. Only where both are taken, the DMA waits; the compute path never does.
//
// Contract: rd_data holds the vector LAT_READ cycles after its address; it is the one written last by a compute write in
// an earlier cycle than the address, or by an accepted DMA write. d_rdata follows an accepted DMA read by 1 cycle, or 2
// where LAT_READ > 1. Addresses are below DEPTH. With CHECK_INIT rd_unwritten or d_unwritten pulses after the read of a
// vector that nothing has written since clear; that is for simulation, a machine on an FPGA does without.
// Test: tests/rtl/test_npu_memories.py
`default_nettype none
module npu_vrf #(
    parameter NATIVE_DIM = 8,
    parameter DEPTH      = 1024,           // vectors
    parameter LAT_READ   = 3,
    parameter CHECK_INIT = 1,
    parameter V_W        = 16 * NATIVE_DIM,
    parameter ADDR_W     = DEPTH > 2 ? $clog2(DEPTH) : 2
) (
    input  wire              clk,
    input  wire              rst,          // synchronous, high
    input  wire              clear,        // a new run: nothing is written
    input  wire              rd_en,        // compute read
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [V_W-1:0]    rd_data,
    output wire              rd_unwritten,
    input  wire              wr_en,        // compute write
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [V_W-1:0]    wr_data,
    input  wire              d_valid,      // DMA access
    output wire              d_ready,
    input  wire              d_write,
    input  wire [ADDR_W-1:0] d_addr,
    input  wire [V_W-1:0]    d_wdata,
    output wire              d_rvalid,
    output wire [V_W-1:0]    d_rdata,
    output wire              d_unwritten
);
    localparam PRE   = LAT_READ > 2 ? 1 : 0;               // register in front of the banks
    localparam POST  = LAT_READ - 1 - PRE;                 // registers behind them
    localparam WORDS = (DEPTH + 1) / 2;                    // of a bank
    localparam WORD_W = WORDS > 1 ? $clog2(WORDS) : 1;

    // ---- the access, PRE cycles behind the ports
    wire              read, write;
    wire [ADDR_W-1:0] read_addr, write_addr;
    wire [V_W-1:0]    write_data;
    generate
        if (PRE != 0) begin : g_pre
            reg              read_q, write_q;
            reg [ADDR_W-1:0] read_addr_q, write_addr_q;
            reg [V_W-1:0]    write_data_q;
            always @(posedge clk) begin
                read_q <= rd_en && !rst;
                write_q <= wr_en && !rst;
                if (rd_en)
                    read_addr_q <= rd_addr;
                if (wr_en) begin
                    write_addr_q <= wr_addr;
                    write_data_q <= wr_data;
                end
            end
            assign read = read_q;
            assign write = write_q;
            assign read_addr = read_addr_q;
            assign write_addr = write_addr_q;
            assign write_data = write_data_q;
        end else begin : g_direct
            assign read = rd_en;
            assign write = wr_en;
            assign read_addr = rd_addr;
            assign write_addr = wr_addr;
            assign write_data = wr_data;
        end
    endgenerate

    // ---- banks
    wire read_bank = ^read_addr;
    wire write_bank = ^write_addr;
    wire d_bank = ^d_addr;
    wire [1:0] reads  = read ? {read_bank, !read_bank} : 2'b00;     // which bank is met
    wire [1:0] writes = write ? {write_bank, !write_bank} : 2'b00;
    assign d_ready = !(reads[d_bank] && writes[d_bank]);
    wire [1:0] moves  = d_valid && d_ready ? {d_bank, !d_bank} : 2'b00;

    wire [2*V_W-1:0] a_rdata, b_rdata;
    genvar bank;
    generate
        for (bank = 0; bank < 2; bank = bank + 1) begin : g_bank
            npu_ram #(.WIDTH(V_W), .DEPTH(WORDS), .TRUE_DUAL(1)) ram_i (
                .clk(clk),
                .a_en(reads[bank] || moves[bank]),
                .a_we(!reads[bank] && d_write),
                .a_addr(reads[bank] ? read_addr[WORD_W:1] : d_addr[WORD_W:1]),
                .a_wdata(d_wdata),
                .a_rdata(a_rdata[bank*V_W +: V_W]),
                .b_en(writes[bank] || (moves[bank] && reads[bank])),
                .b_we(writes[bank] || d_write),
                .b_addr(writes[bank] ? write_addr[WORD_W:1] : d_addr[WORD_W:1]),
                .b_wdata(writes[bank] ? write_data : d_wdata),
                .b_rdata(b_rdata[bank*V_W +: V_W])
            );
        end
    endgenerate

    // ---- behind the banks
    reg  read_q, read_bank_q, move_q, move_bank_q, move_b_q;        // the vector is at the banks' outputs
    wire [V_W-1:0] read_data = read_bank_q ? a_rdata[V_W +: V_W] : a_rdata[0 +: V_W];
    wire [2*V_W-1:0] d_banks = move_b_q ? b_rdata : a_rdata;
    wire [V_W-1:0] move_data = move_bank_q ? d_banks[V_W +: V_W] : d_banks[0 +: V_W];

    always @(posedge clk) begin
        read_q <= read && !rst;
        read_bank_q <= read_bank;
        move_q <= d_valid && d_ready && !d_write && !rst;
        move_bank_q <= d_bank;
        move_b_q <= reads[d_bank];
    end

    generate
        if (POST == 0) begin : g_bare
            assign rd_data = read_data;
            assign d_rvalid = move_q;
            assign d_rdata = move_data;
            wire unused_bits = &{1'b0, read_q};
        end else begin : g_post
            reg  [V_W*POST-1:0]     post_q;
            wire [V_W*(POST+1)-1:0] post = {post_q, read_data};
            reg  [POST-1:0]         valid_q;               // stages that hold a vector
            wire [POST:0]           valid = {valid_q, read_q};
            reg                     moved_q;
            reg  [V_W-1:0]          moved_data_q;
            integer stage;
            always @(posedge clk) begin
                valid_q <= rst ? {POST{1'b0}} : valid[POST-1:0];
                for (stage = 0; stage < POST; stage = stage + 1)
                    if (valid[stage])
                        post_q[stage*V_W +: V_W] <= post[stage*V_W +: V_W];
                moved_q <= move_q && !rst;
                if (move_q)
                    moved_data_q <= move_data;
            end
            assign rd_data = post_q[(POST-1)*V_W +: V_W];
            assign d_rvalid = moved_q;
            assign d_rdata = moved_data_q;
            wire unused_bits = &{1'b0, valid[POST]};
        end
    endgenerate

    // ---- which vectors are written: each remembers the run that wrote it
    generate
        if (CHECK_INIT != 0) begin : g_check
            reg [31:0] run_q;                              // never reset: runs are told apart also after rst
            reg [31:0] written [0:(1<<ADDR_W)-1];
            reg        rd_unwritten_q, d_unwritten_q;
            integer    vector;
            initial begin
                run_q = 1;
                for (vector = 0; vector < 1 << ADDR_W; vector = vector + 1)
                    written[vector] = 0;
            end
            always @(posedge clk) begin
                if (clear || rst)
                    run_q <= run_q + 1;
                if (write)
                    written[write_addr] <= run_q;
                if (d_valid && d_ready && d_write)
                    written[d_addr] <= run_q;
                rd_unwritten_q <= read && written[read_addr] != run_q && !rst;
                d_unwritten_q <= d_valid && d_ready && !d_write && written[d_addr] != run_q && !rst;
            end
            assign rd_unwritten = rd_unwritten_q;
            assign d_unwritten = d_unwritten_q;
        end else begin : g_trust
            assign rd_unwritten = 1'b0;
            assign d_unwritten = 1'b0;
            wire unused_bits = &{1'b0, clear};
        end
    endgenerate
endmodule
`default_nettype wire
