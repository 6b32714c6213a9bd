#include "shim/monitor/json_log.h"

#include <deque>
#include <utility>

#include "common/json_writer.h"
#include "common/utf8.h"

namespace ocirt::shim::monitor {

Result<> JsonLog::write(const Chunk& chunk) {
    std::string& begun = unfinished_[static_cast<std::size_t>(chunk.stream)];
    std::string joined = std::exchange(begun, {});
    std::string_view bytes = chunk.bytes;
    if (!joined.empty()) bytes = joined.append(bytes);
    const std::size_t whole = bytes.size() - unfinished_utf8(bytes);
    begun = bytes.substr(whole);
    return write_lines({.stream = chunk.stream, .bytes = bytes.substr(0, whole), .at = chunk.at});
}

Result<> JsonLog::write_lines(const Chunk& chunk) {
    std::string time(time_.text(chunk.at).substr(0, sizeof("2026-11-23T13:16:15.000000001") - 1));
    time += 'Z';
    std::deque<std::string> records;  // until they are written
    return append_lines(file_, chunk.bytes, [&](std::string_view line) {
        JsonWriter json;
        json.begin_object();
        json.member("log", line);
        json.member("stream", name_of(chunk.stream));
        json.member("time", time);
        json.end_object();
        return file_.append({records.emplace_back(std::move(json).take()), "\n"});
    });
}

Result<> JsonLog::finish() {
    for (const Stream stream : {Stream::output, Stream::error}) {
        const std::string rest = std::exchange(unfinished_[static_cast<std::size_t>(stream)], {});
        TRY(write_lines({.stream = stream, .bytes = rest, .at = std::chrono::system_clock::now()}));
    }
    return settle();
}

}  // namespace ocirt::shim::monitor
