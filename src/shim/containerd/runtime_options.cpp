#include "shim/containerd/runtime_options.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/fd.h"
#include "common/number.h"
#include "common/syscall.h"
#include "common/trimmed.h"

namespace ocirt::shim {
namespace {

constexpr std::size_t largest = std::size_t{64} << 10;
constexpr std::string_view runcs = "runc.v1.Options";
constexpr std::string_view general = "runtimeoptions.v1.Options";

// A value as it stands there, of the type that its option has. False where it is of another.
bool read_value(std::string_view text, bool& value) {
    value = text == "true";
    return value || text == "false";
}

bool read_value(std::string_view text, std::uint32_t& value) { return read_number(text, value); }

bool read_value(std::string_view text, std::string& value) {
    if (text.size() < 2 || text.front() != text.back() || (text.front() != '"' && text.front() != '\'')) return false;
    const bool escapes = text.front() == '"';
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (escapes && text[i] == '"') return false;
        if (escapes && text[i] == '\\') {
            ++i;
            if (i == text.size() || (text[i] != '"' && text[i] != '\\')) return false;
        }
        value += text[i];
    }
    return true;
}

struct Option {
    std::string_view name;
    bool (*read)(wire::RuncOptions& options, std::string_view text);
};

// Whether a comment may begin here: not within a text.
std::string_view without_comment(std::string_view line) {
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (quote == '"' && line[i] == '\\')
            ++i;
        else if (quote != 0)
            quote = line[i] == quote ? '\0' : quote;
        else if (line[i] == '"' || line[i] == '\'')
            quote = line[i];
        else if (line[i] == '#')
            return line.substr(0, i);
    }
    return line;
}

const Option* find_option(std::string_view name) {
#define OCIRT_OPTION(name, type, field)                               \
    Option {                                                          \
        name, [](wire::RuncOptions& options, std::string_view text) { \
            type value{};                                             \
            const bool is_value = read_value(text, value);            \
            if (is_value) options.set_##field(value);                 \
            return is_value;                                          \
        }                                                             \
    }
    static const std::array all{OCIRT_OPTION("NoPivotRoot", bool, no_pivot_root),
                                OCIRT_OPTION("NoNewKeyring", bool, no_new_keyring),
                                OCIRT_OPTION("ShimCgroup", std::string, shim_cgroup),
                                OCIRT_OPTION("IoUid", std::uint32_t, io_uid),
                                OCIRT_OPTION("IoGid", std::uint32_t, io_gid),
                                OCIRT_OPTION("BinaryName", std::string, binary_name),
                                OCIRT_OPTION("Root", std::string, root),
                                OCIRT_OPTION("SystemdCgroup", bool, systemd_cgroup),
                                OCIRT_OPTION("CriuImagePath", std::string, criu_image_path),
                                OCIRT_OPTION("CriuWorkPath", std::string, criu_work_path)};
#undef OCIRT_OPTION
    const auto* found = std::ranges::find(all, name, &Option::name);
    return found == all.end() ? nullptr : found;
}

Result<> read_line(wire::RuncOptions& options, std::string_view line, const std::string& position) {
    line = trimmed(without_comment(line));
    if (line.empty()) return {};
    const std::size_t sign = line.find('=');
    const std::string name(trimmed(line.substr(0, sign)));
    const auto refused = [&](const char* why) {
        return fail({.fault = Fault::invalid_argument,
                     .position = position,
                     .operation = "read the runtime's options",
                     .object = name,
                     .detail = why});
    };
    if (sign == std::string_view::npos) return refused("a line NAME = VALUE is wanted");
    const Option* option = find_option(name);
    if (option == nullptr) return refused("there is no such option");
    if (!option->read(options, trimmed(line.substr(sign + 1)))) return refused("the value is not of the option's type");
    return {};
}

}  // namespace

Result<wire::RuncOptions> parse_runtime_options(std::string_view text, const std::string& origin) {
    wire::RuncOptions options;
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        TRY(read_line(options, text.substr(0, end), origin + ":" + std::to_string(number)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return options;
}

bool are_runtime_options(std::string_view type) { return type.ends_with(runcs) || type.ends_with(general); }

Result<wire::RuncOptions> read_runtime_options(std::string_view type, const std::string& value) {
    const auto unreadable = [] {
        return fail({.fault = Fault::invalid_argument, .operation = "read the runtime's options"});
    };
    if (type.ends_with(runcs)) {
        wire::RuncOptions options;
        if (!options.ParseFromString(value)) return unreadable();
        return options;
    }
    if (!type.ends_with(general)) return wire::RuncOptions{};
    wire::RuntimeOptions options;
    if (!options.ParseFromString(value)) return unreadable();
    if (!options.config_body().empty()) return parse_runtime_options(options.config_body(), "options");
    if (options.config_path().empty()) return wire::RuncOptions{};
    const Fd file(::open(options.config_path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno("open", "read the runtime's options", options.config_path());
    return parse_runtime_options(TRY(sys::read_all(file, largest)), options.config_path());
}

}  // namespace ocirt::shim
