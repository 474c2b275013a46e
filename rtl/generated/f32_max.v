// f32_max: The larger number; +0 is larger than -0. Subnormals come out as zeros.
// Generated from floats.py:99 float_max(e=8, f=23); do not edit, run `npusim hls emit f32_max`.
// Contract: one result a cycle, latency 2 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f32_max (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [31:0] a,                 // u[32]
    input wire [31:0] b,                 // u[32]
    output wire m_valid,                 // s_valid, 2 cycles later
    output wire [31:0] larger            // u[32]
);

    // ---- stage 1 of 2
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq = a[30:23] == 8'd0;
    wire [31:0] shl = {a[31], 31'h0};
    wire [31:0] x = eq ? shl : a;
    wire eq_2 = b[30:23] == 8'd0;
    wire [31:0] shl_2 = {b[31], 31'h0};
    wire [31:0] y = eq_2 ? shl_2 : b;
    // floats.py:94: magnitude = bits(a, e + f - 1, 0)
    wire [30:0] magnitude = x[30:0];
    // floats.py:95: return -magnitude if bit(a, e + f) else magnitude
    wire [31:0] sub = 32'h0 - {1'd0, magnitude};
    // floats.py:94: magnitude = bits(a, e + f - 1, 0)
    wire [30:0] magnitude_2 = y[30:0];
    // floats.py:95: return -magnitude if bit(a, e + f) else magnitude
    wire [31:0] sub_2 = 32'h0 - {1'd0, magnitude_2};
    reg [31:0] x_q1;
    reg [31:0] y_q1;
    reg [30:0] magnitude_q1;
    reg [31:0] sub_q1;
    reg [30:0] magnitude_2_q1;
    reg [31:0] sub_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            x_q1 <= x;
            y_q1 <= y;
            magnitude_q1 <= magnitude;
            sub_q1 <= sub;
            magnitude_2_q1 <= magnitude_2;
            sub_2_q1 <= sub_2;
        end
    end

    // ---- stage 2 of 2
    // floats.py:95: return -magnitude if bit(a, e + f) else magnitude
    wire [31:0] key_x = x_q1[31] ? sub_q1 : {1'd0, magnitude_q1};
    wire [31:0] key_y = y_q1[31] ? sub_2_q1 : {1'd0, magnitude_2_q1};
    // floats.py:103: return x & y if key_x == key_y else x if key_x > key_y else y
    wire eq_3 = key_x == key_y;
    wire [31:0] and_2 = x_q1 & y_q1;
    wire lt = $signed(key_y) < $signed(key_x);
    wire [31:0] select = lt ? x_q1 : y_q1;
    wire [31:0] select_2 = eq_3 ? and_2 : select;
    reg [31:0] select_2_q2;

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
    assign larger = select_2_q2;
endmodule
`default_nettype wire
