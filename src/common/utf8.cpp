#include "common/utf8.h"

#include <algorithm>
#include <cstdint>

namespace ocirt {
namespace {

// What a first byte says: how long its sequence is (0: it is none), and what its second byte may be.
struct Lead {
    std::size_t length = 0;
    std::uint8_t least = 0x80;
    std::uint8_t most = 0xbf;
};

Lead read_lead(std::uint8_t byte) {
    Lead lead;
    if (byte < 0x80) lead.length = 1;
    if (byte >= 0xc2 && byte <= 0xdf) lead.length = 2;
    if (byte >= 0xe0 && byte <= 0xef) lead.length = 3;
    if (byte >= 0xf0 && byte <= 0xf4) lead.length = 4;
    if (byte == 0xe0) lead.least = 0xa0;
    if (byte == 0xed) lead.most = 0x9f;
    if (byte == 0xf0) lead.least = 0x90;
    if (byte == 0xf4) lead.most = 0x8f;
    return lead;
}

// How many bytes at the front of `text` fit to `lead`.
std::size_t fitting(std::string_view text, const Lead& lead) {
    std::size_t count = std::min<std::size_t>(lead.length, 1);
    for (; count < std::min(lead.length, text.size()); ++count) {
        const auto byte = static_cast<std::uint8_t>(text[count]);
        if (byte < (count == 1 ? lead.least : 0x80) || byte > (count == 1 ? lead.most : 0xbf)) break;
    }
    return count;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    const Lead lead = read_lead(static_cast<std::uint8_t>(text.front()));
    return fitting(text, lead) == lead.length ? lead.length : 0;
}

std::size_t unfinished_utf8(std::string_view text) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const std::string_view tail = text.substr(text.size() - back);
        const Lead lead = read_lead(static_cast<std::uint8_t>(tail.front()));
        if (lead.length > back && fitting(tail, lead) == back) return back;
    }
    return 0;
}

}  // namespace ocirt
