#include "shim/monitor/logs.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "shim/monitor/journal_log.h"
#include "shim/monitor/json_log.h"
#include "shim/monitor/k8s_log.h"

namespace ocirt::shim::monitor {
namespace {

constexpr std::chrono::milliseconds patience_for_a_log{1000};
constexpr std::chrono::milliseconds look{10};

using Kind = LogTarget::Kind;

}  // namespace

Result<std::vector<std::unique_ptr<LogWriter>>> open_writers(const Options& options,
                                                             const std::vector<LogTarget>& targets) {
    const LogLimits limits{.size_max = options.log_size_max,
                           .total_max = options.log_global_size_max,
                           .kept_files = options.log_rotate ? static_cast<unsigned>(options.log_max_files) : 0};
    std::vector<std::unique_ptr<LogWriter>> writers;
    for (const LogTarget& target : targets) {
        TRY(check_allowed(target, options.log_allowed_directories));
        if (target.kind == Kind::k8s_file)
            writers.push_back(std::make_unique<K8sLog>(TRY(LogFile::open(target.path, limits))));
        if (target.kind == Kind::json_file)
            writers.push_back(std::make_unique<JsonLog>(TRY(LogFile::open(target.path, limits))));
        if (target.kind == Kind::journald)
            writers.push_back(TRY(JournalLog::open({.id = options.id,
                                                    .name = options.name,
                                                    .tag = options.log_tag,
                                                    .labels = options.log_labels,
                                                    .mark_parts = !options.no_container_partial_message})));
    }
    const auto is_journal = [](const LogTarget& target) { return target.kind == Kind::journald; };
    if ((!options.log_tag.empty() || !options.log_labels.empty()) && std::ranges::none_of(targets, is_journal))
        return fail({.fault = Fault::invalid_argument,
                     .operation = "read the command line",
                     .object = options.log_tag.empty() ? "--log-label" : "--log-tag",
                     .detail = "only journald supports it"});
    return writers;
}

Logs::Logs(std::vector<std::unique_ptr<LogWriter>> writers, bool patient, Warn warn)
    : patient_(patient), warn_(std::move(warn)) {
    logs_.reserve(writers.size());
    for (std::unique_ptr<LogWriter>& writer : writers) logs_.push_back({.writer = std::move(writer)});
}

void Logs::settle(Log& log, const Result<>& result) {
    if (result) {
        log.stuck = log.given_up = false;
        return tell_lost(log);
    }
    if (!std::exchange(log.stuck, true)) {
        log.since = Clock::now();
        if (!log.given_up) warn_(result.error());
    }
    if (log.given_up || (!patient_ && Clock::now() - log.since >= patience_for_a_log)) stop_waiting(log);
}

void Logs::stop_waiting(Log& log) {
    log.lost += log.writer->give_up();
    log.given_up = true;
    log.stuck = false;
}

void Logs::tell_lost(Log& log) {
    if (log.lost == 0) return;
    const std::string line = "ocirt: " + std::to_string(log.lost) + " bytes of the log are lost here\n";
    if (log.writer->note(line, std::chrono::system_clock::now())) log.lost = 0;
}

void Logs::write(const Chunk& chunk) {
    for (Log& log : logs_) settle(log, log.writer->write(chunk));
}

bool Logs::is_stuck() const { return std::ranges::any_of(logs_, &Log::stuck); }

void Logs::retry() {
    for (Log& log : logs_)
        if (log.stuck) settle(log, log.writer->settle());
}

void Logs::note(const std::string& line) {
    write({.stream = Stream::error, .bytes = line, .at = std::chrono::system_clock::now()});
}

void Logs::reopen() {
    for (Log& log : logs_)
        if (const Result<> opened = log.writer->reopen(); !opened) warn_(opened.error());
}

void Logs::finish(std::chrono::milliseconds patience, bool sync) {
    const Clock::time_point deadline = Clock::now() + patience;
    for (Log& log : logs_) {
        settle(log, log.writer->finish());
        while (log.stuck && Clock::now() < deadline) {
            std::this_thread::sleep_for(look);
            settle(log, log.writer->settle());
        }
        if (log.stuck) stop_waiting(log);
        if (!sync) continue;
        if (const Result<> synced = log.writer->sync(); !synced) warn_(synced.error());
    }
}

}  // namespace ocirt::shim::monitor
