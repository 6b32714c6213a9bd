// The encoded plan: one block that the runtime writes (encode.h) and init maps, checks once and then trusts.
//
//   Header | StepRef[step_count] | steps, lists, texts in any order, each aligned to 8 bytes
//
// Offsets count from the start of the block. Freestanding: init includes this file.
#pragma once

#include <stdint.h>

#include "runtime/plan/steps.h"

namespace ocirt::plan {

inline constexpr uint32_t program_magic = 0x6f636970;  // "ocip"
inline constexpr uint32_t program_version = 1;         // of the layout and of every step in it
inline constexpr uint32_t program_size_limit = 64u << 20;
inline constexpr uint32_t step_limit = 65536;

// `size` bytes at `offset`, followed by a NUL that `size` does not count.
struct WireText {
    uint32_t offset;
    uint32_t size;
};

// `count` elements of 8 bytes at `offset`: WireText for texts, uint64_t for numbers.
struct WireTexts {
    uint32_t offset;
    uint32_t count;
};
struct WireNumbers {
    uint32_t offset;
    uint32_t count;
};

// `size` bytes at `offset`, aligned to 8.
struct WireBytes {
    uint32_t offset;
    uint32_t size;
};

struct Wire {
    using Text = WireText;
    using Texts = WireTexts;
    using Numbers = WireNumbers;
    using Bytes = WireBytes;
};

struct StepRef {
    Op op;
    uint32_t offset;  // of the op's struct
};

struct Header {
    uint32_t magic;
    uint32_t version;
    uint32_t size;  // of the whole block
    uint32_t step_count;
    uint32_t steps;  // offset of StepRef[step_count]
    uint32_t reserved;
};

}  // namespace ocirt::plan
