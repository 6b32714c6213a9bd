#include "shim/native/adopt.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "common/syscall.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/process.h"
#include "runtime/state/exit_file.h"
#include "shim/monitor/begin.h"
#include "shim/monitor/descriptors.h"
#include "shim/monitor/record.h"

namespace ocirt::shim::native {
namespace {

using monitor::Monitor;
using monitor::Record;

Monitor::Start start_for(const std::string& root, const std::string& id, Record record, Fd post) {
    Monitor::Start start{.native = true, .root = root};
    monitor::Options& options = start.options;
    options.id = id;
    options.name = id;
    options.run = true;
    options.sync = true;  // one fork is enough
    options.full_attach = true;
    options.bundle = record.bundle;
    options.container_pid_file = record.pid_file;
    options.runtime = "/proc/self/exe";
    options.runtime_args = record.runtime_args;
    options.runtime_opts = record.runtime_opts;
    options.log_paths = record.logs;
    options.log_rates = record.log_rates;
    options.log_size_max = record.log_size_max;
    options.log_rotate = record.log_max_files > 0;
    if (options.log_rotate) options.log_max_files = record.log_max_files;
    options.terminal = record.terminal;
    record.input = false;  // whoever wrote to it is gone, and the container has seen the end
    start.record = std::move(record);
    start.post = std::move(post);
    return start;
}

// The monitor outlives the command: what that has open is not the monitor's to keep open.
void close_others(const Monitor::Start& start) {
    for (const int number : monitor::open_descriptors().value_or(std::vector<int>{}))
        if (number != start.caller.get() && number != start.post.get()) ::close(number);
}

[[noreturn]] void become(Monitor::Start start) {
    ::signal(SIGPIPE, SIG_IGN);
    close_others(start);
    const std::string id = start.options.id;
    const Result<int> ended = monitor::begin(start, monitor::Messages("warning", id, false));
    if (!ended) monitor::tell(start.caller, monitor::Answer::pid, -1, render(ended.error()));
    ::_exit(ended.value_or(1));
}

// Somebody else is there, or has just taken the place and is about to say so in the record.
Result<> await_other(const std::string& root, const std::string& id) {
    constexpr std::chrono::milliseconds look{10};
    for (auto left = std::chrono::milliseconds(std::chrono::seconds(5)); left.count() > 0; left -= look) {
        const std::optional<Record> record = TRY(monitor::read_record(root, id));
        if (!record || lifecycle::start_time(record->monitor) || state::read_exit(root, id)) return {};
        std::this_thread::sleep_for(look);
    }
    return {};
}

Result<> start_monitor(Monitor::Start start) {
    sys::Pipe answer = TRY(sys::make_pipe());
    start.caller = std::move(answer.writer);
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno("fork", "start a monitor for the container", "\"" + start.options.id + "\"");
    if (pid == 0) become(std::move(start));
    start.caller.reset();
    start.post.reset();
    (void)TRY(monitor::await_answer(answer.reader));
    return {};
}

}  // namespace

Result<> adopt_if_alone(const std::string& root, const std::string& id) {
    std::optional<Record> record = TRY(monitor::read_own_record(root, id));
    if (!record || state::read_exit(root, id)) return {};
    Result<Fd> post = monitor::take_post(root, id);
    if (!post && post.error().errnum == ENOENT) return {};  // deleted meanwhile
    if (!post) return std::unexpected(std::move(post).error());
    if (!*post) return await_other(root, id);
    // It may have left, or restarted the container, in between.
    record = TRY(monitor::read_own_record(root, id));
    if (!record || state::read_exit(root, id)) return {};
    const lifecycle::Container container = TRY(lifecycle::Container::open(root, id));
    if (!TRY(container.init()))
        return state::write_exit(root, id,
                                 {.pid = container.record.init.pid,
                                  .status = state::unknown_status,
                                  .at = std::chrono::system_clock::now()});
    return start_monitor(start_for(root, id, *std::move(record), *std::move(post)));
}

}  // namespace ocirt::shim::native
