// Where a command says what happened: its log file, or stderr. Only the edges use it: a command, a reply, a worker.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt {

enum class LogFormat { text, json };
enum class LogLevel { debug, info, warning, error };

// Text lines are logrus's ("time=… level=… msg=…") and JSON lines too ({"level":…,"msg":…,"time":…}), because container
// engines parse these; JSON lines have an error's fields as well.
class Log {
   public:
    struct Options {
        std::string file;  // appended to; "" is none
        LogFormat format = LogFormat::text;
        LogLevel level = LogLevel::warning;
    };

    // Errors: the file cannot be opened.
    [[nodiscard]] static Result<Log> open(const Options& options);
    // To stderr.
    Log() = default;

    // An error ends the command: it also goes to stderr, "ocirt: …", where the log is a file.
    void error(const Error& error) const;
    // Warnings and below go to the file alone: stderr is the container's, and empty on success.
    void warning(const Error& error) const;
    void debug(std::string_view message) const;
    [[nodiscard]] bool shows(LogLevel level) const { return level >= level_; }

   private:
    void write(LogLevel level, const Error* error, std::string_view message) const;

    Fd file_;
    LogFormat format_ = LogFormat::text;
    LogLevel level_ = LogLevel::warning;
};

}  // namespace ocirt
