// npu_chain: the chain descriptor, one flat bus from dispatch to the three queues and their units.
// Register r is desc[32*r +: 32], numbers from npu_isa.vh; addresses are effective (base registers added).
`ifndef NPU_CHAIN_VH
`define NPU_CHAIN_VH

`define NPU_D_REG(r)     32*(r) +: 32

// source: v_rd or m_rd
`define NPU_D_SPACE      1088 +: 4      // memory space of v_rd
`define NPU_D_ADDR       1092 +: 40     // vectors; in DRAM, bytes
`define NPU_D_LOW        1132           // padding reads as -65504

// matrix
`define NPU_D_MM         1133           // the chain has mv_mul
`define NPU_D_ACC        1134
`define NPU_D_HOLD       1135
`define NPU_D_TILE       1136 +: 24     // first slot of mv_mul, or of m_wr in a weight move

// MFU0, MFU1: multiply, add/sub/max, unary
`define NPU_D_M0_MUL     1160           // the stage is used
`define NPU_D_M0_MSTEP   1161           // its operand steps
`define NPU_D_M0_MADDR   1162 +: 24
`define NPU_D_M0_AS      1186 +: 3      // NPU_AS_*
`define NPU_D_M0_ASTEP   1189
`define NPU_D_M0_AADDR   1190 +: 24
`define NPU_D_M0_ACT     1214 +: 3      // NPU_ACT_*
`define NPU_D_M0_A       1217 +: 16     // immediates
`define NPU_D_M0_B       1233 +: 16
`define NPU_D_M1_MUL     1249
`define NPU_D_M1_MSTEP   1250
`define NPU_D_M1_MADDR   1251 +: 24
`define NPU_D_M1_AS      1275 +: 3
`define NPU_D_M1_ASTEP   1278
`define NPU_D_M1_AADDR   1279 +: 24
`define NPU_D_M1_ACT     1303 +: 3
`define NPU_D_M1_A       1306 +: 16
`define NPU_D_M1_B       1322 +: 16
`define NPU_D_RED        1338 +: 2      // NPU_RED_*

// targets
`define NPU_D_WR         1340 +: 9      // bit s: the chain writes to space s
`define NPU_D_WR_DRAM    1349 +: 40     // byte address
`define NPU_D_WR_ADDR(s) 1389+24*((s)-3) +: 24   // vector address in space s, 3..8

// end_chain
`define NPU_D_GIVE       1533 +: 3
`define NPU_D_WAIT       1536 +: 3
`define NPU_D_WORD       1539 +: 24     // place of the end_chain in instruction memory
`define NPU_D_SEQ        1563 +: 32     // number of the chain in this run, from 0

// products of registers, made while the chain's words pass; saturated, never aliased
`define NPU_D_POSITIONS  1595 +: 32     // ROWS * COLS
`define NPU_D_WINDOW     1627 +: 32     // K: KH * KW * KC, KC from the Expander
`define NPU_D_STEP_Y     1659 +: 40     // STRIDE_H * RD_ROW
`define NPU_D_STEP_X     1699 +: 40     // STRIDE_W * RD_COL
`define NPU_D_TAP_Y      1739 +: 40     // DILATION_H * RD_ROW
`define NPU_D_TAP_X      1779 +: 40     // DILATION_W * RD_COL
`define NPU_D_PAD_Y      1819 +: 40     // PAD_TOP * RD_ROW
`define NPU_D_PAD_X      1859 +: 40     // PAD_LEFT * RD_COL
`define NPU_D_W          1899

`define NPU_AS_NONE      3'd0
`define NPU_AS_ADD       3'd1
`define NPU_AS_A_SUB_B   3'd2           // stream - operand
`define NPU_AS_B_SUB_A   3'd3           // operand - stream
`define NPU_AS_MAX       3'd4

`define NPU_ACT_NONE     3'd0
`define NPU_ACT_RELU     3'd1
`define NPU_ACT_CLIP     3'd2
`define NPU_ACT_LRELU    3'd3
`define NPU_ACT_SIGM     3'd4
`define NPU_ACT_TANH     3'd5

`define NPU_RED_NONE     2'd0
`define NPU_RED_MAX      2'd1
`define NPU_RED_ADD      2'd2

`endif
