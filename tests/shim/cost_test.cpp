// What a shim costs: programs, memory, descriptors, time. bench/containerd.py measures the same beside containerd's
// own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/exec_counter.h"
#include "support/host.h"
#include "support/shim.h"
#include "support/usage.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int ok = 0;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_counts = false;  // the sanitizer's own is more
#elif defined(__has_feature)
constexpr bool memory_counts = !__has_feature(address_sanitizer);
#else
constexpr bool memory_counts = true;
#endif

void start_sleeper(Shim& shim) {
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
}

void execute_true(Shim& shim) {
    ASSERT_EQ(shim.exec("e", process_of({"/bin/true"})), ok) << shim.text();
    ASSERT_EQ(shim.start("e"), ok) << shim.text();
    ASSERT_EQ(shim.wait("e"), 0);
    ASSERT_EQ(shim.remove("e"), ok) << shim.text();
}

void end(Shim& shim) {
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

std::size_t open_files(pid_t pid) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"), {}));
}

// Bytes until the end.
std::uint64_t read_to_end(const Fd& fifo) {
    std::vector<char> bytes(std::size_t{1} << 16);
    std::uint64_t total = 0;
    for (;;) {
        const ssize_t got = ::read(fifo.get(), bytes.data(), bytes.size());
        if (got <= 0) return total;
        total += static_cast<std::uint64_t>(got);
    }
}

TEST(ShimCost, ThreeProgramsToAContainer) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    const std::optional<ExecCounter> counter = ExecCounter::start();
    if (!counter) GTEST_SKIP() << "SKIP: no tracepoints here";
    Shim shim(bundle);
    start_sleeper(shim);
    EXPECT_EQ(counter->count(), 3U) << "the shim's start, init, the program";
    end(shim);
}

TEST(ShimCost, OneProgramToAnExec) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    const std::optional<ExecCounter> counter = ExecCounter::start();
    if (!counter) GTEST_SKIP() << "SKIP: no tracepoints here";
    Shim shim(bundle);
    start_sleeper(shim);
    const std::uint64_t before = counter->count();
    execute_true(shim);
    EXPECT_EQ(counter->count() - before, 2U) << "init, the program";
    end(shim);
}

#ifdef OCIRT_RELEASE
void ask_for_stats(Shim& shim) {
    wire::StatsRequest request;
    request.set_id(shim.id());
    TtrpcReply reply;
    (void)shim.call<wire::StatsResponse>("Stats", request, reply);
    ASSERT_EQ(reply.code, ok) << reply.message;
}

TEST(ShimCost, MemoryOfTwentyIdleShims) {
    constexpr std::size_t count = 20;
    constexpr long dirty_limit_kib = 250;
    constexpr long pss_limit_kib = 400;
    std::vector<std::unique_ptr<Bundle>> bundles;
    std::vector<std::unique_ptr<Shim>> shims;
    for (std::size_t i = 0; i < count; ++i) {
        bundles.push_back(std::make_unique<Bundle>());
        bundles.back()->args({"/bin/sleep", "100"});
        shims.push_back(std::make_unique<Shim>(*bundles.back()));
        start_sleeper(*shims.back());
        execute_true(*shims.back());
        ask_for_stats(*shims.back());
    }
    for (const auto& shim : shims) {
        EXPECT_LE(private_dirty_kib(shim->pid()), dirty_limit_kib);
        EXPECT_LE(number_in(shim->pid(), "smaps_rollup", "Pss"), pss_limit_kib);
        EXPECT_EQ(threads(shim->pid()), 1);
    }
    for (const auto& shim : shims) end(*shim);
    while (!shims.empty()) {
        shims.pop_back();
        bundles.pop_back();
    }
}
#endif

// $OCIRT_TEST_MIB asks for less.
TEST(ShimCost, OutputDoesNotPassThroughTheShim) {
    const std::uint64_t size = static_cast<std::uint64_t>(asked("OCIRT_TEST_MIB", 2048)) << 20;
    Bundle bundle;
    bundle.args({"/bin/dd", "if=/dev/zero", "bs=65536", "count=" + std::to_string(size / 65536)});
    Shim shim(bundle);
    const fs::path path = bundle.scratch() / "out";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    wire::CreateTaskRequest request;
    request.set_stdout(path);
    ASSERT_EQ(shim.create(request), ok) << shim.text();
    const Fd fifo(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const std::chrono::nanoseconds before = cpu_time(shim.pid());
    // Its own: how many of the program's pages are in memory is the kernel's matter.
    const long rss = number_in(shim.pid(), "status", "RssAnon");
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(read_to_end(fifo), size);
    EXPECT_EQ(shim.wait(), 0);
    // To copy it takes a second.
    EXPECT_LT(cpu_time(shim.pid()) - before, memory_counts && patience() == 1 ? 10ms : 100ms);
    if (memory_counts) {
        EXPECT_LE(number_in(shim.pid(), "status", "RssAnon") - rss, 256);
    }
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

// $OCIRT_TEST_EXECS asks for another number.
TEST(ShimCost, ManyExecsLeaveNothing) {
    const int count = asked("OCIRT_TEST_EXECS", 1000);
    constexpr int warm_up = 100;
    constexpr long rss_limit_kib = 64;
    Bundle bundle;
    bundle.args({"/bin/sleep", "100000"});
    Shim shim(bundle);
    start_sleeper(shim);
    for (int i = 0; i < warm_up; ++i) execute_true(shim);
    const long rss = number_in(shim.pid(), "status", "VmRSS");
    const std::size_t files = open_files(shim.pid());
    for (int i = 0; i < count && !HasFatalFailure(); ++i) execute_true(shim);
    EXPECT_TRUE(eventually([&] { return open_files(shim.pid()) <= files; }));
    EXPECT_EQ(number_in(shim.pid(), "status", "Threads"), 1);
    if (memory_counts) {
        EXPECT_LE(number_in(shim.pid(), "status", "VmRSS") - rss, rss_limit_kib);
    }
    end(shim);
}

// One message of 4 MiB, and the shim is as small as before.
TEST(ShimCost, MemoryOfALargeMessageIsGivenBack) {
    if (!memory_counts) GTEST_SKIP() << "SKIP: the sanitizer keeps memory";
    constexpr long rss_limit_kib = 256;
    Bundle bundle;
    Shim shim(bundle);
    EXPECT_EQ(shim.client().call("State", "").code, 5);
    const long rss = number_in(shim.pid(), "status", "RssAnon");
    const std::string large(shim::ttrpc::message_limit - 1000, 'x');
    for (int i = 0; i < 3; ++i) EXPECT_EQ(shim.client().call("Nonsense", large).code, 12);
    EXPECT_TRUE(eventually([&] { return number_in(shim.pid(), "status", "RssAnon") - rss <= rss_limit_kib; }))
        << number_in(shim.pid(), "status", "RssAnon") - rss << " KiB more";
}

}  // namespace
}  // namespace ocirt::test
