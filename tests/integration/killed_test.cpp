// Killed at every step: whoever works on a container dies at every one of its system calls, and the container's init at
// many. What is left ends by itself, is understood by `state` and `list`, and is gone after `delete --force`.
//
// Between two system calls a program changes nothing: killed at the entry, inside and at the exit of each, it has been
// killed before, in and after every step. The id is the same all the way, so that every create also shows that the one
// before left nothing in its way.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "support/bundle.h"
#include "support/host.h"
#include "support/traced_program.h"

namespace ocirt::test {
namespace {

using Moment = TracedProgram::Moment;
using Clock = std::chrono::steady_clock;

enum class Config { everything, user_namespace, joined, bare };

void bind_a_volume(Bundle& bundle) {
    std::filesystem::create_directory(bundle.scratch() / "volume");
    bundle.directory("/volume");  // mapped root could not make it
    bundle.mount({.destination = "/volume",
                  .type = "bind",
                  .source = bundle.scratch() / "volume",
                  .options = {"rbind", "ro", "nosuid"}});
}

void configure(Bundle& bundle, Config config) {
    bundle.args({"/bin/sleep", "1000"});
    if (config == Config::bare) return;
    bind_a_volume(bundle);
    bundle.json("/linux/resources/pids", {{"limit", 64}});
    if (config == Config::user_namespace) {
        const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
        bundle.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    }
    if (config != Config::everything) return;
    for (const char* kind : {"prestart", "createRuntime", "poststart", "poststop"}) bundle.hook(kind, {"/bin/true"});
    for (const char* kind : {"createContainer", "startContainer"}) bundle.hook(kind, {"/bin/true"});
    bundle.json("/linux/resources/memory", {{"limit", 64 << 20}}).json("/process/oomScoreAdj", 500);
}

std::vector<pid_t> processes_of(const Bundle& bundle) {
    std::vector<pid_t> pids;
    for (const std::string& left : bundle.leaks())
        if (left.starts_with("process ")) pids.push_back(std::stoi(left.substr(8)));
    return pids;
}

// False: some are still there after the time.
bool processes_end(const Bundle& bundle, std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    while (!processes_of(bundle).empty()) {
        if (Clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

// What `state` says: a status of the spec, or "" where there is no container (yet, or any more).
std::string status_of(Bundle& bundle) {
    const Finished finished = bundle.command({"state"});
    EXPECT_EQ(bundle.command_without_id({"list"}).status, 0);
    if (finished.status != 0) {
        EXPECT_TRUE(finished.err.contains("does not exist")) << finished.err;
        return "";
    }
    const Json state = Json::parse(finished.out, nullptr, false);
    return state.is_object() ? state.value("status", "not a string") : "not JSON: " + finished.out;
}

void expect_deletable(Bundle& bundle) {
    const Finished removed = bundle.remove(true);
    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_EQ(removed.err, "");
    processes_end(bundle, std::chrono::seconds(2));  // those that were killed are to be reaped
    EXPECT_EQ(bundle.leaks(), std::vector<std::string>{});
}

struct Sweep {
    const char* name;
    Config config;
    Moment moment;
    int stride = 1;  // 1: every system call
};
void PrintTo(const Sweep& sweep, std::ostream* stream) { *stream << sweep.name; }
std::string name_of(const ::testing::TestParamInfo<Sweep>& info) { return info.param.name; }

// Runs `attempt(number)` for every stride-th system call until it says that the program ended before that one.
// The number of the last system call. Where a start takes long, OCIRT_TEST_STRIDE says how many are passed over at
// least.
template <class Attempt>
int sweep_over(int stride, Attempt attempt) {
    stride = std::max(stride, asked("OCIRT_TEST_STRIDE", 1));
    int number = 1;
    while (attempt(number) && !::testing::Test::HasFailure()) number += stride;
    return number;
}

TracedProgram traced_create(Bundle& bundle) {
    bundle.write_config();
    return TracedProgram(bundle.make_command({"create", "--bundle", bundle.path(), bundle.id()}));
}

class KilledCreate : public ::testing::TestWithParam<Sweep> {};

TEST_P(KilledCreate, LeavesNothingThatDeleteDoesNotFind) {
    Bundle bundle;
    configure(bundle, GetParam().config);
    const int last = sweep_over(GetParam().stride, [&](int number) {
        SCOPED_TRACE("killed at system call " + std::to_string(number));
        TracedProgram create = traced_create(bundle);
        const bool reached = create.advance_to(number, GetParam().moment);
        create.kill();
        if (!reached) {
            EXPECT_EQ(create.finish(), 0) << bundle.log();
        }
        // Only a container that is created keeps a process.
        const bool created = status_of(bundle) == "created" && !processes_end(bundle, std::chrono::milliseconds(50));
        if (created) {
            EXPECT_EQ(status_of(bundle), "created");
        } else {
            EXPECT_TRUE(processes_end(bundle, std::chrono::seconds(10))) << ::testing::PrintToString(bundle.leaks());
            const std::string status = status_of(bundle);
            EXPECT_TRUE(status == "" || status == "stopped") << status;
        }
        expect_deletable(bundle);
        return reached;
    });
    EXPECT_GT(last, 50) << "create made suspiciously few system calls";
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledCreate,
                         ::testing::Values(Sweep{"Entry", Config::everything, Moment::entry},
                                           Sweep{"Inside", Config::everything, Moment::inside},
                                           Sweep{"Exit", Config::everything, Moment::exit},
                                           Sweep{"BareEntry", Config::bare, Moment::entry, 3},
                                           Sweep{"UserNamespaceEntry", Config::user_namespace, Moment::entry, 3},
                                           Sweep{"UserNamespaceExit", Config::user_namespace, Moment::exit, 5}),
                         name_of);

// init is killed at a moment of its parent's: create says so, and undoes everything.
class KilledInit : public ::testing::TestWithParam<Sweep> {};

TEST_P(KilledInit, IsUndoneByCreate) {
    Bundle bundle;
    configure(bundle, GetParam().config);
    int killed = 0;
    sweep_over(GetParam().stride, [&](int number) {
        SCOPED_TRACE("init killed at its parent's system call " + std::to_string(number));
        TracedProgram create = traced_create(bundle);
        const bool reached = create.advance_to(number, GetParam().moment);
        bool hit = false;
        for (const pid_t pid : processes_of(bundle)) {
            if (pid == create.pid()) continue;
            hit = hit || read_trimmed("/proc/" + std::to_string(pid) + "/comm").starts_with("ocirt:");
            if (hit) ::kill(pid, SIGKILL);
        }
        killed += hit ? 1 : 0;
        const int status = create.finish();
        if (status == 0 && hit) {
            // The message that makes it a container was on its way: it is one that has ended.
            EXPECT_TRUE(bundle.wait_for_status("stopped"));
        } else if (status != 0) {
            EXPECT_TRUE(hit) << bundle.log();
            EXPECT_TRUE(processes_end(bundle, std::chrono::seconds(2)));
            EXPECT_EQ(bundle.leaks(), std::vector<std::string>{}) << "create failed and left something";
        }
        expect_deletable(bundle);
        return reached;
    });
    EXPECT_GT(killed, 5);
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledInit,
                         ::testing::Values(Sweep{"Everything", Config::everything, Moment::entry, 3},
                                           Sweep{"UserNamespace", Config::user_namespace, Moment::exit, 5}),
                         name_of);

class KilledStart : public ::testing::TestWithParam<Sweep> {};

// The container was told to go on, or it was not: then the next start does.
TEST_P(KilledStart, LeavesACreatedOrARunningContainer) {
    Bundle bundle;
    configure(bundle, GetParam().config);
    sweep_over(GetParam().stride, [&](int number) {
        SCOPED_TRACE("killed at system call " + std::to_string(number));
        EXPECT_EQ(bundle.create().status, 0) << bundle.log();
        TracedProgram start(bundle.make_command({"start", bundle.id()}));
        const bool reached = start.advance_to(number, GetParam().moment);
        start.kill();
        std::string status = status_of(bundle);
        if (status == "created") {
            // A startContainer hook may be at work still; if not, it waits, and can be started.
            const Finished started = bundle.start();
            EXPECT_TRUE(started.status == 0 || status_of(bundle) == "running") << started.err;
            status = status_of(bundle);
        }
        EXPECT_EQ(status, "running") << bundle.log();
        expect_deletable(bundle);
        return reached;
    });
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledStart,
                         ::testing::Values(Sweep{"Entry", Config::everything, Moment::entry},
                                           Sweep{"Exit", Config::everything, Moment::exit, 2}),
                         name_of);

class KilledExec : public ::testing::TestWithParam<Sweep> {};

// A process that was not told to execute its program ends by itself; one that was belongs to itself. The container is
// as before.
TEST_P(KilledExec, LeavesNoProcessHalfJoined) {
    Bundle bundle;
    configure(bundle, GetParam().config);
    ASSERT_TRUE(bundle.launch());
    const auto named = [&bundle](const std::string& begin) {
        std::vector<pid_t> pids = processes_of(bundle);
        std::erase_if(pids, [&begin](pid_t pid) {
            return !read_trimmed("/proc/" + std::to_string(pid) + "/comm").starts_with(begin);
        });
        return pids;
    };
    // Three looks in a row: one goes on as another while they are counted.
    const auto all_gone = [&named](const std::string& begin) {
        const auto until = Clock::now() + std::chrono::seconds(10);
        for (int looks = 0; looks < 3 && Clock::now() < until;) {
            looks = named(begin).empty() ? looks + 1 : 0;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return named(begin).empty();
    };
    sweep_over(GetParam().stride, [&](int number) {
        SCOPED_TRACE("killed at system call " + std::to_string(number));
        TracedProgram exec(bundle.make_command(bundle.exec_words({"/bin/tail", "-f", "/dev/null"}, {"--detach"})));
        const bool reached = exec.advance_to(number, GetParam().moment);
        exec.kill();
        // Inits on their way out, or on the way to a program that they have been told to execute.
        EXPECT_TRUE(all_gone("ocirt")) << ::testing::PrintToString(bundle.leaks());
        const std::vector<pid_t> executed = named("tail");
        EXPECT_LE(executed.size(), 1U);
        EXPECT_TRUE(reached || executed.size() == 1);
        for (const pid_t pid : executed) ::kill(pid, SIGKILL);
        EXPECT_TRUE(all_gone("tail"));
        EXPECT_EQ(processes_of(bundle).size(), 1U) << ::testing::PrintToString(bundle.leaks());
        return reached;
    });
    EXPECT_EQ(status_of(bundle), "running");
    expect_deletable(bundle);
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledExec,
                         ::testing::Values(Sweep{"Entry", Config::everything, Moment::entry},
                                           Sweep{"Inside", Config::everything, Moment::inside, 2},
                                           Sweep{"Exit", Config::everything, Moment::exit, 2},
                                           Sweep{"UserNamespaceExit", Config::user_namespace, Moment::exit, 3}),
                         name_of);

class KilledDelete : public ::testing::TestWithParam<Sweep> {};

TEST_P(KilledDelete, IsFinishedByTheNextOne) {
    Bundle bundle;
    configure(bundle, GetParam().config);
    sweep_over(GetParam().stride, [&](int number) {
        SCOPED_TRACE("killed at system call " + std::to_string(number));
        EXPECT_EQ(bundle.create().status, 0) << bundle.log();
        EXPECT_EQ(bundle.start().status, 0) << bundle.log();
        TracedProgram remove(bundle.make_command({"delete", "--force", bundle.id()}));
        const bool reached = remove.advance_to(number, GetParam().moment);
        remove.kill();
        const std::string status = status_of(bundle);
        EXPECT_TRUE(status == "" || status == "stopped" || status == "running") << status;
        expect_deletable(bundle);
        return reached;
    });
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledDelete,
                         ::testing::Values(Sweep{"Entry", Config::everything, Moment::entry},
                                           Sweep{"Exit", Config::everything, Moment::exit, 2}),
                         name_of);

}  // namespace
}  // namespace ocirt::test
