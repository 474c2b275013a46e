// npu_control: the run: start, end, faults, soft reset, watchdog, counters.
// Contract: start_req clears every unit, then begins; the run ends when halt is dispatched, no chain is pending and the
// bus is quiet, so that a late answer still counts; CYCLES is the last completion's cycle whatever the bus does. The
// first fault wins, among those of one cycle the lowest source; `stop` rises in the next cycle and stays until a soft
// reset. That raises `stop`, waits until the bus is quiet, then clears. Cycle 0 is the cycle of the first word_done.
//
//   IDLE ─start─► CLEAR ─► BEGIN ─► RUN ─halted, all complete, bus quiet─► IDLE (done)
//   RUN ─fault─► FAULT       any ─reset─► QUIET ─bus quiet─► WIPE ─► IDLE
//
// Test: tests/rtl/test_npu_control.py
`include "npu_isa.vh"
`default_nettype none
module npu_control #(
    parameter SOURCES = 4                                  // of faults
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    start_req,
    input  wire                    reset_req,
    input  wire [31:0]             cfg_watchdog,

    // ---- dispatch and completion
    input  wire                    word_done,
    input  wire [23:0]             word_pc,
    input  wire                    halt_done,
    input  wire [`NPU_QUEUE_N-1:0] done_valid,
    input  wire                    empty,                  // no chain is pending
    input  wire                    oldest_valid,           // npu_pending
    input  wire [23:0]             oldest_word,
    input  wire [SOURCES-1:0]      f_valid,                // source 0 first
    input  wire [4*SOURCES-1:0]    f_code,
    input  wire [24*SOURCES-1:0]   f_word,
    input  wire                    bus_idle,               // no transfer is under way, none will be asked for

    // ---- counted
    input  wire                    overflow,
    input  wire                    busy_mm,
    input  wire                    busy_vector,
    input  wire [12:0]             read_bytes,             // asked of DRAM in this cycle
    input  wire [12:0]             write_bytes,

    // ---- to the units
    output wire                    clear,                  // drop all state; one cycle
    output wire                    start,                  // begin at word 0; one cycle
    output wire                    stop,                   // start nothing, write nothing

    // ---- to the host
    output wire                    busy,
    output reg                     done,
    output reg                     fault,
    output reg                     saturated,
    output reg  [3:0]              error_code,
    output reg  [23:0]             error_word,
    output reg  [63:0]             cycles,
    output reg  [63:0]             dram_read,
    output reg  [63:0]             dram_written,
    output reg  [32*`NPU_QUEUE_N-1:0] chains,              // completed, by queue
    output reg  [31:0]             busy_compute_cycles,
    output reg  [31:0]             busy_vector_cycles
);
`include "npu_csr.vh"
    localparam [2:0] IDLE = 3'd0, CLEAR = 3'd1, BEGIN = 3'd2, RUN = 3'd3, FAULT = 3'd4, QUIET = 3'd5, WIPE = 3'd6;

    reg  [2:0]  state_q, state_d;
    reg  [2:0]  quiet_q;                                   // cycles, up to 7, of a quiet bus since the last work
    reg         halted_q, counting_q;
    reg  [63:0] cycle;                                     // number of this cycle
    reg  [31:0] idle_q;                                    // cycles without a completion
    reg  [23:0] last_pc_q;

    wire quiet  = quiet_q == 3'd7;
    wire hungry = cfg_watchdog != 32'd0 && idle_q >= cfg_watchdog;
    wire halt;
    wire any    = f_valid != {SOURCES{1'b0}};
    wire over   = halted_q && empty;                       // nothing more is asked of the bus
    wire ended  = over && quiet;

    assign clear = state_q == CLEAR || state_q == WIPE;
    assign start = state_q == BEGIN;
    assign halt  = state_q == FAULT || state_q == QUIET;
    assign stop  = halt || clear;                          // also while units drop what they were halted with
    assign busy  = !(state_q == IDLE || (state_q == FAULT && quiet));

    always @* begin
        state_d = state_q;
        case (state_q)
            IDLE:    if (start_req) state_d = CLEAR;
            CLEAR:   state_d = BEGIN;
            BEGIN:   state_d = RUN;
            RUN:     if (any || (hungry && !ended)) state_d = FAULT;
                     else if (ended) state_d = IDLE;
            FAULT:   ;
            QUIET:   if (quiet) state_d = WIPE;
            WIPE:    state_d = IDLE;
            default: state_d = IDLE;
        endcase
        if (reset_req && state_q != WIPE)
            state_d = QUIET;
    end

    // ---- the fault of this cycle
    integer i;
    reg  [3:0]  code;
    reg  [23:0] word;
    always @* begin
        code = FAULT_WATCHDOG;
        word = oldest_valid ? oldest_word : last_pc_q;
        for (i = SOURCES - 1; i >= 0; i = i - 1)
            if (f_valid[i]) begin
                code = f_code[4*i +: 4];
                word = f_word[24*i +: 24];
            end
    end

    always @(posedge clk) begin
        state_q <= rst ? IDLE : state_d;
        quiet_q <= !(halt || over) || !bus_idle ? 3'd0 : quiet ? quiet_q : quiet_q + 3'd1;
        if (word_done)
            last_pc_q <= word_pc;
        if (rst || clear) begin
            done       <= 1'b0;
            fault      <= 1'b0;
            error_code <= FAULT_NONE;
            error_word <= 24'd0;
            halted_q   <= 1'b0;
            last_pc_q  <= 24'd0;
        end else if (state_q == RUN) begin
            if (state_d == FAULT) begin
                fault      <= 1'b1;
                error_code <= code;
                error_word <= word;
            end
            if (state_d == IDLE)
                done <= 1'b1;
            if (halt_done)
                halted_q <= 1'b1;
        end
        idle_q <= state_q != RUN || done_valid != {`NPU_QUEUE_N{1'b0}} ? 32'd0 : idle_q + 32'd1;
    end

    // ---- counters of the run; they hold until the next start or soft reset
    wire run = state_q == RUN;
    generate
        genvar q;
        for (q = 0; q < `NPU_QUEUE_N; q = q + 1) begin : g_chains
            always @(posedge clk)
                if (rst || clear)
                    chains[32*q +: 32] <= 32'd0;
                else if (run && done_valid[q])
                    chains[32*q +: 32] <= chains[32*q +: 32] + 32'd1;
        end
    endgenerate

    always @(posedge clk) begin
        if (rst || clear) begin
            counting_q          <= 1'b0;
            cycle               <= 64'd0;
            cycles              <= 64'd0;
            saturated           <= 1'b0;
            dram_read           <= 64'd0;
            dram_written        <= 64'd0;
            busy_compute_cycles <= 32'd0;
            busy_vector_cycles  <= 32'd0;
        end else begin
            if (run && word_done)
                counting_q <= 1'b1;
            if (counting_q || (run && word_done))
                cycle <= cycle + 64'd1;
            if (run && halt_done)
                cycles <= cycle + 64'd1;
            else if (run && done_valid != {`NPU_QUEUE_N{1'b0}})
                cycles <= cycle;
            if (run && overflow)
                saturated <= 1'b1;
            if (read_bytes != 13'd0)
                dram_read <= dram_read + {51'd0, read_bytes};
            if (write_bytes != 13'd0)
                dram_written <= dram_written + {51'd0, write_bytes};
            if (run && busy_mm)
                busy_compute_cycles <= busy_compute_cycles + 32'd1;
            if (run && busy_vector)
                busy_vector_cycles <= busy_vector_cycles + 32'd1;
        end
    end
endmodule
`default_nettype wire
