// f16_min: The smaller number; -0 is smaller than +0. Subnormals come out as zeros.
// Generated from floats.py:107 float_min(e=5, f=10); do not edit, run `npusim hls emit f16_min`.
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
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq = a[14:10] == 5'd0;
    wire [15:0] shl = {a[15], 15'd0};
    wire [15:0] x = eq ? shl : a;
    wire eq_2 = b[14:10] == 5'd0;
    wire [15:0] shl_2 = {b[15], 15'd0};
    wire [15:0] y = eq_2 ? shl_2 : b;
    // floats.py:95: return -magnitude if bit(a, e + f) else magnitude
    wire [15:0] sub = 16'd0 - {1'd0, x[14:0]};
    wire [15:0] key_x = x[15] ? sub : {1'd0, x[14:0]};
    wire [15:0] sub_2 = 16'd0 - {1'd0, y[14:0]};
    wire [15:0] key_y = y[15] ? sub_2 : {1'd0, y[14:0]};
    reg [15:0] x_q1;
    reg [15:0] y_q1;
    reg [15:0] key_x_q1;
    reg [15:0] key_y_q1;

    always @(posedge clk) begin
        if(ce) begin
            x_q1 <= x;
            y_q1 <= y;
            key_x_q1 <= key_x;
            key_y_q1 <= key_y;
        end
    end

    // ---- stage 2 of 2
    // floats.py:111: return x | y if key_x == key_y else x if key_x < key_y else y
    wire eq_3 = key_x_q1 == key_y_q1;
    wire [15:0] or_2 = x_q1 | y_q1;
    wire lt = $signed(key_x_q1) < $signed(key_y_q1);
    wire [15:0] select = lt ? x_q1 : y_q1;
    wire [15:0] select_2 = eq_3 ? or_2 : select;
    reg [15:0] select_2_q2;

    always @(posedge clk) begin
        if(ce) begin
            select_2_q2 <= select_2;
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
    assign smaller = select_2_q2;
endmodule
`default_nettype wire
