// What the monitor decides: the runtime's command line, which descriptors it gets, control messages, the socket's link.
#include <gtest/gtest.h>

#include "shim/monitor/attach_socket.h"
#include "shim/monitor/control.h"
#include "shim/monitor/launch.h"
#include "shim/monitor/main.h"

namespace ocirt::shim::monitor {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    return line;
}

TEST(MonitorWords, OfTheRuntime) {
    Options options;
    options.id = "id";
    options.runtime = "/r";
    options.bundle = "/b";
    options.container_pid_file = "/p";
    EXPECT_EQ(joined(runtime_words(options, "")), "/r create --bundle /b --pid-file /p id");
    options.systemd_cgroup = options.no_pivot = options.no_new_keyring = true;
    options.runtime_args = {"--log", "/l"};
    options.runtime_opts = {"--preserve-fds", "2"};
    EXPECT_EQ(joined(runtime_words(options, "/s")),
              "/r --systemd-cgroup --log /l create --bundle /b --pid-file /p --no-pivot --no-new-keyring "
              "--preserve-fds 2 --console-socket /s id");
    options.no_pivot = options.no_new_keyring = false;
    options.restore = "/i";
    EXPECT_EQ(joined(runtime_words(options, "")),
              "/r --systemd-cgroup --log /l restore --bundle /b --pid-file /p --detach --image-path /i --work-path /b "
              "--preserve-fds 2 id");
    options.restore.clear();
    options.exec = true;
    options.exec_process_spec = "/e";
    EXPECT_EQ(joined(runtime_words(options, "/s")),
              "/r --log /l exec --pid-file /p --process /e --detach --preserve-fds 2 --console-socket /s id");
}

TEST(MonitorWords, PassedDescriptors) {
    Options options;
    EXPECT_EQ(passed_descriptors(options, nullptr), 0U);
    EXPECT_EQ(passed_descriptors(options, "3"), 3U);
    EXPECT_EQ(passed_descriptors(options, "-1"), 0U);
    EXPECT_EQ(passed_descriptors(options, "many"), 0U);
    options.runtime_opts = {"--x", "--preserve-fds", "2"};
    EXPECT_EQ(passed_descriptors(options, "3"), 5U);
    options.runtime_opts = {"--preserve-fds=4"};
    EXPECT_EQ(passed_descriptors(options, nullptr), 4U);
    options.runtime_opts = {"--preserve-fds"};
    EXPECT_EQ(passed_descriptors(options, nullptr), 0U);
}

TEST(MonitorWords, ControlMessages) {
    const auto size = parse_control("1 24 80");
    ASSERT_TRUE(size);
    EXPECT_EQ(size->kind, ControlMessage::Kind::resize);
    EXPECT_EQ(size->height, 24);
    EXPECT_EQ(size->width, 80);
    EXPECT_EQ(parse_control("2 0 0")->kind, ControlMessage::Kind::reopen_logs);
    for (const char* wrong :
         {"", "1", "1 24", "3 0 0", "1 -1 80", "1 24 1001", "1 24 80 x", "x 24 80", "1 24 99999999999"})
        EXPECT_FALSE(parse_control(wrong)) << wrong;
    EXPECT_EQ(parse_window_size("24 80")->width, 80);
    for (const char* wrong : {"", "24", "24 80 1", "24 1001"}) EXPECT_FALSE(parse_window_size(wrong)) << wrong;
}

TEST(MonitorWords, TheLinkToTheSocket) {
    EXPECT_EQ(attach_link("/var/run/crio", "uuid"), "/var/run/crio/uuid");
    EXPECT_EQ(attach_link("/d", std::string(104, 'u')).size(), 106U);
    EXPECT_EQ(attach_link("/d", std::string(105, 'u')).size(), 108U);
}

TEST(MonitorWords, Names) {
    for (const char* name : {"conmon", "/usr/bin/conmon", "ocirt-conmon", "/x/ocirt-conmon"})
        EXPECT_TRUE(is_name_of_monitor(name)) << name;
    for (const char* name : {"ocirt", "conmon/ocirt", "conmon2", ""}) EXPECT_FALSE(is_name_of_monitor(name)) << name;
}

}  // namespace
}  // namespace ocirt::shim::monitor
