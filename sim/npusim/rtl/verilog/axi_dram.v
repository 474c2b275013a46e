// axi_dram: DRAM behind an AXI4 port, as docs/architecture.md 5.4 has it: a rate and a latency.  Bench only.
//
// Bursts are served in the order in which their addresses come, reads and writes alike, at RATE_NUM / RATE_DEN bytes a
// cycle, exactly: a burst of b bytes occupies the channel for b * RATE_DEN ticks of 1 / RATE_NUM cycle from where the one
// before it ended, or from the cycle of its address. A beat is read LATENCY cycles after the channel has passed it,
// rounded up; a write is answered in the cycle after its last beat. aruser and awuser say how many bytes a burst means
// (bits 12:0) and that it continues a turn (bit 13), which then has no gap; USER = 0 ignores them.
//
// Plusargs: +dram_image=FILE  bytes from address 0 on          +dram_dump=FILE  written when `dump` rises:
//           +dram_dump_from=BYTE  +dram_dump_bytes=COUNT         that range (decimal)
//           +dram_error_at=BYTE  +dram_error_code=2|3          answer of the bursts that touch this byte (decimal)
//           +dram_stall_at=CYCLE  +dram_stall_for=CYCLES       all channels rest
`default_nettype none
module axi_dram #(
    parameter AXI_BYTES = 8,               // a power of two, at least 8
    parameter ID_W      = 1,
    parameter BYTES     = 1 << 24,         // size, a multiple of 8; beyond it DECERR
    parameter RATE_NUM  = 8,
    parameter RATE_DEN  = 1,
    parameter LATENCY   = 20,
    parameter USER      = 1,
    parameter DEPTH     = 256              // bursts accepted ahead of each direction
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   dump,
    input  wire                   s_axi_arvalid,
    output wire                   s_axi_arready,
    input  wire [ID_W-1:0]        s_axi_arid,
    input  wire [63:0]            s_axi_araddr,
    input  wire [7:0]             s_axi_arlen,
    input  wire [2:0]             s_axi_arsize,
    input  wire [1:0]             s_axi_arburst,
    input  wire [13:0]            s_axi_aruser,
    output wire                   s_axi_rvalid,
    input  wire                   s_axi_rready,
    output wire [ID_W-1:0]        s_axi_rid,
    output wire [8*AXI_BYTES-1:0] s_axi_rdata,
    output wire [1:0]             s_axi_rresp,
    output wire                   s_axi_rlast,
    input  wire                   s_axi_awvalid,
    output wire                   s_axi_awready,
    input  wire [ID_W-1:0]        s_axi_awid,
    input  wire [63:0]            s_axi_awaddr,
    input  wire [7:0]             s_axi_awlen,
    input  wire [2:0]             s_axi_awsize,
    input  wire [1:0]             s_axi_awburst,
    input  wire [13:0]            s_axi_awuser,
    input  wire                   s_axi_wvalid,
    output wire                   s_axi_wready,
    input  wire [8*AXI_BYTES-1:0] s_axi_wdata,
    input  wire [AXI_BYTES-1:0]   s_axi_wstrb,
    input  wire                   s_axi_wlast,
    output wire                   s_axi_bvalid,
    input  wire                   s_axi_bready,
    output wire [ID_W-1:0]        s_axi_bid,
    output wire [1:0]             s_axi_bresp
);
    localparam SIZE  = $clog2(AXI_BYTES);
    localparam LANES = AXI_BYTES / 8;              // words of 64 bits in a beat
    localparam WORDS = BYTES / 8;
    localparam P_W   = $clog2(DEPTH);
    localparam I_W   = $clog2(WORDS);
    localparam [63:0] NUM = {32'd0, RATE_NUM[31:0]}, DEN = {32'd0, RATE_DEN[31:0]}, LATE = {32'd0, LATENCY[31:0]};
    localparam [63:0] ALL = {32'd0, BYTES[31:0]}, BEAT = {32'd0, AXI_BYTES[31:0]};

    reg [63:0] words [0:WORDS-1];                  // byte 0 in the highest bits, as $fread puts it
    reg [63:0] error_at, stall_at, stall_for, from, count;
    reg [1:0]  error_code;
    reg        errors;
    reg [8*512-1:0] name;
    integer    file, got, n;

    initial begin
        for (n = 0; n < WORDS; n = n + 1)
            words[n] = 64'd0;
        if ($value$plusargs("dram_image=%s", name)) begin
            file = $fopen(name, "rb");
            if (file == 0) begin
                $display("axi_dram: cannot open the image %0s", name);
                $finish;
            end else begin
                got = $fread(words, file);
                if (got == 0)
                    $display("axi_dram: the image %0s is empty", name);
                $fclose(file);
            end
        end
        errors = $value$plusargs("dram_error_at=%d", error_at);
        if (!$value$plusargs("dram_error_code=%d", error_code))
            error_code = 2'd2;
        if (!$value$plusargs("dram_stall_for=%d", stall_for) || !$value$plusargs("dram_stall_at=%d", stall_at)) begin
            stall_for = 64'd0;
            stall_at  = 64'd0;
        end
    end

    // ---- the channel, in ticks
    reg  [63:0] cycle_q, now_q, free_q;
    wire stall = cycle_q >= stall_at && cycle_q < stall_at + stall_for;

    // bytes of a burst and of its first beat
    function [63:0] span(input [63:0] addr, input [7:0] len, input [12:0] said);
        span = USER != 0 ? {51'd0, said} : ({56'd0, len} + 64'd1) * BEAT - (addr & (BEAT - 64'd1));
    endfunction
    function bad(input [63:0] addr, input [63:0] bytes);
        bad = errors && error_at >= addr && error_at < addr + bytes;
    endfunction
    wire [63:0] ar_bytes = span(s_axi_araddr, s_axi_arlen, s_axi_aruser[12:0]);
    wire [63:0] aw_bytes = span(s_axi_awaddr, s_axi_awlen, s_axi_awuser[12:0]);
    wire ar_on = USER != 0 && s_axi_aruser[13], aw_on = USER != 0 && s_axi_awuser[13];

    // ---- reads: bursts accepted, and the one whose beats leave
    reg  [63:0]     r_addr  [0:DEPTH-1];
    reg  [63:0]     r_bytes [0:DEPTH-1];
    reg  [63:0]     r_begin [0:DEPTH-1];           // tick at which the channel begins with it
    reg  [ID_W-1:0] r_id    [0:DEPTH-1];
    reg  [P_W:0]    r_in_q, r_out_q;
    reg             r_more_q, r_shown_q;           // beats of the burst have left; the present one is on offer
    reg  [63:0]     r_at_q, r_left_q, r_tick_q;
    wire [P_W-1:0]  r_head = r_out_q[P_W-1:0];
    wire [63:0]     at   = r_more_q ? r_at_q : r_addr[r_head];
    wire [63:0]     left = r_more_q ? r_left_q : r_bytes[r_head];
    wire [63:0]     most = BEAT - (at & (BEAT - 64'd1));
    wire [63:0]     here = left < most ? left : most;
    wire [63:0]     tick = (r_more_q ? r_tick_q : r_begin[r_head]) + here * DEN;      // passed by the channel
    wire            here_now = r_in_q != r_out_q && now_q >= tick + LATE * NUM;
    wire [63:0]     first = (at >> SIZE) * {32'd0, LANES[31:0]};                      // word of the beat
    wire            beyond = at >= ALL || at + here > ALL;

    assign s_axi_arready = !stall && r_in_q != {~r_out_q[P_W], r_out_q[P_W-1:0]};
    assign s_axi_rvalid  = here_now && (!stall || r_shown_q);
    assign s_axi_rlast   = s_axi_rvalid && left == here;
    assign s_axi_rid     = s_axi_rvalid ? r_id[r_head] : {ID_W{1'b0}};
    assign s_axi_rresp   = !s_axi_rvalid ? 2'd0 : beyond ? 2'd3 : bad(at, here) ? error_code : 2'd0;
    genvar w, b;
    generate
        for (w = 0; w < LANES; w = w + 1) begin : g_lane
            wire [I_W-1:0] place = first[I_W-1:0] + w[I_W-1:0];
            wire [63:0]    word  = s_axi_rvalid && !beyond ? words[place] : 64'd0;
            for (b = 0; b < 8; b = b + 1) begin : g_byte
                assign s_axi_rdata[64*w + 8*b +: 8] = word[56 - 8*b +: 8];
            end
        end
    endgenerate

    // ---- writes: bursts accepted whose data come
    reg  [63:0]     w_addr  [0:DEPTH-1];
    reg  [63:0]     w_bytes [0:DEPTH-1];
    reg  [ID_W-1:0] w_id    [0:DEPTH-1];
    reg  [P_W:0]    w_in_q, w_out_q;
    reg             w_more_q;
    reg  [63:0]     w_at_q;
    wire            w_none = w_in_q == w_out_q;
    wire            aw_now = s_axi_awvalid && s_axi_awready;
    wire [P_W-1:0]  w_head = w_out_q[P_W-1:0];
    wire [63:0]     w_start = w_none ? s_axi_awaddr : w_addr[w_head];
    wire [63:0]     w_size  = w_none ? aw_bytes : w_bytes[w_head];
    wire [63:0]     w_at    = w_more_q ? w_at_q : w_start;
    wire [63:0]     w_first = (w_at >> SIZE) * {32'd0, LANES[31:0]};
    wire            w_now   = s_axi_wvalid && s_axi_wready;
    // answers that wait
    reg  [ID_W+1:0] answers [0:DEPTH-1];
    reg  [P_W:0]    b_in_q, b_out_q;
    wire            b_none = b_in_q == b_out_q;
    wire [P_W-1:0]  b_head = b_out_q[P_W-1:0];
    reg             b_shown_q;
    wire            w_bad = w_start >= ALL || w_start + w_size > ALL;

    assign s_axi_awready = !stall && w_in_q != {~w_out_q[P_W], w_out_q[P_W-1:0]};
    assign s_axi_wready  = !stall && (!w_none || aw_now) && b_in_q != {~b_out_q[P_W], b_out_q[P_W-1:0]};
    assign s_axi_bvalid  = !b_none && (!stall || b_shown_q);
    assign s_axi_bid     = s_axi_bvalid ? answers[b_head][ID_W+1:2] : {ID_W{1'b0}};
    assign s_axi_bresp   = s_axi_bvalid ? answers[b_head][1:0] : 2'd0;

    // ---- one cycle
    wire ar_now = s_axi_arvalid && s_axi_arready;
    wire r_now  = s_axi_rvalid && s_axi_rready;
    wire [63:0] ar_begin = ar_on || free_q > now_q ? free_q : now_q;
    wire [63:0] ar_free  = ar_now ? ar_begin + ar_bytes * DEN : free_q;
    wire [63:0] aw_begin = aw_on || ar_free > now_q ? ar_free : now_q;
    integer lane, byte_n;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 64'd1;
        now_q   <= now_q + NUM;
        free_q  <= aw_now ? aw_begin + aw_bytes * DEN : ar_free;
        if (ar_now) begin
            r_addr[r_in_q[P_W-1:0]]  <= s_axi_araddr;
            r_bytes[r_in_q[P_W-1:0]] <= ar_bytes;
            r_begin[r_in_q[P_W-1:0]] <= ar_begin;
            r_id[r_in_q[P_W-1:0]]    <= s_axi_arid;
            r_in_q <= r_in_q + 1'b1;
        end
        if (aw_now) begin
            w_addr[w_in_q[P_W-1:0]]  <= s_axi_awaddr;
            w_bytes[w_in_q[P_W-1:0]] <= aw_bytes;
            w_id[w_in_q[P_W-1:0]]    <= s_axi_awid;
            w_in_q <= w_in_q + 1'b1;
        end
        if (r_now) begin
            r_more_q <= !s_axi_rlast;
            r_at_q   <= at + here;
            r_left_q <= left - here;
            r_tick_q <= tick;
            if (s_axi_rlast)
                r_out_q <= r_out_q + 1'b1;
        end
        r_shown_q <= s_axi_rvalid && !s_axi_rready;
        if (w_now) begin
            for (lane = 0; lane < LANES; lane = lane + 1)
                for (byte_n = 0; byte_n < 8; byte_n = byte_n + 1)
                    if (s_axi_wstrb[8*lane + byte_n] && !w_bad)
                        words[w_first[I_W-1:0] + lane[I_W-1:0]][56 - 8*byte_n +: 8] <= s_axi_wdata[64*lane + 8*byte_n +: 8];
            w_more_q <= !s_axi_wlast;
            w_at_q   <= (w_at & ~(BEAT - 64'd1)) + BEAT;
            if (s_axi_wlast) begin
                w_out_q <= w_out_q + 1'b1;
                answers[b_in_q[P_W-1:0]] <= {w_none ? s_axi_awid : w_id[w_head],
                                             w_bad ? 2'd3 : bad(w_start, w_size) ? error_code : 2'd0};
                b_in_q <= b_in_q + 1'b1;
            end
        end
        if (s_axi_bvalid && s_axi_bready)
            b_out_q <= b_out_q + 1'b1;
        b_shown_q <= s_axi_bvalid && !s_axi_bready;
        if (rst) begin
            cycle_q   <= 64'd0;
            now_q     <= 64'd0;
            free_q    <= 64'd0;
            r_in_q    <= 0;
            r_out_q   <= 0;
            r_more_q  <= 1'b0;
            r_shown_q <= 1'b0;
            w_in_q    <= 0;
            w_out_q   <= 0;
            w_more_q  <= 1'b0;
            b_in_q    <= 0;
            b_out_q   <= 0;
            b_shown_q <= 1'b0;
        end
    end

    // ---- dump; the file's variables are no registers
    /* verilator lint_off BLKSEQ */
    reg dump_q;
    reg [63:0] m, place_m;
    always @(posedge clk) begin
        dump_q <= dump && !rst;
        if (dump && !dump_q && !rst && $value$plusargs("dram_dump=%s", name)
            && $value$plusargs("dram_dump_from=%d", from) && $value$plusargs("dram_dump_bytes=%d", count)) begin
            file = $fopen(name, "wb");
            for (m = from; m < from + count; m = m + 1) begin
                place_m = m >> 3;
                $fwrite(file, "%c", words[place_m[I_W-1:0]][{3'd7 - m[2:0], 3'd0} +: 8]);
            end
            $fclose(file);
        end
    end
    /* verilator lint_on BLKSEQ */

    wire unused_bits = &{1'b0, s_axi_arsize, s_axi_arburst, s_axi_awsize, s_axi_awburst, place_m, first, w_first};
endmodule
`default_nettype wire
