#include "runtime/checkpoint/criu_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <vector>

#include "common/syscall.h"

namespace ocirt::checkpoint {
namespace {

constexpr std::size_t lines_shown = 3;
constexpr std::size_t line_limit = 400;
constexpr off_t tail_size = off_t{64} * 1024;

// "(00.011) 12: Error (criu/file.c:12): reason" → "reason"
std::string_view reason_of(std::string_view line) {
    const std::size_t place = line.find("Error (");
    const std::size_t end = line.find("): ", place);
    const std::string_view reason = end == std::string_view::npos ? line.substr(place) : line.substr(end + 3);
    return reason.substr(0, reason.find_last_not_of(' ') + 1);
}

}  // namespace

std::string last_errors(std::string_view log) {
    std::vector<std::string_view> lines;
    while (!log.empty() && lines.size() < lines_shown) {
        const std::size_t begin = log.find_last_of('\n') + 1;  // npos + 1 is 0
        const std::string_view line = log.substr(begin);
        log = log.substr(0, begin == 0 ? 0 : begin - 1);
        if (line.contains("Error (")) lines.push_back(reason_of(line).substr(0, line_limit));
    }
    std::string text;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (!text.empty()) text += "; ";
        for (const char c : *line) text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return text;
}

std::string read_last_errors(const Fd& directory, const std::string& name) {
    const Result<Fd> file = sys::open_beneath(directory, name, O_RDONLY | O_NONBLOCK);
    struct stat status{};
    if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    if (status.st_size > tail_size) (void)::lseek(file->get(), status.st_size - tail_size, SEEK_SET);
    std::string text(static_cast<std::size_t>(tail_size), '\0');
    const ssize_t got = ::read(file->get(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return last_errors(text);
}

}  // namespace ocirt::checkpoint
