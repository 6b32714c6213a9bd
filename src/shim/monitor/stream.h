// The standard streams, by the numbers that conmon's attach protocol gives them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace ocirt::shim::monitor {

enum class Stream : std::uint8_t { input = 1, output = 2, error = 3 };

[[nodiscard]] constexpr std::string_view name_of(Stream stream) {
    return stream == Stream::output ? "stdout" : stream == Stream::error ? "stderr" : "stdin";
}

// What one read of a container's output gave: any bytes, of any number of lines, the last one perhaps unfinished.
struct Chunk {
    Stream stream = Stream::output;
    std::string_view bytes{};
    std::chrono::system_clock::time_point at{};
};

// The first line of `bytes` with its newline; all of them where there is none.
[[nodiscard]] constexpr std::string_view first_line(std::string_view bytes) {
    const std::size_t end = bytes.find('\n');
    return end == bytes.npos ? bytes : bytes.substr(0, end + 1);
}

}  // namespace ocirt::shim::monitor
