// Many processes put into one container: at once, and one after the other.
#include <gtest/gtest.h>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

TEST(ManyExecs, FiftyAtOnceEachHaveTheirOwnExitCode) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    std::vector<Process> running;
    running.reserve(50);
    for (int code = 100; code < 150; ++code)
        running.emplace_back(bundle.make_command(bundle.exec_words({"/bin/sh", "-c", "exit " + std::to_string(code)})));
    for (int code = 100; code < 150; ++code) {
        const Finished finished = running[static_cast<std::size_t>(code - 100)].wait();
        EXPECT_EQ(finished.status, code) << finished.err;
    }
}

struct Inventory {
    std::size_t processes = 0;
    std::size_t descriptors = 0;  // of the container's init
    std::size_t cgroups = 0;      // below the container's
    std::size_t files = 0;        // in the state directory

    bool operator==(const Inventory&) const = default;
};
void PrintTo(const Inventory& found, std::ostream* out) {
    *out << found.processes << " processes, " << found.descriptors << " descriptors, " << found.cgroups << " cgroups, "
         << found.files << " files";
}

std::size_t entries(const fs::path& directory) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

Inventory inventory(Bundle& bundle) {
    const fs::path init = "/proc/" + std::to_string(bundle.state().value("pid", 0));
    std::size_t cgroups = 0;
    for (const CgroupMount& mount : cgroup_mounts())
        for (const fs::directory_entry& entry :
             fs::directory_iterator(mount.path / fs::path(bundle.cgroups_path()).relative_path()))
            cgroups += entry.is_directory() ? 1 : 0;
    return {.processes = descendants().size(),
            .descriptors = entries(init / "fd"),
            .cgroups = cgroups,
            .files = entries(bundle.scratch() / "state" / bundle.id())};
}

std::size_t kernel_memory(Bundle& bundle) {
    const std::string text =
        bundle.cgroup_file("memory", find_controller("memory")->v2 ? "memory.current" : "memory.usage_in_bytes");
    return text.empty() ? 0 : std::stoul(text);
}

// OCIRT_TEST_EXECS=10000 for the whole number.
TEST(ManyExecs, ThousandsLeaveNothing) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    const std::vector<std::string> just_true = {"/bin/true"};
    const int count = asked("OCIRT_TEST_EXECS", 200);
    ASSERT_TRUE(bundle.launch());
    for (int i = 0; i < 50; ++i) ASSERT_EQ(bundle.exec(just_true).status, 0);
    const Inventory before = inventory(bundle);
    const std::size_t memory_before = kernel_memory(bundle);
    for (int i = 0; i < count; ++i) ASSERT_EQ(bundle.exec(just_true).status, 0);
    EXPECT_EQ(inventory(bundle), before);
    const std::size_t memory = kernel_memory(bundle);
    EXPECT_LT(memory, memory_before + (2U << 20)) << "before: " << memory_before;
    RecordProperty("memory_before", static_cast<int>(memory_before));
    RecordProperty("memory_after", static_cast<int>(memory));
}

}  // namespace
}  // namespace ocirt::test
