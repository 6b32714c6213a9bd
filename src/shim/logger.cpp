#include "shim/logger.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "common/administrators_list.h"
#include "common/exec.h"
#include "common/syscall.h"

namespace ocirt::shim {
namespace {

constexpr const char* list_name = "loggers.conf";
constexpr int output_number = 3;
constexpr int ready_number = 5;

// What only a child that could not execute the program writes to `ready`.
struct ExecFailure {
    static constexpr std::array<char, 12> mark{"\0no logger\n"};
    std::array<char, 12> begin = mark;
    int errnum = 0;
};

std::unexpected<Error> invalid(const std::string& uri, const char* detail) {
    return fail({.fault = Fault::invalid_argument,
                 .operation = "use the logger",
                 .object = "\"binary://" + uri + "\"",
                 .detail = detail});
}

std::optional<std::string> decode(std::string_view text) {
    constexpr int hexadecimal = 16;
    std::string decoded;
    for (; !text.empty(); text.remove_prefix(1)) {
        if (text.front() != '%') {
            decoded += text.front() == '+' ? ' ' : text.front();
            continue;
        }
        unsigned char byte = 0;
        const char* const digits = text.data() + 1;
        if (text.size() < 3 || std::from_chars(digits, digits + 2, byte, hexadecimal).ptr != digits + 2)
            return std::nullopt;
        decoded += static_cast<char>(byte);
        text.remove_prefix(2);
    }
    return decoded;
}

Result<> check_allowed(const std::string& path) {
    const std::optional<AdministratorsList> list = read_administrators_list(list_name);
    if (list && std::ranges::find(list->names, path) != list->names.end()) return {};
    return fail({.fault = Fault::unsupported,
                 .operation = "run the logger",
                 .object = path,
                 .detail = list && !list->distrust.empty()
                               ? list->distrust
                               : "no line of /etc/ocirt/" + std::string(list_name) + " allows it",
                 .hint = "the host's administrator may add its path there"});
}

// The pipes may have any of the three numbers themselves: first they are put above.
bool put_at(const std::array<const Fd*, 3>& pipes) {
    std::array<int, 3> high{};
    for (std::size_t i = 0; i < pipes.size(); ++i) high[i] = ::fcntl(pipes[i]->get(), F_DUPFD, ready_number + 1);
    int number = output_number;
    return std::ranges::all_of(high, [&number](int from) { return ::dup2(from, number++) >= 0; });
}

[[noreturn]] void execute(const LoggerProgram& program, std::array<std::string, 2>& environment,
                          const std::array<const Fd*, 3>& pipes) {
    std::vector<std::string> words{program.path};
    words.insert(words.end(), program.args.begin(), program.args.end());
    const std::array<char*, 3> variables{environment[0].data(), environment[1].data(), nullptr};
    give_signals_back();
    if (put_at(pipes)) {
        ::close_range(ready_number + 1, ~0U, 0);
        ::execve(words.front().c_str(), exec_words(words).data(), variables.data());
    }
    const ExecFailure failure{.errnum = errno};
    (void)!::write(ready_number, &failure, sizeof(failure));
    ::_exit(127);
}

}  // namespace

Result<LoggerProgram> parse_logger(const std::string& uri) {
    const std::size_t question = uri.find('?');
    const std::optional<std::string> path = decode(std::string_view(uri).substr(0, question));
    if (!path || !path->starts_with('/')) return invalid(uri, "an absolute path is expected");
    LoggerProgram program{.path = *path};
    std::string_view rest = question == std::string::npos ? "" : std::string_view(uri).substr(question + 1);
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const std::size_t equal = pair.find('=');
        const std::optional<std::string> name = decode(pair.substr(0, equal));
        const std::optional<std::string> value = decode(equal == pair.npos ? "" : pair.substr(equal + 1));
        if (!name || !value) return invalid(uri, "a \"%\" is followed by two hexadecimal digits");
        if (name->empty()) continue;
        program.args.push_back(*name);
        if (!value->empty()) program.args.push_back(*value);
    }
    return program;
}

Result<Logger> start_logger(Reaper& reaper, const LoggerProgram& program, const std::string& id,
                            const std::string& namespace_name) {
    TRY(check_allowed(program.path));
    sys::Pipe output = TRY(sys::make_pipe());
    sys::Pipe error = TRY(sys::make_pipe());
    sys::Pipe ready = TRY(sys::make_pipe());
    std::array<std::string, 2> environment{"CONTAINER_ID=" + id, "CONTAINER_NAMESPACE=" + namespace_name};
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno("fork", "run the logger", program.path);
    if (pid == 0) execute(program, environment, {&output.reader, &error.reader, &ready.writer});
    reaper.expect_new(pid, [](const Exit&) {});
    return Logger{
        .output = std::move(output.writer), .error = std::move(error.writer), .ready = std::move(ready.reader)};
}

Result<> read_ready(const Fd& ready, const LoggerProgram& program) {
    ExecFailure failure{.begin = {}};
    const ssize_t got = ::read(ready.get(), &failure, sizeof(failure));
    if (got != sizeof(failure) || failure.begin != ExecFailure::mark) return {};
    errno = failure.errnum;
    return fail_errno("execve", "run the logger", program.path);
}

}  // namespace ocirt::shim
