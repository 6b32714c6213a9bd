#include "shim/monitor/log_target.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ocirt::shim::monitor {
namespace {

namespace fs = std::filesystem;
using Kind = LogTarget::Kind;

struct Driver {
    std::string_view name;
    Kind kind;
};
constexpr Driver drivers[] = {{"k8s-file", Kind::k8s_file},
                              {"json-file", Kind::json_file},
                              {"journald", Kind::journald},
                              {"none", Kind::none},
                              {"off", Kind::none},
                              {"null", Kind::none},
                              {"passthrough", Kind::passthrough}};

std::unexpected<Error> wrong(const std::string& word, std::string detail, std::string hint = {}) {
    return fail({.fault = Fault::invalid_argument,
                 .operation = "log to",
                 .object = "\"" + word + "\"",
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

bool is_below(const fs::path& path, const fs::path& directory) {
    const auto [left, right] = std::ranges::mismatch(directory, path);
    return left == directory.end();
}

}  // namespace

Result<LogTarget> parse_log_target(const std::string& word) {
    const std::size_t colon = word.find(':');
    const std::string_view name = std::string_view(word).substr(0, colon);
    const std::string path = colon == word.npos ? "" : word.substr(colon + 1);
    if (name.empty()) {
        if (path.empty()) return wrong(word, "log-path must not be empty");
        return LogTarget{.kind = Kind::k8s_file, .path = path};
    }
    const auto* const driver = std::ranges::find(drivers, name, &Driver::name);
    if (driver == std::end(drivers)) {
        if (colon == word.npos) return LogTarget{.kind = Kind::k8s_file, .path = word};
        return wrong(word, "No such log driver " + std::string(name),
                     "k8s-file:FILE, json-file:FILE, journald, passthrough or none");
    }
    const bool is_file = driver->kind == Kind::k8s_file || driver->kind == Kind::json_file;
    if (is_file && path.empty()) return wrong(word, std::string(name) + " requires a filename");
    return LogTarget{.kind = driver->kind, .path = is_file ? path : ""};
}

Result<> check_allowed(const LogTarget& target, const std::vector<std::string>& directories) {
    if (directories.empty() || target.path.empty()) return {};
    std::error_code error;
    const fs::path place = fs::canonical(fs::absolute(target.path).parent_path(), error);
    const auto allows = [&place](const std::string& directory) {
        std::error_code none;
        const fs::path allowed = fs::canonical(directory, none);
        return !none && is_below(place, allowed);
    };
    if (!error && std::ranges::any_of(directories, allows)) return {};
    return wrong(target.path, "no --log-allowlist-dir allows it");
}

}  // namespace ocirt::shim::monitor
