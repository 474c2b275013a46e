// npu_clock: the clock of npu_harness for simulators that make it in Verilog, and its waveform: +waves=FILE,
// +waves_from=CYCLE, +waves_to=CYCLE (cycles since reset, as the harness counts them).
`timescale 1ns / 1ps
`default_nettype none
module npu_clock;
    reg clk = 1'b0;
    reg [8*1024-1:0] file;
    reg [63:0] from, upto, cycle;

    npu_harness harness (.clk(clk));

    initial begin
        if (!$value$plusargs("waves_from=%d", from)) from = 0;
        if (!$value$plusargs("waves_to=%d", upto)) upto = 64'h7fff_ffff_ffff_ffff;
        cycle = 0;
        if ($value$plusargs("waves=%s", file)) begin
            $dumpfile(file);
            $dumpvars(0, harness);
            if (from != 0) $dumpoff;
            wait (cycle >= from);
            if (from != 0) $dumpon;
            wait (cycle > upto);
            $dumpoff;
        end
    end

    always begin
        #5 clk = 1'b1;
        #5 clk = 1'b0;
        cycle = cycle + 1;
    end
endmodule
`default_nettype wire
