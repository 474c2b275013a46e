// npu_delay: a word a cycle, CYCLES later; CYCLES may be 0.  Registers without reset.
`default_nettype none
module npu_delay #(
    parameter WIDTH  = 1,
    parameter CYCLES = 1
) (
    input  wire             clk,
    input  wire [WIDTH-1:0] s_data,
    output wire [WIDTH-1:0] m_data
);
    generate
        if (CYCLES == 0) begin : g_none
            wire unused_bits = &{1'b0, clk};
            assign m_data = s_data;
        end else if (CYCLES == 1) begin : g_one
            reg [WIDTH-1:0] data_q;
            always @(posedge clk)
                data_q <= s_data;
            assign m_data = data_q;
        end else begin : g_more
            reg [CYCLES*WIDTH-1:0] data_q;
            always @(posedge clk)
                data_q <= {data_q[(CYCLES-1)*WIDTH-1:0], s_data};
            assign m_data = data_q[(CYCLES-1)*WIDTH +: WIDTH];
        end
    endgenerate
endmodule
`default_nettype wire
