// f16_relu: max(a, +0).
// Generated from floats.py:112 float_relu(e=5, f=10); do not edit, run `npusim hls emit f16_relu`.
// Contract: one result a cycle, latency 1 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_relu (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 1 cycles later
    output wire [15:0] result            // u[16]
);

    // ---- stage 1 of 1
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq = a[14:10] == 5'd0;
    wire [15:0] select = eq ? 16'd0 : a;
    // floats.py:114: return 0 if bit(a, e + f) else flush(a, e=e, f=f)
    wire [15:0] select_2 = a[15] ? 16'd0 : select;
    reg [15:0] select_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            select_2_q1 <= select_2;
        end
    end

    // ---- valid
    reg valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 1'd0;
        end else if(ce) begin
            valid_q <= s_valid;
        end
    end

    assign m_valid = valid_q;
    // ---- outputs
    assign result = select_2_q1;
endmodule
`default_nettype wire
