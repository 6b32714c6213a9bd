#include "native/monitored.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <csignal>
#include <cstdio>
#include <regex>

#include "support/host.h"
#include "support/process.h"

namespace ocirt::test {

Monitored::~Monitored() {
    const pid_t pid = monitor();
    (void)bundle.remove(true);
    EXPECT_TRUE(pid == 0 || eventually([pid] {
                    reap_orphans();
                    return !is_alive(pid);
                }))
        << "the monitor stays";
}

Finished Monitored::run(const std::vector<std::string>& more) {
    bundle.write_config();
    std::vector<std::string> words{"run", "--detach", "--bundle", bundle.path()};
    words.insert(words.end(), more.begin(), more.end());
    return bundle.command(words);
}

Finished Monitored::command(const std::string& name, std::vector<std::string> more) {
    more.insert(more.begin(), name);
    return bundle.command(more);
}

std::string Monitored::wait() {
    Process waiting(bundle.make_command({"wait", bundle.id()}));
    // As the host's init does: what a killed monitor had for children is the test's now.
    eventually([&waiting] { return reap_orphans(), !is_alive(waiting.pid()); }, deadline);
    std::string told = waiting.wait().out;
    if (told.ends_with('\n')) told.pop_back();
    return told;
}

pid_t Monitored::monitor() const {
    const Json record =
        Json::parse(read_file(bundle.scratch() / "state" / bundle.id() / "monitor.json"), nullptr, false);
    return record.is_object() ? record.value("monitor", 0) : 0;
}

void Monitored::kill_monitor() const {
    const pid_t pid = monitor();
    ASSERT_GT(pid, 0);
    ::kill(pid, SIGKILL);
    ASSERT_TRUE(eventually([pid] {
        reap_orphans();
        return !is_alive(pid);
    }));
}

std::string Monitored::log() const {
    static const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d)");
    return std::regex_replace(read_file(bundle.path() / (bundle.id() + ".log")), time, "T");
}

bool kernel_tells_exit_status() {
    utsname system{};
    int major = 0;
    int minor = 0;
    return ::uname(&system) == 0 && std::sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 15));
}

}  // namespace ocirt::test
