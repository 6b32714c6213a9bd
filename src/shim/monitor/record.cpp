#include "shim/monitor/record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/number.h"
#include "common/syscall.h"
#include "runtime/state/directory.h"

namespace ocirt::shim::monitor {
namespace {

using Json = nlohmann::json;

constexpr const char* name = "monitor.json";
constexpr const char* draft = "monitor.json.new";
constexpr std::size_t limit = std::size_t{256} << 10;

// Each member with its name, in the file's order.
void each_member(auto&& record, const auto& visit) {
    visit("monitor", record.monitor);
    visit("logs", record.logs);
    visit("logRates", record.log_rates);
    visit("logSizeMax", record.log_size_max);
    visit("logMaxFiles", record.log_max_files);
    visit("since", record.since);
    visit("terminal", record.terminal);
    visit("input", record.input);
    visit("output", record.output);
    visit("error", record.error);
    visit("onFailure", record.restart.on_failure);
    visit("mostRestarts", record.restart.most);
    visit("restarts", record.restarts);
    visit("bundle", record.bundle);
    visit("pidFile", record.pid_file);
    visit("runtimeArgs", record.runtime_args);
    visit("runtimeOpts", record.runtime_opts);
}

// Whether the JSON is what a member of type T is written as. get_to() would throw where it is not.
template <class T>
bool is_written_as(const Json& value) {
    if constexpr (std::is_same_v<T, bool>)
        return value.is_boolean();
    else if constexpr (std::is_same_v<T, std::string>)
        return value.is_string();
    else if constexpr (std::is_integral_v<T>)
        return std::is_signed_v<T> ? value.is_number_integer() : value.is_number_unsigned();
    else
        return value.is_array() && std::ranges::all_of(value, [](const Json& word) { return word.is_string(); });
}

Result<Fd> open_directory(const std::string& root, const std::string& id) {
    return sys::open(root + "/" + id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// Invalid where there is none.
Result<Fd> open_record(const std::string& root, const std::string& id) {
    Result<Fd> file = sys::open(root + "/" + id + "/" + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file && file.error().errnum == ENOENT) return Fd{};
    return file;
}

Result<std::optional<Record>> read(const Fd& file) {
    if (!file) return std::nullopt;
    return TRY(record_from_json(TRY(sys::read_all(file, limit))));
}

}  // namespace

Result<RestartPolicy> parse_restart_policy(std::string_view word) {
    constexpr std::string_view on_failure = "on-failure";
    if (word == "no") return RestartPolicy{};
    if (word == on_failure) return RestartPolicy{.on_failure = true};
    RestartPolicy policy{.on_failure = true};
    if (word.starts_with(on_failure) && word[on_failure.size()] == ':' &&
        read_number(word.substr(on_failure.size() + 1), policy.most) && policy.most > 0)
        return policy;
    return fail({.fault = Fault::invalid_argument,
                 .operation = "use --restart",
                 .object = "\"" + std::string(word) + "\"",
                 .detail = "it is no, on-failure or on-failure:TIMES"});
}

std::string to_json(const Record& record) {
    Json json = Json::object();
    each_member(record, [&json](const char* key, const auto& value) { json[key] = value; });
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Record> record_from_json(std::string_view text) {
    const Json json = Json::parse(text, nullptr, false);
    Record record;
    bool whole = json.is_object();
    each_member(record, [&]<class T>(const char* key, T& value) {
        const auto member = whole ? json.find(key) : json.end();
        whole = whole && member != json.end() && is_written_as<T>(*member);
        if (whole) member->get_to(value);
    });
    if (whole) return record;
    return fail({.fault = Fault::corrupted, .operation = "read the record of a monitor", .detail = "it is none"});
}

Result<> write_record(const std::string& root, const std::string& id, const Record& record) {
    const Fd directory = TRY(open_directory(root, id));
    const std::string text = to_json(record);
    const Fd file = TRY(sys::open_at(directory, draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    TRY(sys::write_all(file, text.data(), text.size()));
    if (::renameat(directory.get(), draft, directory.get(), name) == 0) return {};
    return fail_errno("renameat", "write the monitor's record of", "\"" + id + "\"");
}

Result<std::optional<Record>> read_record(const std::string& root, const std::string& id) {
    return read(TRY(open_record(root, id)));
}

Result<std::optional<Record>> read_own_record(const std::string& root, const std::string& id) {
    const Fd file = TRY(open_record(root, id));
    struct stat status{};
    if (file && (::fstat(file.get(), &status) != 0 || status.st_uid != ::geteuid())) return std::nullopt;
    return read(file);
}

Result<Fd> take_post(const std::string& root, const std::string& id) {
    const Fd directory = TRY(open_directory(root, id));
    Fd file = TRY(sys::open_at(directory, state::monitor_lock, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
    if (errno == EWOULDBLOCK) return Fd{};
    return fail_errno("flock", "take the place of the monitor of", "\"" + id + "\"");
}

Fd open_post(const std::string& root, const std::string& id) {
    return Fd(::open((root + "/" + id + "/" + state::monitor_lock).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
}

std::optional<int> read_post(const Fd& post) {
    char text[16];
    const ssize_t got = post ? ::pread(post.get(), text, sizeof(text), 0) : -1;
    int status = 0;
    if (got > 0 && read_number(std::string_view(text, static_cast<std::size_t>(got)), status)) return status;
    return std::nullopt;
}

}  // namespace ocirt::shim::monitor
