// npu_dma_send: vectors on their way out: a staging queue, then beats of NetOutQ or write data of granted bursts.
// Contract: order kept. A vector can be on wd_data in the cycle in which it comes. NetOutQ's beats are full but for the
// last of a move, whose upper bytes are 0; m_net_last marks it. halt: only a beat already on offer may still leave.
// Test: tests/rtl/test_npu_dma.py
`default_nettype none
module npu_dma_send #(
    parameter V_BYTES   = 16,              // of a vector
    parameter NET_BYTES = 8,               // a power of two
    parameter AXI_BYTES = 8,
    parameter STAGE     = 64               // vectors staged, a power of two
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   halt,
    input  wire                   s_valid,
    output wire                   s_ready,
    input  wire [8*V_BYTES-1:0]   s_data,
    input  wire                   s_net,         // to NetOutQ, else to DRAM
    input  wire                   s_last,        // of its move
    output wire                   left,          // a vector has left the staging queue
    input  wire                   b_valid,       // a write burst is granted
    output wire                   b_ready,
    input  wire [63:0]            b_addr,
    input  wire [12:0]            b_bytes,
    output wire                   wd_valid,
    input  wire                   wd_ready,
    output wire [8*AXI_BYTES-1:0] wd_data,
    output wire [AXI_BYTES-1:0]   wd_strb,
    output wire                   m_net_valid,
    input  wire                   m_net_ready,
    output wire [8*NET_BYTES-1:0] m_net_data,
    output wire                   m_net_last,
    output wire                   sent           // the last beat of a move has left on NetOutQ
);
    localparam V_W = 8 * V_BYTES;
    wire           h_valid, h_net, h_last, net_room, dram_room;
    wire [V_W-1:0] h_data;
    assign left = h_valid && (h_net ? net_room : dram_room);
    npu_fifo #(.WIDTH(V_W + 2), .DEPTH(STAGE), .BYPASS(1)) stage_i (
        .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data({s_net, s_last, s_data}),
        .m_valid(h_valid), .m_ready(left), .m_data({h_net, h_last, h_data}));

    // ---- to DRAM
    localparam V_LOW  = V_BYTES & (~V_BYTES + 1);                  // largest power of two that divides it
    localparam LEAST  = AXI_BYTES < 64 ? AXI_BYTES : 64;
    localparam UNIT   = V_LOW < LEAST ? V_LOW : LEAST;             // bytes
    localparam UNIT_W = 8 * UNIT;
    localparam BEAT_N = AXI_BYTES / UNIT;
    localparam V_N    = V_BYTES / UNIT;
    localparam C_W    = $clog2(BEAT_N + V_N);
    wire                     beat_valid, gear_valid, unused_last, unused_tag, unused_held;
    wire [C_W-1:0]           skip, count, dram_held;
    wire [BEAT_N*UNIT_W-1:0] beat;
    npu_beats #(.AXI_BYTES(AXI_BYTES), .UNIT_W(UNIT_W), .DEPTH(16), .TAG_W(1), .BYPASS(1), .C_W(C_W)) beats_i (
        .clk(clk), .rst(rst),
        .s_valid(b_valid), .s_ready(b_ready), .s_addr(b_addr), .s_bytes(b_bytes), .s_tag(1'b0),
        .m_valid(beat_valid), .m_ready(wd_valid && wd_ready), .m_skip(skip), .m_count(count),
        .m_last(unused_last), .m_tag(unused_tag));
    npu_gearbox #(
        .UNIT_W(UNIT_W), .IN_N(V_N), .OUT_N(BEAT_N), .TAKES({{BEAT_N{1'b1}}, 1'b0}), .BYPASS(1)
    ) dram_i (
        .clk(clk), .rst(rst),
        .s_valid(h_valid && !h_net), .s_ready(dram_room), .s_data(h_data),
        .s_skip({C_W{1'b0}}), .s_count(V_N[C_W-1:0]),
        .m_valid(gear_valid), .m_ready(beat_valid && wd_ready), .m_take(count), .m_data(beat), .held(dram_held));
    assign wd_valid = beat_valid && gear_valid;
    reg [8*AXI_BYTES-1:0] data;
    reg [AXI_BYTES-1:0]   strb;
    integer i, k;
    always @* begin
        data = 0;
        strb = 0;
        for (k = 0; k < BEAT_N; k = k + 1)
            for (i = 0; i <= k; i = i + 1)                         // unit i of the stream is unit k of the beat
                if (i[C_W-1:0] < count && {1'b0, skip} + i[C_W:0] == k[C_W:0]) begin
                    data[UNIT_W*k +: UNIT_W] = beat[UNIT_W*i +: UNIT_W];
                    strb[UNIT*k +: UNIT] = {UNIT{1'b1}};
                end
    end
    assign wd_data = data;
    assign wd_strb = strb;

    // ---- to NetOutQ
    localparam N_UNIT  = V_LOW < NET_BYTES ? V_LOW : NET_BYTES;    // bytes
    localparam N_OUT   = NET_BYTES / N_UNIT;
    localparam N_IN    = V_BYTES / N_UNIT;
    localparam N_C     = $clog2(N_OUT + N_IN);
    wire                     net_ready, net_valid;
    wire [N_C-1:0]           net_held;
    reg                      end_q, offered_q;                     // the move's last vector is in; a beat waits
    wire                     fewer = end_q && net_held < N_OUT[N_C-1:0];
    wire                     closing = end_q && net_held <= N_OUT[N_C-1:0];
    wire [N_C-1:0]           take  = fewer ? net_held : N_OUT[N_C-1:0];
    wire [8*NET_BYTES-1:0]   net_data;
    wire                     pop   = m_net_valid && m_net_ready;
    assign net_room    = net_ready && (!end_q || (pop && closing));
    assign m_net_valid = net_valid && (!halt || offered_q);
    assign m_net_last  = m_net_valid && closing;
    assign sent        = pop && closing;
    npu_gearbox #(
        .UNIT_W(8 * N_UNIT), .IN_N(N_IN), .OUT_N(N_OUT), .TAKES({{N_OUT{1'b1}}, 1'b0})
    ) net_i (
        .clk(clk), .rst(rst),
        .s_valid(h_valid && h_net && net_room), .s_ready(net_ready), .s_data(h_data),
        .s_skip({N_C{1'b0}}), .s_count(N_IN[N_C-1:0]),
        .m_valid(net_valid), .m_ready(pop), .m_take(take), .m_data(net_data), .held(net_held));
    genvar u;
    generate
        for (u = 0; u < N_OUT; u = u + 1) begin : g_net
            localparam [N_C-1:0] AT = u;
            assign m_net_data[8*N_UNIT*u +: 8*N_UNIT] =
                m_net_valid && AT < take ? net_data[8*N_UNIT*u +: 8*N_UNIT] : {8*N_UNIT{1'b0}};
        end
    endgenerate

    always @(posedge clk) begin
        if (h_valid && h_net && net_room)
            end_q <= h_last;
        else if (sent)
            end_q <= 1'b0;
        offered_q <= m_net_valid && !m_net_ready;
        if (rst) begin
            end_q     <= 1'b0;
            offered_q <= 1'b0;
        end
    end

    assign unused_held = &{1'b0, dram_held, unused_last, unused_tag};
    wire unused_bits = &{1'b0, unused_held};
endmodule
`default_nettype wire
