// f16_clip: min(max(a, lo), hi).
// Generated from floats.py:118 float_clip(e=5, f=10); do not edit, run `npusim hls emit f16_clip`.
// Contract: one result a cycle, latency 3 cycles of ce = 1; scheduled for 300 MHz.
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
    output wire m_valid,                 // s_valid, 3 cycles later
    output wire [15:0] result            // u[16]
);

    // ---- stage 1 of 3
    // floats.py:95: larger = bits(a, e + f - 1, 0) < bits(b, e + f - 1, 0)
    wire larger = a[14:0] < lo[14:0];
    // floats.py:96: return sign if sign ^ bit(b, e + f) else larger ^ sign
    wire least_xor = a[15] ^ lo[15];
    wire least_xor_2 = larger ^ a[15];
    wire least_select = least_xor ? a[15] : least_xor_2;
    // floats.py:120: least = lo if exceeds(a, lo, e=e, f=f) else a
    wire [15:0] least = least_select ? lo : a;
    // floats.py:94: sign = bit(a, e + f)
    wire sign = least[15];
    // floats.py:96: return sign if sign ^ bit(b, e + f) else larger ^ sign
    wire xor_2 = sign ^ hi[15];
    reg [15:0] hi_q1;
    reg [15:0] least_q1;
    reg sign_q1;
    reg xor_2_q1;

    always @(posedge clk) begin
        if(ce) begin
            hi_q1 <= hi;
            least_q1 <= least;
            sign_q1 <= sign;
            xor_2_q1 <= xor_2;
        end
    end

    // ---- stage 2 of 3
    // floats.py:95: larger = bits(a, e + f - 1, 0) < bits(b, e + f - 1, 0)
    wire larger_2 = least_q1[14:0] < hi_q1[14:0];
    // floats.py:96: return sign if sign ^ bit(b, e + f) else larger ^ sign
    wire xor_3 = larger_2 ^ sign_q1;
    wire select = xor_2_q1 ? sign_q1 : xor_3;
    // floats.py:108: return flush(a if exceeds(a, b, e=e, f=f) else b, e=e, f=f)
    wire [15:0] select_2 = select ? least_q1 : hi_q1;
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire eq = select_2[14:10] == 5'd0;
    reg [15:0] select_2_q2;
    reg eq_q2;

    always @(posedge clk) begin
        if(ce) begin
            select_2_q2 <= select_2;
            eq_q2 <= eq;
        end
    end

    // ---- stage 3 of 3
    // floats.py:88: return a if bits(a, e + f - 1, f) != 0 else bit(a, e + f) << (e + f)
    wire [15:0] shl = {select_2_q2[15], 15'd0};
    wire [15:0] select_3 = eq_q2 ? shl : select_2_q2;
    reg [15:0] select_3_q3;

    always @(posedge clk) begin
        if(ce) begin
            select_3_q3 <= select_3;
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
    assign result = select_3_q3;
endmodule
`default_nettype wire
