#include "common/error.h"

#include <cctype>
#include <cerrno>
#include <cstring>

namespace ocirt {

std::string errno_text(int errnum) {
    const char* text = strerrordesc_np(errnum);
    if (text == nullptr) return "unknown error " + std::to_string(errnum);
    std::string lower = text;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

std::string errno_name(int errnum) {
    const char* name = strerrorname_np(errnum);
    return name != nullptr ? name : "errno " + std::to_string(errnum);
}

std::string render(const Error& error) {
    std::string line;
    const auto part = [&line](std::string_view text) {
        if (text.empty()) return;
        if (!line.empty()) line += ": ";
        line += text;
    };
    part(error.position);
    part(error.pointer);
    std::string what = error.operation;
    if (!error.object.empty()) {
        if (!what.empty()) what += ' ';
        what += error.object;
    }
    part(what);
    part(error.detail);
    if (error.errnum != 0) part(errno_text(error.errnum) + " (" + errno_name(error.errnum) + ")");
    if (error.cause) part(render(*error.cause));
    if (!error.hint.empty()) line += " (" + error.hint + ")";
    for (char& c : line)
        if (c == '\n' || c == '\r') c = ' ';
    return line;
}

int exit_code(const Error& error) {
    switch (error.fault) {
        case Fault::program_not_found: return 127;
        case Fault::program_not_executable: return 126;
        default: return 1;
    }
}

std::unexpected<Error> fail_errno(int errnum, const char* syscall, std::string operation, std::string object) {
    return fail({.operation = std::move(operation), .object = std::move(object), .syscall = syscall, .errnum = errnum});
}

std::unexpected<Error> fail_errno(const char* syscall, std::string operation, std::string object) {
    const int errnum = errno;
    return fail_errno(errnum, syscall, std::move(operation), std::move(object));
}

}  // namespace ocirt
