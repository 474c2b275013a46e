// f16_clip: min(max(a, lo), hi).
// Generated from floats.py:121 float_clip(e=5, f=10); do not edit, run `npusim hls emit f16_clip`.
// Contract: one result a cycle, latency 4 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_clip (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    input wire [15:0] lo,                // u[16]
    input wire [15:0] hi,                // u[16]
    output wire m_valid,                 // s_valid, 4 cycles later
    output wire [15:0] result            // u[16]
);

    // ---- stage 1 of 4
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq = a[14:10] == 5'd0;
    wire [15:0] shl = {a[15], 15'd0};
    wire [15:0] x = eq ? shl : a;
    wire eq_2 = lo[14:10] == 5'd0;
    wire [15:0] shl_2 = {lo[15], 15'd0};
    wire [15:0] y = eq_2 ? shl_2 : lo;
    // floats.py:95: return -magnitude if bit(a, e + f) else magnitude
    wire [15:0] sub = 16'd0 - {1'd0, x[14:0]};
    wire [15:0] key_x = x[15] ? sub : {1'd0, x[14:0]};
    wire [15:0] sub_2 = 16'd0 - {1'd0, y[14:0]};
    wire [15:0] key_y = y[15] ? sub_2 : {1'd0, y[14:0]};
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq_5 = hi[14:10] == 5'd0;
    wire [15:0] shl_4 = {hi[15], 15'd0};
    wire [15:0] y_2 = eq_5 ? shl_4 : hi;
    // floats.py:95: return -magnitude if bit(a, e + f) else magnitude
    wire [15:0] sub_4 = 16'd0 - {1'd0, y_2[14:0]};
    wire [15:0] key_y_2 = y_2[15] ? sub_4 : {1'd0, y_2[14:0]};
    reg [15:0] x_q1;
    reg [15:0] y_q1;
    reg [15:0] key_x_q1;
    reg [15:0] key_y_q1;
    reg [15:0] y_2_q1;
    reg [15:0] key_y_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            x_q1 <= x;
            y_q1 <= y;
            key_x_q1 <= key_x;
            key_y_q1 <= key_y;
            y_2_q1 <= y_2;
            key_y_2_q1 <= key_y_2;
        end
    end

    // ---- stage 2 of 4
    // floats.py:103: return x & y if key_x == key_y else x if key_x > key_y else y
    wire eq_3 = key_x_q1 == key_y_q1;
    wire [15:0] and_2 = x_q1 & y_q1;
    wire lt = $signed(key_y_q1) < $signed(key_x_q1);
    wire [15:0] select = lt ? x_q1 : y_q1;
    wire [15:0] select_2 = eq_3 ? and_2 : select;
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq_4 = select_2[14:10] == 5'd0;
    wire [15:0] shl_3 = {select_2[15], 15'd0};
    wire [15:0] x_2 = eq_4 ? shl_3 : select_2;
    reg [15:0] x_2_q2;
    reg [15:0] y_2_q2;
    reg [15:0] key_y_2_q2;

    always @(posedge clk) begin
        if(ce) begin
            x_2_q2 <= x_2;
            y_2_q2 <= y_2_q1;
            key_y_2_q2 <= key_y_2_q1;
        end
    end

    // ---- stage 3 of 4
    // floats.py:95: return -magnitude if bit(a, e + f) else magnitude
    wire [15:0] sub_3 = 16'd0 - {1'd0, x_2_q2[14:0]};
    wire [15:0] key_x_2 = x_2_q2[15] ? sub_3 : {1'd0, x_2_q2[14:0]};
    // floats.py:111: return x | y if key_x == key_y else x if key_x < key_y else y
    wire eq_6 = key_x_2 == key_y_2_q2;
    wire [15:0] or_2 = x_2_q2 | y_2_q2;
    wire lt_2 = $signed(key_x_2) < $signed(key_y_2_q2);
    wire [15:0] select_3 = lt_2 ? x_2_q2 : y_2_q2;
    reg eq_6_q3;
    reg [15:0] or_2_q3;
    reg [15:0] select_3_q3;

    always @(posedge clk) begin
        if(ce) begin
            eq_6_q3 <= eq_6;
            or_2_q3 <= or_2;
            select_3_q3 <= select_3;
        end
    end

    // ---- stage 4 of 4
    // floats.py:111: return x | y if key_x == key_y else x if key_x < key_y else y
    wire [15:0] select_4 = eq_6_q3 ? or_2_q3 : select_3_q3;
    reg [15:0] select_4_q4;

    always @(posedge clk) begin
        if(ce) begin
            select_4_q4 <= select_4;
        end
    end

    // ---- valid
    reg [3:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 4'd0;
        end else if(ce) begin
            valid_q <= {valid_q[2:0], s_valid};
        end
    end

    assign m_valid = valid_q[3];
    // ---- outputs
    assign result = select_4_q4;
endmodule
`default_nettype wire
