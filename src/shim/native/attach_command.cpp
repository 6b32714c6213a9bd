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
// A monitor's logs are complete when it closes the socket, and the exit status is on disk next.
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

Result<Container> open_unless_stopped(const std::string& root, const std::string& id) {
    Container container = TRY(Container::open(root, id));
    if (container.status() == state::Status::stopped) return lifecycle::wrong_state(container, operation, "running");
    return container;
}

Result<Attachment> connect(const std::string& root, const Words& words) {
    DetachKeys keys = TRY(DetachKeys::parse(words.keys));
    const Container container = TRY(open_unless_stopped(root, words.id));
    TRY(adopt_if_alone(root, words.id));
    const std::optional<monitor::Record> record = TRY(monitor::read_record(root, words.id));
    if (!record)
        return fail_on(words.id, "the container has no monitor",
                       "one that `ocirt run --detach --monitor` has made can be attached to");
    Result<Fd> socket = connect_at(container.directory.fd(), "attach");
    if (!socket) {
        TRY(open_unless_stopped(root, words.id));  // it has ended meanwhile
        Error error = std::move(socket).error();
        error.operation = operation;
        error.object = "\"" + words.id + "\"";
        error.detail = "its monitor does not answer";
        return fail(std::move(error));
    }
    Attachment attachment{.socket = *std::move(socket),
                          .terminal = record->terminal,
                          .input = !words.no_stdin && (record->terminal || record->input),
                          .keys = std::move(keys)};
    // Without it nothing is resized.
    if (Result<Fd> control = sys::open_at(container.directory.fd(), "ctl", O_WRONLY | O_NONBLOCK | O_NOFOLLOW))
        attachment.control = *std::move(control);
    return attachment;
}

// Of a container whose monitor has closed the socket.
Result<int> exit_status(const std::string& root, const std::string& id) {
    const auto until = steady_clock::now() + exit_deadline;
    for (;;) {
        const Result<Container> container = Container::open(root, id);
        const bool goes_on = container && container->status() != state::Status::stopped;
        const std::optional<state::Exit> exit = state::read_exit(root, id);
        if (exit && exit->status != state::unknown_status) return exit->status;
        if (exit) return fail_on(id, "the container has ended, and nobody saw its exit status", "");
        if (!container) return fail_on(id, "the container was deleted before its exit status could be read", "");
        if (goes_on) return fail_on(id, "its monitor has ended, and the container goes on", "attach again");
        if (steady_clock::now() >= until)
            return fail_on(id, "the container has ended, and its monitor has left no exit status", "");
        std::this_thread::sleep_for(exit_look);
    }
}

// A person is told, as nothing else shows it; a line of its own, as the cursor may stand anywhere.
void tell_detached(const std::string& id) {
    if (::isatty(STDERR_FILENO) != 1) return;
    const std::string line = "\ndetached from \"" + id + "\", which goes on\n";
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

Result<int> attach(const cli::Globals& globals, const Words& words) {
    fill_stdio();
    const AttachEnd end = TRY(stay_attached(TRY(connect(globals.root, words))));
    switch (end.kind) {
        case AttachEnd::Kind::socket: return exit_status(globals.root, words.id);
        case AttachEnd::Kind::detached: tell_detached(words.id); return 0;
        case AttachEnd::Kind::signal: return 128 + end.signal;
        case AttachEnd::Kind::reader: break;
    }
    return 128 + SIGPIPE;
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
