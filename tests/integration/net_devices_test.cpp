// /linux/netDevices, with devices of a network namespace that the test makes for itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "common/fd.h"
#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

class NetDevice : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the installed peers are older than netDevices";
        home_ = Fd(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
        if (add("mv0").status != 0) GTEST_SKIP() << "SKIP: this kernel has no veth devices";
        bundle_.sh("while :; do sleep 1; done");
    }
    void TearDown() override {
        if (home_) {
            ASSERT_EQ(::setns(home_.get(), CLONE_NEWNET), 0);
        }
    }
    static Finished ip(const std::string& words) {
        return run({.args = {"/bin/sh", "-c", "exec /usr/sbin/ip " + words}});
    }
    static Finished add(const std::string& name) { return ip("link add " + name + " type veth peer name p-" + name); }
    // `ip -json addr` of the runtime's namespace, or of the container's: the device of that name, or null.
    static Json shown(const std::string& ip_command, const std::string& name) {
        for (const Json& device : Json::parse(run({.args = {"/bin/sh", "-c", ip_command}}).out, nullptr, false))
            if (device.value("ifname", "") == name) return device;
        return nullptr;
    }
    static Json on_host(const std::string& name) { return shown("/usr/sbin/ip -json addr", name); }
    Json inside(const std::string& name) {
        const std::string pid = std::to_string(bundle_.state()["pid"].get<int>());
        return shown("nsenter --net=/proc/" + pid + "/ns/net /usr/sbin/ip -json addr", name);
    }
    // "192.0.2.1/24 global" of each, but for what the kernel gave it (fe80::…).
    static std::set<std::string> addresses(const Json& device) {
        std::set<std::string> all;
        if (!device.is_object()) return all;
        for (const Json& address : device["addr_info"])
            if (address["scope"] != "link")
                all.insert(address["local"].get<std::string>() + "/" + std::to_string(address["prefixlen"].get<int>()) +
                           (address.contains("broadcast") ? " " + address["broadcast"].get<std::string>() : ""));
        return all;
    }
    static bool is_up(const Json& device) {
        const auto flags = device.value("flags", std::vector<std::string>{});
        return std::ranges::find(flags, "UP") != flags.end();
    }
    Bundle& devices(const Json& list) { return bundle_.json("/linux/netDevices", list); }
    void expect_refused(const std::string& words) {
        const Finished finished = bundle_.create();
        EXPECT_EQ(finished.status, 1);
        EXPECT_TRUE(finished.err.contains(words)) << finished.err;
        EXPECT_EQ(split_lines(finished.err).size(), 1U) << finished.err;
    }

    Bundle bundle_;
    Fd home_;
};

TEST_F(NetDevice, IsMovedAndUp) {
    devices({{"mv0", Json::object()}});
    ASSERT_TRUE(bundle_.launch());
    EXPECT_TRUE(on_host("mv0").is_null());
    EXPECT_TRUE(is_up(inside("mv0")));
}

TEST_F(NetDevice, KeepsWhatItIs) {
    ip("link set mv0 mtu 1789 address 02:11:22:33:44:55");
    devices({{"mv0", {{"name", "inner0"}}}});
    ASSERT_TRUE(bundle_.launch());
    const Json device = inside("inner0");
    ASSERT_TRUE(device.is_object());
    EXPECT_EQ(device["mtu"], 1789);
    EXPECT_EQ(device["address"], "02:11:22:33:44:55");
    EXPECT_TRUE(inside("mv0").is_null());
    EXPECT_TRUE(on_host("mv0").is_null());
}

// Of permanent ones those of global scope; IPv6 would lose its own as soon as the device went down.
TEST_F(NetDevice, KeepsItsLastingAddresses) {
    ip("link set mv0 up");
    ip("addr add 192.0.2.7/24 broadcast 192.0.2.255 dev mv0");
    ip("addr add 192.0.2.8/24 dev mv0");
    ip("addr add 2001:db8::7/64 dev mv0 nodad");
    ip("addr add 198.51.100.1/32 dev mv0 scope host");
    ip("addr add 198.51.100.2/32 dev mv0 scope link");
    ip("addr add 198.51.100.3/32 dev mv0 valid_lft 1000 preferred_lft 1000");
    devices({{"mv0", {{"name", "inner0"}}}});
    ASSERT_TRUE(bundle_.launch());
    EXPECT_EQ(addresses(inside("inner0")),
              (std::set<std::string>{"192.0.2.7/24 192.0.2.255", "192.0.2.8/24", "2001:db8::7/64"}));
}

TEST_F(NetDevice, TheProgramHasThemFromItsBeginning) {
    ip("addr add 192.0.2.7/24 dev mv0");
    devices({{"mv0", Json::object()}});
    const Finished finished = bundle_.sh("cat /sys/class/net/mv0/flags; cat /proc/net/fib_trie").run();
    EXPECT_TRUE(finished.out.contains("192.0.2.7")) << finished.out << finished.err;
}

TEST_F(NetDevice, SeveralAndByTemplate) {
    add("mv1");
    add("eth9");
    devices({{"mv0", {{"name", "eth%d"}}}, {"mv1", {{"name", "eth%d"}}}, {"eth9", {{"name", "mv0"}}}});
    ASSERT_TRUE(bundle_.launch());
    for (const char* name : {"eth0", "eth1", "mv0"}) EXPECT_TRUE(is_up(inside(name))) << name;
}

TEST_F(NetDevice, IntoANamespaceThatIsThere) {
    Bundle other;
    ASSERT_TRUE(other.sh("while :; do sleep 1; done").launch());
    const std::string ns = "/proc/" + std::to_string(other.state()["pid"].get<int>()) + "/ns/net";
    bundle_.namespace_path("network", ns);
    devices({{"mv0", Json::object()}});
    ASSERT_TRUE(bundle_.launch());
    // The namespace outlives the container, and the device stays in it: the runtime does not take it back.
    EXPECT_EQ(bundle_.remove(true).status, 0);
    EXPECT_TRUE(on_host("mv0").is_null());
    EXPECT_TRUE(is_up(shown("nsenter --net=" + ns + " /usr/sbin/ip -json addr", "mv0")));
}

TEST_F(NetDevice, InAUserNamespace) {
    const Json maps = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle_.namespace_path("user", "").json("/linux/uidMappings", maps).json("/linux/gidMappings", maps);
    ip("addr add 192.0.2.7/24 dev mv0");
    devices({{"mv0", Json::object()}});
    ASSERT_TRUE(bundle_.launch()) << bundle_.log();
    EXPECT_EQ(addresses(inside("mv0")), std::set<std::string>{"192.0.2.7/24"});
}

TEST_F(NetDevice, ThatIsNotThere) {
    devices({{"mv0", Json::object()}, {"none", Json::object()}});
    expect_refused("/linux/netDevices/none: move the network device none: the runtime's network namespace has no such");
    EXPECT_TRUE(on_host("mv0").is_object()) << "moved before all were looked for";
}

TEST_F(NetDevice, WhoseNameIsTaken) {
    devices({{"mv0", {{"name", "lo"}}}});
    expect_refused(
        "/linux/netDevices/mv0: move the network device mv0: the container's network namespace has a device \"lo\"");
}

// In the kernel's own words.
TEST_F(NetDevice, ThatCannotBeMoved) {
    devices({{"lo", {{"name", "outer"}}}});
    expect_refused("/linux/netDevices/lo: move the network device lo: ");
    EXPECT_TRUE(on_host("lo").is_object());
}

// A container that is not made leaves the devices as they were.
TEST_F(NetDevice, ComesBackWhenTheContainerIsNotMade) {
    ip("link set mv0 up");
    ip("addr add 192.0.2.7/24 dev mv0");
    ip("addr add 2001:db8::7/64 dev mv0 nodad");
    add("mv1");
    devices({{"mv0", {{"name", "inner0"}}}, {"mv1", Json::object()}}).hook("createRuntime", {"/bin/false"});
    EXPECT_EQ(bundle_.create().status, 1);
    EXPECT_TRUE(is_up(on_host("mv0")));
    EXPECT_EQ(addresses(on_host("mv0")), (std::set<std::string>{"192.0.2.7/24", "2001:db8::7/64"}));
    EXPECT_TRUE(on_host("mv1").is_object());
    EXPECT_FALSE(is_up(on_host("mv1")));
}

TEST_F(NetDevice, HooksSeeThemInPlace) {
    devices({{"mv0", Json::object()}});
    const std::string seen = bundle_.scratch() / "seen";
    bundle_.hook("createRuntime", {"/bin/sh", "-c",
                                   "pid=$(sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p' | head -1); "
                                   "nsenter --net=/proc/$pid/ns/net /usr/sbin/ip -br link > " +
                                       seen});
    ASSERT_TRUE(bundle_.launch()) << bundle_.log();
    EXPECT_TRUE(read_file(seen).contains("mv0@"));
}

TEST_F(NetDevice, OnTheHostsNetwork) {
    devices({{"mv0", Json::object()}}).without_namespace("network");
    expect_refused("/linux/netDevices: ");
    bundle_.namespace_path("network", "/proc/self/ns/net");
    expect_refused("/linux/netDevices: move network devices: the container's network namespace is the runtime's own");
    EXPECT_TRUE(on_host("mv0").is_object());
}

}  // namespace
}  // namespace ocirt::test
