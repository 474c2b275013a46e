// f16_tanh: Hyperbolic tangent, within 0.53 ulp; it keeps the sign of zero.
// Generated from unary.py:99 float_tanh(e=5, f=10); do not edit, run `npusim hls emit f16_tanh`.
// Contract: one result a cycle, latency 9 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_tanh (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 9 cycles later
    output wire [15:0] result            // u[16]
);

    function [12:0] c2_rom;
        input [6:0] index;
        case(index)
            7'd0: c2_rom = 13'd8190;
            7'd1: c2_rom = 13'd8190;
            7'd2: c2_rom = 13'd8189;
            7'd3: c2_rom = 13'd8189;
            7'd4: c2_rom = 13'd8189;
            7'd5: c2_rom = 13'd8189;
            7'd6: c2_rom = 13'd8188;
            7'd7: c2_rom = 13'd8188;
            7'd8: c2_rom = 13'd8184;
            7'd9: c2_rom = 13'd8183;
            7'd10: c2_rom = 13'd8182;
            7'd11: c2_rom = 13'd8181;
            7'd12: c2_rom = 13'd8180;
            7'd13: c2_rom = 13'd8179;
            7'd14: c2_rom = 13'd8178;
            7'd15: c2_rom = 13'd8177;
            7'd16: c2_rom = 13'd8158;
            7'd17: c2_rom = 13'd8154;
            7'd18: c2_rom = 13'd8150;
            7'd19: c2_rom = 13'd8146;
            7'd20: c2_rom = 13'd8143;
            7'd21: c2_rom = 13'd8139;
            7'd22: c2_rom = 13'd8135;
            7'd23: c2_rom = 13'd8131;
            7'd24: c2_rom = 13'd8059;
            7'd25: c2_rom = 13'd8044;
            7'd26: c2_rom = 13'd8030;
            7'd27: c2_rom = 13'd8016;
            7'd28: c2_rom = 13'd8002;
            7'd29: c2_rom = 13'd7988;
            7'd30: c2_rom = 13'd7975;
            7'd31: c2_rom = 13'd7962;
            7'd32: c2_rom = 13'd7696;
            7'd33: c2_rom = 13'd7650;
            7'd34: c2_rom = 13'd7608;
            7'd35: c2_rom = 13'd7570;
            7'd36: c2_rom = 13'd7536;
            7'd37: c2_rom = 13'd7506;
            7'd38: c2_rom = 13'd7479;
            7'd39: c2_rom = 13'd7457;
            7'd40: c2_rom = 13'd6672;
            7'd41: c2_rom = 13'd6630;
            7'd42: c2_rom = 13'd6616;
            7'd43: c2_rom = 13'd6627;
            7'd44: c2_rom = 13'd6659;
            7'd45: c2_rom = 13'd6708;
            7'd46: c2_rom = 13'd6770;
            7'd47: c2_rom = 13'd6843;
            7'd48: c2_rom = 13'd5736;
            7'd49: c2_rom = 13'd6075;
            7'd50: c2_rom = 13'd6407;
            7'd51: c2_rom = 13'd6712;
            7'd52: c2_rom = 13'd6982;
            7'd53: c2_rom = 13'd7212;
            7'd54: c2_rom = 13'd7406;
            7'd55: c2_rom = 13'd7565;
            7'd56: c2_rom = 13'd7306;
            7'd57: c2_rom = 13'd7642;
            7'd58: c2_rom = 13'd7854;
            7'd59: c2_rom = 13'd7985;
            7'd60: c2_rom = 13'd8066;
            7'd61: c2_rom = 13'd8115;
            7'd62: c2_rom = 13'd8145;
            7'd63: c2_rom = 13'd8164;
            7'd64: c2_rom = 13'd8165;
            7'd65: c2_rom = 13'd8182;
            7'd66: c2_rom = 13'd8188;
            7'd67: c2_rom = 13'd8191;
            7'd68: c2_rom = 13'd0;
            7'd69: c2_rom = 13'd0;
            7'd70: c2_rom = 13'd0;
            7'd71: c2_rom = 13'd0;
            7'd72: c2_rom = 13'd0;
            7'd73: c2_rom = 13'd0;
            7'd74: c2_rom = 13'd0;
            7'd75: c2_rom = 13'd0;
            7'd76: c2_rom = 13'd0;
            7'd77: c2_rom = 13'd0;
            7'd78: c2_rom = 13'd0;
            7'd79: c2_rom = 13'd0;
            7'd80: c2_rom = 13'd0;
            7'd81: c2_rom = 13'd0;
            7'd82: c2_rom = 13'd0;
            7'd83: c2_rom = 13'd0;
            7'd84: c2_rom = 13'd0;
            7'd85: c2_rom = 13'd0;
            7'd86: c2_rom = 13'd0;
            7'd87: c2_rom = 13'd0;
            7'd88: c2_rom = 13'd0;
            7'd89: c2_rom = 13'd0;
            7'd90: c2_rom = 13'd0;
            7'd91: c2_rom = 13'd0;
            7'd92: c2_rom = 13'd0;
            7'd93: c2_rom = 13'd0;
            7'd94: c2_rom = 13'd0;
            7'd95: c2_rom = 13'd0;
            7'd96: c2_rom = 13'd0;
            7'd97: c2_rom = 13'd0;
            7'd98: c2_rom = 13'd0;
            7'd99: c2_rom = 13'd0;
            7'd100: c2_rom = 13'd0;
            7'd101: c2_rom = 13'd0;
            7'd102: c2_rom = 13'd0;
            7'd103: c2_rom = 13'd0;
            7'd104: c2_rom = 13'd0;
            7'd105: c2_rom = 13'd0;
            7'd106: c2_rom = 13'd0;
            7'd107: c2_rom = 13'd0;
            7'd108: c2_rom = 13'd0;
            7'd109: c2_rom = 13'd0;
            7'd110: c2_rom = 13'd0;
            7'd111: c2_rom = 13'd0;
            7'd112: c2_rom = 13'd0;
            7'd113: c2_rom = 13'd0;
            7'd114: c2_rom = 13'd0;
            7'd115: c2_rom = 13'd0;
            7'd116: c2_rom = 13'd0;
            7'd117: c2_rom = 13'd0;
            7'd118: c2_rom = 13'd0;
            7'd119: c2_rom = 13'd0;
            7'd120: c2_rom = 13'd0;
            7'd121: c2_rom = 13'd0;
            7'd122: c2_rom = 13'd0;
            7'd123: c2_rom = 13'd0;
            7'd124: c2_rom = 13'd0;
            7'd125: c2_rom = 13'd0;
            7'd126: c2_rom = 13'd0;
            7'd127: c2_rom = 13'd0;
            default: c2_rom = 13'd0;
        endcase
    endfunction

    function [15:0] c1_rom;
        input [6:0] index;
        case(index)
            7'd0: c1_rom = 16'd65520;
            7'd1: c1_rom = 16'd65516;
            7'd2: c1_rom = 16'd65511;
            7'd3: c1_rom = 16'd65506;
            7'd4: c1_rom = 16'd65500;
            7'd5: c1_rom = 16'd65494;
            7'd6: c1_rom = 16'd65487;
            7'd7: c1_rom = 16'd65480;
            7'd8: c1_rom = 16'd65472;
            7'd9: c1_rom = 16'd65455;
            7'd10: c1_rom = 16'd65436;
            7'd11: c1_rom = 16'd65415;
            7'd12: c1_rom = 16'd65392;
            7'd13: c1_rom = 16'd65367;
            7'd14: c1_rom = 16'd65341;
            7'd15: c1_rom = 16'd65312;
            7'd16: c1_rom = 16'd65281;
            7'd17: c1_rom = 16'd65214;
            7'd18: c1_rom = 16'd65138;
            7'd19: c1_rom = 16'd65055;
            7'd20: c1_rom = 16'd64964;
            7'd21: c1_rom = 16'd64865;
            7'd22: c1_rom = 16'd64759;
            7'd23: c1_rom = 16'd64645;
            7'd24: c1_rom = 16'd64525;
            7'd25: c1_rom = 16'd64260;
            7'd26: c1_rom = 16'd63964;
            7'd27: c1_rom = 16'd63640;
            7'd28: c1_rom = 16'd63288;
            7'd29: c1_rom = 16'd62907;
            7'd30: c1_rom = 16'd62500;
            7'd31: c1_rom = 16'd62066;
            7'd32: c1_rom = 16'd61614;
            7'd33: c1_rom = 16'd60622;
            7'd34: c1_rom = 16'd59538;
            7'd35: c1_rom = 16'd58370;
            7'd36: c1_rom = 16'd57126;
            7'd37: c1_rom = 16'd55813;
            7'd38: c1_rom = 16'd54439;
            7'd39: c1_rom = 16'd53014;
            7'd40: c1_rom = 16'd51552;
            7'd41: c1_rom = 16'd48507;
            7'd42: c1_rom = 16'd45379;
            7'd43: c1_rom = 16'd42224;
            7'd44: c1_rom = 16'd39091;
            7'd45: c1_rom = 16'd36022;
            7'd46: c1_rom = 16'd33052;
            7'd47: c1_rom = 16'd30207;
            7'd48: c1_rom = 16'd27462;
            7'd49: c1_rom = 16'd22548;
            7'd50: c1_rom = 16'd18316;
            7'd51: c1_rom = 16'd14750;
            7'd52: c1_rom = 16'd11795;
            7'd53: c1_rom = 16'd9379;
            7'd54: c1_rom = 16'd7425;
            7'd55: c1_rom = 16'd5857;
            7'd56: c1_rom = 16'd4547;
            7'd57: c1_rom = 16'd2795;
            7'd58: c1_rom = 16'd1710;
            7'd59: c1_rom = 16'd1042;
            7'd60: c1_rom = 16'd634;
            7'd61: c1_rom = 16'd385;
            7'd62: c1_rom = 16'd234;
            7'd63: c1_rom = 16'd142;
            7'd64: c1_rom = 16'd82;
            7'd65: c1_rom = 16'd30;
            7'd66: c1_rom = 16'd11;
            7'd67: c1_rom = 16'd4;
            7'd68: c1_rom = 16'd2;
            7'd69: c1_rom = 16'd1;
            7'd70: c1_rom = 16'd0;
            7'd71: c1_rom = 16'd0;
            7'd72: c1_rom = 16'd0;
            7'd73: c1_rom = 16'd0;
            7'd74: c1_rom = 16'd0;
            7'd75: c1_rom = 16'd0;
            7'd76: c1_rom = 16'd0;
            7'd77: c1_rom = 16'd0;
            7'd78: c1_rom = 16'd0;
            7'd79: c1_rom = 16'd0;
            7'd80: c1_rom = 16'd0;
            7'd81: c1_rom = 16'd0;
            7'd82: c1_rom = 16'd0;
            7'd83: c1_rom = 16'd0;
            7'd84: c1_rom = 16'd0;
            7'd85: c1_rom = 16'd0;
            7'd86: c1_rom = 16'd0;
            7'd87: c1_rom = 16'd0;
            7'd88: c1_rom = 16'd0;
            7'd89: c1_rom = 16'd0;
            7'd90: c1_rom = 16'd0;
            7'd91: c1_rom = 16'd0;
            7'd92: c1_rom = 16'd0;
            7'd93: c1_rom = 16'd0;
            7'd94: c1_rom = 16'd0;
            7'd95: c1_rom = 16'd0;
            7'd96: c1_rom = 16'd0;
            7'd97: c1_rom = 16'd0;
            7'd98: c1_rom = 16'd0;
            7'd99: c1_rom = 16'd0;
            7'd100: c1_rom = 16'd0;
            7'd101: c1_rom = 16'd0;
            7'd102: c1_rom = 16'd0;
            7'd103: c1_rom = 16'd0;
            7'd104: c1_rom = 16'd0;
            7'd105: c1_rom = 16'd0;
            7'd106: c1_rom = 16'd0;
            7'd107: c1_rom = 16'd0;
            7'd108: c1_rom = 16'd0;
            7'd109: c1_rom = 16'd0;
            7'd110: c1_rom = 16'd0;
            7'd111: c1_rom = 16'd0;
            7'd112: c1_rom = 16'd0;
            7'd113: c1_rom = 16'd0;
            7'd114: c1_rom = 16'd0;
            7'd115: c1_rom = 16'd0;
            7'd116: c1_rom = 16'd0;
            7'd117: c1_rom = 16'd0;
            7'd118: c1_rom = 16'd0;
            7'd119: c1_rom = 16'd0;
            7'd120: c1_rom = 16'd0;
            7'd121: c1_rom = 16'd0;
            7'd122: c1_rom = 16'd0;
            7'd123: c1_rom = 16'd0;
            7'd124: c1_rom = 16'd0;
            7'd125: c1_rom = 16'd0;
            7'd126: c1_rom = 16'd0;
            7'd127: c1_rom = 16'd0;
            default: c1_rom = 16'd0;
        endcase
    endfunction

    function [19:0] c0_rom;
        input [6:0] index;
        case(index)
            7'd0: c0_rom = 20'h7ffd5;
            7'd1: c0_rom = 20'h8ffc3;
            7'd2: c0_rom = 20'h9ffad;
            7'd3: c0_rom = 20'haff91;
            7'd4: c0_rom = 20'hbff70;
            7'd5: c0_rom = 20'hcff49;
            7'd6: c0_rom = 20'hdff1b;
            7'd7: c0_rom = 20'hefee7;
            7'd8: c0_rom = 20'h7ff55;
            7'd9: c0_rom = 20'h8ff0d;
            7'd10: c0_rom = 20'h9feb3;
            7'd11: c0_rom = 20'hafe45;
            7'd12: c0_rom = 20'hbfdc0;
            7'd13: c0_rom = 20'hcfd24;
            7'd14: c0_rom = 20'hdfc6e;
            7'd15: c0_rom = 20'hefb9d;
            7'd16: c0_rom = 20'h7fd56;
            7'd17: c0_rom = 20'h8fc36;
            7'd18: c0_rom = 20'h9face;
            7'd19: c0_rom = 20'haf917;
            7'd20: c0_rom = 20'hbf708;
            7'd21: c0_rom = 20'hcf49b;
            7'd22: c0_rom = 20'hdf1c7;
            7'd23: c0_rom = 20'heee85;
            7'd24: c0_rom = 20'h7f566;
            7'd25: c0_rom = 20'h8f0ee;
            7'd26: c0_rom = 20'h9eb5e;
            7'd27: c0_rom = 20'hae498;
            7'd28: c0_rom = 20'hbdc80;
            7'd29: c0_rom = 20'hcd2f9;
            7'd30: c0_rom = 20'hdc7e8;
            7'd31: c0_rom = 20'hebb33;
            7'd32: c0_rom = 20'h7d65f;
            7'd33: c0_rom = 20'h8c51c;
            7'd34: c0_rom = 20'h9afcc;
            7'd35: c0_rom = 20'ha9616;
            7'd36: c0_rom = 20'hb77aa;
            7'd37: c0_rom = 20'hc543f;
            7'd38: c0_rom = 20'hd2b95;
            7'd39: c0_rom = 20'hdfd73;
            7'd40: c0_rom = 20'h764d4;
            7'd41: c0_rom = 20'h82843;
            7'd42: c0_rom = 20'h8dfa4;
            7'd43: c0_rom = 20'h98abf;
            7'd44: c0_rom = 20'ha2992;
            7'd45: c0_rom = 20'habc49;
            7'd46: c0_rom = 20'hb4333;
            7'd47: c0_rom = 20'hbbec3;
            7'd48: c0_rom = 20'h617c2;
            7'd49: c0_rom = 20'h67976;
            7'd50: c0_rom = 20'h6c94c;
            7'd51: c0_rom = 20'h709e6;
            7'd52: c0_rom = 20'h73dc1;
            7'd53: c0_rom = 20'h7671e;
            7'd54: c0_rom = 20'h787f2;
            7'd55: c0_rom = 20'h7a1e4;
            7'd56: c0_rom = 20'h3db2f;
            7'd57: c0_rom = 20'h3e983;
            7'd58: c0_rom = 20'h3f24d;
            7'd59: c0_rom = 20'h3f7ab;
            7'd60: c0_rom = 20'h3faf0;
            7'd61: c0_rom = 20'h3fced;
            7'd62: c0_rom = 20'h3fe23;
            7'd63: c0_rom = 20'h3fede;
            7'd64: c0_rom = 20'h1ffa8;
            7'd65: c0_rom = 20'h1ffe0;
            7'd66: c0_rom = 20'h1fff4;
            7'd67: c0_rom = 20'h1fffc;
            7'd68: c0_rom = 20'h1fffe;
            7'd69: c0_rom = 20'h1ffff;
            7'd70: c0_rom = 20'h20000;
            7'd71: c0_rom = 20'h20000;
            7'd72: c0_rom = 20'h10000;
            7'd73: c0_rom = 20'h10000;
            7'd74: c0_rom = 20'h10000;
            7'd75: c0_rom = 20'h10000;
            7'd76: c0_rom = 20'h10000;
            7'd77: c0_rom = 20'h10000;
            7'd78: c0_rom = 20'h10000;
            7'd79: c0_rom = 20'h10000;
            7'd80: c0_rom = 20'h8000;
            7'd81: c0_rom = 20'h8000;
            7'd82: c0_rom = 20'h8000;
            7'd83: c0_rom = 20'h8000;
            7'd84: c0_rom = 20'h8000;
            7'd85: c0_rom = 20'h8000;
            7'd86: c0_rom = 20'h8000;
            7'd87: c0_rom = 20'h8000;
            7'd88: c0_rom = 20'h4000;
            7'd89: c0_rom = 20'h4000;
            7'd90: c0_rom = 20'h4000;
            7'd91: c0_rom = 20'h4000;
            7'd92: c0_rom = 20'h4000;
            7'd93: c0_rom = 20'h4000;
            7'd94: c0_rom = 20'h4000;
            7'd95: c0_rom = 20'h4000;
            7'd96: c0_rom = 20'h2000;
            7'd97: c0_rom = 20'h2000;
            7'd98: c0_rom = 20'h2000;
            7'd99: c0_rom = 20'h2000;
            7'd100: c0_rom = 20'h2000;
            7'd101: c0_rom = 20'h2000;
            7'd102: c0_rom = 20'h2000;
            7'd103: c0_rom = 20'h2000;
            7'd104: c0_rom = 20'h1000;
            7'd105: c0_rom = 20'h1000;
            7'd106: c0_rom = 20'h1000;
            7'd107: c0_rom = 20'h1000;
            7'd108: c0_rom = 20'h1000;
            7'd109: c0_rom = 20'h1000;
            7'd110: c0_rom = 20'h1000;
            7'd111: c0_rom = 20'h1000;
            7'd112: c0_rom = 20'h800;
            7'd113: c0_rom = 20'h800;
            7'd114: c0_rom = 20'h800;
            7'd115: c0_rom = 20'h800;
            7'd116: c0_rom = 20'h800;
            7'd117: c0_rom = 20'h800;
            7'd118: c0_rom = 20'h800;
            7'd119: c0_rom = 20'h800;
            7'd120: c0_rom = 20'h400;
            7'd121: c0_rom = 20'h400;
            7'd122: c0_rom = 20'h400;
            7'd123: c0_rom = 20'h400;
            7'd124: c0_rom = 20'h400;
            7'd125: c0_rom = 20'h400;
            7'd126: c0_rom = 20'h400;
            7'd127: c0_rom = 20'h400;
            default: c0_rom = 20'h0;
        endcase
    endfunction

    // ---- stage 1 of 9
    // floats.py:21: exponent = bits(a, e + f - 1, f)
    wire [4:0] exponent = a[14:10];
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = exponent == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = a[15];
    // unary.py:108: c0, c1, c2 = rows[cat((bits(exponent - first, 3, 0), 4), (bits(significand, f - 1, n), 3))]
    wire [3:0] sub = exponent[3:0] - 4'd9;
    wire [6:0] cat = {sub, significand[9:7]};
    wire [12:0] c2 = c2_rom(cat);
    // unary.py:109: y = bits(evaluate(c0, c1, c2, bits(significand, n - 1, 0), n=n), p, 0)
    wire [6:0] y_bits = significand[6:0];
    // unary.py:111: small = cat((sign, 1), (bits(a, e + f - 1, 0) if exponent != 0 else 0, e + f))
    wire [14:0] small_select = significand_eq ? 15'd0 : a[14:0];
    reg [4:0] exponent_q1;
    reg sign_q1;
    reg [6:0] cat_q1;
    reg [12:0] c2_q1;
    reg [6:0] y_bits_q1;
    reg [14:0] small_select_q1;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q1 <= exponent;
            sign_q1 <= sign;
            cat_q1 <= cat;
            c2_q1 <= c2;
            y_bits_q1 <= y_bits;
            small_select_q1 <= small_select;
        end
    end

    // ---- stage 2 of 9
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [19:0] y_mul = $signed({{7{c2_q1[12]}}, c2_q1}) * $signed({13'd0, y_bits_q1});
    wire [12:0] y_shr = y_mul[19:7];
    reg [4:0] exponent_q2;
    reg sign_q2;
    reg [6:0] cat_q2;
    reg [6:0] y_bits_q2;
    reg [12:0] y_shr_q2;
    reg [14:0] small_select_q2;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q2 <= exponent_q1;
            sign_q2 <= sign_q1;
            cat_q2 <= cat_q1;
            y_bits_q2 <= y_bits_q1;
            y_shr_q2 <= y_shr;
            small_select_q2 <= small_select_q1;
        end
    end

    // ---- stage 3 of 9
    // unary.py:108: c0, c1, c2 = rows[cat((bits(exponent - first, 3, 0), 4), (bits(significand, f - 1, n), 3))]
    wire [15:0] c1 = c1_rom(cat_q2);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [16:0] y_add = {1'd0, c1} + {{4{y_shr_q2[12]}}, y_shr_q2};
    reg [4:0] exponent_q3;
    reg sign_q3;
    reg [6:0] cat_q3;
    reg [6:0] y_bits_q3;
    reg [16:0] y_add_q3;
    reg [14:0] small_select_q3;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q3 <= exponent_q2;
            sign_q3 <= sign_q2;
            cat_q3 <= cat_q2;
            y_bits_q3 <= y_bits_q2;
            y_add_q3 <= y_add;
            small_select_q3 <= small_select_q2;
        end
    end

    // ---- stage 4 of 9
    // unary.py:108: c0, c1, c2 = rows[cat((bits(exponent - first, 3, 0), 4), (bits(significand, f - 1, n), 3))]
    wire [19:0] c0 = c0_rom(cat_q3);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [23:0] y_mul_2 = $signed({{7{y_add_q3[16]}}, y_add_q3}) * $signed({17'h0, y_bits_q3});
    wire [16:0] y_shr_2 = y_mul_2[23:7];
    reg [4:0] exponent_q4;
    reg sign_q4;
    reg [19:0] c0_q4;
    reg [16:0] y_shr_2_q4;
    reg [14:0] small_select_q4;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q4 <= exponent_q3;
            sign_q4 <= sign_q3;
            c0_q4 <= c0;
            y_shr_2_q4 <= y_shr_2;
            small_select_q4 <= small_select_q3;
        end
    end

    // ---- stage 5 of 9
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [19:0] y_add_2 = c0_q4 + {{3{y_shr_2_q4[16]}}, y_shr_2_q4};
    // unary.py:28: zeros = clz(value, w)
    wire zeros_count = ~y_add_2[19];
    wire zeros_count_2 = ~y_add_2[18];
    wire zeros_count_3 = ~y_add_2[17];
    wire zeros_count_4 = ~y_add_2[16];
    wire zeros_count_5 = ~y_add_2[15];
    wire zeros_count_6 = ~y_add_2[14];
    wire zeros_count_7 = ~y_add_2[13];
    wire zeros_count_8 = ~y_add_2[12];
    wire zeros_count_9 = ~y_add_2[11];
    wire zeros_count_10 = ~y_add_2[10];
    wire zeros_count_11 = ~y_add_2[9];
    wire zeros_count_12 = ~y_add_2[8];
    wire zeros_count_13 = ~y_add_2[7];
    wire zeros_count_14 = ~y_add_2[6];
    wire zeros_count_15 = ~y_add_2[5];
    wire zeros_count_16 = ~y_add_2[4];
    wire zeros_count_17 = ~y_add_2[3];
    wire zeros_count_18 = ~y_add_2[2];
    wire zeros_count_19 = ~y_add_2[1];
    wire zeros_count_20 = ~y_add_2[0];
    wire zeros_count_21 = zeros_count & zeros_count_2;
    wire zeros_count_22 = zeros_count & y_add_2[18];
    wire zeros_count_23 = zeros_count_3 & zeros_count_4;
    wire zeros_count_24 = zeros_count_3 & y_add_2[16];
    wire zeros_count_25 = zeros_count_5 & zeros_count_6;
    wire zeros_count_26 = zeros_count_5 & y_add_2[14];
    wire zeros_count_27 = zeros_count_7 & zeros_count_8;
    wire zeros_count_28 = zeros_count_7 & y_add_2[12];
    wire zeros_count_29 = zeros_count_9 & zeros_count_10;
    wire zeros_count_30 = zeros_count_9 & y_add_2[10];
    wire zeros_count_31 = zeros_count_11 & zeros_count_12;
    wire zeros_count_32 = zeros_count_11 & y_add_2[8];
    wire zeros_count_33 = zeros_count_13 & zeros_count_14;
    wire zeros_count_34 = zeros_count_13 & y_add_2[6];
    wire zeros_count_35 = zeros_count_15 & zeros_count_16;
    wire zeros_count_36 = zeros_count_15 & y_add_2[4];
    wire zeros_count_37 = zeros_count_17 & zeros_count_18;
    wire zeros_count_38 = zeros_count_17 & y_add_2[2];
    wire zeros_count_39 = zeros_count_19 & zeros_count_20;
    wire zeros_count_40 = zeros_count_19 & y_add_2[0];
    wire zeros_count_41 = zeros_count_21 & zeros_count_23;
    wire zeros_count_42 = ~zeros_count_23;
    wire zeros_count_43 = zeros_count_21 & zeros_count_42;
    wire zeros_count_44 = zeros_count_21 ? zeros_count_24 : zeros_count_22;
    wire [2:0] zeros_count_45 = {zeros_count_41, zeros_count_43, zeros_count_44};
    wire zeros_count_46 = zeros_count_25 & zeros_count_27;
    wire zeros_count_47 = ~zeros_count_27;
    wire zeros_count_48 = zeros_count_25 & zeros_count_47;
    wire zeros_count_49 = zeros_count_25 ? zeros_count_28 : zeros_count_26;
    wire [2:0] zeros_count_50 = {zeros_count_46, zeros_count_48, zeros_count_49};
    wire zeros_count_51 = zeros_count_29 & zeros_count_31;
    wire zeros_count_52 = ~zeros_count_31;
    wire zeros_count_53 = zeros_count_29 & zeros_count_52;
    wire zeros_count_54 = zeros_count_29 ? zeros_count_32 : zeros_count_30;
    wire [2:0] zeros_count_55 = {zeros_count_51, zeros_count_53, zeros_count_54};
    wire zeros_count_56 = zeros_count_33 & zeros_count_35;
    wire zeros_count_57 = ~zeros_count_35;
    wire zeros_count_58 = zeros_count_33 & zeros_count_57;
    wire zeros_count_59 = zeros_count_33 ? zeros_count_36 : zeros_count_34;
    wire [2:0] zeros_count_60 = {zeros_count_56, zeros_count_58, zeros_count_59};
    wire zeros_count_61 = zeros_count_37 & zeros_count_39;
    wire zeros_count_62 = ~zeros_count_39;
    wire zeros_count_63 = zeros_count_37 & zeros_count_62;
    wire zeros_count_64 = zeros_count_37 ? zeros_count_40 : zeros_count_38;
    wire [2:0] zeros_count_65 = {zeros_count_61, zeros_count_63, zeros_count_64};
    wire zeros_count_66 = zeros_count_41 & zeros_count_46;
    wire zeros_count_67 = ~zeros_count_46;
    wire zeros_count_68 = zeros_count_41 & zeros_count_67;
    wire [1:0] zeros_count_69 = zeros_count_41 ? zeros_count_50[1:0] : zeros_count_45[1:0];
    wire [3:0] zeros_count_70 = {zeros_count_66, zeros_count_68, zeros_count_69};
    wire zeros_count_71 = zeros_count_51 & zeros_count_56;
    wire zeros_count_72 = ~zeros_count_56;
    wire zeros_count_73 = zeros_count_51 & zeros_count_72;
    wire [1:0] zeros_count_74 = zeros_count_51 ? zeros_count_60[1:0] : zeros_count_55[1:0];
    wire [3:0] zeros_count_75 = {zeros_count_71, zeros_count_73, zeros_count_74};
    wire [1:0] zeros_count_76 = zeros_count_61 ? 2'd0 : zeros_count_65[1:0];
    wire [2:0] zeros_count_77 = {zeros_count_61, zeros_count_76};
    wire zeros_count_78 = zeros_count_66 & zeros_count_71;
    wire zeros_count_79 = ~zeros_count_71;
    wire zeros_count_80 = zeros_count_66 & zeros_count_79;
    wire [2:0] zeros_count_81 = zeros_count_66 ? zeros_count_75[2:0] : zeros_count_70[2:0];
    wire [4:0] zeros_count_82 = {zeros_count_78, zeros_count_80, zeros_count_81};
    wire [3:0] zeros_count_83 = zeros_count_82[3:0];
    reg [4:0] exponent_q5;
    reg sign_q5;
    reg [19:0] y_add_2_q5;
    reg [2:0] zeros_count_77_q5;
    reg zeros_count_78_q5;
    reg [3:0] zeros_count_83_q5;
    reg [14:0] small_select_q5;

    always @(posedge clk) begin
        if(ce) begin
            exponent_q5 <= exponent_q4;
            sign_q5 <= sign_q4;
            y_add_2_q5 <= y_add_2;
            zeros_count_77_q5 <= zeros_count_77;
            zeros_count_78_q5 <= zeros_count_78;
            zeros_count_83_q5 <= zeros_count_83;
            small_select_q5 <= small_select_q4;
        end
    end

    // ---- stage 6 of 9
    // unary.py:28: zeros = clz(value, w)
    wire [3:0] zeros_count_84 = zeros_count_78_q5 ? {1'd0, zeros_count_77_q5} : zeros_count_83_q5;
    wire [4:0] zeros_count_85 = {zeros_count_78_q5, zeros_count_84};
    // unary.py:29: return round_pack(sign, exponent - zeros, bits(value << zeros, w - 1, 0), e=e, f=f, w=w)
    wire [5:0] sub_2 = {1'd0, exponent_q5} - {1'd0, zeros_count_85};
    wire [19:0] shl = {y_add_2_q5[18:0], 1'd0};
    wire [19:0] select = zeros_count_84[0] ? shl : y_add_2_q5;
    wire [19:0] shl_2 = {select[17:0], 2'd0};
    wire [19:0] select_2 = zeros_count_84[1] ? shl_2 : select;
    wire [19:0] shl_3 = {select_2[15:0], 4'd0};
    wire [19:0] select_3 = zeros_count_84[2] ? shl_3 : select_2;
    wire [19:0] shl_4 = {select_3[11:0], 8'd0};
    wire [19:0] select_4 = zeros_count_84[3] ? shl_4 : select_3;
    wire [19:0] shl_5 = {select_4[3:0], 16'd0};
    wire [19:0] select_5 = zeros_count_78_q5 ? shl_5 : select_4;
    // floats.py:33: odd = bit(norm, w - 1 - f)
    wire odd = select_5[9];
    // floats.py:34: guard = bit(norm, w - 2 - f)
    wire guard = select_5[8];
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire [7:0] sticky_bits = select_5[7:0];
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field_add = {sub_2, select_5[18:9]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~select_5[19];
    // unary.py:112: return small if exponent < first else cat((sign, 1), (bias << f, e + f)) if exponent >= top else curve
    wire lt = exponent_q5 < 5'd9;
    wire lt_2 = exponent_q5 < 5'd18;
    reg sign_q6;
    reg odd_q6;
    reg guard_q6;
    reg [7:0] sticky_bits_q6;
    reg [15:0] field_add_q6;
    reg zero_eq_q6;
    reg [14:0] small_select_q6;
    reg lt_q6;
    reg lt_2_q6;

    always @(posedge clk) begin
        if(ce) begin
            sign_q6 <= sign_q5;
            odd_q6 <= odd;
            guard_q6 <= guard;
            sticky_bits_q6 <= sticky_bits;
            field_add_q6 <= field_add;
            zero_eq_q6 <= zero_eq;
            small_select_q6 <= small_select_q5;
            lt_q6 <= lt;
            lt_2_q6 <= lt_2;
        end
    end

    // ---- stage 7 of 9
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = sticky_bits_q6 == 8'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = odd_q6 | sticky;
    wire increment = guard_q6 & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [16:0] field = {field_add_q6[15], field_add_q6} + {16'd0, increment};
    reg sign_q7;
    reg [16:0] field_q7;
    reg zero_eq_q7;
    reg [14:0] small_select_q7;
    reg lt_q7;
    reg lt_2_q7;

    always @(posedge clk) begin
        if(ce) begin
            sign_q7 <= sign_q6;
            field_q7 <= field;
            zero_eq_q7 <= zero_eq_q6;
            small_select_q7 <= small_select_q6;
            lt_q7 <= lt_q6;
            lt_2_q7 <= lt_2_q6;
        end
    end

    // ---- stage 8 of 9
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field_q7) < $signed(17'h400);
    wire zero = zero_eq_q7 | zero_lt;
    // floats.py:40: overflow = (not zero) & (field > largest)
    wire overflow_xor = ~zero;
    wire overflow_lt = $signed(17'h7bff) < $signed(field_q7);
    wire overflow = overflow_xor & overflow_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude_select = overflow ? 15'd31743 : field_q7[14:0];
    wire [14:0] magnitude = zero ? 15'd0 : magnitude_select;
    reg sign_q8;
    reg [14:0] magnitude_q8;
    reg [14:0] small_select_q8;
    reg lt_q8;
    reg lt_2_q8;

    always @(posedge clk) begin
        if(ce) begin
            sign_q8 <= sign_q7;
            magnitude_q8 <= magnitude;
            small_select_q8 <= small_select_q7;
            lt_q8 <= lt_q7;
            lt_2_q8 <= lt_2_q7;
        end
    end

    // ---- stage 9 of 9
    // floats.py:42: return cat((sign, 1), (magnitude, e + f)), overflow
    wire [15:0] curve = {sign_q8, magnitude_q8};
    // unary.py:111: small = cat((sign, 1), (bits(a, e + f - 1, 0) if exponent != 0 else 0, e + f))
    wire [15:0] small_2 = {sign_q8, small_select_q8};
    // unary.py:112: return small if exponent < first else cat((sign, 1), (bias << f, e + f)) if exponent >= top else curve
    wire [15:0] cat_2 = {sign_q8, 15'd15360};
    wire [15:0] select_6 = lt_2_q8 ? curve : cat_2;
    wire [15:0] select_7 = lt_q8 ? small_2 : select_6;
    reg [15:0] select_7_q9;

    always @(posedge clk) begin
        if(ce) begin
            select_7_q9 <= select_7;
        end
    end

    // ---- valid
    reg [8:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 9'd0;
        end else if(ce) begin
            valid_q <= {valid_q[7:0], s_valid};
        end
    end

    assign m_valid = valid_q[8];
    // ---- outputs
    assign result = select_7_q9;
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, significand[10], y_mul[6:0], y_mul_2[6:0], zeros_count_45[2], zeros_count_50[2], zeros_count_55[2], zeros_count_60[2], zeros_count_65[2], zeros_count_70[3], zeros_count_75[3], zeros_count_82[4]};
endmodule
`default_nettype wire
