#include "common/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "common/syscall.h"

namespace ocirt {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
    }
    return "error";
}

std::string now() {
    const std::time_t seconds = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

void add_fields(Json& line, const Error& error) {
    const auto add = [&line](const char* key, const std::string& value) {
        if (!value.empty()) line[key] = value;
    };
    add("position", error.position);
    add("pointer", error.pointer);
    add("operation", error.operation);
    add("object", error.object);
    add("syscall", error.syscall);
    if (error.errnum != 0) line["errno"] = errno_name(error.errnum);
    add("detail", error.detail);
    add("hint", error.hint);
}

// One write: lines of several processes do not mix. What cannot be written is lost; there is nobody to tell.
void put(int number, const std::string& line) { (void)!::write(number, line.data(), line.size()); }

}  // namespace

Result<Log> Log::open(const Options& options) {
    Log log;
    log.format_ = options.format;
    log.level_ = options.level;
    if (!options.file.empty())
        log.file_ = TRY(sys::open(options.file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0644));
    return log;
}

void Log::write(LogLevel level, const Error* error, std::string_view message) const {
    const int target = file_ ? file_.get() : STDERR_FILENO;
    if (format_ == LogFormat::json) {
        Json line{{"level", name(level)}, {"msg", message}, {"time", now()}};
        if (error != nullptr) add_fields(line, *error);
        put(target, dump(line) + "\n");
        return;
    }
    if (!file_) return put(target, "ocirt: " + std::string(message) + "\n");
    put(target, "time=\"" + now() + "\" level=" + std::string(name(level)) + " msg=" + dump(Json(message)) + "\n");
}

void Log::error(const Error& error) const {
    const std::string message = render(error);
    write(LogLevel::error, &error, message);
    if (file_) put(STDERR_FILENO, "ocirt: " + message + "\n");
}

void Log::warning(const Error& error) const {
    if (file_ && shows(LogLevel::warning)) write(LogLevel::warning, &error, render(error));
}

void Log::debug(std::string_view message) const {
    if (shows(LogLevel::debug)) write(LogLevel::debug, nullptr, message);
}

}  // namespace ocirt
