#include "runtime/lifecycle/start.h"

#include <cerrno>
#include <csignal>
#include <optional>

#include "common/socket.h"
#include "common/syscall.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/lifecycle/notify_relay.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/report_page.h"
#include "runtime/plan/protocol.h"

namespace ocirt::lifecycle {
namespace {

using state::Status;

constexpr std::chrono::milliseconds lock_deadline = std::chrono::seconds(10);
// startContainer hooks may run meanwhile.
constexpr std::chrono::milliseconds exec_deadline = std::chrono::hours(24);
// What a program that ends at once takes. Its first instructions run when init's socket is closed, or soon after: a
// poststart hook that looks at what the program does at first is to see it, as far as there is no event to wait for.
constexpr std::chrono::milliseconds head_start = std::chrono::milliseconds(10);

const state::StartStep* find_step(const state::Record& record, std::uint32_t index) {
    for (const state::StartStep& step : record.start_steps)
        if (step.index == index) return &step;
    return nullptr;
}

std::unexpected<Error> no_answer(const Container& container, std::string detail) {
    return fail(
        {.operation = "start the container", .object = "\"" + container.record.id + "\"", .detail = std::move(detail)});
}

// A container whose filter nobody answers for must not go on.
Result<> hand_over_listener(Container& container, AskedToStart& asked, std::optional<ReportPage>& report) {
    if (!asked.agent || !report) return no_answer(container, "init has a seccomp listener that was not planned");
    const Fd init = TRY(container.init());
    Result<> served = asked.agent->serve(
        asked.connection, *report,
        {.record = container.record, .status = Status::created, .pid = container.record.init.pid, .pidfd = init});
    if (!served) (void)sys::send_signal(init, SIGKILL);
    return served;
}

// The socket of the container's notifications, if it has one.
Result<Fd> await_program(Container& container, AskedToStart& asked) {
    const Fd& socket = asked.connection;
    std::optional<ReportPage> report;
    Fd notifications;
    for (;;) {
        plan::Message message{};
        Result<Received> received = receive_message(socket, &message, sizeof(message), exec_deadline);
        if (!received) return std::unexpected(std::move(received).error());
        if (!received->open) break;
        if (message.stage == plan::Stage::listener) TRY(hand_over_listener(container, asked, report));
        if (received->descriptors.size() != 1) continue;
        Fd& descriptor = received->descriptors.front();
        if (message.first_slot == plan::slot_notify)
            notifications = std::move(descriptor);
        else
            report = TRY(ReportPage::map(std::move(descriptor)));
    }
    if (!report) return no_answer(container, "init ended before it answered");
    if (!report->failed()) return notifications;
    return fail(explain(report->report(), find_step(container.record, report->report().step)));
}

}  // namespace

Result<AskedToStart> ask_to_start(const state::Directory& directory, const state::Record& record) {
    AskedToStart asked;
    if (!record.seccomp_listener_path.empty())
        asked.agent = TRY(SeccompAgent::connect(
            {.path = record.seccomp_listener_path, .metadata = record.seccomp_listener_metadata}));
    asked.connection = TRY(connect_at(directory.fd(), state::start_socket));
    const plan::StartRequest request;
    TRY(send_message(asked.connection, &request, sizeof(request)));
    return asked;
}

Result<> start(Container& container, const std::string& notify_address, const Log& log) {
    TRY(container.lock(lock_deadline));
    if (container.status() != Status::created) return wrong_state(container, "start the container", "created");
    const Fd init = TRY(container.init());
    Fd notifications = TRY(start_asked(container, TRY(ask_to_start(container.directory, container.record))));
    return await_ready(container, std::move(notifications), init, notify_address, log);
}

Result<> await_ready(Container& container, Fd notifications, const Fd& init, const std::string& notify_address,
                     const Log& log) {
    if (notify_address.empty() || !notifications) return {};
    container.directory.unlock();
    Result<NotifyRelay> relay =
        NotifyRelay::connect(std::move(notifications), notify_address, container.record.init.pid);
    if (relay) return relay->await_ready(init);
    log.warning(relay.error());
    return {};
}

Result<Fd> start_asked(Container& container, AskedToStart asked) {
    Fd notifications = TRY(await_program(container, asked));
    asked.connection.reset();
    TRY(container.directory.remove_start_socket());
    if (container.record.poststart.empty()) return notifications;
    const Result<Fd> init = container.init();
    const bool running = init && *init;
    if (running) (void)wait_for_end(*init, head_start);
    Result<> hooked = run_hooks(container.record.poststart, spec_state(container.record, Status::running, false),
                                container.record.bundle, "/hooks/poststart");
    if (hooked) return notifications;
    if (running) {
        (void)sys::send_signal(*init, SIGKILL);
        (void)wait_for_end(*init, std::chrono::seconds(10));
    }
    return std::unexpected(std::move(hooked).error());
}

}  // namespace ocirt::lifecycle
