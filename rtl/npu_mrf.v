// npu_mrf: one bank of the matrix register file, tiles of CHUNKS words each.
// Contract: a read that starts in cycle t gives word j of its tile in cycle t + 2 + j (address and output register, as
// M20K blocks want them); the next may start CHUNKS cycles later. A word written in cycle t is read from t + 1 on.
// Test: tests/rtl/test_npu_mvu.py
`default_nettype none
module npu_mrf #(
    parameter WIDTH  = 96,                 // bits of a word
    parameter CHUNKS = 4,                  // words of a tile
    parameter TILES  = 16                  // tiles held
) (
    input  wire             clk,
    input  wire             rst,           // synchronous, high: ends a read
    input  wire             wr_en,
    input  wire [23:0]      wr_slot,       // below TILES
    input  wire [7:0]       wr_chunk,      // below CHUNKS
    input  wire [WIDTH-1:0] wr_data,
    input  wire             rd_start,      // reads a tile
    input  wire [23:0]      rd_slot,       // below TILES
    output wire [WIDTH-1:0] rd_data
);
    localparam ADDR_W = CHUNKS * TILES > 1 ? $clog2(CHUNKS * TILES) : 1;
    localparam LEFT_W = $clog2(CHUNKS + 1);
    localparam [31:0] MORE = CHUNKS - 1;   // words behind the first

    // ---- addresses: CHUNKS words from the tile's first on
    reg [ADDR_W-1:0] next_q;
    reg [LEFT_W-1:0] left_q;               // words of the tile still to be read
    wire [31:0]      first = rd_slot * CHUNKS;
    wire [31:0]      place = wr_slot * CHUNKS + {24'd0, wr_chunk};
    wire [ADDR_W-1:0] addr = rd_start ? first[ADDR_W-1:0] : next_q;
    wire             rd_en = rd_start || left_q != 0;

    always @(posedge clk) begin
        if (rd_en)
            next_q <= addr + 1'b1;
        if (rst)
            left_q <= 0;
        else if (rd_start)
            left_q <= MORE[LEFT_W-1:0];
        else if (left_q != 0)
            left_q <= left_q - 1'b1;
    end

    // ---- memory, and a register behind it
    wire [WIDTH-1:0] word;
    reg  [WIDTH-1:0] data_q;
    reg              word_valid_q;
    wire [WIDTH-1:0] unused_word;

    npu_ram #(.WIDTH(WIDTH), .DEPTH(CHUNKS * TILES)) words_i (
        .clk(clk),
        .a_en(wr_en),
        .a_we(1'b1),
        .a_addr(place[ADDR_W-1:0]),
        .a_wdata(wr_data),
        .a_rdata(unused_word),
        .b_en(rd_en),
        .b_we(1'b0),
        .b_addr(addr),
        .b_wdata(wr_data),
        .b_rdata(word)
    );

    always @(posedge clk) begin
        word_valid_q <= rd_en;
        if (word_valid_q)
            data_q <= word;
    end

    assign rd_data = data_q;

    // The memories of the largest machine have far fewer words than these addresses can name.
    wire unused_bits = &{1'b0, first[31:ADDR_W], place[31:ADDR_W], unused_word};
endmodule
`default_nettype wire
