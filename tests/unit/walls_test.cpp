// The walls between the rooms of src, checked over the lines that include: which room may know which. The plan of the
// house is docs/architecture.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace ocirt {
namespace {

namespace fs = std::filesystem;

// A room and what of ocirt its files may include, by prefix (its own files always). The first room that fits counts.
struct Room {
    std::string_view folder;
    std::vector<std::string_view> may_include;
    // Deciding rooms: what they need of the kernel is in linux/*.h, which declares no functions.
    bool changes_nothing = false;
};

const std::vector<Room>& rooms() {
    static const std::vector<Room> all = {
        {.folder = "common/", .may_include = {}},
        {.folder = "runtime/spec/", .may_include = {"common/"}, .changes_nothing = true},
        {.folder = "runtime/plan/",
         .may_include = {"common/", "runtime/spec/", "runtime/cgroup/", "runtime/resctrl/group_plan.h",
                         "runtime/security/"},
         .changes_nothing = true},
        // init's program as bytes, for the runtime: the one file there that is not init's own.
        {.folder = "runtime/init/image.", .may_include = {}},
        {.folder = "runtime/init/",
         .may_include = {"runtime/plan/steps.h", "runtime/plan/layout.h", "runtime/plan/protocol.h"}},
        {.folder = "runtime/cgroup/", .may_include = {"common/", "runtime/spec/"}},
        {.folder = "runtime/resctrl/", .may_include = {"common/", "runtime/spec/"}},
        {.folder = "runtime/security/", .may_include = {"common/", "runtime/spec/"}},
        {.folder = "runtime/state/",
         .may_include = {"common/", "runtime/spec/", "runtime/plan/", "runtime/cgroup/", "runtime/resctrl/"}},
        {.folder = "runtime/checkpoint/",
         .may_include = {"common/", "runtime/spec/", "runtime/plan/", "runtime/security/", "criu.pb.h"}},
        {.folder = "runtime/lifecycle/",
         .may_include = {"common/", "runtime/spec/", "runtime/plan/", "runtime/init/image.h", "runtime/cgroup/",
                         "runtime/resctrl/", "runtime/security/", "runtime/state/", "runtime/checkpoint/"}},
        {.folder = "runtime/cli/", .may_include = {"common/", "runtime/", "version.h"}},
        {.folder = "manual/", .may_include = {"common/", "runtime/cli/", "shim/native/commands.h", "version.h"}},
        {.folder = "shim/",
         .may_include = {"common/", "runtime/", "version.h", "common.pb.h", "ttrpc.pb.h", "task.pb.h", "events.pb.h",
                         "bootstrap.pb.h", "worker.pb.h", "metrics_v1.pb.h", "metrics_v2.pb.h"}},
        {.folder = "", .may_include = {"common/", "runtime/", "shim/", "version.h"}},  // main.cpp
    };
    return all;
}

const Room& room_of(std::string_view file) {
    return *std::ranges::find_if(rooms(), [&](const Room& room) { return file.starts_with(room.folder); });
}

struct Include {
    std::string header;
    bool system = false;  // <...>
};

std::optional<Include> parse_include(const std::string& line) {
    static const std::regex form(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    std::smatch match;
    if (!std::regex_search(line, match, form)) return std::nullopt;
    return Include{.header = match[2].str(), .system = match[1].str() == "<"};
}

// init has no libc: the kernel's headers and the compiler's own.
bool is_freestanding(std::string_view header) {
    static const std::vector<std::string_view> compiler = {"stdint.h", "stddef.h", "stdarg.h", "limits.h"};
    return header.starts_with("linux/") || header.starts_with("asm/") || header.starts_with("asm-generic/") ||
           std::ranges::find(compiler, header) != compiler.end();
}

bool is_changing(std::string_view header) {
    static const std::vector<std::string_view> changing = {
        "sys/mount.h", "sys/prctl.h", "sys/syscall.h", "syscall.h",   "sys/socket.h", "sys/ioctl.h",
        "sys/wait.h",  "spawn.h",     "sched.h",       "sys/fsuid.h", "grp.h",        "common/syscall.h"};
    return std::ranges::find(changing, header) != changing.end();
}

// Why `file` (a path below src) may not include this; empty when it may.
std::string objection(std::string_view file, const Include& include) {
    const Room& room = room_of(file);
    const std::string_view header = include.header;
    if (room.folder == "runtime/init/" && include.system)
        return is_freestanding(header) ? "" : "init is freestanding: linux/, asm/, stdint.h, stddef.h only";
    if (header == "iostream" && room.folder != "manual/") return "there is no std::cout: common/streams.cpp";
    if (room.changes_nothing && is_changing(header)) return "this room decides and changes nothing";
    if (include.system) return "";
    if (!room.folder.empty() && header.starts_with(room.folder)) return "";
    for (const std::string_view prefix : room.may_include)
        if (header.starts_with(prefix)) return "";
    return "the wall around " + std::string(room.folder);
}

std::vector<fs::path> source_files() {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(OCIRT_SOURCE_DIR "/src"))
        if (const fs::path& path = entry.path();
            path.extension() == ".h" || path.extension() == ".cpp" || path.extension() == ".S")
            files.push_back(path);
    return files;
}

std::vector<std::string> lines_of(const fs::path& path) {
    std::ifstream stream(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

TEST(Walls, EveryIncludeStaysInItsRooms) {
    const fs::path root = OCIRT_SOURCE_DIR "/src";
    std::size_t seen = 0;
    for (const fs::path& path : source_files()) {
        const std::string file = fs::relative(path, root).string();
        std::size_t number = 0;
        for (const std::string& line : lines_of(path)) {
            ++number;
            const std::optional<Include> include = parse_include(line);
            if (!include) continue;
            ++seen;
            const std::string why = objection(file, *include);
            EXPECT_TRUE(why.empty()) << "src/" << file << ":" << number << ": includes " << include->header << ": "
                                     << why;
        }
    }
    EXPECT_GT(seen, 10U) << "the sources were not found";
}

TEST(Walls, NoFileAbove500Lines) {
    for (const fs::path& path : source_files()) EXPECT_LE(lines_of(path).size(), 500U) << path;
}

// The rules themselves.
TEST(Walls, ObjectsToWhatTheDesignForbids) {
    EXPECT_NE(objection("common/fd.h", {"runtime/spec/config.h", false}), "");
    EXPECT_NE(objection("runtime/spec/parse.cpp", {"runtime/plan/plan.h", false}), "");
    EXPECT_NE(objection("runtime/plan/mounts.cpp", {"sys/mount.h", true}), "");
    EXPECT_NE(objection("runtime/plan/mounts.cpp", {"runtime/lifecycle/create.h", false}), "");
    EXPECT_NE(objection("runtime/init/main.cpp", {"string.h", true}), "");
    EXPECT_NE(objection("common/log.cpp", {"iostream", true}), "");
    EXPECT_NE(objection("runtime/init/main.cpp", {"runtime/plan/plan.h", false}), "");
    EXPECT_NE(objection("runtime/cli/run.cpp", {"shim/monitor/log.h", false}), "");
}

TEST(Walls, AllowsWhatTheDesignNeeds) {
    EXPECT_EQ(objection("runtime/init/main.cpp", {"runtime/plan/layout.h", false}), "");
    EXPECT_EQ(objection("runtime/init/main.cpp", {"runtime/init/entry.h", false}), "");
    EXPECT_EQ(objection("runtime/init/main.cpp", {"linux/mount.h", true}), "");
    EXPECT_EQ(objection("runtime/init/image.h", {"span", true}), "");
    EXPECT_EQ(objection("runtime/plan/mounts.cpp", {"linux/mount.h", true}), "");
    EXPECT_EQ(objection("runtime/lifecycle/create.cpp", {"sys/mount.h", true}), "");
    EXPECT_EQ(objection("main.cpp", {"shim/native/commands.h", false}), "");
}

}  // namespace
}  // namespace ocirt
