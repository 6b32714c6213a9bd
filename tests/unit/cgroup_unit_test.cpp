// A container's systemd unit: its name, its place, what it is told of the limits, and what annotations may set.
#include <gtest/gtest.h>

#include "runtime/cgroup/systemd_address.h"
#include "runtime/cgroup/unit.h"
#include "runtime/cgroup/unit_annotations.h"
#include "runtime/cgroup/unit_limits.h"
#include "runtime/cgroup/variant_text.h"

// Each case names the members that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace ocirt::cgroup {
namespace {

struct UnitCase {
    const char* cgroups_path;
    const char* unit;  // "SLICE/NAME", or a part of the refusal
    Session session{};
};
void PrintTo(const UnitCase& unit, std::ostream* out) { *out << '"' << unit.cgroups_path << '"'; }

class Units : public testing::TestWithParam<UnitCase> {};

TEST_P(Units, FollowTheTable) {
    const auto unit = container_unit(GetParam().cgroups_path, "web+1", GetParam().session);
    if (unit) {
        EXPECT_EQ(unit->slice + "/" + unit->name, GetParam().unit);
        EXPECT_EQ(unit->session, GetParam().session);
        return;
    }
    EXPECT_EQ(unit.error().fault, Fault::invalid_config);
    EXPECT_EQ(unit.error().pointer, "/linux/cgroupsPath");
    EXPECT_TRUE(render(unit.error()).contains(GetParam().unit)) << render(unit.error());
}

const std::string long_name = "a.slice:b:" + std::string(249, 'x');
INSTANTIATE_TEST_SUITE_P(
    Paths, Units,
    testing::Values(
        UnitCase{"a-b.slice:pre:web", "a-b.slice/pre-web.scope"}, UnitCase{":pre:web", "system.slice/pre-web.scope"},
        UnitCase{":pre:web", "user.slice/pre-web.scope", 1000}, UnitCase{"a.slice::web", "a.slice/web.scope"},
        UnitCase{"::web.scope", "system.slice/web.scope.scope"}, UnitCase{"-.slice:p:n", "-.slice/p-n.scope"},
        UnitCase{"", "system.slice/ocirt-web\\x2b1.scope"}, UnitCase{"", "user.slice/ocirt-web\\x2b1.scope", 7},
        UnitCase{"machine.slice:libpod:0a9f", "machine.slice/libpod-0a9f.scope"},
        UnitCase{"/a/b", "not of the form SLICE:PREFIX:NAME"}, UnitCase{"a.slice:b", "such as system.slice"},
        UnitCase{"a.slice:b:c:d", "not of the form"}, UnitCase{"a.slice:b:", "the name is missing"},
        UnitCase{"a.slice:b:c.slice", "keeps no processes in a slice"}, UnitCase{"a:b:c", "not a slice"},
        UnitCase{"a--b.slice:b:c", "none may be empty"}, UnitCase{"-a.slice:b:c", "none may be empty"},
        UnitCase{"a-.slice:b:c", "none may be empty"}, UnitCase{".slice:b:c", "none may be empty"},
        UnitCase{"../x.slice:b:c", "letters, digits"}, UnitCase{"a.slice:b:c/d", "systemd-escape"},
        UnitCase{"a.slice:b:c d", "letters, digits"}, UnitCase{"a.slice:b:c\n", "letters, digits"},
        UnitCase{long_name.c_str(), "longer than 255"}));

TEST(Slices, LieInTheSlicesOfTheirNames) {
    EXPECT_EQ(slice_path("a.slice"), "/a.slice");
    EXPECT_EQ(slice_path("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
    EXPECT_EQ(slice_path("-.slice"), "");
}

const Layout v2{{{Version::v2, "/sys/fs/cgroup", {"memory"}, "/caller"}}};
const Layout v1{{{Version::v1, "/sys/fs/cgroup/memory", {"memory"}, "/caller"},
                 {Version::v1, "/sys/fs/cgroup/systemd", {"name=systemd"}, "/caller"}}};

TEST(UnitPaths, AreExpectedWhereSystemdMakesThem) {
    const Unit unit{.name = "p-n.scope", .slice = "a-b.slice"};
    EXPECT_EQ(expected_unit_paths(v2, unit), std::vector<std::string>{"/sys/fs/cgroup/a.slice/a-b.slice/p-n.scope"});
    EXPECT_EQ(expected_unit_paths(v1, unit),
              (std::vector<std::string>{"/sys/fs/cgroup/memory/a.slice/a-b.slice/p-n.scope",
                                        "/sys/fs/cgroup/systemd/a.slice/a-b.slice/p-n.scope"}));
    EXPECT_EQ(expected_unit_paths(v2, {.name = "n.scope", .slice = "user.slice", .session = 5}).front(),
              "/sys/fs/cgroup/user.slice/user-5.slice/user@5.service/user.slice/n.scope");
}

TEST(UnitPaths, AreTakenFromWhereTheProcessIs) {
    const Unit unit{.name = "p-n.scope", .slice = "a.slice"};
    Layout seen = v2;
    seen.hierarchies[0].own = "/elsewhere/a.slice/p-n.scope";
    EXPECT_EQ(unit_paths(v2, seen, unit).value(),
              std::vector<std::string>{"/sys/fs/cgroup/elsewhere/a.slice/p-n.scope"});
    Layout seen_v1 = v1;  // systemd left the memory controller alone
    seen_v1.hierarchies[1].own = "/a.slice/p-n.scope";
    EXPECT_EQ(unit_paths(v1, seen_v1, unit).value(),
              (std::vector<std::string>{"/sys/fs/cgroup/memory/a.slice/p-n.scope",
                                        "/sys/fs/cgroup/systemd/a.slice/p-n.scope"}));
    const auto outside = unit_paths(v2, v2, unit);
    ASSERT_FALSE(outside);
    EXPECT_TRUE(render(outside.error()).contains("its process is in /caller")) << render(outside.error());
    EXPECT_FALSE(unit_paths(v2, {}, unit));
}

std::string told(const std::vector<BusProperty>& properties) {
    std::string text;
    for (const BusProperty& property : properties) text += property.name + "=" + bus_value_text(property.value) + ";";
    return text;
}

std::string limits(const spec::Resources& resources, const Layout& layout) {
    const auto plan = make_resource_plan(resources, layout, {.devices = false});
    return plan ? told(unit_limits(*plan)) : render(plan.error());
}

const Layout all_v2{{{Version::v2, "/c", {"cpuset", "cpu", "io", "memory", "pids", "hugetlb"}, "/"}}};
const Layout all_v1{{{Version::v1, "/c/cpu", {"cpu"}, "/"},
                     {Version::v1, "/c/memory", {"memory"}, "/"},
                     {Version::v1, "/c/blkio", {"blkio"}, "/"},
                     {Version::v1, "/c/pids", {"pids"}, "/"},
                     {Version::v1, "/c/systemd", {"name=systemd"}, "/"}}};

TEST(UnitLimits, SayWhatTheWritesSay) {
    EXPECT_EQ(limits({}, all_v2), "");
    EXPECT_EQ(limits({.memory = spec::Memory{.limit = 4096, .reservation = 1024, .swap = 8192}}, all_v2),
              "MemorySwapMax=4096;MemoryMax=4096;MemoryLow=1024;");
    EXPECT_EQ(limits({.memory = spec::Memory{.limit = -1}}, all_v2), "MemorySwapMax=infinity;MemoryMax=infinity;");
    EXPECT_EQ(limits({.pids_limit = 7}, all_v2), "TasksMax=7;");
    EXPECT_EQ(limits({.pids_limit = -1}, all_v2), "TasksMax=infinity;");
    EXPECT_EQ(limits({.cpu = spec::Cpu{.shares = 1024}}, all_v2), "CPUWeight=100;");
    EXPECT_EQ(limits({.cpu = spec::Cpu{.shares = 1024, .idle = 1}}, all_v2), "CPUWeight=0;");
    EXPECT_EQ(limits({.cpu = spec::Cpu{.cpus = "0-1,9", .mems = "0"}}, all_v2),
              "AllowedCPUs=[3, 2];AllowedMemoryNodes=[1];");
    EXPECT_EQ(limits({.block_io = spec::BlockIo{.weight = 300}}, all_v2), "IOWeight=2300;");
    EXPECT_EQ(limits({.hugepage_limits = {{"2MB", 2097152}}}, all_v2), "");
}

TEST(UnitLimits, RoundAQuotaUpToAPercent) {
    EXPECT_EQ(limits({.cpu = spec::Cpu{.quota = 50000, .period = 100000}}, all_v2),
              "CPUQuotaPerSecUSec=500000;CPUQuotaPeriodUSec=100000;");
    EXPECT_EQ(limits({.cpu = spec::Cpu{.quota = 12345, .period = 100000}}, all_v2),
              "CPUQuotaPerSecUSec=130000;CPUQuotaPeriodUSec=100000;");
    EXPECT_EQ(limits({.cpu = spec::Cpu{.quota = -1, .period = 50000}}, all_v2),
              "CPUQuotaPerSecUSec=infinity;CPUQuotaPeriodUSec=50000;");
    EXPECT_EQ(limits({.cpu = spec::Cpu{.quota = 250000}}, all_v1), "CPUQuotaPerSecUSec=2500000;");
}

TEST(UnitLimits, OfV1HaveTheirOwnNames) {
    EXPECT_EQ(limits({.memory = spec::Memory{.limit = 4096},
                      .cpu = spec::Cpu{.shares = 512},
                      .pids_limit = 3,
                      .block_io = spec::BlockIo{.weight = 300}},
                     all_v1),
              "MemoryLimit=4096;CPUShares=512;TasksMax=3;BlockIOWeight=300;");
}

// A later write to the same file is the one that counts, in the file and in the unit.
TEST(UnitLimits, OfUnifiedComeLast) {
    EXPECT_EQ(limits({.memory = spec::Memory{.limit = 4096},
                      .unified = {{"memory.max", "8192"},
                                  {"memory.high", "100"},
                                  {"memory.min", "max"},
                                  {"cpu.max", "max 50000"},
                                  {"cpu.weight", "7"},
                                  {"cpuset.cpus", "1"},
                                  {"pids.max", "x"},
                                  {"memory.oom.group", "1"}}},
                     all_v2),
              "MemoryMax=8192;MemoryHigh=100;MemoryMin=infinity;CPUWeight=7;AllowedCPUs=[2];"
              "CPUQuotaPerSecUSec=infinity;CPUQuotaPeriodUSec=50000;");
}

TEST(UnitLimits, AnOomGroupIsThereFromTheBeginning) {
    const auto first = [](const char* value) {
        return told(unit_first_limits(
            *make_resource_plan({.unified = {{"memory.oom.group", value}}}, all_v2, {.devices = false})));
    };
    EXPECT_EQ(first("1"), "OOMPolicy=kill;");
    EXPECT_EQ(first("0"), "");
}

TEST(UnitLimits, DevicesOfV1HaveSystemdsNames) {
    constexpr const char* proc_devices = "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n";
    const std::vector<DeviceLine> lines = {{false, "a"},         {true, "c *:* m"},    {true, "b *:* m"},
                                           {true, "c 1:3 rwm"},  {true, "c 136:* rw"}, {true, "b 8:* r"},
                                           {true, "c 99:* rwm"}, {true, "b 136:* rwm"}};
    EXPECT_EQ(told(unit_device_rules(lines, proc_devices)),
              "DevicePolicy=strict;DeviceAllow=[];"
              "DeviceAllow=[char-* m, block-* m, /dev/char/1:3 rwm, char-pts rw, block-sd r];");
    EXPECT_EQ(told(unit_device_rules({{true, "a"}, {false, "c 1:3 rwm"}}, proc_devices)),
              "DevicePolicy=strict;DeviceAllow=[];DeviceAllow=[block-* rwm, char-* rwm];");
    EXPECT_EQ(told(unit_first_device_rules()), "DevicePolicy=strict;DeviceAllow=[block-* rwm, char-* rwm];");
}

TEST(VariantText, FollowsTheTable) {
    const auto read = [](std::string_view text) {
        const std::optional<BusValue> value = parse_variant_text(text);
        return value ? std::to_string(value->index()) + " " + bus_value_text(*value) : "none";
    };
    EXPECT_EQ(read("true"), "0 true");
    EXPECT_EQ(read(" false "), "0 false");
    EXPECT_EQ(read("-5"), "1 -5");
    EXPECT_EQ(read("0x10"), "1 16");
    EXPECT_EQ(read("int32 5"), "1 5");
    EXPECT_EQ(read("uint32 5"), "2 5");
    EXPECT_EQ(read("@t 5"), "3 5");
    EXPECT_EQ(read("uint64 18446744073709551614"), "3 18446744073709551614");
    EXPECT_EQ(read("'it\\'s \\\\ \"'"), "4 it's \\ \"");
    EXPECT_EQ(read("\"it's\""), "4 it's");
    EXPECT_EQ(read("['a', \"b\"]"), "5 [a, b]");
    EXPECT_EQ(read("@as []"), "5 []");
    for (const char* wrong : {"", "'", "'a", "'a'b", "truely", "5x", "99999999999", "uint32 -1", "uint64", "[", "['a'",
                              "['a',]", "[1]", "[,]", "'\\n'", "reboot", "<'a'>", "(1, 2)", "0x"})
        EXPECT_EQ(read(wrong), "none") << wrong;
}

std::string annotated(const char* name, const char* value, const std::vector<std::string>& allowed = {}) {
    const auto properties =
        annotated_properties({{std::string(property_prefix) + name, value}, {"other", "x"}}, allowed);
    if (properties) return told(*properties);
    EXPECT_EQ(properties.error().pointer, "/annotations/" + std::string(property_prefix) + name);
    return properties.error().fault == Fault::unsupported ? "not allowed" : properties.error().detail;
}

TEST(UnitAnnotations, SetWhatIsHarmless) {
    EXPECT_EQ(annotated("TimeoutStopUSec", "uint64 5000000"), "TimeoutStopUSec=5000000;");
    EXPECT_EQ(annotated("TimeoutStopUSec", "5"), "TimeoutStopUSec=5;");
    EXPECT_EQ(annotated("TimeoutStopSec", "5"), "TimeoutStopUSec=5000000;");
    EXPECT_EQ(annotated("CollectMode", "'inactive-or-failed'"), "CollectMode=inactive-or-failed;");
    EXPECT_EQ(annotated("DefaultDependencies", "true"), "DefaultDependencies=true;");
    EXPECT_EQ(annotated("After", "['crio.service']"), "After=[crio.service];");
    EXPECT_EQ(annotated("KillSignal", "37"), "KillSignal=37;");
}

// Threat D7.
TEST(UnitAnnotations, RefuseTheOthersByName) {
    for (const char* name : {"SuccessAction", "FailureAction", "Wants", "Requires", "MemoryMax", "DeviceAllow", "",
                             "ExecStart", "Slice", "PIDs", "Delegate", "timeoutstopusec", "SuccessActionSec"})
        EXPECT_EQ(annotated(name, "'reboot'"), "not allowed") << name;
    EXPECT_EQ(annotated("SuccessAction", "'none'", {"org.systemd.property.SuccessAction"}), "SuccessAction=none;");
    EXPECT_EQ(annotated("SuccessAction", "'none'", {"SuccessAction", "org.systemd.property."}), "not allowed");
}

TEST(UnitAnnotations, RefuseValuesOfAnotherType) {
    EXPECT_EQ(annotated("CollectMode", "5"), "systemd has values of another type for this property");
    EXPECT_EQ(annotated("KillSignal", "'TERM'"), "systemd has values of another type for this property");
    EXPECT_EQ(annotated("TimeoutStopUSec", "-5"), "systemd has values of another type for this property");
    EXPECT_EQ(annotated("TimeoutStopSec", "uint64 99999999999999999"), "not a number of seconds");
    EXPECT_EQ(annotated("CollectMode", "inactive"), "\"inactive\" is no value in GVariant's text");
}

TEST(SystemdAddresses, AreTheEnvironmentsOrTheUsual) {
    const auto sockets = [](const BusEnvironment& environment, Session session) {
        std::string all;
        for (const BusAddress& address : systemd_addresses(environment, session))
            all += address.socket + (address.direct ? " direct;" : ";");
        return all;
    };
    EXPECT_EQ(sockets({.session_bus = "unix:path=/s"}, {}), "/run/dbus/system_bus_socket;/run/systemd/private direct;");
    EXPECT_EQ(sockets({.system_bus = "unix:path=/s"}, {}), "/s;/run/systemd/private direct;");
    EXPECT_EQ(sockets({.system_bus = "unix:path=/s"}, 5), "/run/user/5/bus;/run/user/5/systemd/private direct;");
    EXPECT_EQ(sockets({.session_bus = "unix:path=/s", .runtime = "/r"}, 5), "/s;/r/systemd/private direct;");
    EXPECT_EQ(sockets({.runtime = "/r"}, 5), "/r/bus;/r/systemd/private direct;");
}

}  // namespace
}  // namespace ocirt::cgroup
