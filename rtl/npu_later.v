// npu_later: a pulse, CYCLES later; CYCLES is at least 1.
`default_nettype none
module npu_later #(
    parameter CYCLES = 1
) (
    input  wire clk,
    input  wire rst,                       // pulses on their way are lost
    input  wire s_pulse,
    output wire m_pulse
);
    reg [CYCLES:0] line_q;
    assign m_pulse = line_q[CYCLES-1];
    always @(posedge clk)
        line_q <= rst ? {(CYCLES+1){1'b0}} : {line_q[CYCLES-1:0], s_pulse};
    wire unused_bits = &{1'b0, line_q[CYCLES]};
endmodule
`default_nettype wire
