#include "runtime/cgroup/device_rules.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace ocirt::cgroup {

namespace {

using spec::DeviceRule;
using spec::DeviceType;

enum Access : unsigned { read_access = 1, write_access = 2, mknod_access = 4, every_access = 7 };

unsigned parse_access(std::string_view text) {
    if (text.empty()) return every_access;
    unsigned access = 0;
    if (text.find('r') != std::string_view::npos) access |= read_access;
    if (text.find('w') != std::string_view::npos) access |= write_access;
    if (text.find('m') != std::string_view::npos) access |= mknod_access;
    return access;
}

struct Exception {
    DeviceType type{};
    std::optional<std::uint32_t> major;
    std::optional<std::uint32_t> minor;
    unsigned access = 0;

    [[nodiscard]] bool same_device(const Exception& other) const {
        return type == other.type && major == other.major && minor == other.minor;
    }
    // Every device of `other` is one of these.
    [[nodiscard]] bool covers(const Exception& other) const {
        return type == other.type && (!major || major == other.major) && (!minor || minor == other.minor);
    }
};

std::string line_text(const Exception& exception) {
    const auto number = [](const auto& value) { return value ? std::to_string(*value) : std::string("*"); };
    std::string text{static_cast<char>(exception.type)};
    text += ' ' + number(exception.major) + ':' + number(exception.minor) + ' ';
    if (exception.access & read_access) text += 'r';
    if (exception.access & write_access) text += 'w';
    if (exception.access & mknod_access) text += 'm';
    return text;
}

// What a v1 devices cgroup is: a default for every device, and exceptions from it.
class ExceptionList {
   public:
    [[nodiscard]] bool add(bool allow, const Exception& rule) {
        if (allow == default_allow_) return remove(rule);
        for (Exception& known : exceptions_) {
            if (!known.same_device(rule)) continue;
            known.access |= rule.access;
            return true;
        }
        exceptions_.push_back(rule);
        return true;
    }
    void reset(bool allow) {
        default_allow_ = allow;
        exceptions_.clear();
    }
    [[nodiscard]] bool default_allow() const { return default_allow_; }
    [[nodiscard]] const std::vector<Exception>& exceptions() const { return exceptions_; }
    [[nodiscard]] unsigned access_to(const Exception& device) const {
        for (const Exception& known : exceptions_)
            if (known.same_device(device)) return known.access;
        return 0;
    }
    [[nodiscard]] std::vector<DeviceLine> lines() const {
        std::vector<DeviceLine> lines{{.allow = default_allow_, .text = "a"}};
        for (const Exception& exception : exceptions_)
            lines.push_back({.allow = !default_allow_, .text = line_text(exception)});
        return lines;
    }

   private:
    // false: a wider exception would stay in force.
    [[nodiscard]] bool remove(const Exception& rule) {
        for (Exception& known : exceptions_) {
            if (rule.covers(known))
                known.access &= ~rule.access;
            else if (known.covers(rule) && (known.access & rule.access) != 0)
                return false;
        }
        std::erase_if(exceptions_, [](const Exception& known) { return known.access == 0; });
        return true;
    }

    bool default_allow_ = false;
    std::vector<Exception> exceptions_;
};

Result<ExceptionList> exception_list(const std::vector<DeviceRule>& rules) {
    ExceptionList list;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const DeviceRule& rule = rules[i];
        const unsigned access = parse_access(rule.access);
        if (rule.type == DeviceType::any && !rule.major && !rule.minor && access == every_access) {
            list.reset(rule.allow);
            continue;
        }
        // "a" in the kernel's file means every device with every access whatever follows it: anything narrower is two
        // rules.
        for (DeviceType type : {DeviceType::block, DeviceType::character}) {
            if (rule.type != DeviceType::any && rule.type != type) continue;
            const Exception exception{.type = type, .major = rule.major, .minor = rule.minor, .access = access};
            if (list.add(rule.allow, exception)) continue;
            return fail({.fault = Fault::invalid_config,
                         .pointer = "/linux/resources/devices/" + std::to_string(i),
                         .operation = "device rule",
                         .object = line_text(exception),
                         .detail = "cgroup v1 cannot take a part out of a wider rule before it",
                         .hint = "order the rules so that exceptions do not overlap, or use cgroup v2"});
        }
    }
    return list;
}

std::optional<std::uint32_t> parse_device_number(std::string_view text) {
    std::uint32_t number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) return std::nullopt;
    return number;
}

// devices.list: "a *:* rwm" alone for "everything is allowed", else a line for each exception: "c 1:3 rwm".
ExceptionList parse_device_list(std::string_view text) {
    ExceptionList list;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t colon = line.find(':');
        const std::size_t space = line.find(' ', 2);
        if (line.size() < 7 || colon == std::string_view::npos || space == std::string_view::npos || space < colon)
            continue;
        if (line.front() == 'a') {
            list.reset(true);
            continue;
        }
        (void)list.add(true, {.type = line.front() == 'b' ? DeviceType::block : DeviceType::character,
                              .major = parse_device_number(line.substr(2, colon - 2)),
                              .minor = parse_device_number(line.substr(colon + 1, space - colon - 1)),
                              .access = parse_access(line.substr(space + 1))});
    }
    return list;
}

}  // namespace

std::vector<DeviceRule> effective_device_rules(const std::vector<DeviceRule>& rules) {
    std::vector<DeviceRule> all = rules;
    const auto allow = [&all](DeviceType type, std::optional<std::uint32_t> major, std::optional<std::uint32_t> minor,
                              const char* access) {
        all.push_back({.allow = true, .type = type, .major = major, .minor = minor, .access = access});
    };
    allow(DeviceType::character, std::nullopt, std::nullopt, "m");
    allow(DeviceType::block, std::nullopt, std::nullopt, "m");
    for (std::uint32_t minor : {3u, 5u, 7u, 8u, 9u})  // null, zero, full, random, urandom
        allow(DeviceType::character, 1, minor, "rwm");
    for (std::uint32_t minor : {0u, 1u, 2u})  // tty, console, ptmx
        allow(DeviceType::character, 5, minor, "rwm");
    allow(DeviceType::character, 136, std::nullopt, "rwm");  // pts
    allow(DeviceType::character, 10, 200, "rwm");            // net/tun
    return all;
}

Result<std::vector<DeviceLine>> device_lines(const std::vector<DeviceRule>& rules) {
    return TRY(exception_list(rules)).lines();
}

Result<std::vector<DeviceLine>> device_changes(const std::vector<DeviceRule>& rules, std::string_view current) {
    const ExceptionList wanted = TRY(exception_list(rules));
    const ExceptionList present = parse_device_list(current);
    if (wanted.default_allow() || present.default_allow()) return wanted.lines();
    std::vector<DeviceLine> changes;
    const auto add_missing = [&changes](bool allow, const ExceptionList& from, const ExceptionList& in) {
        for (Exception exception : from.exceptions()) {
            exception.access &= ~in.access_to(exception);
            if (exception.access != 0) changes.push_back({.allow = allow, .text = line_text(exception)});
        }
    };
    add_missing(true, wanted, present);
    add_missing(false, present, wanted);
    return changes;
}

std::string device_rules_text(const std::vector<DeviceRule>& rules) {
    std::string text;
    for (const DeviceRule& rule : rules) {
        const Exception exception{
            .type = rule.type, .major = rule.major, .minor = rule.minor, .access = parse_access(rule.access)};
        text += (text.empty() ? "" : ",") + std::string(rule.allow ? "allow " : "deny ") + line_text(exception);
    }
    return text;
}

}  // namespace ocirt::cgroup
