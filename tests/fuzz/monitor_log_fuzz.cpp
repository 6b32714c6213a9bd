// Any bytes as what a container writes, in parts of any length on both streams. From a k8s log the very same bytes are
// read back; a json-file is JSON, and says the same however the bytes came in parts. The first byte limits the files'
// size, so that they are rotated. Built with clang's -fsanitize=fuzzer,address,undefined (OCIRT_FUZZ).
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "scratch.h"
#include "shim/monitor/json_log.h"
#include "shim/monitor/k8s_log.h"

namespace {

using namespace ocirt;
using namespace ocirt::shim::monitor;
using fuzz::demand;
namespace fs = std::filesystem;

// More files than the longest input makes of the smallest size.
constexpr unsigned kept_files = 100;
constexpr std::int64_t least_size = 4096;
constexpr std::size_t input_limit = 4096;

struct Streams {
    std::string output{};
    std::string error{};
    [[nodiscard]] std::string& of(Stream stream) { return stream == Stream::output ? output : error; }
    bool operator==(const Streams&) const = default;
};

// A byte says how many follow, and its lowest bit on which stream.
std::vector<Chunk> split_chunks(std::string_view bytes) {
    std::vector<Chunk> chunks;
    while (!bytes.empty()) {
        const auto head = static_cast<unsigned char>(bytes.front());
        const std::size_t size = std::min<std::size_t>(head / 2, bytes.size() - 1);
        if (size > 0)
            chunks.push_back({.stream = head % 2 == 0 ? Stream::output : Stream::error,
                              .bytes = bytes.substr(1, size),
                              .at = std::chrono::system_clock::now()});
        bytes.remove_prefix(1 + size);
    }
    return chunks;
}

// What all files hold, from the oldest on; they are removed.
std::string take(const fs::path& log, std::int64_t size_max) {
    std::string all;
    for (unsigned i = 0; i <= kept_files; ++i) {
        const fs::path path = i == 0 ? log : fs::path(log.string() + "." + std::to_string(i));
        if (!fs::exists(path)) break;
        std::ostringstream text;
        text << std::ifstream(path, std::ios::binary).rdbuf();
        const std::string one = std::move(text).str();
        demand(one.empty() || one.ends_with('\n'));
        demand(size_max == 0 || static_cast<std::int64_t>(one.size()) <= size_max);
        all.insert(0, one);
        fs::remove(path);
    }
    return all;
}

template <class Log>
std::string write(const std::vector<Chunk>& chunks, std::int64_t size_max) {
    static const fuzz::Directory directory;
    {
        Log log(LogFile::open(directory.log(), {.size_max = size_max, .kept_files = kept_files}).value());
        for (const Chunk& chunk : chunks) demand(log.write(chunk).has_value());
        demand(log.finish().has_value());
    }
    return take(directory.log(), size_max);
}

std::string_view take_line(std::string_view& text) {
    const std::string_view line = first_line(text);
    text.remove_prefix(line.size());
    return line;
}

Streams read_k8s(std::string_view text) {
    constexpr std::size_t time_size = sizeof("2026-11-23T13:16:15.000000001+01:00") - 1;
    constexpr std::size_t head_size = time_size + sizeof(" stdout F ") - 1;
    Streams streams;
    while (!text.empty()) {
        std::string_view record = take_line(text);
        demand(record.size() > head_size && record.ends_with('\n'));
        const std::string_view head = record.substr(time_size, head_size - time_size);
        const bool whole = head.ends_with(" F ");
        demand((whole || head.ends_with(" P ")) && (head.starts_with(" stdout ") || head.starts_with(" stderr ")));
        record.remove_prefix(head_size);
        if (!whole) record.remove_suffix(1);
        streams.of(head.starts_with(" stdout ") ? Stream::output : Stream::error) += record;
    }
    return streams;
}

Streams read_json(std::string_view text) {
    Streams streams;
    while (!text.empty()) {
        const nlohmann::json record = nlohmann::json::parse(take_line(text), nullptr, false);
        demand(!record.is_discarded() && record.size() == 3 && record["time"].is_string());
        const std::string& stream = record["stream"].get_ref<const std::string&>();
        demand(stream == "stdout" || stream == "stderr");
        streams.of(stream == "stdout" ? Stream::output : Stream::error) += record["log"].get<std::string>();
    }
    return streams;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > input_limit) return 0;
    const std::int64_t size_max = least_size * (data[0] % 16);
    const std::vector<Chunk> chunks = split_chunks({reinterpret_cast<const char*>(data + 1), size - 1});
    Streams written;
    for (const Chunk& chunk : chunks) written.of(chunk.stream) += chunk.bytes;
    demand(read_k8s(write<K8sLog>(chunks, size_max)) == written);
    std::vector<Chunk> whole;
    for (const Stream stream : {Stream::output, Stream::error})
        whole.push_back({.stream = stream, .bytes = written.of(stream), .at = std::chrono::system_clock::now()});
    demand(read_json(write<JsonLog>(chunks, size_max)) == read_json(write<JsonLog>(whole, 0)));
    return 0;
}
