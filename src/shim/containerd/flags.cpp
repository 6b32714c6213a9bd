#include "shim/containerd/flags.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace ocirt::shim {
namespace {

struct TextFlag {
    std::string_view name;
    std::string Flags::* value;
};
constexpr TextFlag text_flags[] = {
    {"namespace", &Flags::namespace_name},      {"id", &Flags::id},         {"address", &Flags::address},
    {"publish-binary", &Flags::publish_binary}, {"bundle", &Flags::bundle}, {"socket", &Flags::socket}};

struct SwitchFlag {
    std::string_view name;
    bool Flags::* value;
};
constexpr SwitchFlag switch_flags[] = {
    {"debug", &Flags::debug}, {"v", &Flags::version}, {"version", &Flags::version}, {"info", &Flags::info}};

std::unexpected<Error> wrong(std::string_view word, const char* why) {
    return fail({.fault = Fault::invalid_argument,
                 .operation = "read the command line",
                 .object = "\"" + std::string(word) + "\"",
                 .detail = why,
                 .hint = "this is a shim: containerd starts it"});
}

// As strconv.ParseBool.
std::optional<bool> parse_bool(std::string_view text) {
    constexpr std::string_view yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::string_view no[] = {"0", "f", "F", "false", "FALSE", "False"};
    if (std::ranges::find(yes, text) != std::end(yes)) return true;
    if (std::ranges::find(no, text) != std::end(no)) return false;
    return std::nullopt;
}

}  // namespace

Result<Flags> parse_flags(std::span<char* const> words) {
    Flags flags;
    while (!words.empty()) {
        const std::string_view word = words.front();
        if (!word.starts_with('-') || word.size() == 1) break;
        words = words.subspan(1);
        if (word == "--") break;
        const std::string_view flag = word.substr(word.starts_with("--") ? 2 : 1);
        const std::size_t equals = flag.find('=');
        const std::string_view name = flag.substr(0, equals);
        std::optional<std::string_view> value;
        if (equals != flag.npos) value = flag.substr(equals + 1);
        if (const auto* found = std::ranges::find(switch_flags, name, &SwitchFlag::name);
            found != std::end(switch_flags)) {
            const std::optional<bool> on = parse_bool(value.value_or("true"));
            if (!on) return wrong(word, "it is true or false");
            flags.*found->value = *on;
            continue;
        }
        const auto* found = std::ranges::find(text_flags, name, &TextFlag::name);
        if (found == std::end(text_flags)) return wrong(word, "there is no such flag");
        if (!value) {
            if (words.empty()) return wrong(word, "its value is missing");
            value = words.front();
            words = words.subspan(1);
        }
        flags.*found->value = *value;
    }
    if (!words.empty()) flags.action = words.front();
    return flags;
}

}  // namespace ocirt::shim
