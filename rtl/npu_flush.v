// npu_flush: float16 values from outside: a subnormal pattern becomes a zero of its sign.
`default_nettype none
module npu_flush #(
    parameter LANES = 8
) (
    input  wire [16*LANES-1:0] s_data,
    output wire [16*LANES-1:0] m_data
);
    genvar l;
    generate
        for (l = 0; l < LANES; l = l + 1) begin : g_lane
            assign m_data[16*l +: 16] = {s_data[16*l + 15], s_data[16*l +: 15] & {15{s_data[16*l + 10 +: 5] != 5'd0}}};
        end
    endgenerate
endmodule
`default_nettype wire
