// f16_sigmoid: 1 / (1 + e**-a), within 0.61 ulp; below the smallest normal number it is +0.
// Generated from unary.py:81 float_sigmoid(e=5, f=10); do not edit, run `npusim hls emit f16_sigmoid`.
// Contract: one result a cycle, latency 11 cycles of ce = 1; scheduled for 300 MHz.
// Test: tests/hls/test_rtl.py
`default_nettype none
module f16_sigmoid (
    input wire clk,                      // clock
    input wire rst,                      // synchronous, high; clears valid
    input wire ce,                       // clock enable: 0 holds the whole pipeline
    input wire s_valid,                  // the inputs hold one set of operands
    input wire [15:0] a,                 // u[16]
    output wire m_valid,                 // s_valid, 11 cycles later
    output wire [15:0] result            // u[16]
);

    function [8:0] c2_rom;
        input [6:0] index;
        case(index)
            7'd0: c2_rom = 9'd4;
            7'd1: c2_rom = 9'd24;
            7'd2: c2_rom = 9'd39;
            7'd3: c2_rom = 9'd53;
            7'd4: c2_rom = 9'd65;
            7'd5: c2_rom = 9'd75;
            7'd6: c2_rom = 9'd84;
            7'd7: c2_rom = 9'd90;
            7'd8: c2_rom = 9'd95;
            7'd9: c2_rom = 9'd195;
            7'd10: c2_rom = 9'd197;
            7'd11: c2_rom = 9'd196;
            7'd12: c2_rom = 9'd192;
            7'd13: c2_rom = 9'd186;
            7'd14: c2_rom = 9'd178;
            7'd15: c2_rom = 9'd169;
            7'd16: c2_rom = 9'd317;
            7'd17: c2_rom = 9'd297;
            7'd18: c2_rom = 9'd275;
            7'd19: c2_rom = 9'd254;
            7'd20: c2_rom = 9'd233;
            7'd21: c2_rom = 9'd213;
            7'd22: c2_rom = 9'd388;
            7'd23: c2_rom = 9'd352;
            7'd24: c2_rom = 9'd318;
            7'd25: c2_rom = 9'd287;
            7'd26: c2_rom = 9'd258;
            7'd27: c2_rom = 9'd232;
            7'd28: c2_rom = 9'd415;
            7'd29: c2_rom = 9'd371;
            7'd30: c2_rom = 9'd332;
            7'd31: c2_rom = 9'd296;
            7'd32: c2_rom = 9'd263;
            7'd33: c2_rom = 9'd234;
            7'd34: c2_rom = 9'd416;
            7'd35: c2_rom = 9'd370;
            7'd36: c2_rom = 9'd328;
            7'd37: c2_rom = 9'd291;
            7'd38: c2_rom = 9'd258;
            7'd39: c2_rom = 9'd457;
            7'd40: c2_rom = 9'd405;
            7'd41: c2_rom = 9'd358;
            7'd42: c2_rom = 9'd317;
            7'd43: c2_rom = 9'd280;
            7'd44: c2_rom = 9'd248;
            7'd45: c2_rom = 9'd438;
            7'd46: c2_rom = 9'd387;
            7'd47: c2_rom = 9'd342;
            7'd48: c2_rom = 9'd302;
            7'd49: c2_rom = 9'd267;
            7'd50: c2_rom = 9'd472;
            7'd51: c2_rom = 9'd417;
            7'd52: c2_rom = 9'd368;
            7'd53: c2_rom = 9'd325;
            7'd54: c2_rom = 9'd287;
            7'd55: c2_rom = 9'd254;
            7'd56: c2_rom = 9'd448;
            7'd57: c2_rom = 9'd395;
            7'd58: c2_rom = 9'd349;
            7'd59: c2_rom = 9'd308;
            7'd60: c2_rom = 9'd272;
            7'd61: c2_rom = 9'd480;
            7'd62: c2_rom = 9'd424;
            7'd63: c2_rom = 9'd374;
            7'd64: c2_rom = 9'd330;
            7'd65: c2_rom = 9'd291;
            7'd66: c2_rom = 9'd257;
            7'd67: c2_rom = 9'd454;
            7'd68: c2_rom = 9'd401;
            7'd69: c2_rom = 9'd354;
            7'd70: c2_rom = 9'd312;
            7'd71: c2_rom = 9'd275;
            7'd72: c2_rom = 9'd243;
            7'd73: c2_rom = 9'd429;
            7'd74: c2_rom = 9'd379;
            7'd75: c2_rom = 9'd334;
            7'd76: c2_rom = 9'd295;
            7'd77: c2_rom = 9'd260;
            7'd78: c2_rom = 9'd459;
            7'd79: c2_rom = 9'd405;
            7'd80: c2_rom = 9'd358;
            7'd81: c2_rom = 9'd316;
            7'd82: c2_rom = 9'd279;
            7'd83: c2_rom = 9'd246;
            7'd84: c2_rom = 9'd434;
            7'd85: c2_rom = 9'd383;
            7'd86: c2_rom = 9'd338;
            7'd87: c2_rom = 9'd298;
            7'd88: c2_rom = 9'd263;
            7'd89: c2_rom = 9'd465;
            7'd90: c2_rom = 9'd410;
            7'd91: c2_rom = 9'd362;
            7'd92: c2_rom = 9'd319;
            7'd93: c2_rom = 9'd282;
            7'd94: c2_rom = 9'd249;
            7'd95: c2_rom = 9'd220;
            7'd96: c2_rom = 9'd194;
            7'd97: c2_rom = 9'd171;
            7'd98: c2_rom = 9'd151;
            7'd99: c2_rom = 9'd133;
            7'd100: c2_rom = 9'd117;
            7'd101: c2_rom = 9'd104;
            7'd102: c2_rom = 9'd92;
            7'd103: c2_rom = 9'd81;
            7'd104: c2_rom = 9'd71;
            7'd105: c2_rom = 9'd63;
            7'd106: c2_rom = 9'd56;
            7'd107: c2_rom = 9'd49;
            7'd108: c2_rom = 9'd43;
            7'd109: c2_rom = 9'd38;
            7'd110: c2_rom = 9'd34;
            7'd111: c2_rom = 9'd30;
            7'd112: c2_rom = 9'd26;
            7'd113: c2_rom = 9'd23;
            7'd114: c2_rom = 9'd20;
            7'd115: c2_rom = 9'd18;
            7'd116: c2_rom = 9'd16;
            7'd117: c2_rom = 9'd14;
            7'd118: c2_rom = 9'd12;
            7'd119: c2_rom = 9'd11;
            7'd120: c2_rom = 9'd10;
            7'd121: c2_rom = 9'd9;
            7'd122: c2_rom = 9'd8;
            7'd123: c2_rom = 9'd7;
            7'd124: c2_rom = 9'd6;
            7'd125: c2_rom = 9'd5;
            7'd126: c2_rom = 9'd5;
            7'd127: c2_rom = 9'd4;
            default: c2_rom = 9'd0;
        endcase
    endfunction

    function [4:0] n_rom;
        input [6:0] index;
        case(index)
            7'd0: n_rom = 5'd0;
            7'd1: n_rom = 5'd1;
            7'd2: n_rom = 5'd1;
            7'd3: n_rom = 5'd1;
            7'd4: n_rom = 5'd1;
            7'd5: n_rom = 5'd1;
            7'd6: n_rom = 5'd1;
            7'd7: n_rom = 5'd1;
            7'd8: n_rom = 5'd1;
            7'd9: n_rom = 5'd2;
            7'd10: n_rom = 5'd2;
            7'd11: n_rom = 5'd2;
            7'd12: n_rom = 5'd2;
            7'd13: n_rom = 5'd2;
            7'd14: n_rom = 5'd2;
            7'd15: n_rom = 5'd2;
            7'd16: n_rom = 5'd3;
            7'd17: n_rom = 5'd3;
            7'd18: n_rom = 5'd3;
            7'd19: n_rom = 5'd3;
            7'd20: n_rom = 5'd3;
            7'd21: n_rom = 5'd3;
            7'd22: n_rom = 5'd4;
            7'd23: n_rom = 5'd4;
            7'd24: n_rom = 5'd4;
            7'd25: n_rom = 5'd4;
            7'd26: n_rom = 5'd4;
            7'd27: n_rom = 5'd4;
            7'd28: n_rom = 5'd5;
            7'd29: n_rom = 5'd5;
            7'd30: n_rom = 5'd5;
            7'd31: n_rom = 5'd5;
            7'd32: n_rom = 5'd5;
            7'd33: n_rom = 5'd5;
            7'd34: n_rom = 5'd6;
            7'd35: n_rom = 5'd6;
            7'd36: n_rom = 5'd6;
            7'd37: n_rom = 5'd6;
            7'd38: n_rom = 5'd6;
            7'd39: n_rom = 5'd7;
            7'd40: n_rom = 5'd7;
            7'd41: n_rom = 5'd7;
            7'd42: n_rom = 5'd7;
            7'd43: n_rom = 5'd7;
            7'd44: n_rom = 5'd7;
            7'd45: n_rom = 5'd8;
            7'd46: n_rom = 5'd8;
            7'd47: n_rom = 5'd8;
            7'd48: n_rom = 5'd8;
            7'd49: n_rom = 5'd8;
            7'd50: n_rom = 5'd9;
            7'd51: n_rom = 5'd9;
            7'd52: n_rom = 5'd9;
            7'd53: n_rom = 5'd9;
            7'd54: n_rom = 5'd9;
            7'd55: n_rom = 5'd9;
            7'd56: n_rom = 5'd10;
            7'd57: n_rom = 5'd10;
            7'd58: n_rom = 5'd10;
            7'd59: n_rom = 5'd10;
            7'd60: n_rom = 5'd10;
            7'd61: n_rom = 5'd11;
            7'd62: n_rom = 5'd11;
            7'd63: n_rom = 5'd11;
            7'd64: n_rom = 5'd11;
            7'd65: n_rom = 5'd11;
            7'd66: n_rom = 5'd11;
            7'd67: n_rom = 5'd12;
            7'd68: n_rom = 5'd12;
            7'd69: n_rom = 5'd12;
            7'd70: n_rom = 5'd12;
            7'd71: n_rom = 5'd12;
            7'd72: n_rom = 5'd12;
            7'd73: n_rom = 5'd13;
            7'd74: n_rom = 5'd13;
            7'd75: n_rom = 5'd13;
            7'd76: n_rom = 5'd13;
            7'd77: n_rom = 5'd13;
            7'd78: n_rom = 5'd14;
            7'd79: n_rom = 5'd14;
            7'd80: n_rom = 5'd14;
            7'd81: n_rom = 5'd14;
            7'd82: n_rom = 5'd14;
            7'd83: n_rom = 5'd14;
            7'd84: n_rom = 5'd15;
            7'd85: n_rom = 5'd15;
            7'd86: n_rom = 5'd15;
            7'd87: n_rom = 5'd15;
            7'd88: n_rom = 5'd15;
            7'd89: n_rom = 5'd16;
            7'd90: n_rom = 5'd16;
            7'd91: n_rom = 5'd16;
            7'd92: n_rom = 5'd16;
            7'd93: n_rom = 5'd16;
            7'd94: n_rom = 5'd16;
            7'd95: n_rom = 5'd16;
            7'd96: n_rom = 5'd16;
            7'd97: n_rom = 5'd16;
            7'd98: n_rom = 5'd16;
            7'd99: n_rom = 5'd16;
            7'd100: n_rom = 5'd16;
            7'd101: n_rom = 5'd16;
            7'd102: n_rom = 5'd16;
            7'd103: n_rom = 5'd16;
            7'd104: n_rom = 5'd16;
            7'd105: n_rom = 5'd16;
            7'd106: n_rom = 5'd16;
            7'd107: n_rom = 5'd16;
            7'd108: n_rom = 5'd16;
            7'd109: n_rom = 5'd16;
            7'd110: n_rom = 5'd16;
            7'd111: n_rom = 5'd16;
            7'd112: n_rom = 5'd16;
            7'd113: n_rom = 5'd16;
            7'd114: n_rom = 5'd16;
            7'd115: n_rom = 5'd16;
            7'd116: n_rom = 5'd16;
            7'd117: n_rom = 5'd16;
            7'd118: n_rom = 5'd16;
            7'd119: n_rom = 5'd16;
            7'd120: n_rom = 5'd16;
            7'd121: n_rom = 5'd16;
            7'd122: n_rom = 5'd16;
            7'd123: n_rom = 5'd16;
            7'd124: n_rom = 5'd16;
            7'd125: n_rom = 5'd16;
            7'd126: n_rom = 5'd16;
            7'd127: n_rom = 5'd16;
            default: n_rom = 5'd0;
        endcase
    endfunction

    function [13:0] c1_rom;
        input [6:0] index;
        case(index)
            7'd0: c1_rom = 14'd14335;
            7'd1: c1_rom = 14'd12301;
            7'd2: c1_rom = 14'd12349;
            7'd3: c1_rom = 14'd12426;
            7'd4: c1_rom = 14'd12532;
            7'd5: c1_rom = 14'd12661;
            7'd6: c1_rom = 14'd12813;
            7'd7: c1_rom = 14'd12981;
            7'd8: c1_rom = 14'd13162;
            7'd9: c1_rom = 14'd10321;
            7'd10: c1_rom = 14'd10712;
            7'd11: c1_rom = 14'd11106;
            7'd12: c1_rom = 14'd11498;
            7'd13: c1_rom = 14'd11881;
            7'd14: c1_rom = 14'd12253;
            7'd15: c1_rom = 14'd12608;
            7'd16: c1_rom = 14'd9507;
            7'd17: c1_rom = 14'd10142;
            7'd18: c1_rom = 14'd10735;
            7'd19: c1_rom = 14'd11286;
            7'd20: c1_rom = 14'd11794;
            7'd21: c1_rom = 14'd12260;
            7'd22: c1_rom = 14'd8989;
            7'd23: c1_rom = 14'd9765;
            7'd24: c1_rom = 14'd10469;
            7'd25: c1_rom = 14'd11105;
            7'd26: c1_rom = 14'd11679;
            7'd27: c1_rom = 14'd12196;
            7'd28: c1_rom = 14'd8934;
            7'd29: c1_rom = 14'd9764;
            7'd30: c1_rom = 14'd10506;
            7'd31: c1_rom = 14'd11169;
            7'd32: c1_rom = 14'd11760;
            7'd33: c1_rom = 14'd12286;
            7'd34: c1_rom = 14'd9124;
            7'd35: c1_rom = 14'd9956;
            7'd36: c1_rom = 14'd10694;
            7'd37: c1_rom = 14'd11350;
            7'd38: c1_rom = 14'd11931;
            7'd39: c1_rom = 14'd8509;
            7'd40: c1_rom = 14'd9422;
            7'd41: c1_rom = 14'd10231;
            7'd42: c1_rom = 14'd10946;
            7'd43: c1_rom = 14'd11579;
            7'd44: c1_rom = 14'd12139;
            7'd45: c1_rom = 14'd8885;
            7'd46: c1_rom = 14'd9761;
            7'd47: c1_rom = 14'd10535;
            7'd48: c1_rom = 14'd11218;
            7'd49: c1_rom = 14'd11823;
            7'd50: c1_rom = 14'd8329;
            7'd51: c1_rom = 14'd9273;
            7'd52: c1_rom = 14'd10106;
            7'd53: c1_rom = 14'd10842;
            7'd54: c1_rom = 14'd11491;
            7'd55: c1_rom = 14'd12065;
            7'd56: c1_rom = 14'd8759;
            7'd57: c1_rom = 14'd9654;
            7'd58: c1_rom = 14'd10443;
            7'd59: c1_rom = 14'd11141;
            7'd60: c1_rom = 14'd11756;
            7'd61: c1_rom = 14'd8215;
            7'd62: c1_rom = 14'd9174;
            7'd63: c1_rom = 14'd10020;
            7'd64: c1_rom = 14'd10768;
            7'd65: c1_rom = 14'd11427;
            7'd66: c1_rom = 14'd12009;
            7'd67: c1_rom = 14'd8662;
            7'd68: c1_rom = 14'd9569;
            7'd69: c1_rom = 14'd10370;
            7'd70: c1_rom = 14'd11076;
            7'd71: c1_rom = 14'd11700;
            7'd72: c1_rom = 14'd12250;
            7'd73: c1_rom = 14'd9087;
            7'd74: c1_rom = 14'd9944;
            7'd75: c1_rom = 14'd10701;
            7'd76: c1_rom = 14'd11369;
            7'd77: c1_rom = 14'd11958;
            7'd78: c1_rom = 14'd8572;
            7'd79: c1_rom = 14'd9490;
            7'd80: c1_rom = 14'd10300;
            7'd81: c1_rom = 14'd11014;
            7'd82: c1_rom = 14'd11645;
            7'd83: c1_rom = 14'd12202;
            7'd84: c1_rom = 14'd9003;
            7'd85: c1_rom = 14'd9870;
            7'd86: c1_rom = 14'd10636;
            7'd87: c1_rom = 14'd11311;
            7'd88: c1_rom = 14'd11907;
            7'd89: c1_rom = 14'd8482;
            7'd90: c1_rom = 14'd9411;
            7'd91: c1_rom = 14'd10230;
            7'd92: c1_rom = 14'd10953;
            7'd93: c1_rom = 14'd11591;
            7'd94: c1_rom = 14'd12154;
            7'd95: c1_rom = 14'd12651;
            7'd96: c1_rom = 14'd13090;
            7'd97: c1_rom = 14'd13477;
            7'd98: c1_rom = 14'd13819;
            7'd99: c1_rom = 14'd14120;
            7'd100: c1_rom = 14'd14386;
            7'd101: c1_rom = 14'd14621;
            7'd102: c1_rom = 14'd14828;
            7'd103: c1_rom = 14'd15011;
            7'd104: c1_rom = 14'd15172;
            7'd105: c1_rom = 14'd15315;
            7'd106: c1_rom = 14'd15440;
            7'd107: c1_rom = 14'd15551;
            7'd108: c1_rom = 14'd15649;
            7'd109: c1_rom = 14'd15735;
            7'd110: c1_rom = 14'd15812;
            7'd111: c1_rom = 14'd15879;
            7'd112: c1_rom = 14'd15938;
            7'd113: c1_rom = 14'd15991;
            7'd114: c1_rom = 14'd16037;
            7'd115: c1_rom = 14'd16078;
            7'd116: c1_rom = 14'd16114;
            7'd117: c1_rom = 14'd16145;
            7'd118: c1_rom = 14'd16173;
            7'd119: c1_rom = 14'd16198;
            7'd120: c1_rom = 14'd16220;
            7'd121: c1_rom = 14'd16239;
            7'd122: c1_rom = 14'd16256;
            7'd123: c1_rom = 14'd16271;
            7'd124: c1_rom = 14'd16285;
            7'd125: c1_rom = 14'd16296;
            7'd126: c1_rom = 14'd16307;
            7'd127: c1_rom = 14'd16316;
            default: c1_rom = 14'd0;
        endcase
    endfunction

    function [15:0] c0_rom;
        input [6:0] index;
        case(index)
            7'd0: c0_rom = 16'd32768;
            7'd1: c0_rom = 16'd61445;
            7'd2: c0_rom = 16'd57387;
            7'd3: c0_rom = 16'd53390;
            7'd4: c0_rom = 16'd49485;
            7'd5: c0_rom = 16'd45698;
            7'd6: c0_rom = 16'd42051;
            7'd7: c0_rom = 16'd38563;
            7'd8: c0_rom = 16'd35251;
            7'd9: c0_rom = 16'd64248;
            7'd10: c0_rom = 16'd58380;
            7'd11: c0_rom = 16'd52904;
            7'd12: c0_rom = 16'd47822;
            7'd13: c0_rom = 16'd43127;
            7'd14: c0_rom = 16'd38810;
            7'd15: c0_rom = 16'd34856;
            7'd16: c0_rom = 16'd62496;
            7'd17: c0_rom = 16'd55936;
            7'd18: c0_rom = 16'd49990;
            7'd19: c0_rom = 16'd44616;
            7'd20: c0_rom = 16'd39771;
            7'd21: c0_rom = 16'd35414;
            7'd22: c0_rom = 16'd63005;
            7'd23: c0_rom = 16'd55997;
            7'd24: c0_rom = 16'd49729;
            7'd25: c0_rom = 16'd44132;
            7'd26: c0_rom = 16'd39140;
            7'd27: c0_rom = 16'd34693;
            7'd28: c0_rom = 16'd61472;
            7'd29: c0_rom = 16'd54436;
            7'd30: c0_rom = 16'd48187;
            7'd31: c0_rom = 16'd42640;
            7'd32: c0_rom = 16'd37719;
            7'd33: c0_rom = 16'd33358;
            7'd34: c0_rom = 16'd58987;
            7'd35: c0_rom = 16'd52142;
            7'd36: c0_rom = 16'd46082;
            7'd37: c0_rom = 16'd40720;
            7'd38: c0_rom = 16'd35976;
            7'd39: c0_rom = 16'd63562;
            7'd40: c0_rom = 16'd56143;
            7'd41: c0_rom = 16'd49585;
            7'd42: c0_rom = 16'd43789;
            7'd43: c0_rom = 16'd38668;
            7'd44: c0_rom = 16'd34142;
            7'd45: c0_rom = 16'd60290;
            7'd46: c0_rom = 16'd53228;
            7'd47: c0_rom = 16'd46991;
            7'd48: c0_rom = 16'd41483;
            7'd49: c0_rom = 16'd36620;
            7'd50: c0_rom = 16'd64650;
            7'd51: c0_rom = 16'd57066;
            7'd52: c0_rom = 16'd50371;
            7'd53: c0_rom = 16'd44460;
            7'd54: c0_rom = 16'd39242;
            7'd55: c0_rom = 16'd34636;
            7'd56: c0_rom = 16'd61139;
            7'd57: c0_rom = 16'd53961;
            7'd58: c0_rom = 16'd47625;
            7'd59: c0_rom = 16'd42032;
            7'd60: c0_rom = 16'd37096;
            7'd61: c0_rom = 16'd65478;
            7'd62: c0_rom = 16'd57788;
            7'd63: c0_rom = 16'd51000;
            7'd64: c0_rom = 16'd45009;
            7'd65: c0_rom = 16'd39722;
            7'd66: c0_rom = 16'd35056;
            7'd67: c0_rom = 16'd61876;
            7'd68: c0_rom = 16'd54606;
            7'd69: c0_rom = 16'd48191;
            7'd70: c0_rom = 16'd42529;
            7'd71: c0_rom = 16'd37533;
            7'd72: c0_rom = 16'd33123;
            7'd73: c0_rom = 16'd58463;
            7'd74: c0_rom = 16'd51594;
            7'd75: c0_rom = 16'd45532;
            7'd76: c0_rom = 16'd40182;
            7'd77: c0_rom = 16'd35461;
            7'd78: c0_rom = 16'd62589;
            7'd79: c0_rom = 16'd55235;
            7'd80: c0_rom = 16'd48745;
            7'd81: c0_rom = 16'd43018;
            7'd82: c0_rom = 16'd37963;
            7'd83: c0_rom = 16'd33502;
            7'd84: c0_rom = 16'd59132;
            7'd85: c0_rom = 16'd52184;
            7'd86: c0_rom = 16'd46052;
            7'd87: c0_rom = 16'd40641;
            7'd88: c0_rom = 16'd35866;
            7'd89: c0_rom = 16'd63303;
            7'd90: c0_rom = 16'd55865;
            7'd91: c0_rom = 16'd49300;
            7'd92: c0_rom = 16'd43508;
            7'd93: c0_rom = 16'd38395;
            7'd94: c0_rom = 16'd33884;
            7'd95: c0_rom = 16'd29902;
            7'd96: c0_rom = 16'd26389;
            7'd97: c0_rom = 16'd23288;
            7'd98: c0_rom = 16'd20552;
            7'd99: c0_rom = 16'd18137;
            7'd100: c0_rom = 16'd16006;
            7'd101: c0_rom = 16'd14125;
            7'd102: c0_rom = 16'd12465;
            7'd103: c0_rom = 16'd11001;
            7'd104: c0_rom = 16'd9708;
            7'd105: c0_rom = 16'd8567;
            7'd106: c0_rom = 16'd7561;
            7'd107: c0_rom = 16'd6672;
            7'd108: c0_rom = 16'd5888;
            7'd109: c0_rom = 16'd5196;
            7'd110: c0_rom = 16'd4586;
            7'd111: c0_rom = 16'd4047;
            7'd112: c0_rom = 16'd3571;
            7'd113: c0_rom = 16'd3152;
            7'd114: c0_rom = 16'd2781;
            7'd115: c0_rom = 16'd2455;
            7'd116: c0_rom = 16'd2166;
            7'd117: c0_rom = 16'd1912;
            7'd118: c0_rom = 16'd1687;
            7'd119: c0_rom = 16'd1489;
            7'd120: c0_rom = 16'd1314;
            7'd121: c0_rom = 16'd1159;
            7'd122: c0_rom = 16'd1023;
            7'd123: c0_rom = 16'd903;
            7'd124: c0_rom = 16'd797;
            7'd125: c0_rom = 16'd703;
            7'd126: c0_rom = 16'd621;
            7'd127: c0_rom = 16'd548;
            default: c0_rom = 16'd0;
        endcase
    endfunction

    // ---- stage 1 of 11
    // floats.py:22: significand = 0 if exponent == 0 else (1 << f) | bits(a, f - 1, 0)
    wire significand_eq = a[14:10] == 5'd0;
    wire [10:0] significand_or = {1'd0, a[9:0]} | 11'd1024;
    wire [10:0] significand = significand_eq ? 11'd0 : significand_or;
    // floats.py:23: return bit(a, e + f), exponent, significand
    wire sign = a[15];
    // unary.py:89: distance = min(bits(top - exponent, e - 1, 0), q + e)
    wire [4:0] distance_sub = 5'd19 - a[14:10];
    wire distance_less = distance_sub < 5'd19;
    wire [4:0] distance_less_2 = distance_less ? distance_sub : 5'd19;
    // unary.py:90: fixed = bits((significand << (q - f + e - 1)) >> distance, q + e - 2, 0)
    wire [18:0] fixed_shl = {significand, 8'd0};
    wire [18:0] fixed_shr_shift = distance_less_2[4] ? {16'd0, significand[10:8]} : fixed_shl;
    wire [18:0] fixed_shr_shift_2 = distance_less_2[3] ? {8'd0, fixed_shr_shift[18:8]} : fixed_shr_shift;
    wire fixed_shr_shift_3 = distance_less_2[2];
    wire fixed_shr_shift_5 = distance_less_2[1];
    wire fixed_shr_shift_7 = distance_less_2[0];
    // unary.py:95: return (0 if sign else bias << f) if exponent >= top else result
    wire lt = a[14:10] < 5'd19;
    reg sign_q1;
    reg [18:0] fixed_shr_shift_2_q1;
    reg fixed_shr_shift_3_q1;
    reg fixed_shr_shift_5_q1;
    reg fixed_shr_shift_7_q1;
    reg lt_q1;

    always @(posedge clk) begin
        if(ce) begin
            sign_q1 <= sign;
            fixed_shr_shift_2_q1 <= fixed_shr_shift_2;
            fixed_shr_shift_3_q1 <= fixed_shr_shift_3;
            fixed_shr_shift_5_q1 <= fixed_shr_shift_5;
            fixed_shr_shift_7_q1 <= fixed_shr_shift_7;
            lt_q1 <= lt;
        end
    end

    // ---- stage 2 of 11
    // unary.py:90: fixed = bits((significand << (q - f + e - 1)) >> distance, q + e - 2, 0)
    wire [18:0] fixed_shr_shift_4 = fixed_shr_shift_3_q1 ? {4'd0, fixed_shr_shift_2_q1[18:4]} : fixed_shr_shift_2_q1;
    wire [18:0] fixed_shr_shift_6 = fixed_shr_shift_5_q1 ? {2'd0, fixed_shr_shift_4[18:2]} : fixed_shr_shift_4;
    wire [18:0] fixed_shr = fixed_shr_shift_7_q1 ? {1'd0, fixed_shr_shift_6[18:1]} : fixed_shr_shift_6;
    // unary.py:91: c0, c1, c2, n = sigmoid_rows(k, 1 << (k + e - 1), p)[fixed >> (q - k)]
    wire [6:0] bits = fixed_shr[17:11];
    wire [8:0] c2 = c2_rom(bits);
    wire [4:0] n = n_rom(bits);
    // unary.py:92: y = bits(evaluate(c0, c1, c2, bits(fixed, q - k - 1, 0), n=q - k), p, 0)
    wire [10:0] y_bits = fixed_shr[10:0];
    // unary.py:93: value = y if sign else bits((1 << p) - (y >> n), p, 0)
    wire value_shr_shift_2 = n[4];
    wire value_shr_shift_4 = n[3];
    wire value_shr_shift_6 = n[2];
    wire value_shr_shift_8 = n[1];
    wire value_shr_shift_10 = n[0];
    // unary.py:94: result, _ = normalize(0, bias - n if sign else bias, value, e=e, f=f, w=p + 1)
    wire [4:0] sub = 5'd15 - n;
    reg sign_q2;
    reg [6:0] bits_q2;
    reg [8:0] c2_q2;
    reg [10:0] y_bits_q2;
    reg value_shr_shift_2_q2;
    reg value_shr_shift_4_q2;
    reg value_shr_shift_6_q2;
    reg value_shr_shift_8_q2;
    reg value_shr_shift_10_q2;
    reg [4:0] sub_q2;
    reg lt_q2;

    always @(posedge clk) begin
        if(ce) begin
            sign_q2 <= sign_q1;
            bits_q2 <= bits;
            c2_q2 <= c2;
            y_bits_q2 <= y_bits;
            value_shr_shift_2_q2 <= value_shr_shift_2;
            value_shr_shift_4_q2 <= value_shr_shift_4;
            value_shr_shift_6_q2 <= value_shr_shift_6;
            value_shr_shift_8_q2 <= value_shr_shift_8;
            value_shr_shift_10_q2 <= value_shr_shift_10;
            sub_q2 <= sub;
            lt_q2 <= lt_q1;
        end
    end

    // ---- stage 3 of 11
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [19:0] y_mul = {11'd0, c2_q2} * {9'd0, y_bits_q2};
    wire [8:0] y_shr = y_mul[19:11];
    // unary.py:94: result, _ = normalize(0, bias - n if sign else bias, value, e=e, f=f, w=p + 1)
    wire [4:0] select = sign_q2 ? sub_q2 : 5'd15;
    reg sign_q3;
    reg [6:0] bits_q3;
    reg [10:0] y_bits_q3;
    reg [8:0] y_shr_q3;
    reg value_shr_shift_2_q3;
    reg value_shr_shift_4_q3;
    reg value_shr_shift_6_q3;
    reg value_shr_shift_8_q3;
    reg value_shr_shift_10_q3;
    reg [4:0] select_q3;
    reg lt_q3;

    always @(posedge clk) begin
        if(ce) begin
            sign_q3 <= sign_q2;
            bits_q3 <= bits_q2;
            y_bits_q3 <= y_bits_q2;
            y_shr_q3 <= y_shr;
            value_shr_shift_2_q3 <= value_shr_shift_2_q2;
            value_shr_shift_4_q3 <= value_shr_shift_4_q2;
            value_shr_shift_6_q3 <= value_shr_shift_6_q2;
            value_shr_shift_8_q3 <= value_shr_shift_8_q2;
            value_shr_shift_10_q3 <= value_shr_shift_10_q2;
            select_q3 <= select;
            lt_q3 <= lt_q2;
        end
    end

    // ---- stage 4 of 11
    // unary.py:91: c0, c1, c2, n = sigmoid_rows(k, 1 << (k + e - 1), p)[fixed >> (q - k)]
    wire [13:0] c1 = c1_rom(bits_q3);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [13:0] y_add = c1 + {5'd0, y_shr_q3};
    reg sign_q4;
    reg [6:0] bits_q4;
    reg [10:0] y_bits_q4;
    reg [13:0] y_add_q4;
    reg value_shr_shift_2_q4;
    reg value_shr_shift_4_q4;
    reg value_shr_shift_6_q4;
    reg value_shr_shift_8_q4;
    reg value_shr_shift_10_q4;
    reg [4:0] select_q4;
    reg lt_q4;

    always @(posedge clk) begin
        if(ce) begin
            sign_q4 <= sign_q3;
            bits_q4 <= bits_q3;
            y_bits_q4 <= y_bits_q3;
            y_add_q4 <= y_add;
            value_shr_shift_2_q4 <= value_shr_shift_2_q3;
            value_shr_shift_4_q4 <= value_shr_shift_4_q3;
            value_shr_shift_6_q4 <= value_shr_shift_6_q3;
            value_shr_shift_8_q4 <= value_shr_shift_8_q3;
            value_shr_shift_10_q4 <= value_shr_shift_10_q3;
            select_q4 <= select_q3;
            lt_q4 <= lt_q3;
        end
    end

    // ---- stage 5 of 11
    // unary.py:91: c0, c1, c2, n = sigmoid_rows(k, 1 << (k + e - 1), p)[fixed >> (q - k)]
    wire [15:0] c0 = c0_rom(bits_q4);
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [24:0] y_mul_2 = $signed({{11{y_add_q4[13]}}, y_add_q4}) * $signed({14'd0, y_bits_q4});
    wire [13:0] y_shr_2 = y_mul_2[24:11];
    reg sign_q5;
    reg [15:0] c0_q5;
    reg [13:0] y_shr_2_q5;
    reg value_shr_shift_2_q5;
    reg value_shr_shift_4_q5;
    reg value_shr_shift_6_q5;
    reg value_shr_shift_8_q5;
    reg value_shr_shift_10_q5;
    reg [4:0] select_q5;
    reg lt_q5;

    always @(posedge clk) begin
        if(ce) begin
            sign_q5 <= sign_q4;
            c0_q5 <= c0;
            y_shr_2_q5 <= y_shr_2;
            value_shr_shift_2_q5 <= value_shr_shift_2_q4;
            value_shr_shift_4_q5 <= value_shr_shift_4_q4;
            value_shr_shift_6_q5 <= value_shr_shift_6_q4;
            value_shr_shift_8_q5 <= value_shr_shift_8_q4;
            value_shr_shift_10_q5 <= value_shr_shift_10_q4;
            select_q5 <= select_q4;
            lt_q5 <= lt_q4;
        end
    end

    // ---- stage 6 of 11
    // unary.py:22: return c0 + ((c1 + ((c2 * t) >> n)) * t >> n)
    wire [16:0] y_add_2 = {1'd0, c0_q5} + {{3{y_shr_2_q5[13]}}, y_shr_2_q5};
    // unary.py:93: value = y if sign else bits((1 << p) - (y >> n), p, 0)
    wire value_shr_shift = y_add_2[16];
    wire [16:0] value_shr_shift_3 = value_shr_shift_2_q5 ? {16'd0, value_shr_shift} : y_add_2;
    wire [16:0] value_shr_shift_5 = value_shr_shift_4_q5 ? {8'd0, value_shr_shift_3[16:8]} : value_shr_shift_3;
    wire [16:0] value_shr_shift_7 = value_shr_shift_6_q5 ? {4'd0, value_shr_shift_5[16:4]} : value_shr_shift_5;
    wire [16:0] value_shr_shift_9 = value_shr_shift_8_q5 ? {2'd0, value_shr_shift_7[16:2]} : value_shr_shift_7;
    reg sign_q6;
    reg [16:0] y_add_2_q6;
    reg [16:0] value_shr_shift_9_q6;
    reg value_shr_shift_10_q6;
    reg [4:0] select_q6;
    reg lt_q6;

    always @(posedge clk) begin
        if(ce) begin
            sign_q6 <= sign_q5;
            y_add_2_q6 <= y_add_2;
            value_shr_shift_9_q6 <= value_shr_shift_9;
            value_shr_shift_10_q6 <= value_shr_shift_10_q5;
            select_q6 <= select_q5;
            lt_q6 <= lt_q5;
        end
    end

    // ---- stage 7 of 11
    // unary.py:93: value = y if sign else bits((1 << p) - (y >> n), p, 0)
    wire [16:0] value_shr = value_shr_shift_10_q6 ? {1'd0, value_shr_shift_9_q6[16:1]} : value_shr_shift_9_q6;
    wire [16:0] value_sub = 17'h10000 - value_shr;
    wire [16:0] value = sign_q6 ? y_add_2_q6 : value_sub;
    // unary.py:28: zeros = clz(value, w)
    wire zeros_count = ~value[16];
    wire zeros_count_2 = ~value[15];
    wire zeros_count_3 = ~value[14];
    wire zeros_count_4 = ~value[13];
    wire zeros_count_5 = ~value[12];
    wire zeros_count_6 = ~value[11];
    wire zeros_count_7 = ~value[10];
    wire zeros_count_8 = ~value[9];
    wire zeros_count_9 = ~value[8];
    wire zeros_count_10 = ~value[7];
    wire zeros_count_11 = ~value[6];
    wire zeros_count_12 = ~value[5];
    wire zeros_count_13 = ~value[4];
    wire zeros_count_14 = ~value[3];
    wire zeros_count_15 = ~value[2];
    wire zeros_count_16 = ~value[1];
    wire zeros_count_17 = ~value[0];
    wire zeros_count_18 = zeros_count & zeros_count_2;
    wire zeros_count_19 = zeros_count & value[15];
    wire zeros_count_20 = zeros_count_3 & zeros_count_4;
    wire zeros_count_21 = zeros_count_3 & value[13];
    wire zeros_count_22 = zeros_count_5 & zeros_count_6;
    wire zeros_count_23 = zeros_count_5 & value[11];
    wire zeros_count_24 = zeros_count_7 & zeros_count_8;
    wire zeros_count_25 = zeros_count_7 & value[9];
    wire zeros_count_26 = zeros_count_9 & zeros_count_10;
    wire zeros_count_27 = zeros_count_9 & value[7];
    wire zeros_count_28 = zeros_count_11 & zeros_count_12;
    wire zeros_count_29 = zeros_count_11 & value[5];
    wire zeros_count_30 = zeros_count_13 & zeros_count_14;
    wire zeros_count_31 = zeros_count_13 & value[3];
    wire zeros_count_32 = zeros_count_15 & zeros_count_16;
    wire zeros_count_33 = zeros_count_15 & value[1];
    wire zeros_count_34 = zeros_count_18 & zeros_count_20;
    wire zeros_count_35 = ~zeros_count_20;
    wire zeros_count_36 = zeros_count_18 & zeros_count_35;
    wire zeros_count_37 = zeros_count_18 ? zeros_count_21 : zeros_count_19;
    wire [2:0] zeros_count_38 = {zeros_count_34, zeros_count_36, zeros_count_37};
    wire zeros_count_39 = zeros_count_22 & zeros_count_24;
    wire zeros_count_40 = ~zeros_count_24;
    wire zeros_count_41 = zeros_count_22 & zeros_count_40;
    wire zeros_count_42 = zeros_count_22 ? zeros_count_25 : zeros_count_23;
    wire [2:0] zeros_count_43 = {zeros_count_39, zeros_count_41, zeros_count_42};
    wire zeros_count_44 = zeros_count_26 & zeros_count_28;
    wire zeros_count_45 = ~zeros_count_28;
    wire zeros_count_46 = zeros_count_26 & zeros_count_45;
    wire zeros_count_47 = zeros_count_26 ? zeros_count_29 : zeros_count_27;
    wire [2:0] zeros_count_48 = {zeros_count_44, zeros_count_46, zeros_count_47};
    wire zeros_count_49 = zeros_count_30 & zeros_count_32;
    wire zeros_count_50 = ~zeros_count_32;
    wire zeros_count_51 = zeros_count_30 & zeros_count_50;
    wire zeros_count_52 = zeros_count_30 ? zeros_count_33 : zeros_count_31;
    wire [2:0] zeros_count_53 = {zeros_count_49, zeros_count_51, zeros_count_52};
    wire [1:0] zeros_count_57 = zeros_count_43[1:0];
    wire [1:0] zeros_count_58 = zeros_count_38[1:0];
    wire [1:0] zeros_count_64 = zeros_count_53[1:0];
    wire [1:0] zeros_count_65 = zeros_count_48[1:0];
    reg sign_q7;
    reg [16:0] value_q7;
    reg [4:0] select_q7;
    reg zeros_count_17_q7;
    reg zeros_count_34_q7;
    reg zeros_count_39_q7;
    reg zeros_count_44_q7;
    reg zeros_count_49_q7;
    reg [1:0] zeros_count_57_q7;
    reg [1:0] zeros_count_58_q7;
    reg [1:0] zeros_count_64_q7;
    reg [1:0] zeros_count_65_q7;
    reg lt_q7;

    always @(posedge clk) begin
        if(ce) begin
            sign_q7 <= sign_q6;
            value_q7 <= value;
            select_q7 <= select_q6;
            zeros_count_17_q7 <= zeros_count_17;
            zeros_count_34_q7 <= zeros_count_34;
            zeros_count_39_q7 <= zeros_count_39;
            zeros_count_44_q7 <= zeros_count_44;
            zeros_count_49_q7 <= zeros_count_49;
            zeros_count_57_q7 <= zeros_count_57;
            zeros_count_58_q7 <= zeros_count_58;
            zeros_count_64_q7 <= zeros_count_64;
            zeros_count_65_q7 <= zeros_count_65;
            lt_q7 <= lt_q6;
        end
    end

    // ---- stage 8 of 11
    // unary.py:28: zeros = clz(value, w)
    wire zeros_count_54 = zeros_count_34_q7 & zeros_count_39_q7;
    wire zeros_count_55 = ~zeros_count_39_q7;
    wire zeros_count_56 = zeros_count_34_q7 & zeros_count_55;
    wire [1:0] zeros_count_59 = zeros_count_34_q7 ? zeros_count_57_q7 : zeros_count_58_q7;
    wire [3:0] zeros_count_60 = {zeros_count_54, zeros_count_56, zeros_count_59};
    wire zeros_count_61 = zeros_count_44_q7 & zeros_count_49_q7;
    wire zeros_count_62 = ~zeros_count_49_q7;
    wire zeros_count_63 = zeros_count_44_q7 & zeros_count_62;
    wire [1:0] zeros_count_66 = zeros_count_44_q7 ? zeros_count_64_q7 : zeros_count_65_q7;
    wire [3:0] zeros_count_67 = {zeros_count_61, zeros_count_63, zeros_count_66};
    wire zeros_count_68 = zeros_count_54 & zeros_count_61;
    wire zeros_count_69 = ~zeros_count_61;
    wire zeros_count_70 = zeros_count_54 & zeros_count_69;
    wire [2:0] zeros_count_71 = zeros_count_54 ? zeros_count_67[2:0] : zeros_count_60[2:0];
    wire [4:0] zeros_count_72 = {zeros_count_68, zeros_count_70, zeros_count_71};
    wire [3:0] zeros_count_73 = zeros_count_68 ? {3'd0, zeros_count_17_q7} : zeros_count_72[3:0];
    wire [4:0] zeros_count_74 = {zeros_count_68, zeros_count_73};
    // unary.py:29: return round_pack(sign, exponent - zeros, bits(value << zeros, w - 1, 0), e=e, f=f, w=w)
    wire [5:0] sub_2 = {select_q7[4], select_q7} - {1'd0, zeros_count_74};
    wire [16:0] shl = {value_q7[15:0], 1'd0};
    wire [16:0] select_2 = zeros_count_73[0] ? shl : value_q7;
    wire [16:0] shl_2 = {select_2[14:0], 2'd0};
    wire [16:0] select_3 = zeros_count_73[1] ? shl_2 : select_2;
    wire [16:0] shl_3 = {select_3[12:0], 4'd0};
    wire [16:0] select_4 = zeros_count_73[2] ? shl_3 : select_3;
    wire bits_2 = zeros_count_73[3];
    reg sign_q8;
    reg zeros_count_68_q8;
    reg [5:0] sub_2_q8;
    reg [16:0] select_4_q8;
    reg bits_2_q8;
    reg lt_q8;

    always @(posedge clk) begin
        if(ce) begin
            sign_q8 <= sign_q7;
            zeros_count_68_q8 <= zeros_count_68;
            sub_2_q8 <= sub_2;
            select_4_q8 <= select_4;
            bits_2_q8 <= bits_2;
            lt_q8 <= lt_q7;
        end
    end

    // ---- stage 9 of 11
    // unary.py:29: return round_pack(sign, exponent - zeros, bits(value << zeros, w - 1, 0), e=e, f=f, w=w)
    wire [16:0] shl_4 = {select_4_q8[8:0], 8'd0};
    wire [16:0] select_5 = bits_2_q8 ? shl_4 : select_4_q8;
    wire [16:0] shl_5 = {select_5[0], 16'd0};
    wire [16:0] select_6 = zeros_count_68_q8 ? shl_5 : select_5;
    // floats.py:35: sticky = bits(norm, w - 3 - f, 0) != 0
    wire sticky_eq = select_6[4:0] == 5'd0;
    wire sticky = ~sticky_eq;
    // floats.py:36: increment = guard & (odd | sticky)
    wire increment_or = select_6[6] | sticky;
    wire increment = select_6[5] & increment_or;
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field_add = {sub_2_q8, select_6[15:6]};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_eq = ~select_6[16];
    reg sign_q9;
    reg increment_q9;
    reg [15:0] field_add_q9;
    reg zero_eq_q9;
    reg lt_q9;

    always @(posedge clk) begin
        if(ce) begin
            sign_q9 <= sign_q8;
            increment_q9 <= increment;
            field_add_q9 <= field_add;
            zero_eq_q9 <= zero_eq;
            lt_q9 <= lt_q8;
        end
    end

    // ---- stage 10 of 11
    // floats.py:37: field = (exponent << f) + bits(norm, w - 2, w - 1 - f) + increment
    wire [15:0] field = field_add_q9 + {15'd0, increment_q9};
    // floats.py:39: zero = (bit(norm, w - 1) == 0) | (field < (1 << f))
    wire zero_lt = $signed(field) < $signed(16'd1024);
    wire zero = zero_eq_q9 | zero_lt;
    // floats.py:41: magnitude = 0 if zero else largest if overflow else bits(field, e + f - 1, 0)
    wire [14:0] magnitude = zero ? 15'd0 : field[14:0];
    reg sign_q10;
    reg [14:0] magnitude_q10;
    reg lt_q10;

    always @(posedge clk) begin
        if(ce) begin
            sign_q10 <= sign_q9;
            magnitude_q10 <= magnitude;
            lt_q10 <= lt_q9;
        end
    end

    // ---- stage 11 of 11
    // unary.py:95: return (0 if sign else bias << f) if exponent >= top else result
    wire [13:0] select_7 = sign_q10 ? 14'd0 : 14'd15360;
    wire [14:0] select_8 = lt_q10 ? magnitude_q10 : {1'd0, select_7};
    reg [14:0] select_8_q11;

    always @(posedge clk) begin
        if(ce) begin
            select_8_q11 <= select_8;
        end
    end

    // ---- valid
    reg [10:0] valid_q;

    always @(posedge clk) begin
        if(rst) begin
            valid_q <= 11'd0;
        end else if(ce) begin
            valid_q <= {valid_q[9:0], s_valid};
        end
    end

    assign m_valid = valid_q[10];
    // ---- outputs
    assign result = {1'd0, select_8_q11};
    // Bits that a slice dropped.
    wire unused_bits = &{1'd0, fixed_shr[18], y_mul[10:0], y_mul_2[10:0], zeros_count_38[2], zeros_count_43[2], zeros_count_48[2], zeros_count_53[2], zeros_count_60[3], zeros_count_67[3], zeros_count_72[4]};
endmodule
`default_nettype wire
