// f16_to_fixed: A number as sign and integer in units of its smallest normal's last bit, exactly; subnormals are 0.
// Generated from convert.py:25 float_to_fixed(e=5, f=10); do not edit, run `npusim hls emit f16_to_fixed`.
// Contract: one result a cycle, latency 1 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_to_fixed (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 1 cycles later
    output wire sign,                    // u[1]
    output wire [40:0] magnitude         // u[41]
);

    // ---- stage 1 of 1
    // convert.py:28: magnitude = (cat((1, 1), (bits(a, f - 1, 0), f)) << exponent) >> 1
    wire [10:0] magnitude_cat = {1'd1, a[9:0]};
    wire [11:0] magnitude_shl_shift = {magnitude_cat, 1'd0};
    wire [11:0] magnitude_shl_shift_2 = a[10] ? magnitude_shl_shift : {1'd0, magnitude_cat};
    wire [13:0] magnitude_shl_shift_3 = {magnitude_shl_shift_2, 2'd0};
    wire [13:0] magnitude_shl_shift_4 = a[11] ? magnitude_shl_shift_3 : {2'd0, magnitude_shl_shift_2};
    wire [17:0] magnitude_shl_shift_5 = {magnitude_shl_shift_4, 4'd0};
    wire [17:0] magnitude_shl_shift_6 = a[12] ? magnitude_shl_shift_5 : {4'd0, magnitude_shl_shift_4};
    wire [25:0] magnitude_shl_shift_7 = {magnitude_shl_shift_6, 8'd0};
    wire [25:0] magnitude_shl_shift_8 = a[13] ? magnitude_shl_shift_7 : {8'd0, magnitude_shl_shift_6};
    wire [41:0] magnitude_shl_shift_9 = {magnitude_shl_shift_8, 16'd0};
    wire [41:0] magnitude_shl = a[14] ? magnitude_shl_shift_9 : {16'd0, magnitude_shl_shift_8};
    // convert.py:29: return bit(a, e + f), 0 if exponent == 0 else magnitude
    wire bits = a[15];
    wire eq = a[14:10] == 5'd0;
    wire [40:0] select = eq ? 41'h0 : magnitude_shl[41:1];
    reg bits_q1;
    reg [40:0] select_q1;

    always @(posedge clk) begin
        if(ce) begin
            bits_q1 <= bits;
            select_q1 <= select;
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
    assign sign = bits_q1;
    assign magnitude = select_q1;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, magnitude_shl[0]};
endmodule
`default_nettype wire
