#include "shim/native/log_records.h"

#include <nlohmann/json.hpp>

namespace ocirt::shim::native {
namespace {

using Json = nlohmann::json;

std::optional<Stream> stream_named(std::string_view name) {
    for (const Stream stream : {Stream::output, Stream::error})
        if (name == name_of(stream)) return stream;
    return std::nullopt;
}

// Up to the next space, which is taken, too; empty where there is none.
std::string_view take_word(std::string_view& line) {
    const std::size_t end = line.find(' ');
    if (end == line.npos) return {};
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end + 1);
    return word;
}

const std::string* member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

}  // namespace

std::optional<LogRecord> parse_k8s_record(std::string_view line) {
    LogRecord record{.time = take_word(line)};
    const std::optional<Moment> at = parse_rfc3339(record.time);
    const std::optional<Stream> stream = at ? stream_named(take_word(line)) : std::nullopt;
    if (!stream) return std::nullopt;
    // "F" or "P", and perhaps ":" and more of them.
    std::string_view tags = take_word(line);
    tags = tags.substr(0, tags.find(':'));
    if (tags != "F" && tags != "P") return std::nullopt;
    record.at = *at;
    record.stream = *stream;
    record.is_part = tags == "P";
    if (record.is_part && line.ends_with('\n')) line.remove_suffix(1);
    record.content = line;
    return record;
}

std::optional<LogRecord> parse_json_record(std::string_view line, std::string& decoded) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    const std::string* const content = member(json, "log");
    const std::string* const name = member(json, "stream");
    const std::string* const time = member(json, "time");
    if (content == nullptr || name == nullptr || time == nullptr) return std::nullopt;
    const std::optional<Stream> stream = stream_named(*name);
    const std::optional<Moment> at = parse_rfc3339(*time);
    if (!stream || !at) return std::nullopt;
    decoded = *time + *content;
    const std::string_view text = decoded;
    return LogRecord{.stream = *stream,
                     .time = text.substr(0, time->size()),
                     .at = *at,
                     .content = text.substr(time->size()),
                     .is_part = !content->ends_with('\n')};
}

}  // namespace ocirt::shim::native
