#include "engines/engine.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "support/host.h"

namespace ocirt::engines {
namespace {

namespace fs = std::filesystem;

// What is in `now` and was not in `before`.
std::vector<std::string> added(const std::vector<std::string>& before, const std::vector<std::string>& now) {
    std::vector<std::string> found;
    std::ranges::set_difference(now, before, std::back_inserter(found));
    return found;
}

std::vector<std::string> containers_in(const std::vector<std::string>& states) {
    std::vector<std::string> found;
    for (const std::string& state : states) {
        std::error_code error;
        for (auto entry = fs::directory_iterator(state, error); !error && entry != fs::directory_iterator();
             entry.increment(error))
            if (!entry->path().filename().string().starts_with('.')) found.push_back(entry->path());
    }
    return found;
}

struct Limit {
    std::string file;
    std::string value;
    std::string other{};    // as good
    bool is_first = false;  // the first or the last of the file's words
    bool is_last = false;
};

// As the runtime specification says it, and as runtimes did it before 2025.
Limit weight_of(double shares) {
    const double power = std::log2(shares);
    const double weight = std::ceil(std::pow(10, (power * power + 125 * power) / 612 - 7.0 / 34));
    const double linear = 1 + std::floor((shares - 2) * 9999 / 262142);
    return {.file = "cpu.weight",
            .value = std::to_string(static_cast<int>(weight)),
            .other = std::to_string(static_cast<int>(linear))};
}

Limit on_v2(const Limit& limit) {
    if (limit.file == "cpu.shares") return weight_of(std::stod(limit.value));
    if (limit.file == "cpu.cfs_quota_us") return {.file = "cpu.max", .value = limit.value, .is_first = true};
    if (limit.file == "cpu.cfs_period_us") return {.file = "cpu.max", .value = limit.value, .is_last = true};
    if (limit.file == "memory.limit_in_bytes") return {.file = "memory.max", .value = limit.value};
    if (limit.file == "memory.soft_limit_in_bytes") return {.file = "memory.low", .value = limit.value};
    return limit;
}

}  // namespace

const std::string& runtime_path() {
    static const std::string path = [] {
        const fs::path target = test::runtime_path();
        const fs::path link = scratch() / "bin" / target.filename();
        fs::create_directories(link.parent_path());
        if (!fs::is_symlink(link)) fs::create_symlink(target, link);
        return link.string();
    }();
    return path;
}

bool is_shim() { return std::getenv("OCIRT_SHIM") != nullptr; }

void link_shim() {
    const fs::path link = scratch() / "bin" / "containerd-shim-ocirt-v2";
    fs::create_directories(link.parent_path());
    if (fs::is_symlink(link)) return;
    fs::create_symlink(test::runtime_path(), link);
    ::setenv("PATH", (link.parent_path().string() + ":" + std::getenv("PATH")).c_str(), 1);
}

Finished sh(const std::string& line, const std::string& input) {
    return test::run({.args = {"/bin/sh", "-c", line}, .input = input});
}

test::Process start(const std::string& line) { return test::Process({.args = {"/bin/sh", "-c", "exec " + line}}); }

std::string trimmed(std::string text) {
    while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.pop_back();
    return text;
}

void expect_limit(const std::string& cgroup, const std::string& file, const std::string& value) {
    const std::optional<test::CgroupMount> mount = test::find_controller(file.substr(0, file.find('.')));
    ASSERT_TRUE(mount) << file;
    const Limit limit = mount->v2 ? on_v2({.file = file, .value = value}) : Limit{.file = file, .value = value};
    const fs::path path = mount->path / fs::path(cgroup).relative_path() / limit.file;
    const std::string found = test::read_trimmed(path);
    // A quota and its period share a file: "150000 100000".
    const bool matches = found == limit.value || (!limit.other.empty() && found == limit.other) ||
                         (limit.is_first && found.starts_with(limit.value + " ")) ||
                         (limit.is_last && found.ends_with(" " + limit.value));
    EXPECT_TRUE(matches) << path << " is \"" << found << "\", not " << limit.value;
}

bool host_has_all_capabilities() {
    const int last = std::stoi(test::read_trimmed("/proc/sys/kernel/cap_last_cap"));
    for (int capability = 0; capability <= last; ++capability)
        if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1) return false;
    return true;
}

Daemon::Daemon(const std::string& line, const std::string& probe) : name_(line.substr(0, line.find(' '))) {
    fs::create_directories(scratch());
    process_.emplace(start(line + " >>" + (scratch() / (name_ + ".log")).string() + " 2>&1"));
    if (!eventually([&] { return sh(probe).status == 0; }))
        throw std::runtime_error(line + " does not answer: " + log());
}

Daemon::~Daemon() {
    process_->signal(SIGTERM);
    EXPECT_NE(process_->wait().status, -1) << name_ << " does not end:\n" << log();
}

std::string Daemon::log() const {
    const std::string all = test::read_file(scratch() / (name_ + ".log"));
    return all.substr(all.size() - std::min<std::size_t>(all.size(), 1500));
}

void EngineTest::keep(const Daemon& daemon) {
    for (const std::string& process : take_inventory().processes)
        if (process.starts_with(std::to_string(daemon.pid()) + " ")) before_.processes.push_back(process);
    std::ranges::sort(before_.processes);
}

void EngineTest::expect_nothing_left(const std::vector<std::string>& kept,
                                     const std::vector<std::string>& states) const {
    Inventory left;
    std::vector<std::string> containers;
    eventually([&] {
        const Inventory now = take_inventory();
        left = {.processes = added(before_.processes, now.processes),
                .mounts = added(before_.mounts, now.mounts),
                .cgroups = added(before_.cgroups, now.cgroups)};
        for (std::vector<std::string>* list : {&left.mounts, &left.cgroups})
            std::erase_if(*list, [&](const std::string& name) { return std::ranges::find(kept, name) != kept.end(); });
        containers = containers_in(states);
        return left.processes.empty() && left.mounts.empty() && left.cgroups.empty() && containers.empty();
    });
    const std::vector<std::string> none;
    EXPECT_EQ(left.processes, none) << "processes are left";
    EXPECT_EQ(left.mounts, none) << "mounts are left";
    EXPECT_EQ(left.cgroups, none) << "cgroups are left";
    EXPECT_EQ(containers, none) << "containers are left";
}

}  // namespace ocirt::engines
