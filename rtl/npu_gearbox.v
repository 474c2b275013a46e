// npu_gearbox: a stream of units whose words change size: from up to IN_N units a word to m_take units a word.
// Contract: keeps order; a word passes a cycle after its last unit came, with BYPASS = 1 in that cycle where nothing is
// held. m_valid tells that m_take units are there. Full rate on the wider side.  Test: tests/rtl/test_npu_dma_parts.py
`default_nettype none
module npu_gearbox #(
    parameter UNIT_W = 64,                 // bits of a unit
    parameter IN_N   = 1,                  // units of a word that comes
    parameter OUT_N  = 2,                  // most units of a word that leaves
    parameter [OUT_N:0] TAKES = {1'b1, {OUT_N{1'b0}}},     // bit n: m_take may be n
    parameter BYPASS = 0,                  // 1: s_skip is 0
    parameter HOLD   = IN_N + OUT_N - 1,   // units held
    parameter C_W    = $clog2(HOLD + 1)
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    s_valid,
    output wire                    s_ready,
    input  wire [IN_N*UNIT_W-1:0]  s_data,
    input  wire [C_W-1:0]          s_skip,     // units at the low end that are not part of the stream
    input  wire [C_W-1:0]          s_count,    // units that follow them, at least 1
    output wire                    m_valid,
    input  wire                    m_ready,
    input  wire [C_W-1:0]          m_take,     // at least 1
    output wire [OUT_N*UNIT_W-1:0] m_data,     // beyond m_take anything
    output wire [C_W-1:0]          held
);
    reg  [HOLD*UNIT_W-1:0] units_q;
    reg  [C_W-1:0]         held_q;

    wire           through = BYPASS != 0 && held_q == {C_W{1'b0}};
    wire [C_W-1:0] there   = through ? (s_valid ? s_count : {C_W{1'b0}}) : held_q;
    assign m_valid = there != {C_W{1'b0}} && there >= m_take;
    assign held    = held_q;

    wire           pop   = m_valid && m_ready;
    wire [C_W-1:0] taken = pop ? m_take : {C_W{1'b0}};
    wire [C_W-1:0] rest  = through ? {C_W{1'b0}} : held_q - taken;
    wire [C_W:0]   full  = {1'b0, rest} + {1'b0, s_count};
    assign s_ready = through || full <= HOLD[C_W:0];
    wire           push  = s_valid && s_ready;

    generate
        if (BYPASS != 0) begin : g_through
            wire [(IN_N+OUT_N)*UNIT_W-1:0] wide = {{OUT_N*UNIT_W{1'b0}}, s_data};
            assign m_data = through ? wide[OUT_N*UNIT_W-1:0] : units_q[OUT_N*UNIT_W-1:0];
            wire unused_bits = &{1'b0, wide};
        end else begin : g_held
            assign m_data = units_q[OUT_N*UNIT_W-1:0];
        end
    endgenerate

    // unit i of a word goes behind what stays, less what is skipped or has passed
    wire [31:0] place = {{(32-C_W){1'b0}}, rest};
    wire [31:0] less  = {{(32-C_W){1'b0}}, through ? taken : s_skip};
    integer i, k, t;
    always @(posedge clk) begin
        if (pop && !through)
            for (t = 1; t <= OUT_N; t = t + 1)
                if (TAKES[t] && m_take == t[C_W-1:0])
                    for (k = 0; k + t < HOLD; k = k + 1)
                        units_q[k*UNIT_W +: UNIT_W] <= units_q[(k+t)*UNIT_W +: UNIT_W];
        if (push)
            for (k = 0; k < HOLD; k = k + 1)
                for (i = 0; i < IN_N; i = i + 1)
                    if (i >= less && k + less == place + i)
                        units_q[k*UNIT_W +: UNIT_W] <= s_data[i*UNIT_W +: UNIT_W];
        if (push)
            held_q <= through ? s_count - taken : full[C_W-1:0];
        else
            held_q <= rest;
        if (rst)
            held_q <= {C_W{1'b0}};
    end
endmodule
`default_nettype wire
