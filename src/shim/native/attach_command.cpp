// `ocirt attach`: a client of a container's monitor.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/process.h"
#include "runtime/state/exit_file.h"
#include "shim/monitor/record.h"
#include "shim/native/adopt.h"
#include "shim/native/attach_session.h"
#include "shim/native/commands.h"

namespace ocirt::shim::native {
namespace {

using lifecycle::Container;
using std::chrono::steady_clock;

constexpr const char* operation = "attach to";
// A monitor's logs are complete when it closes the socket, and the exit status is on disk, or the container runs again,
// soon.
constexpr std::chrono::seconds exit_deadline{10};
constexpr std::chrono::milliseconds exit_look{10};

struct Words {
    std::string id;
    std::string keys = DetachKeys::usual;
    bool no_stdin = false;
};

std::unexpected<Error> fail_on(const std::string& id, std::string detail, std::string hint) {
    return fail({.fault = Fault::wrong_state,
                 .operation = operation,
                 .object = "\"" + id + "\"",
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

// A socket in the place of a stdout that is closed would be written to.
void fill_stdio() {
    Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    while (null && null.get() <= STDERR_FILENO) {
        (void)null.release();
        null.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    }
}

// Where one is attached, as it was then.
struct Place {
    Attachment attachment;
    Fd monitor;  // pidfds; invalid where it has ended
    Fd init;
};

std::unexpected<Error> not_attachable(const Container& container, const Result<Fd>& socket) {
    const std::string& id = container.record.id;
    if (container.status() == state::Status::stopped) return lifecycle::wrong_state(container, operation, "running");
    if (socket)
        return fail_on(id, "the container has no monitor",
                       "one that `ocirt run --detach --monitor` has made can be attached to");
    Error error = socket.error();
    error.operation = operation;
    error.object = "\"" + id + "\"";
    error.detail = "its monitor does not answer";
    return fail(std::move(error));
}

Result<Place> connect(const std::string& root, const Words& words) {
    DetachKeys keys = TRY(DetachKeys::parse(words.keys));
    const Container container = TRY(Container::open(root, words.id));
    const std::optional<monitor::Record> record = TRY(monitor::read_record(root, words.id));
    Result<Fd> socket = record ? connect_at(container.directory.fd(), "attach") : Fd{};
    if (!record || !socket) return not_attachable(container, socket);
    Place place{.attachment = {.socket = *std::move(socket),
                               .terminal = record->terminal,
                               .input = !words.no_stdin && (record->terminal || record->input),
                               .keys = std::move(keys)},
                .monitor = {},
                .init = TRY(container.init())};
    // Without it nothing is resized.
    if (Result<Fd> control = sys::open_at(container.directory.fd(), "ctl", O_WRONLY | O_NONBLOCK | O_NOFOLLOW))
        place.attachment.control = *std::move(control);
    if (Result<Fd> monitor = sys::open_pidfd(record->monitor)) place.monitor = *std::move(monitor);
    return place;
}

bool has_ended(const Fd& process) {
    return !process || lifecycle::wait_for_end(process, std::chrono::milliseconds(0)).value_or(true);
}

// The kernel may know what nobody has written down.
Result<int> status_of(const Fd& init, const std::string& id) {
    const std::optional<int> status =
        init ? lifecycle::await_reaped_status(init, lifecycle::reaping_deadline) : std::nullopt;
    if (status) return *status;
    return fail_on(id, "the container has ended, and nobody saw its exit status", "");
}

// The exit status of a container whose monitor has closed the socket. std::nullopt: it goes on, and `place` is where.
Result<std::optional<int>> settle_end(const std::string& root, const Words& words, Place& place) {
    const auto until = steady_clock::now() + exit_deadline;
    for (;;) {
        const bool monitor_ended = has_ended(place.monitor);
        if (const std::optional<state::Exit> exit = state::read_exit(root, words.id))
            return exit->status != state::unknown_status ? exit->status : TRY(status_of(place.init, words.id));
        if (monitor_ended) break;
        // It may have started the container again.
        if (Result<Place> next = connect(root, words)) {
            place = *std::move(next);
            return std::nullopt;
        }
        if (steady_clock::now() >= until) return fail_on(words.id, "its monitor leaves no exit status", "");
        std::this_thread::sleep_for(exit_look);
    }
    if (const Result<Container> container = Container::open(root, words.id); !container)
        return TRY(status_of(place.init, words.id));  // deleted
    TRY(adopt_if_alone(root, words.id));
    if (state::read_exit(root, words.id)) return TRY(status_of(place.init, words.id));
    place = TRY(connect(root, words));
    return std::nullopt;
}

// A person is told, as nothing else shows it; a line of its own, as the cursor may stand anywhere.
void tell_detached(const std::string& id) {
    if (::isatty(STDERR_FILENO) != 1) return;
    const std::string line = "\ndetached from \"" + id + "\", which goes on\n";
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

Result<int> attach(const cli::Globals& globals, const Words& words) {
    fill_stdio();
    (void)TRY(Container::open(globals.root, words.id));
    TRY(adopt_if_alone(globals.root, words.id));
    Place place = TRY(connect(globals.root, words));
    AttachEnd end = TRY(stay_attached(std::move(place.attachment)));
    while (end.kind == AttachEnd::Kind::socket) {
        if (const std::optional<int> status = TRY(settle_end(globals.root, words, place))) return *status;
        end = TRY(stay_attached(std::move(place.attachment)));
    }
    switch (end.kind) {
        case AttachEnd::Kind::socket: break;
        case AttachEnd::Kind::detached: tell_detached(words.id); return 0;
        case AttachEnd::Kind::signal: return 128 + end.signal;
        case AttachEnd::Kind::reader: return 128 + SIGPIPE;
    }
    return 0;
}

}  // namespace

cli::Command attach_command(cli::Cli& cli) {
    const auto words = std::make_shared<Words>();
    return {.name = "attach",
            .group = cli::Group::running,
            .description = "see what a container writes, and type what it reads, until it ends or you leave",
            .examples =
                "  ocirt attach web                 ctrl-p ctrl-q leaves a terminal, and the container goes on\n"
                "  ocirt attach --no-stdin web      only look\n"
                "  ocirt attach --detach-keys ctrl-] web\n",
            .options = {cli::container_id(words->id),
                        {"--detach-keys", &words->keys,
                         "keys that leave it: characters and ctrl-X, separated by commas; \"\" for none (default: "
                         "ctrl-p,ctrl-q)"},
                        {"--no-stdin", &words->no_stdin, "pass nothing on that is typed"}},
            .action = [&cli, words] { return attach(cli.globals, *words); }};
}

}  // namespace ocirt::shim::native
