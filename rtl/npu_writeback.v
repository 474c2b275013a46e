// npu_writeback: the last stage of the tail: multicast of outputs to the VRFs, completion of chains, faults.
//
// The addresses are made when an element is announced and travel beside the pipeline.  Every fault that an element has
// shows here, when its turn to be written comes: what stands before it in the stream is written, it and what follows
// is not.
//
// Contract: an element announced in cycle t is written in cycle t + CYCLES - 1: a read with a later address cycle sees
// it; done_valid belongs to the chain whose last element was announced CYCLES cycles ago.  From stop on nothing is
// written, completed or reported.  Test: tests/rtl/test_npu_tail.py
`default_nettype none
module npu_writeback #(
    parameter NATIVE_DIM     = 8,
    parameter INITIAL_VRF    = 1024,       // depths [vectors], index 0..4 on the buses below
    parameter ADDSUB_VRF_0   = 256,
    parameter ADDSUB_VRF_1   = 512,
    parameter MULTIPLY_VRF_0 = 256,
    parameter MULTIPLY_VRF_1 = 256,
    parameter LAT_WRITE      = 2,
    parameter CYCLES         = 29,         // LAT_READ + W, 4 or more
    parameter V_W            = 16 * NATIVE_DIM
) (
    input  wire            clk,
    input  wire            rst,            // synchronous, high
    input  wire            stop,

    // ---- an element is announced
    input  wire            s_valid,
    input  wire            s_last,         // of its chain
    input  wire            s_out,          // it completes an output
    input  wire [4:0]      s_mask,         // targets of the chain
    input  wire [5*24-1:0] s_base,         // first vectors
    input  wire [24:0]     s_offset,       // of this output; bit 24: beyond every memory
    input  wire            s_range,        // an operand of the element is outside its memory
    input  wire            s_misfit,       // its chain's windows do not fit its stream
    input  wire [2:0]      s_give,
    input  wire [31:0]     s_seq,
    input  wire [23:0]     s_word,

    // ---- the vector, LAT_WRITE - 1 cycles before it is written
    input  wire [V_W-1:0]  s_data,

    // ---- to the memories
    output wire [4:0]      wr_en,
    output wire [5*24-1:0] wr_addr,
    output wire [V_W-1:0]  wr_data,
    output wire [31:0]     wb_seq,         // chain that writes

    // ---- to semaphores and control
    output wire            done_valid,
    output reg  [2:0]      done_give,
    output reg  [31:0]     done_seq,
    output wire            fault_valid,
    output wire [3:0]      fault_code,
    output wire [23:0]     fault_word
);
`include "npu_csr.vh"

    localparam [5*25-1:0] DEPTHS = {MULTIPLY_VRF_1[24:0], MULTIPLY_VRF_0[24:0], ADDSUB_VRF_1[24:0], ADDSUB_VRF_0[24:0],
                                    INITIAL_VRF[24:0]};

    npu_delay #(.WIDTH(V_W), .CYCLES(LAT_WRITE - 1)) data_i (.clk(clk), .s_data(s_data), .m_data(wr_data));

    // ---- addresses, one cycle behind the announcement
    reg  [CYCLES-1:1] valid_q;             // bit k: an element was announced k cycles ago
    reg  [4:0]        mask_q;
    reg  [5*24-1:0]   base_q;
    reg  [24:0]       offset_q;
    reg               range_q, misfit_q, last_q;
    reg  [2:0]        give_q;
    reg  [31:0]       seq_q;
    reg  [23:0]       word_q;

    always @(posedge clk) begin
        valid_q <= rst ? {(CYCLES - 1){1'b0}} : {valid_q[CYCLES-2:1], s_valid};
        if (s_valid) begin
            mask_q   <= s_out ? s_mask : 5'd0;
            base_q   <= s_base;
            offset_q <= s_offset;
            range_q  <= s_range;
            misfit_q <= s_misfit;
            last_q   <= s_last;
            give_q   <= s_give;
            seq_q    <= s_seq;
            word_q   <= s_word;
        end
    end

    wire [5*24-1:0] addr;
    wire [4:0]      outside;
    genvar target;
    generate
        for (target = 0; target < 5; target = target + 1) begin : g_target
            wire [24:0] sum = {1'b0, base_q[24*target +: 24]} + {1'b0, offset_q[23:0]};
            assign addr[24*target +: 24] = sum[23:0];
            assign outside[target] = mask_q[target] && (offset_q[24] || sum >= DEPTHS[25*target +: 25]);
        end
    endgenerate

    // ---- beside the pipeline
    wire       range, misfit, last;
    wire [4:0] mask;
    wire [2:0] give;
    npu_delay #(.WIDTH(3 + 5 + 3 + 32 + 24 + 5*24), .CYCLES(CYCLES - 2)) beside_i (
        .clk(clk),
        .s_data({range_q || |outside, misfit_q, last_q, mask_q, give_q, seq_q, word_q, addr}),
        .m_data({range, misfit, last, mask, give, wb_seq, fault_word, wr_addr})
    );

    // ---- the element's turn
    reg  dead_q, done_q;                   // dead: a fault was reported here; control stops the machine in a moment
    wire turn = valid_q[CYCLES-1] && !stop && !dead_q;
    wire bad  = range || misfit;

    always @(posedge clk) begin
        dead_q    <= !rst && (dead_q || fault_valid);
        done_q    <= !rst && turn && !bad && last;
        done_give <= give;
        done_seq  <= wb_seq;
    end

    assign wr_en       = turn && !bad ? mask : 5'd0;
    assign fault_valid = turn && bad;
    assign fault_code  = range ? FAULT_ADDRESS_RANGE : FAULT_ILLEGAL_CHAIN;
    assign done_valid  = done_q && !stop;
endmodule
`default_nettype wire
