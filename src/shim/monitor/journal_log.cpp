#include "shim/monitor/journal_log.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "common/memfd.h"
#include "common/socket.h"
#include "shim/monitor/journal_entry.h"

namespace ocirt::shim::monitor {
namespace {

constexpr const char* address = "/run/systemd/journal/socket";
constexpr std::size_t short_id = 12;

std::unexpected<Error> wrong(std::string object, std::string detail, std::string hint = {}) {
    return fail({.fault = Fault::invalid_argument,
                 .operation = "log to the journal",
                 .object = std::move(object),
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

Result<> add_label(std::string& entry, const std::string& label) {
    const std::size_t equals = label.find('=');
    if (equals == label.npos || label.find('=', equals + 1) != label.npos)
        return wrong("--log-label " + label, "NAME=VALUE is expected");
    if (!is_field_name(std::string_view(label).substr(0, equals)))
        return wrong("--log-label " + label, "its name is none for a journal's field",
                     "capitals, digits and underscores, a capital first");
    append_field(entry, label.substr(0, equals), label.substr(equals + 1));
    return {};
}

}  // namespace

Result<std::unique_ptr<JournalLog>> JournalLog::open(const JournalFields& fields) {
    std::string common;
    append_field(common, "CONTAINER_ID_FULL", fields.id);
    append_field(common, "CONTAINER_ID", fields.id.substr(0, short_id));
    if (!fields.name.empty()) append_field(common, "CONTAINER_NAME", fields.name);
    if (!fields.tag.empty()) append_field(common, "CONTAINER_TAG", fields.tag);
    append_field(common, "SYSLOG_IDENTIFIER",
                 !fields.tag.empty()    ? fields.tag
                 : !fields.name.empty() ? fields.name
                                        : fields.id.substr(0, short_id));
    for (const std::string& label : fields.labels) TRY(add_label(common, label));
    std::unique_ptr<JournalLog> log(new JournalLog(std::move(common), fields.mark_parts));
    if (Result<Fd> socket = connect_datagram(address)) log->socket_ = *std::move(socket);
    return log;
}

void JournalLog::add(Stream stream, std::string_view message, bool part) {
    if (message.ends_with('\n')) message.remove_suffix(1);
    const char priority = take_priority(message, stream == Stream::error ? '3' : '6');
    std::string entry = common_;
    append_field(entry, "PRIORITY", {&priority, 1});
    if (part && mark_parts_) append_field(entry, "CONTAINER_PARTIAL_MESSAGE", "true");
    append_field(entry, "MESSAGE", message);
    waiting_.push_back(std::move(entry));
}

Result<> JournalLog::write(const Chunk& chunk) {
    std::string& begun = begun_[static_cast<std::size_t>(chunk.stream)];
    for (std::string_view left = chunk.bytes; !left.empty();) {
        std::string_view line = first_line(left).substr(0, line_limit - begun.size());
        left.remove_prefix(line.size());
        const bool ends = line.ends_with('\n');
        if (!ends && begun.size() + line.size() < line_limit) {
            begun += line;
            break;
        }
        if (!begun.empty()) line = begun.append(line);
        add(chunk.stream, line, !ends);
        begun.clear();
    }
    return settle();
}

Result<> JournalLog::settle() {
    for (; !waiting_.empty(); waiting_.pop_front()) TRY(send(waiting_.front()));
    return {};
}

// A journal that was restarted has a new socket.
Result<> JournalLog::send(const std::string& entry) {
    for (int attempt = 0;; ++attempt) {
        if (!socket_) socket_ = TRY(connect_datagram(address));
        Result<> sent = send_message(socket_, entry.data(), entry.size());
        if (!sent && sent.error().errnum == EMSGSIZE) {
            const Fd file = TRY(make_sealed_message("journal-entry", entry));
            const int number = file.get();
            sent = send_message(socket_, nullptr, 0, {&number, 1});
        }
        if (sent) return {};
        const int errnum = sent.error().errnum;
        const bool is_stale = errnum == ECONNREFUSED || errnum == ENOTCONN || errnum == ECONNRESET;
        if (attempt > 0 || !is_stale) return sent;
        socket_.reset();
    }
}

std::uint64_t JournalLog::give_up() {
    std::uint64_t lost = 0;
    for (const std::string& entry : waiting_) lost += entry.size();
    waiting_.clear();
    return lost;
}

Result<> JournalLog::finish() {
    for (const Stream stream : {Stream::output, Stream::error})
        if (const std::string rest = std::exchange(begun_[static_cast<std::size_t>(stream)], {}); !rest.empty())
            add(stream, rest, true);
    return settle();
}

}  // namespace ocirt::shim::monitor
