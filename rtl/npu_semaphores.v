// npu_semaphores: nine counters of tokens, one for each ordered pair of queues.
// Contract: a token given in cycle t can be taken from t + LAT_SEM on. Bit 3 * from + to of every bus of nine is the
// semaphore (from, to). A token that would make more than 255 in a counter is a fault, and is lost.
// Test: tests/rtl/test_npu_semaphores.py
`include "npu_isa.vh"
`default_nettype none
module npu_semaphores #(
    parameter LAT_SEM = 1
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       clear,                       // drop all tokens
    input  wire [8:0] give,
    input  wire [8:0] take,                        // only where any is set
    output wire [8:0] any,                         // there is a token
    output wire [`NPU_QUEUE_N-1:0] overflow        // a chain of this queue gave a token too many, in this cycle
);
    localparam Q = `NPU_QUEUE_N;

    // `over` is told in the cycle of the give: tokens on their way count as if they were there.
    reg  [8:0] full_q;
    wire [8:0] over = give & full_q & ~take;
    wire [8:0] kept = give & ~over;
    wire [8:0] here;

    generate
        if (LAT_SEM == 1) begin : g_next
            assign here = kept;
        end else begin : g_later
            reg  [9*(LAT_SEM-1)-1:0] way_q;
            wire [9*LAT_SEM-1:0] line = {way_q, kept};
            assign here = line[9*LAT_SEM-1 -: 9];
            always @(posedge clk)
                way_q <= rst || clear ? {(9*(LAT_SEM-1)){1'b0}} : line[9*(LAT_SEM-1)-1:0];
        end
    endgenerate

    genvar s;
    generate
        for (s = 0; s < 9; s = s + 1) begin : g_counter
            reg [7:0] count_q;     // tokens that can be taken
            reg [7:0] total_q;     // with those on their way
            wire [7:0] total_d = total_q + {7'd0, kept[s]} - {7'd0, take[s]};
            reg any_q;
            wire [7:0] count_d = count_q + {7'd0, here[s]} - {7'd0, take[s]};
            assign any[s] = any_q;
            always @(posedge clk)
                if (rst || clear) begin
                    count_q   <= 8'd0;
                    total_q   <= 8'd0;
                    any_q     <= 1'b0;
                    full_q[s] <= 1'b0;
                end else if (kept[s] || here[s] || take[s]) begin
                    count_q   <= count_d;
                    total_q   <= total_d;
                    any_q     <= count_d != 8'd0;
                    full_q[s] <= total_d == 8'hff;
                end
        end
        for (s = 0; s < Q; s = s + 1) begin : g_overflow
            assign overflow[s] = over[Q*s +: Q] != {Q{1'b0}};
        end
    endgenerate
endmodule
`default_nettype wire
