// npu_harness: npu_top with its memory and a host that plays files; it writes down what happens, and when.
//
// Files in the working directory:
//   script.txt   in    registers to write over AXI4-Lite, in order: "offset value", hexadecimal
//   netin.txt    in    beats of NetInQ: "cycle data": the cycle of the run from which on it is there, and hexadecimal data
//   +dram_image  in    the DRAM image, see axi_dram
//   netout.txt   out   beats of NetOutQ: "data last"
//   events.txt   out   one line an event, cycles of the run (0: the first word is dispatched):
//                        B cycle                  the run begins, in cycles since reset
//                        D seq queue cycle        a chain is dispatched        S seq queue cycle    it starts
//                        C seq queue cycle sum    it is complete; sum of its writes as in npusim/rtl/checksum.py
//                        W seq space n address data       a write, for chains +detail_from .. +detail_to
//                        E offset                 the write of a register was refused
//                        L seq sum                a sum that no completion took
//                        R offset value           a register after the run     T cycle  given up after +timeout cycles
//
// Plusargs: timeout, detail_from, detail_to, progress (cycles between two lines on standard output), gaps (at most so
// many idle cycles before a beat of NetInQ and of NetOutQ; 0: none).
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_harness (
    input wire clk
);
`include "npu_csr.vh"
`include "npu_build.vh"
    localparam V_W    = 16 * NATIVE_DIM;
    localparam BEAT   = 8 * NET_BYTES;
    localparam BUS    = 8 * AXI_BYTES;
    localparam ROWS   = NATIVE_DIM * LANES * (WEIGHT_MANTISSA + 1);
    localparam TILE_W = ROWS > 8 * NATIVE_DIM ? ROWS : 8 * NATIVE_DIM;
    localparam TC     = NATIVE_DIM / LANES;
    localparam BUS_LOG = $clog2(AXI_BYTES);
    localparam HALVES = (TILE_W + 15) / 16;
    localparam [63:0] M = 64'h9e37_79b9_7f4a_7c15;
    localparam [3:0] MATRIX_RF = 4'd9;

    // ---- plusargs and files
    reg [63:0] timeout, detail_from, detail_to, progress, gaps;
    integer script, netin, netout, events, code;
    initial begin
        if (!$value$plusargs("timeout=%d", timeout)) timeout = 64'd1_000_000;
        if (!$value$plusargs("detail_from=%d", detail_from)) detail_from = 64'd1;
        if (!$value$plusargs("detail_to=%d", detail_to)) detail_to = 64'd0;
        if (!$value$plusargs("progress=%d", progress)) progress = 64'd0;
        if (!$value$plusargs("gaps=%d", gaps)) gaps = 64'd0;
        script = $fopen("script.txt", "r");
        netin  = $fopen("netin.txt", "r");
        netout = $fopen("netout.txt", "w");
        events = $fopen("events.txt", "w");
    end

    // ---- reset, time
    reg  [3:0]  reset_q = 4'd0;
    reg  [63:0] now_q = 64'd0;                       // cycles since reset
    reg  [63:0] run_q = 64'd0;                       // cycle of the run
    reg         began_q = 1'b0;                      // the first word was dispatched in an earlier cycle
    wire        rst = !reset_q[3];
    wire        word_done;
    always @(posedge clk) begin
        reset_q <= {reset_q[2:0], 1'b1};
        now_q   <= now_q + 64'd1;
        if (word_done && !rst) began_q <= 1'b1;            // before reset the device may say anything
        if ((word_done && !rst) || began_q) run_q <= run_q + 64'd1;
    end

    // ---- the device
    reg          awvalid_q = 1'b0, wvalid_q = 1'b0, arvalid_q = 1'b0;
    reg  [7:0]   address_q = 8'd0;
    reg  [31:0]  value_q = 32'd0;
    wire         awready, wready, bvalid, arready, rvalid;
    wire [31:0]  rdata;
    wire [1:0]   bresp;
    wire         in_valid, in_ready, out_valid, out_last;
    reg          out_ready_q = 1'b0;
    reg  [BEAT-1:0] in_data_q = {BEAT{1'b0}};
    wire [BEAT-1:0] out_data;
    wire         irq;
    wire [63:0]  m_awaddr, m_araddr;
    wire [7:0]   m_awlen, m_arlen;
    wire [2:0]   m_awsize, m_arsize;
    wire [1:0]   m_awburst, m_arburst, m_bresp, m_rresp;
    wire         m_awvalid, m_awready, m_wlast, m_wvalid, m_wready, m_bvalid, m_bready;
    wire         m_arvalid, m_arready, m_rlast, m_rvalid, m_rready;
    wire [BUS-1:0] m_wdata, m_rdata;
    wire [AXI_BYTES-1:0] m_wstrb;
    wire [0:0]   m_awid, m_arid, m_bid, m_rid;
    wire [13:0]  m_awuser, m_aruser;

    npu_top #(`NPU_TOP_PARAMETERS) dut (
        .clk(clk), .rst(rst), .irq(irq),
        .s_axil_awaddr(address_q), .s_axil_awprot(3'd0), .s_axil_awvalid(awvalid_q), .s_axil_awready(awready),
        .s_axil_wdata(value_q), .s_axil_wstrb(4'hf), .s_axil_wvalid(wvalid_q), .s_axil_wready(wready),
        .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(1'b1),
        .s_axil_araddr(address_q), .s_axil_arprot(3'd0), .s_axil_arvalid(arvalid_q), .s_axil_arready(arready),
        .s_axil_rdata(rdata), .s_axil_rresp(), .s_axil_rvalid(rvalid), .s_axil_rready(1'b1),
        .s_axis_tdata(in_data_q), .s_axis_tvalid(in_valid), .s_axis_tready(in_ready),
        .m_axis_tdata(out_data), .m_axis_tvalid(out_valid), .m_axis_tready(out_ready_q), .m_axis_tlast(out_last),
        .m_axi_awid(m_awid), .m_axi_awaddr(m_awaddr), .m_axi_awlen(m_awlen), .m_axi_awsize(m_awsize),
        .m_axi_awburst(m_awburst), .m_axi_awuser(m_awuser), .m_axi_awvalid(m_awvalid), .m_axi_awready(m_awready),
        .m_axi_wdata(m_wdata), .m_axi_wstrb(m_wstrb), .m_axi_wlast(m_wlast), .m_axi_wvalid(m_wvalid),
        .m_axi_wready(m_wready),
        .m_axi_bid(m_bid), .m_axi_bresp(m_bresp), .m_axi_bvalid(m_bvalid), .m_axi_bready(m_bready),
        .m_axi_arid(m_arid), .m_axi_araddr(m_araddr), .m_axi_arlen(m_arlen), .m_axi_arsize(m_arsize),
        .m_axi_arburst(m_arburst), .m_axi_aruser(m_aruser), .m_axi_arvalid(m_arvalid), .m_axi_arready(m_arready),
        .m_axi_rid(m_rid), .m_axi_rdata(m_rdata), .m_axi_rresp(m_rresp), .m_axi_rlast(m_rlast),
        .m_axi_rvalid(m_rvalid), .m_axi_rready(m_rready)
    );

    axi_dram #(
        .AXI_BYTES(AXI_BYTES), .BYTES(DRAM_BYTES), .RATE_NUM(DRAM_NUM), .RATE_DEN(DRAM_DEN), .LATENCY(DRAM_LATENCY)
    ) memory (
        .clk(clk), .rst(rst), .dump(1'b0),
        .s_axi_arvalid(m_arvalid), .s_axi_arready(m_arready), .s_axi_arid(m_arid), .s_axi_araddr(m_araddr),
        .s_axi_arlen(m_arlen), .s_axi_arsize(m_arsize), .s_axi_arburst(m_arburst), .s_axi_aruser(m_aruser),
        .s_axi_rvalid(m_rvalid), .s_axi_rready(m_rready), .s_axi_rid(m_rid), .s_axi_rdata(m_rdata),
        .s_axi_rresp(m_rresp), .s_axi_rlast(m_rlast),
        .s_axi_awvalid(m_awvalid), .s_axi_awready(m_awready), .s_axi_awid(m_awid), .s_axi_awaddr(m_awaddr),
        .s_axi_awlen(m_awlen), .s_axi_awsize(m_awsize), .s_axi_awburst(m_awburst), .s_axi_awuser(m_awuser),
        .s_axi_wvalid(m_wvalid), .s_axi_wready(m_wready), .s_axi_wdata(m_wdata), .s_axi_wstrb(m_wstrb),
        .s_axi_wlast(m_wlast),
        .s_axi_bvalid(m_bvalid), .s_axi_bready(m_bready), .s_axi_bid(m_bid), .s_axi_bresp(m_bresp)
    );

    // ---- what is watched: signals inside the device
    wire [2:0]           pushed = dut.x_valid & dut.x_ready;
    wire [2:0]           started = dut.u_valid & dut.u_ready;
    wire [2:0]           done = dut.done_valid;
    wire [`NPU_D_W-1:0]  pushed_desc = dut.x_desc;
    wire [3*`NPU_D_W-1:0] start_desc = dut.u_desc;
    wire [95:0]          done_seq = dut.done_seq;
    wire [4:0]           wr_en   = dut.wr_en;
    wire [5*24-1:0]      wr_addr = dut.wr_addr;
    wire [V_W-1:0]       wr_data = dut.wr_data;
    wire [31:0]          wb_seq  = dut.wb_seq;
    wire [4:0]           d_write = dut.d_valid & dut.d_ready & {5{dut.d_write}};
    wire [5*24-1:0]      d_addr  = dut.d_addr;
    wire [V_W-1:0]       d_data  = dut.d_wdata;
    wire                 d_net   = !dut.vector_dma_i.r_turn;     // the vector comes from NetInQ
    wire                 xd_valid = dut.xd_valid;
    wire [23:0]          xd_addr  = dut.xd_addr;
    wire [V_W-1:0]       xd_data  = dut.xd_wdata;
    wire                 w_valid  = dut.w_valid;
    wire [23:0]          w_slot   = dut.w_slot;
    wire [7:0]           w_engine = dut.w_engine;
    wire [7:0]           w_chunk  = dut.w_chunk;
    wire [TILE_W-1:0]    w_data   = dut.w_data;
    assign word_done = dut.word_done;

    // ---- the host: registers, then wait for the interrupt, then read every register
    localparam [2:0] WRITE = 3'd0, ANSWER = 3'd1, WAIT = 3'd2, READ = 3'd3, VALUE = 3'd4, OVER = 3'd5;
    reg [2:0]  host_q = WRITE;
    reg [31:0] next_value;
    reg [7:0]  next_address;
    reg [63:0] waited_q = 64'd0;                     // cycles without an answer, or of the run
    wire       late = waited_q > timeout;
    always @(posedge clk) if (!rst) begin
        waited_q <= waited_q + 64'd1;
        if (awready) awvalid_q <= 1'b0;
        if (wready)  wvalid_q  <= 1'b0;
        if (arready) arvalid_q <= 1'b0;
        case (host_q)
            WRITE: begin
                waited_q <= 64'd0;
                code = $fscanf(script, "%h %h\n", next_address, next_value);
                if (code == 2) begin
                    address_q <= next_address;
                    value_q   <= next_value;
                    awvalid_q <= 1'b1;
                    wvalid_q  <= 1'b1;
                    host_q    <= ANSWER;
                end else
                    host_q <= WAIT;
            end
            ANSWER:
                if (bvalid) begin
                    if (bresp != 2'd0) $fdisplay(events, "E %0h", address_q);
                    host_q <= WRITE;
                end
            WAIT:
                if (irq || late) begin
                    if (!irq) $fdisplay(events, "T %0d", run_q);
                    waited_q  <= 64'd0;
                    address_q <= 8'd0;
                    arvalid_q <= 1'b1;
                    host_q    <= READ;
                end
            READ:
                if (rvalid) begin
                    $fdisplay(events, "R %0h %0h", address_q, rdata);
                    waited_q <= 64'd0;
                    if (address_q == CSR_IMEM_DATA_HI)
                        host_q <= OVER;
                    else begin
                        address_q <= address_q + 8'd4;
                        arvalid_q <= 1'b1;
                    end
                end
            default: begin
                for (i = 0; i < 65536; i = i + 1)
                    if (sums[i] != 64'd0) $fdisplay(events, "L %0d %0h", i, sums[i]);
                $fclose(events);
                $fclose(netout);
                $finish;
            end
        endcase
        if (late && host_q != WAIT && host_q != OVER) begin
            $fdisplay(events, "T %0d", run_q);
            host_q <= OVER;
        end
        if (progress != 64'd0 && began_q && run_q % progress == 64'd0) begin
            $display("%0d", run_q);
            $fflush;
        end
    end

    // ---- NetInQ and NetOutQ
    reg  [31:0] random_q = 32'h2545_f491;
    reg  [63:0] in_from_q = 64'd0, next_from;
    reg  [BEAT-1:0] next_data;
    reg         in_have_q = 1'b0, in_end_q = 1'b0;
    reg  [63:0] in_gap_q = 64'd0, out_gap_q = 64'd0;
    assign in_valid = in_have_q && in_gap_q == 64'd0 && (in_from_q == 64'd0 || (began_q && run_q >= in_from_q));
    always @(posedge clk) if (!rst) begin
        random_q <= {random_q[30:0], random_q[31] ^ random_q[21] ^ random_q[1] ^ random_q[0]};
        if (in_gap_q != 64'd0) in_gap_q <= in_gap_q - 64'd1;
        if ((!in_have_q || (in_valid && in_ready)) && !in_end_q) begin
            code = $fscanf(netin, "%d %h\n", next_from, next_data);
            in_have_q <= code == 2;
            in_end_q  <= code != 2;
            in_from_q <= next_from;
            in_data_q <= next_data;
            in_gap_q  <= {32'd0, random_q} % (gaps + 64'd1);
        end else if (in_valid && in_ready)
            in_have_q <= 1'b0;
        out_gap_q   <= out_gap_q != 64'd0 ? out_gap_q - 64'd1 : {32'd0, random_q} % (gaps + 64'd1);
        out_ready_q <= out_gap_q == 64'd0;
        if (out_valid && out_ready_q) $fdisplay(netout, "%h %b", out_data, out_last);
    end

    // ---- checksums
    integer    i, s;
    reg [63:0] sums [0:65535];                       // by the low bits of the chain's number
    reg [19:0] counts [0:65536*16-1];                // writes by chain and space
    reg [31:0] move_seq [0:32*16-1];                 // moves that started and have writes left: a ring for each
    reg [63:0] move_left [0:32*16-1];                // {from NetInQ, space}, as data of DRAM may come later
    reg [3:0]  move_in [0:31];
    reg [3:0]  move_out [0:31];
    reg [63:0] aw_address [0:255];                   // bursts whose data has not come
    reg [7:0]  aw_in, aw_out, beat;
    reg [63:0] hash, address, vectors;
    reg [`NPU_D_W-1:0] desc;
    reg [31:0] seq;
    initial begin
        for (i = 0; i < 65536; i = i + 1) sums[i] = 64'd0;
        for (i = 0; i < 65536 * 16; i = i + 1) counts[i] = 20'd0;
        for (i = 0; i < 512; i = i + 1) move_left[i] = 64'd0;
        for (i = 0; i < 32; i = i + 1) begin
            move_in[i]  = 4'd0;
            move_out[i] = 4'd0;
        end
        aw_in  = 8'd0;
        aw_out = 8'd0;
        beat   = 8'd0;
    end

    function [63:0] hash_vector(input [V_W-1:0] vector);
        integer l;
        begin
            hash_vector = 64'd0;
            for (l = NATIVE_DIM - 1; l >= 0; l = l - 1)
                hash_vector = hash_vector * M + {48'd0, vector[16*l +: 16]};
            hash_vector = (hash_vector ^ (hash_vector >> 32)) + 64'd1;
        end
    endfunction

    function [63:0] hash_tile(input [16*HALVES-1:0] part, input integer count);
        integer l;
        begin
            hash_tile = 64'd0;
            for (l = HALVES - 1; l >= 0; l = l - 1)
                if (l < count)
                    hash_tile = hash_tile * M + {48'd0, part[16*l +: 16]};
            hash_tile = (hash_tile ^ (hash_tile >> 32)) + 64'd1;
        end
    endfunction

    task note(input [31:0] chain, input [3:0] space, input [39:0] where, input [63:0] value, input counted);
        reg [19:0] n;
        reg [63:0] key;
        begin
            n   = counted ? counts[{chain[15:0], space}] : 20'd0;
            key = {space, n, where};
            counts[{chain[15:0], space}] = n + 20'd1;
            sums[chain[15:0]] = sums[chain[15:0]] + value * ((key * M) | 64'd1);
        end
    endtask

    task show(input [31:0] chain, input [3:0] space, input [39:0] where, input [V_W-1:0] vector);
        if ({32'd0, chain} >= detail_from && {32'd0, chain} <= detail_to)
            $fdisplay(events, "W %0d %0d %0d %0d %0h", chain, space, counts[{chain[15:0], space}], where, vector);
    endtask

    // the move that writes to a space: those of one source write in the order in which they started
    task take(input net, input [3:0] space, output [31:0] chain);
        reg [8:0] at;
        begin
            at    = {net, space, move_out[{net, space}]};
            chain = move_seq[at];
            if (move_left[at] == 64'd0)
                $fdisplay(events, "X %0d %0d", space, run_q);    // a write that no move asked for
            else begin
                move_left[at] = move_left[at] - 64'd1;
                if (move_left[at] == 64'd0) move_out[{net, space}] = move_out[{net, space}] + 4'd1;
            end
        end
    endtask

    task owe(input net, input [3:0] space, input [31:0] chain, input [63:0] amount);
        begin
            move_seq[{net, space, move_in[{net, space}]}]  = chain;
            move_left[{net, space, move_in[{net, space}]}] = amount;
            move_in[{net, space}] = move_in[{net, space}] + 4'd1;
        end
    endtask

    task complete(input [31:0] chain, input [1:0] queue);
        begin
            $fdisplay(events, "C %0d %0d %0d %0h", chain, queue, run_q, sums[chain[15:0]]);
            sums[chain[15:0]] = 64'd0;
            for (s = 0; s < 16; s = s + 1) counts[{chain[15:0], s[3:0]}] = 20'd0;
        end
    endtask

    always @(posedge clk) if (!rst) begin
        if (word_done && !began_q) $fdisplay(events, "B %0d", now_q);
        for (i = 0; i < 3; i = i + 1)
            if (pushed[i]) $fdisplay(events, "D %0d %0d %0d", pushed_desc[`NPU_D_SEQ], i, run_q);
        for (i = 0; i < 3; i = i + 1)
            if (started[i]) begin
                desc = start_desc[`NPU_D_W*i +: `NPU_D_W];
                $fdisplay(events, "S %0d %0d %0d", desc[`NPU_D_SEQ], i, run_q);
                if (i == `NPU_QUEUE_WEIGHT)
                    owe(1'b0, MATRIX_RF, desc[`NPU_D_SEQ], desc[`NPU_D_REG(`NPU_REG_TILES)] * (TC + 1));
                if (i == `NPU_QUEUE_VECTOR) begin
                    vectors = {32'd0, desc[`NPU_D_POSITIONS]};
                    if (desc[`NPU_D_WR] & 9'd1) owe(1'b0, 4'd0, desc[`NPU_D_SEQ], vectors * NATIVE_DIM);
                    for (s = 3; s < 9; s = s + 1)
                        if ((desc[`NPU_D_WR] >> s) & 9'd1) owe(desc[`NPU_D_SPACE] == `NPU_SPACE_NET_IN_Q, s[3:0], desc[`NPU_D_SEQ], vectors);
                end
            end

        // write-back
        if (wr_en != 5'd0) begin
            hash = hash_vector(wr_data);
            for (i = 0; i < 5; i = i + 1)
                if (wr_en[i]) begin
                    show(wb_seq, i[3:0] + 4'd4, {16'd0, wr_addr[24*i +: 24]}, wr_data);
                    note(wb_seq, i[3:0] + 4'd4, {16'd0, wr_addr[24*i +: 24]}, hash, 1'b1);
                end
        end
        // vector DMA
        if (d_write != 5'd0) begin
            hash = hash_vector(d_data);
            for (i = 0; i < 5; i = i + 1)
                if (d_write[i]) begin
                    take(d_net, i[3:0] + 4'd4, seq);
                    show(seq, i[3:0] + 4'd4, {16'd0, d_addr[24*i +: 24]}, d_data);
                    note(seq, i[3:0] + 4'd4, {16'd0, d_addr[24*i +: 24]}, hash, 1'b1);
                end
        end
        if (xd_valid) begin
            hash = hash_vector(xd_data);
            take(d_net, 4'd3, seq);
            show(seq, 4'd3, {16'd0, xd_addr}, xd_data);
            note(seq, 4'd3, {16'd0, xd_addr}, hash, 1'b1);
        end
        // weight DMA
        if (w_valid) begin
            take(1'b0, MATRIX_RF, seq);
            hash = w_chunk == TC ? hash_tile(w_data[8*NATIVE_DIM-1:0], (NATIVE_DIM + 1) / 2)
                                 : hash_tile(w_data[ROWS-1:0], (ROWS + 15) / 16);
            address = SHARED_WEIGHTS ? {40'd0, w_slot} : {40'd0, w_slot} * ENGINES + {56'd0, w_engine};
            counts[{seq[15:0], MATRIX_RF}] = {12'd0, w_chunk};
            if ({32'd0, seq} >= detail_from && {32'd0, seq} <= detail_to)
                $fdisplay(events, "W %0d %0d %0d %0d %0h", seq, MATRIX_RF, w_chunk, address,
                          w_data & ({TILE_W{1'b1}} >> (TILE_W - (w_chunk == TC ? 8 * NATIVE_DIM : ROWS))));
            note(seq, MATRIX_RF, address[39:0], hash, 1'b1);
        end
        // AXI writes
        if (m_awvalid && m_awready) begin
            aw_address[aw_in] = {m_awaddr[63:BUS_LOG], {BUS_LOG{1'b0}}};
            aw_in = aw_in + 8'd1;
        end
        if (m_wvalid && m_wready) begin
            for (i = 0; i < AXI_BYTES / 2; i = i + 1)
                if (m_wstrb[2*i]) begin
                    take(1'b0, 4'd0, seq);
                    address = aw_address[aw_out] + {56'd0, beat} * AXI_BYTES + 2 * i;
                    hash    = {48'd0, m_wdata[16*i +: 16]} + 64'd1;
                    show(seq, 4'd0, address[39:0], {{(V_W-16){1'b0}}, m_wdata[16*i +: 16]});
                    note(seq, 4'd0, address[39:0], hash, 1'b0);
                end
            beat = beat + 8'd1;
            if (m_wlast) begin
                beat   = 8'd0;
                aw_out = aw_out + 8'd1;
            end
        end

        for (i = 0; i < 3; i = i + 1)
            if (done[i]) complete(done_seq[32*i +: 32], i[1:0]);
    end
endmodule
`default_nettype wire
