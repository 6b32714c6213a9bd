#include "runtime/lifecycle/container.h"

#include <cerrno>

#include "common/socket.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::lifecycle {

using state::Status;

namespace {

Result<state::Record> read_record(const state::Directory& directory) {
    Result<state::Record> record = directory.read();
    if (record || record.error().fault != Fault::not_found) return record;
    // A directory without a record: `create` is at its very beginning, or ended there.
    state::Record unfinished;
    unfinished.id = directory.id();
    return unfinished;
}

}  // namespace

Result<Container> Container::open(const std::string& root, const std::string& id) {
    state::Directory directory = TRY(state::Directory::open(root, id));
    state::Record record = TRY(read_record(directory));
    return Container{std::move(directory), std::move(record)};
}

Result<> Container::lock(std::chrono::milliseconds deadline) {
    TRY(directory.lock(deadline));
    record = TRY(read_record(directory));
    return {};
}

bool Container::of_this_boot() const { return record.boot_id == boot_id(); }

Result<Fd> Container::init() const {
    if (!of_this_boot()) return Fd{};
    return open_process(record.init);
}

bool Container::is_paused() const {
    if (!record.use_cgroups) return false;
    const Result<cgroup::FreezerState> freezer = cgroup::Cgroup::open(record.cgroups).freezer_state();
    return freezer && *freezer != cgroup::FreezerState::thawed;
}

Status Container::status() const {
    if (!record.complete) return directory.is_locked_by_other() ? Status::creating : Status::stopped;
    const Result<Fd> process = init();
    if (!process || !*process) return Status::stopped;
    if (is_paused()) return Status::paused;
    if (!directory.has_start_socket()) return Status::running;
    // `start` ended between init's execve and the removal of the socket if nobody listens any more.
    const Result<Fd> probe = connect_at(directory.fd(), state::start_socket);
    return !probe && probe.error().errnum == ECONNREFUSED ? Status::running : Status::created;
}

std::unexpected<Error> wrong_state(const Container& container, const std::string& operation,
                                   const std::string& wanted) {
    return fail({.fault = Fault::wrong_state,
                 .operation = operation,
                 .object = "\"" + container.record.id + "\"",
                 .detail = "container not " + wanted + ": it is " + std::string(to_string(container.status()))});
}

}  // namespace ocirt::lifecycle
