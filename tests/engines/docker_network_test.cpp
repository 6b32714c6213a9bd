// docker: its networks, with ports published inside the sandbox.
#include <gtest/gtest.h>

#include "engines/docker.h"

namespace ocirt::engines {
namespace {

// What a web server in the container says, asked through a port of the host.
bool answers(const std::string& address) {
    return eventually([&] { return sh("busybox wget -q -O - http://" + address + "/page").out == "served\n"; });
}

constexpr const char* serve = " box:1 sh -c 'mkdir /www; echo served > /www/page; exec httpd -f -p 80 -h /www'";

TEST_F(Docker, DefaultBridge) {
    run_detached(std::string("-p 127.0.0.1:8080:80") + serve);
    EXPECT_TRUE(answers("127.0.0.1:8080"));
    EXPECT_TRUE(answers(inspect("{{.NetworkSettings.IPAddress}}")));
}

TEST_F(Docker, UserDefinedBridge) {
    EXPECT_EQ(docker("network create --subnet 10.99.0.0/24 web").status, 0);
    run_detached(std::string("--network web --ip 10.99.0.7 -p 8081:80") + serve);
    EXPECT_TRUE(answers("127.0.0.1:8081"));
    EXPECT_TRUE(answers("10.99.0.7"));
    // Names are resolved by docker's own server, which it puts into the container's network namespace.
    EXPECT_EQ(run("--network web box:1 wget -q -O - http://c1/page").out, "served\n");
    docker("rm -f c1");
    EXPECT_EQ(docker("network rm web").status, 0);
}

TEST_F(Docker, NetworkIsConnectedWhileItRuns) {
    EXPECT_EQ(docker("network create other").status, 0);
    run_detached("box:1 sleep 1000");
    EXPECT_EQ(docker("network connect other c1").status, 0);
    EXPECT_TRUE(docker("exec c1 ip -o link").out.contains("eth1"));
    EXPECT_EQ(docker("network disconnect other c1").status, 0);
    EXPECT_FALSE(docker("exec c1 ip -o link").out.contains("eth1"));
    docker("rm -f c1");
    EXPECT_EQ(docker("network rm other").status, 0);
}

TEST_F(Docker, NoNetwork) { EXPECT_EQ(run("--network none box:1 ls /sys/class/net").out, "lo\n"); }

TEST_F(Docker, NamesInEtc) {
    EXPECT_TRUE(run("--add-host other:10.1.2.3 --dns 10.1.1.1 box:1 cat /etc/hosts /etc/resolv.conf")
                    .out.contains("10.1.2.3\tother"));
}

}  // namespace
}  // namespace ocirt::engines
