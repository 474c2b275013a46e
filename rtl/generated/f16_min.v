// f16_min: The smaller number; -0 is smaller than +0. Subnormals come out as zeros.
// Generated from floats.py:106 float_min(e=5, f=10); do not edit, run `npusim hls emit f16_min`.
// Contract: one result a cycle, latency 2 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_min (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    input wire [15:0] b,                 // u[16]
    output wire m_valid,                 // s_valid, 2 cycles later
    output wire [15:0] smaller           // u[16]
);

    // ---- stage 1 of 2
    // floats.py:95: larger = bits(a, e + f - 1, 0) < bits(b, e + f - 1, 0)
    wire larger = a[14:0] < b[14:0];
    // floats.py:96: return sign if sign ^ bit(b, e + f) else larger ^ sign
    wire xor_2 = a[15] ^ b[15];
    wire xor_3 = larger ^ a[15];
    wire select = xor_2 ? a[15] : xor_3;
    // floats.py:108: return flush(a if exceeds(a, b, e=e, f=f) else b, e=e, f=f)
    wire [15:0] select_2 = select ? a : b;
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq = select_2[14:10] == 5'd0;
    reg [15:0] select_2_q1;
    reg eq_q1;

    always @(posedge clk) begin
        if(ce) begin
            select_2_q1 <= select_2;
            eq_q1 <= eq;
        end
    end

    // ---- stage 2 of 2
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire [15:0] shl = {select_2_q1[15], 15'd0};
    wire [15:0] select_3 = eq_q1 ? shl : select_2_q1;
    reg [15:0] select_3_q2;

    always @(posedge clk) begin
        if(ce) begin
            select_3_q2 <= select_3;
        end
    end

    // ---- valid
    reg [1:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 2'd0;
        end else if(ce) begin
            valid_q <= {valid_q[0], s_valid};
        end
    end

    assign m_valid = valid_q[1];
    // ---- outputs
    assign smaller = select_3_q2;
endmodule
`default_nettype wire
