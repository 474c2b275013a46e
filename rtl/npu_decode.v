// npu_decode: one word to its parts: legal or not, stage, effective address.
// Contract: combinational. A field's value without meaning (space, register, NaN immediate) is an illegal instruction,
// and so is a function that its unit lacks.
// Test: tests/rtl/test_npu_dispatch.py
`include "npu_isa.vh"
`default_nettype none
module npu_decode #(
    parameter NATIVE_DIM     = 8,
    parameter SIGMOID_TANH_0 = 1,          // MFU0 has sigmoid and tanh
    parameter SIGMOID_TANH_1 = 1
) (
    input  wire [`NPU_WORD_W-1:0] word,
    input  wire [31:0]            rd_base,        // scalar registers
    input  wire [31:0]            wr_base,
    input  wire [31:0]            op0_base,
    input  wire [31:0]            op1_base,
    output wire [`NPU_OPCODE_W-1:0] opcode,
    output reg  [3:0]             stage,          // NPU_STAGE_*
    output wire                   illegal,        // opcode, stray bits, meaningless values
    output wire [3:0]             space,          // of v_rd and v_wr
    output wire [39:0]            addr,           // effective; saturated at the top
    output wire                   negative        // the base register makes the address negative
);
    localparam W = `NPU_WORD_W;
    localparam N_W = $clog2(2 * NATIVE_DIM + 1);

    assign opcode = word[`NPU_OPCODE];

    // ---- the table: stage, and the bits that belong to fields
    reg         known, operand;
    reg [W-1:0] used;
    always @* begin
        known   = 1'b1;
        operand = 1'b0;
        stage   = `NPU_STAGE_SCALAR;
        used    = {W{1'b0}};
        used[`NPU_OPCODE] = {`NPU_OPCODE_W{1'b1}};
        case (opcode)
            `NPU_OP_HALT, `NPU_OP_END_LOOP: ;
            `NPU_OP_S_WR: begin
                used[`NPU_S_WR_REG]   = {`NPU_S_WR_REG_W{1'b1}};
                used[`NPU_S_WR_VALUE] = {`NPU_S_WR_VALUE_W{1'b1}};
            end
            `NPU_OP_S_ADD: begin
                used[`NPU_S_ADD_REG]   = {`NPU_S_ADD_REG_W{1'b1}};
                used[`NPU_S_ADD_VALUE] = {`NPU_S_ADD_VALUE_W{1'b1}};
            end
            `NPU_OP_LOOP:
                used[`NPU_LOOP_COUNT] = {`NPU_LOOP_COUNT_W{1'b1}};
            `NPU_OP_V_RD: begin
                stage = `NPU_STAGE_READ;
                used[`NPU_V_RD_SPACE] = {`NPU_V_RD_SPACE_W{1'b1}};
                used[`NPU_V_RD_ADDR]  = {`NPU_V_RD_ADDR_W{1'b1}};
                used[`NPU_V_RD_LOW]   = 1'b1;
                used[`NPU_V_RD_BASE]  = 1'b1;
            end
            `NPU_OP_M_RD: begin
                stage = `NPU_STAGE_READ;
                used[`NPU_M_RD_ADDR] = {`NPU_M_RD_ADDR_W{1'b1}};
            end
            `NPU_OP_MV_MUL: begin
                stage = `NPU_STAGE_MATMUL;
                used[`NPU_MV_MUL_TILE] = {`NPU_MV_MUL_TILE_W{1'b1}};
                used[`NPU_MV_MUL_ACC]  = 1'b1;
                used[`NPU_MV_MUL_HOLD] = 1'b1;
            end
            `NPU_OP_VV_MUL: begin
                stage   = word[`NPU_VV_MUL_MFU] ? `NPU_STAGE_MFU1_MUL : `NPU_STAGE_MFU0_MUL;
                operand = 1'b1;
            end
            `NPU_OP_VV_ADD, `NPU_OP_VV_A_SUB_B, `NPU_OP_VV_B_SUB_A, `NPU_OP_VV_MAX: begin
                stage   = word[`NPU_VV_ADD_MFU] ? `NPU_STAGE_MFU1_ADDSUB : `NPU_STAGE_MFU0_ADDSUB;
                operand = 1'b1;
            end
            `NPU_OP_V_RELU, `NPU_OP_V_SIGM, `NPU_OP_V_TANH: begin
                stage = word[`NPU_V_RELU_MFU] ? `NPU_STAGE_MFU1_ACT : `NPU_STAGE_MFU0_ACT;
                used[`NPU_V_RELU_MFU] = 1'b1;
            end
            `NPU_OP_V_CLIP: begin
                stage = word[`NPU_V_CLIP_MFU] ? `NPU_STAGE_MFU1_ACT : `NPU_STAGE_MFU0_ACT;
                used[`NPU_V_CLIP_MFU] = 1'b1;
                used[`NPU_V_CLIP_A]   = {`NPU_V_CLIP_A_W{1'b1}};
                used[`NPU_V_CLIP_B]   = {`NPU_V_CLIP_B_W{1'b1}};
            end
            `NPU_OP_V_LRELU: begin
                stage = word[`NPU_V_LRELU_MFU] ? `NPU_STAGE_MFU1_ACT : `NPU_STAGE_MFU0_ACT;
                used[`NPU_V_LRELU_MFU] = 1'b1;
                used[`NPU_V_LRELU_A]   = {`NPU_V_LRELU_A_W{1'b1}};
            end
            `NPU_OP_V_RED_MAX, `NPU_OP_V_RED_ADD:
                stage = `NPU_STAGE_REDUCE;
            `NPU_OP_V_WR: begin
                stage = `NPU_STAGE_WRITE;
                used[`NPU_V_WR_SPACE] = {`NPU_V_WR_SPACE_W{1'b1}};
                used[`NPU_V_WR_ADDR]  = {`NPU_V_WR_ADDR_W{1'b1}};
                used[`NPU_V_WR_BASE]  = 1'b1;
            end
            `NPU_OP_M_WR: begin
                stage = `NPU_STAGE_WRITE;
                used[`NPU_M_WR_TILE] = {`NPU_M_WR_TILE_W{1'b1}};
            end
            `NPU_OP_END_CHAIN: begin
                stage = `NPU_STAGE_END;
                used[`NPU_END_CHAIN_WAIT] = {`NPU_END_CHAIN_WAIT_W{1'b1}};
                used[`NPU_END_CHAIN_GIVE] = {`NPU_END_CHAIN_GIVE_W{1'b1}};
                used[`NPU_END_CHAIN_NODE] = {`NPU_END_CHAIN_NODE_W{1'b1}};
            end
            default: known = 1'b0;
        endcase
        if (operand) begin             // the five have the same fields
            used[`NPU_VV_MUL_MFU]  = 1'b1;
            used[`NPU_VV_MUL_ADDR] = {`NPU_VV_MUL_ADDR_W{1'b1}};
            used[`NPU_VV_MUL_STEP] = 1'b1;
            used[`NPU_VV_MUL_BASE] = 1'b1;
        end
    end

    // ---- values without meaning
    wire reads  = opcode == `NPU_OP_V_RD;
    wire writes = opcode == `NPU_OP_V_WR;
    wire scalar = opcode == `NPU_OP_S_WR || opcode == `NPU_OP_S_ADD;
    wire clips  = opcode == `NPU_OP_V_CLIP;
    wire leaks  = opcode == `NPU_OP_V_LRELU;
    wire no_reg   = scalar && {26'd0, word[`NPU_S_WR_REG]} >= `NPU_REG_N;
    wire no_space = (reads || writes) && space > `NPU_SPACE_MULTIPLY_VRF_1;
    function special;           // NaN or infinity
        input [15:0] half;
        special = (half | 16'h83ff) == 16'hffff;
    endfunction
    wire no_half  = ((clips || leaks) && special(word[`NPU_V_CLIP_A])) || (clips && special(word[`NPU_V_CLIP_B]));

    wire smooth   = opcode == `NPU_OP_V_SIGM || opcode == `NPU_OP_V_TANH;
    wire no_unit  = smooth && (word[`NPU_V_SIGM_MFU] ? SIGMOID_TANH_1 == 0 : SIGMOID_TANH_0 == 0);

    assign illegal = !known || (word & ~used) != {W{1'b0}} || no_reg || no_space || no_half || no_unit;
    assign space   = reads ? word[`NPU_V_RD_SPACE] : word[`NPU_V_WR_SPACE];

    // ---- effective address: field + unit * base register, a two's complement number; DRAM counts bytes
    wire        unit1   = word[`NPU_VV_MUL_MFU];
    wire        network = (reads || writes) && (space == `NPU_SPACE_NET_IN_Q || space == `NPU_SPACE_NET_OUT_Q);
    wire        bytes   = (reads || writes) && space == `NPU_SPACE_DRAM;
    wire        based   = !network && ((reads && word[`NPU_V_RD_BASE]) || (writes && word[`NPU_V_WR_BASE])
                                       || (operand && word[`NPU_VV_MUL_BASE]));
    wire [39:0] field   = operand ? {{(40-`NPU_VV_MUL_ADDR_W){1'b0}}, word[`NPU_VV_MUL_ADDR]} : word[`NPU_V_RD_ADDR];
    reg  [31:0] base;
    always @*
        if (!based)      base = 32'd0;
        else if (reads)  base = rd_base;
        else if (writes) base = wr_base;
        else if (unit1)  base = op1_base;
        else             base = op0_base;

    localparam [31:0] VECTOR_BYTES = 2 * NATIVE_DIM;
    localparam S_W = 42 + N_W;
    wire signed [32+N_W:0] offset = $signed(base) * $signed(VECTOR_BYTES[N_W:0]);
    wire signed [S_W-1:0] sum = $signed({{(S_W-40){1'b0}}, field})
                                + (bytes ? {{(S_W-33-N_W){offset[32+N_W]}}, offset} : {{(S_W-32){base[31]}}, base});

    assign negative = sum[S_W-1];
    assign addr     = sum[S_W-2:40] != {(S_W-41){1'b0}} ? 40'hffffffffff : sum[39:0];
endmodule
`default_nettype wire
