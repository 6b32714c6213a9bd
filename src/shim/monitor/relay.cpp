#include "shim/monitor/relay.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ocirt::shim::monitor {
namespace {

constexpr std::chrono::milliseconds log_look{10};
constexpr std::chrono::milliseconds client_look{100};
// What a pipe holds at most. Processes that outlive the one that has ended may write for ever.
constexpr std::size_t drain_limit = std::size_t{1} << 20;

}  // namespace

Relay::Relay(EventLoop& loop, Logs& logs, const Rates& rates) : loop_(loop), logs_(logs), rates_(rates) {}

Relay::~Relay() {
    if (timer_) loop_.cancel(*timer_);
}

void Relay::add(Stream stream, Fd fd) {
    auto& line = *lines_.emplace_back(std::make_unique<Line>(
        Line{.output = nullptr, .meter = RateMeter(stream == Stream::error ? rates_.error : rates_.output)}));
    line.output = std::make_unique<ProcessOutput>(loop_, stream, std::move(fd),
                                                  [this, &line](std::string_view bytes) { take(line, bytes); });
}

void Relay::begin() {
    for (const auto& line : lines_) line->output->begin();
}

void Relay::take(Line& line, std::string_view bytes) {
    log(line, bytes);
    if (done_) line.drained += bytes.size();
    if (clients_ != nullptr) clients_->send(line.output->stream(), bytes);
    settle();
}

void Relay::log(Line& line, std::string_view bytes) {
    const Stream stream = line.output->stream();
    const bool is_limited = line.meter.policy() == RatePolicy::drop && !done_;
    if (is_limited && line.meter.wait(EventLoop::Clock::now()).count() > 0) {
        line.dropped += bytes.size();
        return;
    }
    tell_dropped(line);
    logs_.write({.stream = stream, .bytes = bytes, .at = std::chrono::system_clock::now()});
    line.meter.take(bytes.size());
}

void Relay::tell_dropped(Line& line) {
    const std::uint64_t dropped = std::exchange(line.dropped, 0);
    if (dropped > 0)
        logs_.note("ocirt: " + std::to_string(dropped) + " bytes of " + std::string(name_of(line.output->stream())) +
                   " are dropped here (--log-rate)\n");
}

void Relay::settle() {
    const bool logs_wait = logs_.is_stuck();
    const bool all = logs_wait || (clients_ != nullptr && clients_->is_blocked());
    for (const auto& line : lines_) settle_hold(*line, all);
    if (logs_wait) wake_in(log_look);
    if (done_ && !draining_) drain();
}

void Relay::settle_hold(Line& line, bool all) {
    std::chrono::milliseconds pause{};
    // At the end nobody is slowed down any more.
    if (line.meter.policy() == RatePolicy::block && !done_) pause = line.meter.wait(EventLoop::Clock::now());
    const bool hold = all || pause.count() > 0;
    if (hold != line.output->is_held()) line.output->hold(hold);
    if (pause.count() > 0) wake_in(pause);
}

void Relay::wake_in(std::chrono::milliseconds time) {
    if (timer_ && timer_->first <= EventLoop::Clock::now() + time) return;
    if (timer_) loop_.cancel(*timer_);
    timer_ = loop_.after(time, [this] {
        timer_.reset();
        logs_.retry();
        settle();
    });
}

void Relay::finish(std::chrono::milliseconds patience, std::function<void()> done) {
    done_ = std::move(done);
    deadline_ = EventLoop::Clock::now() + patience;
    settle();
}

void Relay::drain() {
    draining_ = true;
    for (const auto& line : lines_)
        while (!line->output->is_held() && line->drained < drain_limit && line->output->read()) {}
    draining_ = false;
    const bool waits = std::ranges::any_of(lines_, [](const auto& line) { return line->output->is_held(); }) ||
                       logs_.is_stuck() || (clients_ != nullptr && clients_->is_blocked());
    if (waits && EventLoop::Clock::now() < deadline_) return wake_in(client_look);
    for (const auto& line : lines_) {
        line->output->hold(true);
        tell_dropped(*line);
    }
    loop_.defer(std::exchange(done_, nullptr));
}

}  // namespace ocirt::shim::monitor
