#include "shim/monitor/monitor.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <utility>

#include "common/syscall.h"
#include "runtime/cgroup/layout.h"
#include "runtime/lifecycle/process.h"
#include "runtime/state/directory.h"
#include "shim/daemon.h"
#include "shim/monitor/ending.h"
#include "shim/monitor/take_over.h"

namespace ocirt::shim::monitor {
namespace {

constexpr std::size_t pid_limit = 32;
constexpr std::size_t message_limit = std::size_t{16} << 10;
// For clients that do not read and logs that take nothing, when the process has ended.
constexpr std::chrono::milliseconds patience_at_the_end = std::chrono::seconds(60);
constexpr std::chrono::milliseconds killed_deadline = std::chrono::seconds(10);
constexpr std::chrono::milliseconds patience_for_children{200};
constexpr const char* too_late = "command timed out";

Fd copy_of(const Fd& fd) { return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)); }

std::string read_what_is_there(const Fd& pipe) {
    std::string text(message_limit, '\0');
    ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
    const ssize_t got = ::read(pipe.get(), text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
}

Result<pid_t> read_pid(const std::string& path) {
    const std::string text = TRY(sys::read_all(TRY(sys::open(path, O_RDONLY)), pid_limit));
    pid_t pid = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (error == std::errc{} && pid > 0) return pid;
    return fail({.fault = Fault::corrupted, .operation = "read the pid in", .object = path, .detail = "it is none"});
}

}  // namespace

Monitor::Monitor(Start start, const Messages& messages)
    : start_(std::move(start)),
      messages_(messages),
      logs_(std::move(start_.writers),
            start_.rates.output.policy == RatePolicy::block || start_.rates.error.policy == RatePolicy::block,
            [this](const Error& error) { messages_.warning(error); }),
      restarts_(start_.record ? start_.record->restart : RestartPolicy{}, start_.record ? start_.record->restarts : 0) {
}

void Monitor::report(int number, std::string_view message) const {
    const Options& options = start_.options;
    const Answer answer = options.api_version ? Answer::data : options.exec ? Answer::exit_code : Answer::pid;
    tell(start_.pipes.sync, answer, number, message);
    tell(start_.caller, answer, number, message);
}

int Monitor::run() {
    Result<> begun = begin();
    if (!begun) {
        messages_.error(begun.error());
        report(-1, render(begun.error()));
        return 1;
    }
    keep_little_memory();
    if (const Result<> looped = loop_.run(); !looped) messages_.error(looped.error());
    leave();
    return status_ & 0xff;
}

Result<> Monitor::begin() {
    loop_ = TRY(EventLoop::make());
    reaper_ = TRY(Reaper::start(loop_));
    TRY(watch_signals());
    if (!start_.passthrough) {
        relay_ = std::make_unique<Relay>(loop_, logs_, start_.rates);
        // Those of a record are in a directory that there is not yet.
        if (!start_.options.bundle.empty() && !start_.record) TRY(open_sockets(start_.options.bundle));
    }
    if (!start_.options.sdnotify_socket.empty())
        notifications_ = TRY(Notifications::open(loop_, start_.options.bundle, start_.options.sdnotify_socket));
    if (start_.options.exec_attach) tell(start_.pipes.attach, Answer::data, 0);
    return start_.post ? take_over() : launch_runtime();
}

Result<> Monitor::watch_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT}) ::sigaddset(&signals, signal);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return fail_errno("sigprocmask", "wait for signals");
    signals_ = Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signalfd", "wait for signals");
    return loop_.watch(signals_, EPOLLIN, [this](std::uint32_t) { pass_signal(); });
}

void Monitor::pass_signal() {
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof(signal)) != sizeof(signal)) return;
    const auto number = static_cast<int>(signal.ssi_signo);
    if (pidfd_)
        (void)sys::send_signal(pidfd_, number);
    else if (runtime_ > 0)
        ::kill(runtime_, number);
    else if (start_.record)
        stop(status_);  // between two lives
}

Result<> Monitor::open_sockets(const std::string& directory) {
    const Options& options = start_.options;
    bundle_ = TRY(sys::open(directory, O_PATH | O_DIRECTORY));
    AttachSocket::Place place{.directory = copy_of(bundle_), .path = directory};
    if (const std::filesystem::path path = options.attach_socket; !path.empty())
        place = {.directory = TRY(sys::open(path.parent_path(), O_PATH | O_DIRECTORY)),
                 .path = path.parent_path(),
                 .name = path.filename()};
    else if (!options.full_attach)
        place.link = attach_link(options.socket_dir, options.uuid);
    clients_ = TRY(AttachSocket::open(loop_, std::move(place),
                                      {.input =
                                           [this](std::string_view bytes) {
                                               if (input_) input_->write(bytes);
                                           },
                                       .input_ended =
                                           [this](bool left) {
                                               const Options& o = start_.options;
                                               if (left && start_.record) return;  // `ocirt attach` may come back
                                               if (input_ && o.input && !o.leave_stdin_open) input_->end();
                                           },
                                       .caught_up = [this] { relay_->caught_up(); }}));
    relay_->set_clients(clients_.get());
    // What is typed before there is a terminal waits for it.
    if (options.terminal && !console_) clients_->hold_input(true);
    control_ = TRY(Control::open(
        loop_, bundle_, [this](const ControlMessage& message) { control(message); },
        [this](const Error& error) { messages_.warning(error); }));
    return {};
}

// The container's standard streams: its terminal, or pipes.
Result<> Monitor::open_pipes(Launch& request) {
    const Options& options = start_.options;
    if (!start_.passthrough) {
        sys::Pipe error = TRY(sys::make_pipe());
        request.error = TRY(writing_end(std::move(error.writer)));
        runtime_error_ = std::move(error.reader);
    }
    if (options.terminal) {
        console_socket_ = TRY(ConsoleSocket::open(loop_, [this](Fd console) { take_console(std::move(console)); }));
        request.output = Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    } else if (!start_.passthrough) {
        sys::Pipe output = TRY(sys::make_pipe());
        request.output = TRY(writing_end(std::move(output.writer)));
        relay_->add(Stream::output, std::move(output.reader));
        if (options.input) {
            sys::Pipe input = TRY(sys::make_pipe());
            request.input = std::move(input.reader);
            take_input(std::move(input.writer));
        }
    }
    return {};
}

// Of a container that another monitor may take over the end reads, too: without a monitor it waits, and neither gets
// SIGPIPE nor loses a byte.
Result<Fd> Monitor::writing_end(Fd writer) const {
    if (!start_.record) return writer;
    return sys::open("/proc/self/fd/" + std::to_string(writer.get()), O_RDWR);
}

Result<> Monitor::launch_runtime() {
    const Options& options = start_.options;
    Launch request{.options = options, .words = {}, .start = start_.pipes.start, .oom_score = start_.oom_score};
    TRY(open_pipes(request));
    if (start_.record) {
        start_.record->output = pipe_number(request.output);
        start_.record->error = options.terminal ? 0 : pipe_number(request.error);
    }
    request.words = runtime_words(options, console_socket_ ? console_socket_->path() : "");
    reaper_->hold();
    runtime_ = TRY(launch(std::move(request)));
    reaper_->expect_new(runtime_, [this](const Exit& exit) { runtime_ended(exit); });
    start_.pipes.start.reset();
    if (!start_.record || !start_.record->restart.on_failure) start_.passed.clear();
    if (start_.passthrough) point_stdio_to_null();
    return {};
}

void Monitor::take_input(Fd fd) {
    input_ = std::make_unique<ProcessInput>(loop_, std::move(fd), [this](bool hold) {
        if (clients_) clients_->hold_input(hold);
    });
}

void Monitor::take_console(Fd console) {
    console_ = std::move(console);
    relay_->add(Stream::output, copy_of(console_));
    take_input(copy_of(console_));
    if (clients_) clients_->hold_input(false);
    resize();
}

void Monitor::control(const ControlMessage& message) {
    if (message.kind == ControlMessage::Kind::reopen_logs) return logs_.reopen();
    size_ = message;
    resize();
}

void Monitor::resize() const {
    if (!console_ || !size_) return;
    const winsize size{.ws_row = size_->height, .ws_col = size_->width, .ws_xpixel = 0, .ws_ypixel = 0};
    (void)::ioctl(console_.get(), TIOCSWINSZ, &size);
}

void Monitor::runtime_ended(const Exit& exit) {
    runtime_ = 0;
    if (exit.status != 0) {
        const std::string message = runtime_error_ ? read_what_is_there(runtime_error_) : "";
        return fail_launch(message.empty() ? "the runtime ended with status " + std::to_string(exit.status) : message);
    }
    if (console_socket_) console_socket_->look();
    console_socket_.reset();
    if (start_.options.terminal && !console_) return fail_launch("Runtime did not set up terminal");
    if (const Result<> adopted = adopt_process(); !adopted) fail_launch(render(adopted.error()));
    reaper_->release();
}

void Monitor::fail_launch(const std::string& message) {
    messages_.error({.operation = start_.options.exec ? "execute the process" : "create the container",
                     .object = "\"" + start_.options.id + "\"",
                     .detail = message});
    report(-1, message);
    if (restarts_.count() > 0) logs_.note(message);
    loop_.stop();
}

Result<pid_t> Monitor::find_process() const {
    if (!start_.options.container_pid_file.empty() && !start_.record)
        return read_pid(start_.options.container_pid_file);
    return TRY(TRY(state::Directory::open(start_.root, start_.options.id)).read()).init.pid;
}

Result<> Monitor::adopt_process() {
    const Options& options = start_.options;
    process_ = TRY(find_process());
    if (Result<Fd> pidfd = sys::open_pidfd(process_)) pidfd_ = *std::move(pidfd);
    launched_ = true;
    began_ = EventLoop::Clock::now();
    if (start_.record)
        if (const Result<> moved = move_in(); !moved) messages_.warning(moved.error());
    if (options.api_version || !options.exec) report(process_);
    start_.caller.reset();
    if (relay_) {
        if (!options.terminal) relay_->add(Stream::error, std::move(runtime_error_));
        relay_->begin();
    }
    runtime_error_.reset();
    watch_memory();
    if (options.timeout > 0) loop_.after(std::chrono::seconds(options.timeout), [this] { time_is_over(); });
    reaper_->expect(process_, pidfd_, [this](const Exit& exit) { process_ended(exit); });
    return {};
}

// The commands find it in the container's directory from now on.
Result<> Monitor::move_in() {
    Record& record = *start_.record;
    if (!start_.post) start_.post = TRY(take_post(start_.root, start_.options.id));
    record.monitor = ::getpid();
    record.restarts = restarts_.count();
    TRY(write_record(start_.root, start_.options.id, record));
    return start_.passthrough ? Result<>{} : open_sockets(start_.root + "/" + start_.options.id);
}

// The container is not a child of ours, and its terminal went with the monitor that had it.
Result<> Monitor::take_over() {
    const lifecycle::Container container = TRY(lifecycle::Container::open(start_.root, start_.options.id));
    process_ = container.record.init.pid;
    pidfd_ = TRY(container.init());
    if (!pidfd_) return lifecycle::wrong_state(container, "take over the container", "running");
    const auto add = [this, &container](Stream stream, std::uint64_t& number) {
        Fd pipe = find_pipe(container, number);
        if (pipe)
            relay_->add(stream, std::move(pipe));
        else
            number = 0;
    };
    add(Stream::output, start_.record->output);
    add(Stream::error, start_.record->error);
    launched_ = true;
    began_ = EventLoop::Clock::now();
    TRY(move_in());
    relay_->begin();
    watch_memory();
    report(process_);
    start_.caller.reset();
    return loop_.watch(pidfd_, EPOLLIN, [this](std::uint32_t) {
        loop_.forget(pidfd_);
        look_for_status(EventLoop::Clock::now() + lifecycle::reaping_deadline);
    });
}

// Its new parent reaps it; then the kernel tells.
void Monitor::look_for_status(EventLoop::Clock::time_point deadline) {
    constexpr std::chrono::milliseconds look{10};
    const Result<std::optional<int>> status = lifecycle::reaped_status(pidfd_);
    if (status && !*status && EventLoop::Clock::now() < deadline) {
        loop_.after(look, [this, deadline] { look_for_status(deadline); });
        return;
    }
    process_ended({.pid = process_,
                   .status = status.value_or(std::nullopt).value_or(state::unknown_status),
                   .at = std::chrono::system_clock::now()});
}

void Monitor::watch_memory() {
    const Result<cgroup::Layout> layout = cgroup::read_layout(std::to_string(process_));
    const cgroup::Hierarchy* memory = layout ? layout->find("memory") : nullptr;
    if (memory == nullptr || memory->own == "/") return;
    const cgroup::Place place{
        .version = memory->version, .path = memory->mount_point + memory->own, .controllers = {"memory"}};
    Result<cgroup::OomWatch> watch = cgroup::OomWatch::open({&place, 1});
    if (!watch) return messages_.warning(watch.error());
    memory_ = *std::move(watch);
    if (!memory_.fd()) return;
    const auto events = static_cast<std::uint32_t>(memory_.events());
    (void)loop_.watch(memory_.fd(), events, [this](std::uint32_t) { look_at_memory(); });
}

void Monitor::look_at_memory() {
    if (!memory_.fd() || memory_.take() == 0) return;
    if (const Result<> written = write_oom_marks(start_.options); !written) messages_.warning(written.error());
}

void Monitor::time_is_over() {
    if (!pidfd_) return;  // it has ended, and only what it wrote is still on its way
    timed_out_ = true;
    // Its group, unless that is ours: an exec may have left it as it was.
    const pid_t group = ::getpgid(process_);
    if (group > 1 && group != ::getpgrp()) ::kill(-group, SIGKILL);
    (void)sys::send_signal(pidfd_, SIGKILL);
    loop_.after(killed_deadline, [this] { stop(-1); });
}

void Monitor::process_ended(const Exit& exit) {
    look_at_memory();
    if (memory_.fd()) loop_.forget(memory_.fd());
    memory_ = {};
    pidfd_.reset();
    ended_ = exit.at;
    const int status = timed_out_ ? -1 : exit.status;
    if (!relay_) return stop(status);
    relay_->finish(patience_at_the_end, [this, status] { settle_end(status); });
}

void Monitor::settle_end(int status) {
    const auto lived = std::chrono::duration_cast<std::chrono::milliseconds>(EventLoop::Clock::now() - began_);
    const std::optional<std::chrono::milliseconds> wait = restarts_.next(status, lived);
    if (!wait) return stop(status);
    status_ = status;
    loop_.after(*wait, [this] { restart(); });
}

bool Monitor::is_ours() const {
    const Result<std::optional<Record>> found = read_record(start_.root, start_.options.id);
    return found && *found && (*found)->monitor == ::getpid();
}

void Monitor::restart() {
    // Whoever has deleted it meanwhile has the last word.
    if (!is_ours()) return stop(status_);
    control_.reset();
    relay_ = std::make_unique<Relay>(loop_, logs_, start_.rates);
    clients_.reset();
    input_.reset();
    console_.reset();
    start_.options.again = true;
    if (const Result<> launched = launch_runtime(); !launched) fail_launch(render(launched.error()));
}

void Monitor::stop(int status) {
    status_ = status;
    loop_.stop();
}

void Monitor::leave_exit(const Exit& exit) const {
    const Result<> written = state::write_exit(start_.root, start_.options.id, exit);
    // Without a directory it has been deleted.
    if (!written && written.error().errnum != ENOENT) messages_.error(written.error());
    const std::string text = std::to_string(exit.status);
    if (start_.post) (void)sys::write_all(start_.post, text.data(), text.size());
}

// In this order: the logs hold everything, clients see the end, ports are free, the status is on disk, it is told.
void Monitor::leave() {
    const Options& options = start_.options;
    if (notifications_) notifications_->finish();
    relay_.reset();
    logs_.finish(patience_at_the_end, !options.no_sync_log);
    input_.reset();
    clients_.reset();
    control_.reset();
    console_.reset();
    start_.inherited.clear();
    if (launched_) {
        if (start_.record) leave_exit({.pid = process_, .status = status_, .at = ended_});
        if (const Result<> written = write_exit_status(options, status_); !written) messages_.error(written.error());
        if (options.exec)
            report(status_, timed_out_ ? std::string_view(too_late) : std::string_view());
        else if (start_.native)
            tell(start_.pipes.sync, Answer::exit_code, status_);
    }
    start_.pipes.sync.reset();
    run_exit_command(options, start_.oom_score);
    reap_children(patience_for_children);
}

}  // namespace ocirt::shim::monitor
