// bfp_dot_16x5: The exact integer dot product of two blocks of signed mantissas.
// Generated from convert.py:147 bfp_dot(n=16, ma=5, mb=5); do not edit, run `npusim hls emit bfp_dot_16x5`.
// Contract: one result a cycle, latency 3 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module bfp_dot_16x5 (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [95:0] a,                 // array[s[6], 16]; element 0 in the low bits
    input wire [95:0] b,                 // array[s[6], 16]; element 0 in the low bits
    output wire m_valid,                 // s_valid, 3 cycles later
    output wire [15:0] sum               // s[16]
);

    // ---- stage 1 of 3
    // convert.py:151: return sum(x * y for x, y in zip(a, b, strict=True))
    wire [11:0] mul = $signed({{6{a[5]}}, a[5:0]}) * $signed({{6{b[5]}}, b[5:0]});
    wire [11:0] mul_2 = $signed({{6{a[11]}}, a[11:6]}) * $signed({{6{b[11]}}, b[11:6]});
    wire [11:0] mul_3 = $signed({{6{a[17]}}, a[17:12]}) * $signed({{6{b[17]}}, b[17:12]});
    wire [11:0] mul_4 = $signed({{6{a[23]}}, a[23:18]}) * $signed({{6{b[23]}}, b[23:18]});
    wire [11:0] mul_5 = $signed({{6{a[29]}}, a[29:24]}) * $signed({{6{b[29]}}, b[29:24]});
    wire [11:0] mul_6 = $signed({{6{a[35]}}, a[35:30]}) * $signed({{6{b[35]}}, b[35:30]});
    wire [11:0] mul_7 = $signed({{6{a[41]}}, a[41:36]}) * $signed({{6{b[41]}}, b[41:36]});
    wire [11:0] mul_8 = $signed({{6{a[47]}}, a[47:42]}) * $signed({{6{b[47]}}, b[47:42]});
    wire [11:0] mul_9 = $signed({{6{a[53]}}, a[53:48]}) * $signed({{6{b[53]}}, b[53:48]});
    wire [11:0] mul_10 = $signed({{6{a[59]}}, a[59:54]}) * $signed({{6{b[59]}}, b[59:54]});
    wire [11:0] mul_11 = $signed({{6{a[65]}}, a[65:60]}) * $signed({{6{b[65]}}, b[65:60]});
    wire [11:0] mul_12 = $signed({{6{a[71]}}, a[71:66]}) * $signed({{6{b[71]}}, b[71:66]});
    wire [11:0] mul_13 = $signed({{6{a[77]}}, a[77:72]}) * $signed({{6{b[77]}}, b[77:72]});
    wire [11:0] mul_14 = $signed({{6{a[83]}}, a[83:78]}) * $signed({{6{b[83]}}, b[83:78]});
    wire [11:0] mul_15 = $signed({{6{a[89]}}, a[89:84]}) * $signed({{6{b[89]}}, b[89:84]});
    wire [11:0] mul_16 = $signed({{6{a[95]}}, a[95:90]}) * $signed({{6{b[95]}}, b[95:90]});
    reg [11:0] mul_q1;
    reg [11:0] mul_2_q1;
    reg [11:0] mul_3_q1;
    reg [11:0] mul_4_q1;
    reg [11:0] mul_5_q1;
    reg [11:0] mul_6_q1;
    reg [11:0] mul_7_q1;
    reg [11:0] mul_8_q1;
    reg [11:0] mul_9_q1;
    reg [11:0] mul_10_q1;
    reg [11:0] mul_11_q1;
    reg [11:0] mul_12_q1;
    reg [11:0] mul_13_q1;
    reg [11:0] mul_14_q1;
    reg [11:0] mul_15_q1;
    reg [11:0] mul_16_q1;

    always @(posedge clk) begin
        if(ce) begin
            mul_q1 <= mul;
            mul_2_q1 <= mul_2;
            mul_3_q1 <= mul_3;
            mul_4_q1 <= mul_4;
            mul_5_q1 <= mul_5;
            mul_6_q1 <= mul_6;
            mul_7_q1 <= mul_7;
            mul_8_q1 <= mul_8;
            mul_9_q1 <= mul_9;
            mul_10_q1 <= mul_10;
            mul_11_q1 <= mul_11;
            mul_12_q1 <= mul_12;
            mul_13_q1 <= mul_13;
            mul_14_q1 <= mul_14;
            mul_15_q1 <= mul_15;
            mul_16_q1 <= mul_16;
        end
    end

    // ---- stage 2 of 3
    // convert.py:151: return sum(x * y for x, y in zip(a, b, strict=True))
    wire [12:0] add = {mul_q1[11], mul_q1} + {mul_2_q1[11], mul_2_q1};
    wire [12:0] add_2 = {mul_3_q1[11], mul_3_q1} + {mul_4_q1[11], mul_4_q1};
    wire [12:0] add_3 = {mul_5_q1[11], mul_5_q1} + {mul_6_q1[11], mul_6_q1};
    wire [12:0] add_4 = {mul_7_q1[11], mul_7_q1} + {mul_8_q1[11], mul_8_q1};
    wire [12:0] add_5 = {mul_9_q1[11], mul_9_q1} + {mul_10_q1[11], mul_10_q1};
    wire [12:0] add_6 = {mul_11_q1[11], mul_11_q1} + {mul_12_q1[11], mul_12_q1};
    wire [12:0] add_7 = {mul_13_q1[11], mul_13_q1} + {mul_14_q1[11], mul_14_q1};
    wire [12:0] add_8 = {mul_15_q1[11], mul_15_q1} + {mul_16_q1[11], mul_16_q1};
    wire [13:0] add_9 = {add[12], add} + {add_2[12], add_2};
    wire [13:0] add_10 = {add_3[12], add_3} + {add_4[12], add_4};
    wire [13:0] add_11 = {add_5[12], add_5} + {add_6[12], add_6};
    wire [13:0] add_12 = {add_7[12], add_7} + {add_8[12], add_8};
    wire [14:0] add_13 = {add_9[13], add_9} + {add_10[13], add_10};
    wire [14:0] add_14 = {add_11[13], add_11} + {add_12[13], add_12};
    reg [14:0] add_13_q2;
    reg [14:0] add_14_q2;

    always @(posedge clk) begin
        if(ce) begin
            add_13_q2 <= add_13;
            add_14_q2 <= add_14;
        end
    end

    // ---- stage 3 of 3
    // convert.py:151: return sum(x * y for x, y in zip(a, b, strict=True))
    wire [15:0] add_15 = {add_13_q2[14], add_13_q2} + {add_14_q2[14], add_14_q2};
    reg [15:0] add_15_q3;

    always @(posedge clk) begin
        if(ce) begin
            add_15_q3 <= add_15;
        end
    end

    // ---- valid
    reg [2:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 3'd0;
        end else if(ce) begin
            valid_q <= {valid_q[1:0], s_valid};
        end
    end

    assign m_valid = valid_q[2];
    // ---- outputs
    assign sum = add_15_q3;
endmodule
`default_nettype wire
