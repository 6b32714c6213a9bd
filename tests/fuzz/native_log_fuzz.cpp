// Records and other bytes as the files of a log, which `ocirt logs` reads: with `tail` it shows the end of what it
// shows without, on each stream, and all of it where there are fewer lines; what stands in one file or in three is the
// same. The first byte says how many lines, the second in which format, the third where the files end. Built with
// clang's -fsanitize=fuzzer,address,undefined (OCIRT_FUZZ).
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "common/fd.h"
#include "scratch.h"
#include "shim/native/detach_keys.h"
#include "shim/native/log_reader.h"
#include "shim/native/moment.h"

namespace {

using namespace ocirt;
using namespace ocirt::shim::native;
using fuzz::demand;
namespace fs = std::filesystem;

constexpr std::size_t input_limit = 4096;

struct Shown {
    std::string output;
    std::string error;
    bool operator==(const Shown&) const = default;
};

Fd make_file() {
    Fd file(::memfd_create("shown", MFD_CLOEXEC));
    demand(file.get() >= 0);
    return file;
}

std::string content(int file) {
    std::string text(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
    demand(::pread(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    return text;
}

Shown show(const fs::path& log, LogFormat format, const LogSelection& selection) {
    const Fd output = make_file();
    const Fd error = make_file();
    LogOutput shown(Fd(::dup(output.get())), Fd(::dup(error.get())), false);
    LogReader reader = LogReader::open(LogFiles::open(log, 2).value(), format, selection, shown).value();
    demand(reader.stop_at_present_end().has_value());
    demand(reader.read_on().has_value());
    demand(reader.finish().has_value());
    return {.output = content(output.get()), .error = content(error.get())};
}

// A byte says which record comes, and how many bytes are its content.
std::string make_records(LogFormat format, std::string_view bytes) {
    struct Kind {
        std::string_view begin;
        std::string_view end;
    };
    static constexpr Kind kinds[][4] = {
        {{.begin = "2026-11-23T13:16:15.000000001+01:00 stdout F ", .end = "\n"},
         {.begin = "2026-11-23T13:16:15.000000001+01:00 stderr F ", .end = "\n"},
         {.begin = "2026-11-23T13:16:15.000000001+01:00 stdout P ", .end = "\n"},
         {.begin = "2026-11-23T13:16:15.000000001+01:00 stderr P ", .end = "\n"}},
        {{.begin = R"({"log":")", .end = "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T13:16:15Z\"}\n"},
         {.begin = R"({"log":")", .end = "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T13:16:15Z\"}\n"},
         {.begin = R"({"log":")", .end = "\",\"stream\":\"stdout\",\"time\":\"2026-11-23T13:16:15Z\"}\n"},
         {.begin = R"({"log":")", .end = "\",\"stream\":\"stderr\",\"time\":\"2026-11-23T13:16:15Z\"}\n"}}};
    std::string records;
    while (!bytes.empty()) {
        const auto head = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        const Kind& kind = kinds[format == LogFormat::json ? 1 : 0][head % 4];
        records += kind.begin;
        const std::string_view content = bytes.substr(0, head / 4);
        for (const char byte : content) records += byte >= ' ' && byte != '"' && byte != '\\' ? byte : '?';
        records += kind.end;
        bytes.remove_prefix(content.size());
    }
    return records;
}

void write(const fs::path& file, std::string_view bytes) { std::ofstream(file, std::ios::binary) << bytes; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t head = 3;
    if (size <= head || size > input_limit) return 0;
    static const fuzz::Directory directory;
    const fs::path log = directory.log();
    const std::string_view bytes(reinterpret_cast<const char*>(data + head), size - head);
    const LogFormat format = data[1] % 2 == 0 ? LogFormat::k8s : LogFormat::json;
    const LogSelection some{.tail = data[0] % 8};
    fs::remove(log.string() + ".1");
    fs::remove(log.string() + ".2");
    write(log, bytes);
    (void)show(log, format, {});
    (void)show(log, format, some);

    const std::string records = make_records(format, bytes);
    write(log, records);
    const Shown all = show(log, format, {});
    const Shown tail = show(log, format, some);
    demand(all.output.ends_with(tail.output) && all.error.ends_with(tail.error));
    demand(show(log, format, {.tail = input_limit}) == all);
    const std::size_t first = records.find('\n', std::min<std::size_t>(data[2], records.size())) + 1;
    const std::size_t second = records.find('\n', first) + 1;
    if (first > 0 && second > first) {
        write(log.string() + ".2", records.substr(0, first));
        write(log.string() + ".1", records.substr(first, second - first));
        write(log, records.substr(second));
        demand(show(log, format, {}) == all);
        demand(show(log, format, some) == tail);
    }

    (void)parse_moment(std::string(bytes), 0);
    (void)parse_rfc3339(bytes);
    if (Result<DetachKeys> keys = DetachKeys::parse(bytes)) demand(keys->take(bytes).passed.size() <= bytes.size());
    return 0;
}
