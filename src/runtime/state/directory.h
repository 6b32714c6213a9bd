// The state directory: <root>/<id>/, 0700, one for each container.
//
//   state.json   the record; replaced by rename, so that a reader sees one version whole
//   config.json  the container's config as it was when it was made: the bundle's may be another by now
//   start.sock   there from creation until `start` has seen the program run
//   notify.sock  the container's NOTIFY_SOCKET, where it was created with one
//   exit.json    how it ended, where it has a monitor (exit_file.h)
//   monitor.lock locked (flock) by its monitor, which keeps more there
//
// Whoever changes a container holds the lock (flock on the directory). Everything is reached through the directory's
// descriptor.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/state/record.h"

namespace ocirt::state {

inline constexpr const char* start_socket = "start.sock";
inline constexpr const char* notify_socket = "notify.sock";
inline constexpr const char* exit_file = "exit.json";
inline constexpr const char* monitor_lock = "monitor.lock";

// [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 255 bytes (threat D9).
[[nodiscard]] Result<> check_id(std::string_view id);

// Errors: Fault::already_exists, Fault::invalid_argument. What it says may be over at once: create() finds out.
[[nodiscard]] Result<> check_free(const std::string& root, const std::string& id);

class Directory {
   public:
    // Makes <root> (mode 0700, parents 0711) where it is missing, and <root>/<id>. Returned locked.
    // Errors: Fault::already_exists; a root that others may write is refused.
    [[nodiscard]] static Result<Directory> create(const std::string& root, const std::string& id);

    // Errors: Fault::not_found.
    [[nodiscard]] static Result<Directory> open(const std::string& root, const std::string& id);

    // Waits at most `deadline` for the lock; Fault::timed_out. Fault::not_found if the container was deleted meanwhile:
    // what stands there under its id now is another one.
    [[nodiscard]] Result<> lock(std::chrono::milliseconds deadline);
    void unlock();
    // Whether another process holds it.
    [[nodiscard]] bool is_locked_by_other() const;

    [[nodiscard]] Result<> write(const Record& record) const;
    // The same in two parts: what takes time, and the rename that makes it count.
    [[nodiscard]] Result<> draft(const Record& record) const;
    [[nodiscard]] Result<> publish() const;
    // Fault::not_found where no record was written (a `create` cut short before it).
    [[nodiscard]] Result<Record> read() const;

    // Once, before the record is complete.
    [[nodiscard]] Result<> write_config(std::string_view text) const;
    [[nodiscard]] Result<std::string> read_config() const;

    [[nodiscard]] bool has_notify_socket() const;
    [[nodiscard]] bool has_start_socket() const;
    [[nodiscard]] Result<> remove_start_socket() const;

    // Everything in it, but what a monitor that lives keeps there. Missing files are no error.
    [[nodiscard]] Result<> clear() const;
    // The directory and what is in it. Missing files are no error.
    [[nodiscard]] Result<> remove() const;

    [[nodiscard]] const Fd& fd() const { return directory_; }
    [[nodiscard]] const std::string& id() const { return id_; }

   private:
    Directory(Fd root, Fd directory, std::string id)
        : root_(std::move(root)), directory_(std::move(directory)), id_(std::move(id)) {}
    [[nodiscard]] Result<> unlink(const char* name) const;
    [[nodiscard]] bool has_monitor() const;

    Fd root_;
    Fd directory_;
    std::string id_;
};

// The ids below `root`, sorted; none where it does not exist.
[[nodiscard]] Result<std::vector<std::string>> list_ids(const std::string& root);

}  // namespace ocirt::state
