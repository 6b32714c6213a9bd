// What the kernel keeps of the program: scheduling, places, origins, seen by the program itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

// Of proc_pid_stat(5), by its number there, of the shell that prints it.
std::string stat_field(const std::string& stat, int number) {
    std::istringstream words(stat.substr(stat.rfind(')') + 2));
    std::string word;
    for (int at = 3; at <= number; ++at) words >> word;
    return word;
}
constexpr int field_nice = 19;
constexpr int field_rt_priority = 40;
constexpr int field_policy = 41;
const std::vector<std::string> print_stat = {"/bin/cat", "/proc/self/stat"};

Json process_file(const std::vector<std::string>& args, const Json& members) {
    Json process = {{"args", args}, {"cwd", "/"}, {"env", {"PATH=/bin"}}};
    process.update(members);
    return process;
}

Finished exec_file(Bundle& bundle, const Json& process) {
    const std::filesystem::path path = bundle.scratch() / "process.json";
    std::ofstream(path) << process.dump();
    return bundle.exec({}, {"--process", path});
}

TEST(Attributes, Nice) {
    Bundle bundle;
    bundle.json("/process/scheduler", {{"policy", "SCHED_BATCH"}, {"nice", 7}}).args(print_stat);
    const Finished finished = bundle.run();
    EXPECT_EQ(stat_field(finished.out, field_nice), "7") << finished.out << finished.err;
    EXPECT_EQ(stat_field(finished.out, field_policy), "3");
}

// Set before the user is, who could not.
TEST(Attributes, NegativeNiceOfAUserWithoutRights) {
    Bundle bundle;
    bundle.json("/process/scheduler", {{"policy", "SCHED_OTHER"}, {"nice", -11}}).user(1000, 1000).args(print_stat);
    const Finished finished = bundle.run();
    EXPECT_EQ(stat_field(finished.out, field_nice), "-11") << finished.out << finished.err;
}

TEST(Attributes, RealTime) {
    Bundle bundle;
    bundle.json("/process/scheduler", {{"policy", "SCHED_RR"}, {"priority", 9}}).args(print_stat);
    const Finished finished = bundle.run();
    if (finished.status != 0 && finished.err.contains("not permitted")) {
        if (runtime_is_ocirt()) {
            EXPECT_TRUE(finished.err.contains("/process/scheduler: schedule as SCHED_RR (priority 9)")) << finished.err;
            EXPECT_TRUE(finished.err.contains("CAP_SYS_NICE")) << finished.err;
        }
        GTEST_SKIP() << "SKIP: this kernel gives a new cpu cgroup no real-time (RT_GROUP_SCHED)";
    }
    EXPECT_EQ(stat_field(finished.out, field_rt_priority), "9") << finished.out << finished.err;
    EXPECT_EQ(stat_field(finished.out, field_policy), "2");
}

TEST(Attributes, APolicyThatTheKernelDoesNotKnowIsNamed) {
    Bundle bundle;
    bundle.json("/process/scheduler", {{"policy", "SCHED_ISO"}});
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.status, 1);
    if (runtime_is_ocirt()) {
        EXPECT_TRUE(finished.err.contains("/process/scheduler: schedule as SCHED_ISO: invalid argument (EINVAL)"))
            << finished.err;
    }
}

TEST(Attributes, IoPriority) {
    Bundle bundle;
    bundle.json("/process/ioPriority", {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}});
    EXPECT_EQ(bundle.args({"/bin/busybox", "ionice"}).run().out, "best-effort: prio 6\n");
    bundle.json("/process/ioPriority", {{"class", "IOPRIO_CLASS_RT"}, {"priority", 2}}).user(1000, 1000);
    EXPECT_EQ(bundle.run().out, "realtime: prio 2\n");
}

TEST(Attributes, OfAnotherProcess) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"}).json("/process/scheduler", {{"policy", "SCHED_OTHER"}, {"nice", 3}});
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(stat_field(bundle.exec(print_stat).out, field_nice), "3")
        << "the container's, where nothing else is said";
    const Json priorities = {{"scheduler", {{"policy", "SCHED_BATCH"}, {"nice", 5}}},
                             {"ioPriority", {{"class", "IOPRIO_CLASS_IDLE"}, {"priority", 0}}}};
    const Finished own = exec_file(bundle, process_file(print_stat, priorities));
    EXPECT_EQ(stat_field(own.out, field_nice), "5") << own.err;
    EXPECT_EQ(stat_field(own.out, field_policy), "3");
    EXPECT_EQ(exec_file(bundle, process_file({"/bin/busybox", "ionice"}, priorities)).out, "idle\n");
    EXPECT_EQ(stat_field(exec_file(bundle, process_file(print_stat, Json::object())).out, field_nice), "3");
}

const std::string allowed = "Cpus_allowed_list:\t";

// The runtime itself runs on the initial CPUs, the process on the final ones.
TEST(Attributes, AffinityOfAnotherProcess) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of runtime-spec 1.3, which the peers here are older than";
    if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "SKIP: there is one CPU";
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"}).json("/process/execCPUAffinity", {{"initial", "0"}, {"final", "1"}});
    ASSERT_TRUE(bundle.launch());
    EXPECT_FALSE(bundle.exec({"/bin/grep", "Cpus_allowed_list", "/proc/1/status"}).out.ends_with("\t1\n"))
        << "not for the first process";

    Process running(bundle.make_command(
        bundle.exec_words({"/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status; exec sleep 1000"})));
    EXPECT_TRUE(running.wait_for(allowed + "1\n"));
    EXPECT_TRUE(read_file("/proc/" + std::to_string(running.pid()) + "/status").contains(allowed + "0\n"));
    running.signal(SIGTERM);
    EXPECT_EQ(running.wait().status, 128 + SIGTERM);
}

// Before 6.2 a cpuset takes the initial CPUs away, and from then on it leaves them.
TEST(Attributes, InitialAffinityAloneIsTheKernelsMatter) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of runtime-spec 1.3, which the peers here are older than";
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    const Json initial = {{"execCPUAffinity", {{"initial", "0"}}}};
    const Finished finished =
        exec_file(bundle, process_file({"/bin/grep", "Cpus_allowed_list", "/proc/self/status"}, initial));
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(finished.out.starts_with(allowed + "0")) << finished.out;
}

TEST(Attributes, AffinityToCpusThatAreNotThereIsRefused) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of runtime-spec 1.3, which the peers here are older than";
    Bundle bundle;
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    for (const char* which : {"initial", "final"}) {
        const Json affinity = {{"execCPUAffinity", {{which, "8191"}}}};
        const Finished finished = exec_file(bundle, process_file({"/bin/true"}, affinity));
        EXPECT_EQ(finished.status, 255);
        EXPECT_TRUE(finished.err.contains(std::string("/execCPUAffinity/") + which + ": run on the ")) << finished.err;
        EXPECT_TRUE(finished.err.contains("(EINVAL)")) << finished.err;
    }
}

TEST(Attributes, Personality) {
    Bundle bundle;
    bundle.args({"/bin/busybox", "uname", "-m"});
    const std::string native = bundle.run().out;
    EXPECT_EQ(bundle.json("/linux/personality", {{"domain", "LINUX"}}).run().out, native);
    const Finished finished = bundle.json("/linux/personality", {{"domain", "LINUX32"}}).run();
#if defined(__x86_64__)
    EXPECT_EQ(finished.out, "i686\n") << finished.err;
#endif
    bundle.args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(bundle.exec({"/bin/busybox", "uname", "-m"}).out, finished.out);
}

// numa_maps(5) has the policy in the second column of each mapping.
TEST(Attributes, MemoryPolicy) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of runtime-spec 1.3, which the peers here are older than";
    if (!std::filesystem::exists("/proc/self/numa_maps")) GTEST_SKIP() << "SKIP: this kernel is built without NUMA";
    const std::vector<std::string> print = {"/bin/sh", "-c", "cut -d' ' -f2 /proc/self/numa_maps | sort -u"};
    Bundle bundle;
    bundle.args(print);
    EXPECT_EQ(bundle.run().out, "default\n");
    bundle.json("/linux/memoryPolicy",
                {{"mode", "MPOL_INTERLEAVE"}, {"nodes", "0"}, {"flags", {"MPOL_F_STATIC_NODES"}}});
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.out, "interleave=static:0\n") << finished.err;
    EXPECT_EQ(bundle.json("/linux/memoryPolicy", {{"mode", "MPOL_LOCAL"}}).run().out, "local\n");

    bundle.json("/linux/memoryPolicy", {{"mode", "MPOL_BIND"}, {"nodes", "0"}}).args({"/bin/sleep", "1000"});
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(bundle.exec(print).out, "bind:0\n");
}

TEST(Attributes, MemoryNodesThatAreNotThereAreRefused) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: of runtime-spec 1.3, which the peers here are older than";
    Bundle bundle;
    bundle.json("/linux/memoryPolicy", {{"mode", "MPOL_BIND"}, {"nodes", "1023"}});
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(finished.err.contains("/linux/memoryPolicy: set the memory policy MPOL_BIND (nodes 1023): "))
        << finished.err;
}

}  // namespace
}  // namespace ocirt::test
