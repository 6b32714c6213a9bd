#include "runtime/state/exit_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/json_writer.h"
#include "common/syscall.h"
#include "runtime/state/directory.h"

namespace ocirt::state {
namespace {

constexpr std::size_t limit = 4096;

}  // namespace

bool is_in_memory(const std::string& root, const std::string& id) {
    struct statfs status{};
    return ::statfs((root + "/" + id).c_str(), &status) != 0 || status.f_type == TMPFS_MAGIC;
}

Result<> write_exit(const std::string& root, const std::string& id, const Exit& exit) {
    const Fd directory = TRY(sys::open(root + "/" + id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    JsonWriter json;
    json.begin_object();
    json.member("pid", exit.pid);
    json.member("status", exit.status);
    json.member("nanoseconds", std::chrono::nanoseconds(exit.at.time_since_epoch()).count());
    json.end_object();
    const std::string text = std::move(json).take() + "\n";
    const Fd file = TRY(sys::open_at(directory, "exit.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    TRY(sys::write_all(file, text.data(), text.size()));
    const bool written = ::fsync(file.get()) == 0 &&
                         ::renameat(directory.get(), "exit.json.new", directory.get(), exit_file) == 0 &&
                         ::fsync(directory.get()) == 0;
    if (!written) return fail_errno("renameat", "write the exit status of", "\"" + id + "\"");
    return {};
}

std::optional<Exit> read_exit(const std::string& root, const std::string& id) {
    const Result<Fd> file = sys::open(root + "/" + id + "/" + exit_file, O_RDONLY | O_NOFOLLOW);
    const Result<std::string> text = file ? sys::read_all(*file, limit) : std::string();
    if (!text) return std::nullopt;
    const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    const auto number = [&json](const char* name) -> std::int64_t {
        const auto member = json.find(name);
        return member != json.end() && member->is_number_integer() ? member->get<std::int64_t>() : 0;
    };
    const std::chrono::nanoseconds since(number("nanoseconds"));
    return Exit{.pid = static_cast<pid_t>(number("pid")),
                .status = static_cast<int>(number("status")),
                .at = std::chrono::system_clock::time_point(
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(since))};
}

}  // namespace ocirt::state
