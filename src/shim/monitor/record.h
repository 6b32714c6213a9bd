// What a monitor of ocirt's own keeps in its container's state directory, for the commands that look for it and for the
// monitor that takes its place when it was killed. It goes with the directory.
//
//   monitor.json   the record; replaced by rename
//   monitor.lock   locked (flock) as long as there is a monitor; at its end the exit status in decimal digits, for who
//                  had it open when it was deleted
//   attach, ctl    as in a bundle (attach_socket.h, control.h)
//   exit.json      the exit status (state/exit_file.h)
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::shim::monitor {

struct RestartPolicy {
    bool on_failure = false;
    unsigned most = 0;  // times; 0: as often as it takes
    friend bool operator==(const RestartPolicy&, const RestartPolicy&) = default;
};
// "no", "on-failure", "on-failure:N". Pure. Errors: Fault::invalid_argument.
[[nodiscard]] Result<RestartPolicy> parse_restart_policy(std::string_view word);

struct Record {
    pid_t monitor = 0;
    std::vector<std::string> logs{};  // --log-path's words; their paths are absolute
    std::vector<std::string> log_rates{};
    std::int64_t log_size_max = 0;   // bytes; 0: no limit
    std::int64_t log_max_files = 1;  // FILE.1, FILE.2, …
    std::int64_t since = 0;  // when it began, in nanoseconds since 1970: what a log has from before is another's
    bool terminal = false;
    bool input = false;        // clients may write to its stdin
    std::uint64_t output = 0;  // inode numbers of the pipes that the container writes to; 0: none
    std::uint64_t error = 0;
    RestartPolicy restart{};
    unsigned restarts = 0;  // until now
    // What the runtime is told, for a restart: Options.
    std::string bundle{};
    std::string pid_file{};
    std::vector<std::string> runtime_args{};
    std::vector<std::string> runtime_opts{};
    friend bool operator==(const Record&, const Record&) = default;
};

// Pure. from_json: Fault::corrupted for what to_json never wrote.
[[nodiscard]] std::string to_json(const Record& record);
[[nodiscard]] Result<Record> record_from_json(std::string_view text);

// Errors: ENOENT where the container has been deleted.
[[nodiscard]] Result<> write_record(const std::string& root, const std::string& id, const Record& record);
// std::nullopt: the container has no monitor of this kind, or does not exist.
[[nodiscard]] Result<std::optional<Record>> read_record(const std::string& root, const std::string& id);
// The same, and std::nullopt for one that another user has written: what it asks for would be done with our rights.
[[nodiscard]] Result<std::optional<Record>> read_own_record(const std::string& root, const std::string& id);

// The lock of a container's monitor, held until it is closed; invalid where another holds it. Errors: ENOENT where the
// container has been deleted.
[[nodiscard]] Result<Fd> take_post(const std::string& root, const std::string& id);

// The same file to read; invalid where there is none. What it tells at the end: std::nullopt before.
[[nodiscard]] Fd open_post(const std::string& root, const std::string& id);
[[nodiscard]] std::optional<int> read_post(const Fd& post);

}  // namespace ocirt::shim::monitor
