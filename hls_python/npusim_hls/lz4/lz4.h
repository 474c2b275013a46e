// The two functions of LZ4's block format that Verilator's FST writer calls, for machines without liblz4's header.
// Block format: token (literals << 4 | match - 4), longer lengths in bytes of 255, literals, 16-bit distance; the last
// 5 bytes are literals, and no match begins within the last 12.
#ifndef NPUSIM_LZ4_H
#define NPUSIM_LZ4_H

#include <cstdint>
#include <cstring>

static inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

static inline void npusim_lz4_length(unsigned char*& out, int rest) {
    for (; rest >= 255; rest -= 255) *out++ = 255;
    *out++ = static_cast<unsigned char>(rest);
}

// match 0: the last sequence, which is literals alone
static inline void npusim_lz4_sequence(unsigned char*& out, const char* from, int literals, int match, int distance) {
    unsigned char* const token = out++;
    const int tail = match ? match - 4 : 0;
    *token = static_cast<unsigned char>((literals < 15 ? literals : 15) << 4 | (tail < 15 ? tail : 15));
    if (literals >= 15) npusim_lz4_length(out, literals - 15);
    std::memcpy(out, from, literals);
    out += literals;
    if (!match) return;
    *out++ = static_cast<unsigned char>(distance & 255);
    *out++ = static_cast<unsigned char>(distance >> 8);
    if (tail >= 15) npusim_lz4_length(out, tail - 15);
}

// Returns the compressed size, 0 where `room` is less than the bound (the FST writer always gives the bound).
static inline int LZ4_compress_default(const char* source, char* target, int size, int room) {
    if (room < LZ4_compressBound(size)) return 0;
    unsigned char* out = reinterpret_cast<unsigned char*>(target);
    static thread_local int seen[4096];  // place behind the last four bytes with this hash
    std::memset(seen, 0, sizeof seen);
    int done = 0;
    for (int at = 0; at + 12 < size;) {
        std::uint32_t word, other = 0;
        std::memcpy(&word, source + at, 4);
        int& slot = seen[(word * 2654435761u) >> 20];
        const int place = slot - 1;
        slot = at + 1;
        if (place >= 0 && at - place < 65536) std::memcpy(&other, source + place, 4);
        if (place < 0 || at - place >= 65536 || other != word) {
            ++at;
            continue;
        }
        int match = 4;
        while (at + match < size - 5 && source[at + match] == source[place + match]) ++match;
        npusim_lz4_sequence(out, source + done, at - done, match, at - place);
        done = at += match;
    }
    npusim_lz4_sequence(out, source + done, size - done, 0, 0);
    return static_cast<int>(out - reinterpret_cast<unsigned char*>(target));
}

#endif
