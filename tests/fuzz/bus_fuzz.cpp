// Any bytes as what systemd's bus sends: the same messages come out however the bytes come in parts, and what is no
// message ends the connection, in both. The first byte says how long the parts are. Built with clang's
// -fsanitize=fuzzer,address,undefined (OCIRT_FUZZ).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus_message.h"

namespace {

using namespace ocirt;

struct Read {
    std::vector<BusMessage> messages{};
    bool corrupted = false;
};

Read read_messages(std::string_view bytes, std::size_t part) {
    Read read;
    std::string arrived;
    for (; !bytes.empty() && !read.corrupted; bytes.remove_prefix(std::min(part, bytes.size()))) {
        arrived += bytes.substr(0, part);
        for (bool more = true; more;) {
            Result<std::optional<BusMessage>> taken = take_bus_message(arrived);
            read.corrupted = !taken;
            more = taken && *taken;
            if (more) read.messages.push_back(**std::move(taken));
        }
    }
    return read;
}

bool same(const BusMessage& one, const BusMessage& other) {
    return one.kind == other.kind && one.reply_serial == other.reply_serial && one.interface == other.interface &&
           one.member == other.member && one.error_name == other.error_name && one.signature == other.signature &&
           one.body == other.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const Read whole = read_messages(bytes, bytes.size() + 1);
    const Read parts = read_messages(bytes, std::size_t{1} + data[0]);
    if (whole.corrupted != parts.corrupted || whole.messages.size() != parts.messages.size()) std::abort();
    for (std::size_t i = 0; i < whole.messages.size(); ++i) {
        if (!same(whole.messages[i], parts.messages[i])) std::abort();
        for (const std::string& word : whole.messages[i].words())
            if (word.size() > size) std::abort();
    }
    return 0;
}
