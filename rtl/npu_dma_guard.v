// npu_dma_guard: which DRAM bytes are still being read, so that a later write of the vector queue does not overtake.
// AXI orders nothing between its read and its write channels. Each of the last four read moves on their way has an
// interval of bytes; more than four share the youngest interval.
// Contract: overlap tells of q_addr .. q_addr + q_bytes - 1 in the same cycle. Test: tests/rtl/test_npu_dma_bus.py
`default_nettype none
module npu_dma_guard (
    input  wire        clk,
    input  wire        rst,
    input  wire        add,                // a burst is asked for
    input  wire        add_first,          // the first of its move
    input  wire [63:0] q_addr,
    input  wire [12:0] q_bytes,
    input  wire        retire,             // the oldest move's data are here
    output wire        overlap
);
    reg  [63:0] low_q [0:3], high_q [0:3]; // first byte; first byte behind
    reg  [7:0]  moves_q [0:3];             // moves that the interval stands for; 0: free
    reg  [1:0]  old_q, new_q;              // oldest and youngest interval

    wire [63:0] high  = q_addr + {51'd0, q_bytes};
    wire [1:0]  after = new_q + 2'd1;
    wire        fresh = add && add_first && moves_q[after] == 8'd0;
    wire [1:0]  place = fresh ? after : new_q;

    wire [3:0] hit;
    genvar g;
    generate
        for (g = 0; g < 4; g = g + 1) begin : g_interval
            assign hit[g] = moves_q[g] != 8'd0 && q_addr < high_q[g] && low_q[g] < high;
            wire in  = add && add_first && place == g;
            wire out = retire && old_q == g;
            always @(posedge clk) begin
                if (add && place == g) begin
                    if (fresh || q_addr < low_q[g])
                        low_q[g] <= q_addr;
                    if (fresh || high > high_q[g])
                        high_q[g] <= high;
                end
                moves_q[g] <= rst ? 8'd0 : moves_q[g] + {7'd0, in} - {7'd0, out};
            end
        end
    endgenerate
    assign overlap = hit != 4'd0;

    always @(posedge clk) begin
        if (fresh)
            new_q <= after;
        if (retire && moves_q[old_q] == 8'd1 && !(add && add_first && place == old_q))
            old_q <= old_q + 2'd1;
        if (rst) begin
            old_q <= 2'd0;
            new_q <= 2'd3;
        end
    end
endmodule
`default_nettype wire
