// npu_assemble: words to chains: the scalar registers, the open chain, the order of its words.
// Contract: a pipeline of two stages that steps when `move` is high. m_fault is what is wrong with a word where it
// stands; npu_check looks at the chain as a whole. m_desc and its companions change with an m_end only: a chain has
// three words or more, so they stay for the three steps that follow.
// Test: tests/rtl/test_npu_dispatch.py
`include "npu_isa.vh"
`include "npu_chain.vh"
`default_nettype none
module npu_assemble #(
    parameter NATIVE_DIM     = 8,
    parameter SIGMOID_TANH_0 = 1,
    parameter SIGMOID_TANH_1 = 1
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   clear,
    input  wire                   move,
    input  wire                   s_valid,
    input  wire [`NPU_WORD_W-1:0] s_word,
    input  wire [23:0]            s_pc,
    input  wire [3:0]             s_fault,      // fetch found that there is no word
    output reg                    m_valid,
    output reg                    m_end,        // end_chain, legal where it stands
    output reg                    m_halt,
    output reg  [3:0]             m_fault,
    output reg  [23:0]            m_pc,
    output reg  [`NPU_QUEUE_N-1:0] m_queue,     // one bit: the chain's queue
    output reg  [`NPU_D_W-1:0]    m_desc,
    output reg  [22:0]            m_taps,       // KH * KW * KC
    output reg  [47:0]            m_row,        // IN_W * CHANNELS
    output reg  [46:0]            m_elements    // KH * KW * CHANNELS
);
`include "npu_csr.vh"
    localparam REGS_W = `NPU_REG_N * `NPU_REG_W;

    // ---- stage register
    reg                    valid_q;
    reg  [`NPU_WORD_W-1:0] word_q;
    reg  [23:0]            pc_q;
    reg  [3:0]             fetch_q;

    always @(posedge clk) begin
        if (move) begin
            valid_q <= s_valid;
            word_q  <= s_word;
            pc_q    <= s_pc;
            fetch_q <= s_fault;
        end
        if (rst || clear)
            valid_q <= 1'b0;
    end

    // ---- decode
    reg  [REGS_W-1:0] regs_q;
    wire [`NPU_OPCODE_W-1:0] opcode;
    wire [3:0]  stage, space;
    wire        illegal, negative;
    wire [39:0] addr;

    npu_decode #(
        .NATIVE_DIM(NATIVE_DIM), .SIGMOID_TANH_0(SIGMOID_TANH_0), .SIGMOID_TANH_1(SIGMOID_TANH_1)
    ) decode (
        .word(word_q), .rd_base(regs_q[32*`NPU_REG_RD_BASE +: 32]), .wr_base(regs_q[32*`NPU_REG_WR_BASE +: 32]),
        .op0_base(regs_q[32*`NPU_REG_OP0_BASE +: 32]), .op1_base(regs_q[32*`NPU_REG_OP1_BASE +: 32]),
        .opcode(opcode), .stage(stage), .illegal(illegal), .space(space), .addr(addr), .negative(negative)
    );

    wire is_read  = stage == `NPU_STAGE_READ;
    wire is_write = stage == `NPU_STAGE_WRITE;
    wire is_end   = stage == `NPU_STAGE_END;
    wire scalar   = stage == `NPU_STAGE_SCALAR;
    wire is_m_wr  = opcode == `NPU_OP_M_WR;
    wire off_chip = space == `NPU_SPACE_DRAM || space == `NPU_SPACE_NET_IN_Q || space == `NPU_SPACE_NET_OUT_Q;

    // ---- the open chain
    reg         open_q, weight_q, low_q, mm_q, acc_q, hold_q;
    reg  [3:0]  last_q, space_q;
    reg  [39:0] addr_q, dram_q;
    reg  [23:0] tile_q;
    reg  [8:0]  wr_q;
    reg  [24*6-1:0] wr_addr_q;
    reg  [1:0]  mul_q, mstep_q, astep_q;          // bit u: MFU u
    reg  [47:0] maddr_q, aaddr_q;
    reg  [5:0]  as_q, act_q;
    reg  [31:0] a_q, b_q;
    reg  [1:0]  red_q;
    reg  [31:0] seq_q;
    reg         held_q;                            // the compute chain before left its sums
    reg  [22:0] held_positions_q;
    reg  [31:0] held_rows_q;

    wire off_chip_wr = wr_q[`NPU_SPACE_DRAM] || wr_q[`NPU_SPACE_NET_IN_Q] || wr_q[`NPU_SPACE_NET_OUT_Q];
    wire off_chip_rd = space_q == `NPU_SPACE_DRAM || space_q == `NPU_SPACE_NET_IN_Q || space_q == `NPU_SPACE_NET_OUT_Q;
    wire [22:0] positions;
    wire [31:0] mv_rows = regs_q[32*`NPU_REG_MV_ROWS +: 32];
    wire vector  = !weight_q && (off_chip_rd || off_chip_wr);
    wire compute = !weight_q && !vector;

    // ---- what is wrong with the word where it stands
    wire bad_order = scalar ? open_q
                   : is_read ? open_q
                   : !open_q || (hold_q && !is_end) || (is_end && !hold_q && last_q != `NPU_STAGE_WRITE)
                     || (!is_end && (weight_q ? !is_m_wr || last_q != `NPU_STAGE_READ
                                              : is_m_wr || stage < last_q || (stage == last_q && !is_write)));
    wire bad_read  = opcode == `NPU_OP_V_RD && space == `NPU_SPACE_NET_OUT_Q;
    wire bad_write = opcode == `NPU_OP_V_WR
                     && (space == `NPU_SPACE_NET_IN_Q || wr_q[space] || off_chip_wr || (off_chip && wr_q != 9'd0));
    wire bad_sums  = is_end && compute
                     && (held_q ? !acc_q || held_positions_q != positions || held_rows_q != mv_rows : acc_q);
    wire bad_halt  = opcode == `NPU_OP_HALT && held_q;

    reg [3:0] fault;
    always @* begin
        fault = FAULT_NONE;
        if (negative)
            fault = FAULT_ADDRESS_RANGE;
        if (bad_order || bad_read || bad_write || bad_sums || bad_halt)
            fault = FAULT_ILLEGAL_CHAIN;
        if (illegal)
            fault = FAULT_ILLEGAL_INSTRUCTION;
        if (fetch_q != FAULT_NONE && !(fetch_q == FAULT_ILLEGAL_INSTRUCTION && open_q))
            fault = fetch_q;
    end

    wire fine = valid_q && fault == FAULT_NONE;

    // ---- registers
    wire [5:0]  index = word_q[`NPU_S_WR_REG];
    wire [31:0] value = word_q[`NPU_S_WR_VALUE];
    wire        act   = fine && move;

    always @(posedge clk) begin
        if (act && opcode == `NPU_OP_S_WR)
            regs_q[32*index +: 32] <= value;
        if (act && opcode == `NPU_OP_S_ADD)
            regs_q[32*index +: 32] <= regs_q[32*index +: 32] + value;
        if (rst || clear)
            regs_q <= `NPU_RESET_ALL;
    end

    // ---- words of the chain
    wire unit = word_q[`NPU_VV_MUL_MFU];
    reg  [2:0] as_d, act_d;
    always @* begin
        case (opcode)
            `NPU_OP_VV_A_SUB_B: as_d = `NPU_AS_A_SUB_B;
            `NPU_OP_VV_B_SUB_A: as_d = `NPU_AS_B_SUB_A;
            `NPU_OP_VV_MAX:     as_d = `NPU_AS_MAX;
            default:            as_d = `NPU_AS_ADD;
        endcase
        case (opcode)
            `NPU_OP_V_CLIP:  act_d = `NPU_ACT_CLIP;
            `NPU_OP_V_LRELU: act_d = `NPU_ACT_LRELU;
            `NPU_OP_V_SIGM:  act_d = `NPU_ACT_SIGM;
            `NPU_OP_V_TANH:  act_d = `NPU_ACT_TANH;
            default:         act_d = `NPU_ACT_RELU;
        endcase
    end

    // A vector address beyond 24 bits is outside every memory; the greatest one still is.
    wire [23:0] short = addr[39:24] != 16'd0 ? 24'hffffff : addr[23:0];

    always @(posedge clk) begin
        if (act && !scalar)
            last_q <= stage;
        if (act && is_read) begin
            open_q   <= 1'b1;
            weight_q <= opcode == `NPU_OP_M_RD;
            space_q  <= opcode == `NPU_OP_M_RD ? `NPU_SPACE_DRAM : space;
            addr_q   <= opcode == `NPU_OP_M_RD ? word_q[`NPU_M_RD_ADDR] : addr;
            low_q    <= opcode == `NPU_OP_V_RD && word_q[`NPU_V_RD_LOW];
            {mm_q, acc_q, hold_q} <= 3'd0;
            {tile_q, dram_q, red_q}         <= {24'd0, 40'd0, `NPU_RED_NONE};
            {wr_q, mul_q, mstep_q, astep_q} <= {9'd0, 6'd0};
            {maddr_q, aaddr_q, wr_addr_q}   <= {96'd0, 144'd0};
            {as_q, act_q, a_q, b_q}         <= {12'd0, 64'd0};
        end
        if (act)
            case (opcode)
                `NPU_OP_MV_MUL: begin
                    mm_q   <= 1'b1;
                    tile_q <= word_q[`NPU_MV_MUL_TILE];
                    acc_q  <= word_q[`NPU_MV_MUL_ACC];
                    hold_q <= word_q[`NPU_MV_MUL_HOLD];
                end
                `NPU_OP_VV_MUL: begin
                    mul_q[unit]   <= 1'b1;
                    mstep_q[unit] <= word_q[`NPU_VV_MUL_STEP];
                    maddr_q[24*unit +: 24] <= short;
                end
                `NPU_OP_VV_ADD, `NPU_OP_VV_A_SUB_B, `NPU_OP_VV_B_SUB_A, `NPU_OP_VV_MAX: begin
                    as_q[3*unit +: 3] <= as_d;
                    astep_q[unit]     <= word_q[`NPU_VV_ADD_STEP];
                    aaddr_q[24*unit +: 24] <= short;
                end
                `NPU_OP_V_RELU, `NPU_OP_V_CLIP, `NPU_OP_V_LRELU, `NPU_OP_V_SIGM, `NPU_OP_V_TANH: begin
                    act_q[3*unit +: 3] <= act_d;
                    a_q[16*unit +: 16] <= word_q[`NPU_V_CLIP_A];
                    b_q[16*unit +: 16] <= word_q[`NPU_V_CLIP_B];
                end
                `NPU_OP_V_RED_MAX: red_q <= `NPU_RED_MAX;
                `NPU_OP_V_RED_ADD: red_q <= `NPU_RED_ADD;
                `NPU_OP_V_WR: begin
                    wr_q[space] <= 1'b1;
                    if (space == `NPU_SPACE_DRAM)
                        dram_q <= addr;
                    else if (!off_chip)
                        wr_addr_q[24*(space - `NPU_SPACE_EXPANDER) +: 24] <= short;
                end
                `NPU_OP_M_WR: tile_q <= word_q[`NPU_M_WR_TILE];
                `NPU_OP_END_CHAIN: begin
                    open_q <= 1'b0;
                    seq_q  <= seq_q + 32'd1;
                    if (compute) begin
                        held_q           <= hold_q;
                        held_positions_q <= positions;
                        held_rows_q      <= mv_rows;
                    end
                end
                default: ;
            endcase
        if (rst || clear) begin
            open_q   <= 1'b0;
            held_q   <= 1'b0;
            hold_q   <= 1'b0;
            weight_q <= 1'b0;
            seq_q    <= 32'd0;
        end
    end

    // ---- descriptor
    wire [22:0] taps;
    wire [47:0] row;
    wire [46:0] elements;
    wire [39:0] step_y, step_x, tap_y, tap_x, pad_y, pad_x;

    npu_products products (
        .clk(clk), .regs(regs_q), .positions(positions), .taps(taps), .row(row), .elements(elements),
        .step_y(step_y), .step_x(step_x), .tap_y(tap_y), .tap_x(tap_x), .pad_y(pad_y), .pad_x(pad_x)
    );

    always @(posedge clk) begin
        if (move) begin
            m_valid <= valid_q;
            m_end   <= fine && is_end;
            m_halt  <= fine && opcode == `NPU_OP_HALT;
            m_fault <= fault;
            m_pc    <= pc_q;
        end
        if (act && is_end) begin
            m_queue[`NPU_QUEUE_WEIGHT]  <= weight_q;
            m_queue[`NPU_QUEUE_VECTOR]  <= vector;
            m_queue[`NPU_QUEUE_COMPUTE] <= compute;
            m_taps     <= taps;
            m_row      <= row;
            m_elements <= elements;
            m_desc[REGS_W-1:0]         <= regs_q;
            m_desc[`NPU_D_SPACE]       <= space_q;
            m_desc[`NPU_D_ADDR]        <= addr_q;
            m_desc[`NPU_D_LOW]         <= low_q;
            m_desc[`NPU_D_MM]          <= mm_q;
            m_desc[`NPU_D_ACC]         <= acc_q;
            m_desc[`NPU_D_HOLD]        <= hold_q;
            m_desc[`NPU_D_TILE]        <= tile_q;
            m_desc[`NPU_D_M0_MUL]      <= mul_q[0];
            m_desc[`NPU_D_M0_MSTEP]    <= mstep_q[0];
            m_desc[`NPU_D_M0_MADDR]    <= maddr_q[23:0];
            m_desc[`NPU_D_M0_AS]       <= as_q[2:0];
            m_desc[`NPU_D_M0_ASTEP]    <= astep_q[0];
            m_desc[`NPU_D_M0_AADDR]    <= aaddr_q[23:0];
            m_desc[`NPU_D_M0_ACT]      <= act_q[2:0];
            m_desc[`NPU_D_M0_A]        <= a_q[15:0];
            m_desc[`NPU_D_M0_B]        <= b_q[15:0];
            m_desc[`NPU_D_M1_MUL]      <= mul_q[1];
            m_desc[`NPU_D_M1_MSTEP]    <= mstep_q[1];
            m_desc[`NPU_D_M1_MADDR]    <= maddr_q[47:24];
            m_desc[`NPU_D_M1_AS]       <= as_q[5:3];
            m_desc[`NPU_D_M1_ASTEP]    <= astep_q[1];
            m_desc[`NPU_D_M1_AADDR]    <= aaddr_q[47:24];
            m_desc[`NPU_D_M1_ACT]      <= act_q[5:3];
            m_desc[`NPU_D_M1_A]        <= a_q[31:16];
            m_desc[`NPU_D_M1_B]        <= b_q[31:16];
            m_desc[`NPU_D_RED]         <= red_q;
            m_desc[`NPU_D_WR]          <= wr_q;
            m_desc[`NPU_D_WR_DRAM]     <= dram_q;
            m_desc[`NPU_D_WR_ADDR(3)]  <= wr_addr_q[0 +: 24];
            m_desc[`NPU_D_WR_ADDR(4)]  <= wr_addr_q[24 +: 24];
            m_desc[`NPU_D_WR_ADDR(5)]  <= wr_addr_q[48 +: 24];
            m_desc[`NPU_D_WR_ADDR(6)]  <= wr_addr_q[72 +: 24];
            m_desc[`NPU_D_WR_ADDR(7)]  <= wr_addr_q[96 +: 24];
            m_desc[`NPU_D_WR_ADDR(8)]  <= wr_addr_q[120 +: 24];
            m_desc[`NPU_D_GIVE]        <= word_q[`NPU_END_CHAIN_GIVE];
            m_desc[`NPU_D_WAIT]        <= word_q[`NPU_END_CHAIN_WAIT];
            m_desc[`NPU_D_WORD]        <= pc_q;
            m_desc[`NPU_D_SEQ]         <= seq_q;
            m_desc[`NPU_D_POSITIONS]   <= {9'd0, positions};
            m_desc[`NPU_D_WINDOW]      <= space_q == `NPU_SPACE_EXPANDER ? regs_q[32*`NPU_REG_KC +: 32] : {9'd0, taps};
            m_desc[`NPU_D_STEP_Y]      <= step_y;
            m_desc[`NPU_D_STEP_X]      <= step_x;
            m_desc[`NPU_D_TAP_Y]       <= tap_y;
            m_desc[`NPU_D_TAP_X]       <= tap_x;
            m_desc[`NPU_D_PAD_Y]       <= pad_y;
            m_desc[`NPU_D_PAD_X]       <= pad_x;
        end
        if (rst || clear)
            m_valid <= 1'b0;
    end
endmodule
`default_nettype wire
