// Any bytes as what the monitor reads of others: a command line, lines on the FIFOs, --log-rate, --log-path. What is
// taken is within its limits, and means the same when it is written out and read again. The first byte says which.
// Built with clang's -fsanitize=fuzzer,address,undefined (OCIRT_FUZZ).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "shim/monitor/control.h"
#include "shim/monitor/launch.h"
#include "shim/monitor/log_target.h"
#include "shim/monitor/options.h"
#include "shim/monitor/rate.h"

namespace {

using namespace ocirt;
using namespace ocirt::shim::monitor;

void demand(bool holds) {
    if (!holds) std::abort();
}

// Each with a NUL at its end, as the kernel has them.
std::vector<std::string> split_words(std::string_view bytes) {
    std::vector<std::string> words;
    for (std::size_t end = 0; !bytes.empty(); bytes.remove_prefix(std::min(end + 1, bytes.size()))) {
        end = std::min(bytes.find('\0'), bytes.size());
        words.emplace_back(bytes.substr(0, end));
    }
    return words;
}

void read_targets(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        const Result<LogTarget> target = parse_log_target(word);
        if (!target) {
            demand(!render(target.error()).empty());
            continue;
        }
        const bool k8s = target->kind == LogTarget::Kind::k8s_file;
        demand((k8s || target->kind == LogTarget::Kind::json_file) == !target->path.empty());
        if (target->path.empty()) continue;
        const Result<LogTarget> again = parse_log_target((k8s ? "k8s-file:" : "json-file:") + target->path);
        demand(again && again->kind == target->kind && again->path == target->path);
    }
}

bool same(const Rate& one, const Rate& other) {
    return one.policy == other.policy && one.bytes_per_second == other.bytes_per_second;
}

void check_rate(const Rate& rate) {
    demand(rate.bytes_per_second >= 0 && (rate.policy != RatePolicy::none || rate.bytes_per_second == 0));
    RateMeter meter(rate);
    const auto begin = RateMeter::Clock::now();
    for (int i = 0; i < 4; ++i) {
        demand(meter.wait(begin + std::chrono::hours(i)).count() >= 0);
        meter.take(std::size_t{1} << 20);
    }
    if (rate.policy == RatePolicy::none) return;
    std::string word = rate.policy == RatePolicy::block ? "block" : "drop";
    if (rate.bytes_per_second > 0) word += ":" + std::to_string(rate.bytes_per_second);
    const Result<Rates> again = parse_rates({word});
    demand(again && same(again->output, rate) && same(again->error, rate));
}

void read_rates(const std::vector<std::string>& words) {
    const Result<Rates> rates = parse_rates(words);
    if (!rates) return demand(!render(rates.error()).empty());
    check_rate(rates->output);
    check_rate(rates->error);
}

void read_options(std::vector<std::string> words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size());
    for (std::string& word : words) pointers.push_back(word.data());
    const Result<Options> options = parse_options(pointers);
    if (!options) return demand(!render(options.error()).empty());
    const Result<> checked = check_options(*options);
    demand(checked || !render(checked.error()).empty());
    const std::vector<std::string> line = runtime_words(*options, "/console");
    demand(line.front() == options->runtime && line.back() == options->id);
    demand(passed_descriptors(*options, "3") >= 3);
    read_targets(options->log_paths);
    read_rates(options->log_rates);
}

void read_line(std::string_view line) {
    for (const auto& message : {parse_control(line), parse_window_size(line)}) {
        if (!message) continue;
        demand(message->height <= 1000 && message->width <= 1000);
        if (message->kind == ControlMessage::Kind::reopen_logs) continue;
        const std::string size = std::to_string(message->height) + " " + std::to_string(message->width);
        for (const auto& again : {parse_control("1 " + size), parse_window_size(size)})
            demand(again && again->height == message->height && again->width == message->width);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0] % 4) {
        case 0: read_options(split_words(bytes)); break;
        case 1: read_line(bytes); break;
        case 2: read_rates(split_words(bytes)); break;
        default: read_targets(split_words(bytes));
    }
    return 0;
}
