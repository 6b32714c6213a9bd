// Log driver journald: an entry for each line, sent to /run/systemd/journal/socket. A line longer than the limit is
// several entries, all but the last with CONTAINER_PARTIAL_MESSAGE=true.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/fd.h"
#include "shim/monitor/log_writer.h"

namespace ocirt::shim::monitor {

struct JournalFields {
    std::string id{};  // the container's: 12 characters at least
    std::string name{};
    std::string tag{};
    std::vector<std::string> labels{};  // "NAME=VALUE"
    bool mark_parts = true;
};

class JournalLog : public LogWriter {
   public:
    static constexpr std::size_t line_limit = 16384;

    // Errors: Fault::invalid_argument for an id or a label that cannot be. That nobody listens is none: a journal that
    // is restarted comes back.
    [[nodiscard]] static Result<std::unique_ptr<JournalLog>> open(const JournalFields& fields);

    Result<> write(const Chunk& chunk) override;
    Result<> settle() override;
    std::uint64_t give_up() override;
    Result<> finish() override;

   private:
    JournalLog(std::string common, bool mark_parts) : common_(std::move(common)), mark_parts_(mark_parts) {}

    void add(Stream stream, std::string_view message, bool part);
    Result<> send(const std::string& entry);

    Fd socket_;
    std::string common_;  // the fields of every entry
    bool mark_parts_;
    std::array<std::string, 4> begun_;  // by stream: a line without its end
    std::deque<std::string> waiting_;   // entries to be sent
};

}  // namespace ocirt::shim::monitor
