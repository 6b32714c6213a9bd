// `mounts add` and `mounts remove`: mounts of a container that is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

Json mount(const std::string& destination, const std::string& type, const std::string& source,
           const std::vector<std::string>& options = {}) {
    return {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}};
}

class ChangeMounts : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the installed peers do not have it";
        fs::create_directory(source_);
        std::ofstream(source_ / "file") << "of the host\n";
        bundle_.sh("while :; do sleep 1; done");
    }
    Finished change(const std::string& what, const Json& mounts) { return change_by(what, mounts.dump(1)); }
    Finished change_by(const std::string& what, const std::string& text) {
        std::ofstream(file_) << text;
        return bundle_.command_without_id({"mounts", what, bundle_.id(), file_});
    }
    std::string in_container(const std::string& script) { return bundle_.exec({"sh", "-c", script}).out; }
    // Those below /new, with their options.
    std::string mounts() {
        return in_container("sed -n 's,^[^/]*/[^ ]* \\(/new[^ ]* [a-z]*\\).*,\\1,p' /proc/self/mountinfo | sort");
    }

    Bundle bundle_;
    const fs::path source_ = bundle_.scratch() / "source";
    const fs::path file_ = bundle_.scratch() / "mounts.json";
};

TEST_F(ChangeMounts, BindsAndFilesystemsComeAndGo) {
    ASSERT_TRUE(bundle_.launch());
    const Json list = {mount("/new/tmp", "tmpfs", "tmpfs", {"size=64k"}),
                       mount("/new/tmp/below", "", source_, {"rbind", "ro"}),
                       mount("/new/file", "bind", source_ / "file", {"bind"}), mount("/new/proc", "proc", "proc")};
    const Finished added = change("add", list);
    EXPECT_EQ(added.status, 0);
    EXPECT_EQ(added.err, "");
    EXPECT_EQ(mounts(), "/new/file rw\n/new/proc rw\n/new/tmp rw\n/new/tmp/below ro\n");
    EXPECT_EQ(
        in_container("cat /new/tmp/below/file /new/file; cat /new/proc/1/comm; touch /new/tmp/below/x || echo ro"),
        "of the host\nof the host\nsh\nro\n");
    EXPECT_EQ(change("remove", Json{{"mounts", list}}).status, 0);
    EXPECT_EQ(mounts(), "");
    EXPECT_EQ(fs::exists(source_ / "file"), true);
}

TEST_F(ChangeMounts, AllOrNothing) {
    ASSERT_TRUE(bundle_.launch());
    const Finished added = change(
        "add", Json::array({mount("/new/a", "tmpfs", "tmpfs"), mount("/new/f", "bind", source_ / "file", {"bind"}),
                            mount("/new/a/b", "tmpfs", "tmpfs"), mount("/new/c", "tmpfs", "tmpfs", {"sizee=1"})}));
    EXPECT_EQ(added.status, 1);
    EXPECT_NE(added.err.find("/3: mount tmpfs on /new/c (sizee=1): tmpfs: Unknown parameter 'sizee'"),
              std::string::npos)
        << added.err;
    EXPECT_EQ(mounts(), "");
    ASSERT_EQ(change("add", Json::array({mount("/new/a", "tmpfs", "tmpfs")})).status, 0);
    const Finished removed =
        change("remove", Json::array({mount("/new/a", "tmpfs", ""), mount("/new/no-mount", "tmpfs", "")}));
    EXPECT_EQ(removed.status, 1);
    EXPECT_NE(removed.err.find("/1/destination: find the mount on /new/no-mount"), std::string::npos) << removed.err;
    EXPECT_EQ(mounts(), "/new/a rw\n");
}

TEST_F(ChangeMounts, ACreatedContainerIsThereToo) {
    ASSERT_EQ(bundle_.sh("cat /new/file").create().status, 0);
    EXPECT_EQ(change("add", Json::array({mount("/new", "", source_, {"rbind"})})).status, 0);
    EXPECT_EQ(bundle_.start().status, 0);
    EXPECT_EQ(bundle_.output().out, "of the host\n");
}

TEST_F(ChangeMounts, InAUserNamespace) {
    const Json map = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle_.namespace_path("user", "").json("/linux/uidMappings", map).json("/linux/gidMappings", map);
    bundle_.directory("/new").mount({"/new", "tmpfs", "tmpfs"});
    fs::permissions(source_, fs::perms(0700));  // which the mapped root may not enter: its source is the host's to open
    ASSERT_TRUE(bundle_.launch());
    const Json list = {mount("/new/bind", "", source_, {"rbind"}), mount("/new/tmp", "tmpfs", "tmpfs")};
    const Finished added = change("add", list);
    EXPECT_EQ(added.err, "");
    EXPECT_EQ(mounts(), "/new rw\n/new/bind rw\n/new/tmp rw\n");
    EXPECT_EQ(in_container("touch /new/tmp/x && echo made"), "made\n");
    EXPECT_EQ(change("remove", list).err, "");
    EXPECT_EQ(mounts(), "/new rw\n");
}

// Threats A1, A2.
TEST_F(ChangeMounts, LinksOfTheContainerEndInItsRoot) {
    const fs::path out = bundle_.scratch() / "out";
    fs::create_directory(out);
    bundle_.symlink(out, "/link").symlink("/", "/everything");
    ASSERT_TRUE(bundle_.launch());
    EXPECT_EQ(change("add", Json::array({mount("/link/new", "tmpfs", "tmpfs")})).status, 0);
    EXPECT_TRUE(fs::is_empty(out));
    EXPECT_EQ(in_container("grep -c ' " + out.string() + "/new ' /proc/self/mountinfo"), "1\n");
    const Finished root = change("remove", Json::array({mount("/everything", "tmpfs", "")}));
    EXPECT_NE(root.err.find("the container's root"), std::string::npos) << root.err;
    EXPECT_EQ(in_container("echo alive"), "alive\n");
}

struct Refused {
    const char* name;
    const char* text;
    const char* says;
};

TEST_F(ChangeMounts, WhatIsWrongIsSaidInOneLine) {
    ASSERT_TRUE(bundle_.launch());
    const Refused cases[] = {
        {"Json", "[1", "mounts.json:1:3: syntax error"},
        {"Number", "7", "mounts.json:1:1: expected an array"},
        {"NoMounts", "{}", "/mounts: is missing"},
        {"Relative", R"([{"destination": "new", "type": "tmpfs"}])",
         "mounts.json:1:18: /0/destination: \"new\" is not an absolute path"},
        {"NoDestination", R"({"mounts": [{"type": "tmpfs"}]})", "/mounts/0/destination: is missing"},
        {"NoType", R"([{"destination": "/new"}])", "no filesystem type"},
        {"Root", R"([{"destination": "/.", "type": "tmpfs"}])", "it would hide the root filesystem"},
        {"InProc", R"([{"destination": "/proc/sys", "type": "tmpfs"}])", "it is inside /proc"},
        {"Cgroup", R"([{"destination": "/new", "type": "cgroup"}])", "/0/type: change the container's mounts"},
        {"Remount", R"([{"destination": "/proc", "options": ["remount", "ro"]}])", "/0/options: change"},
        {"NoSource", R"([{"destination": "/new", "source": "/no/such", "options": ["bind"]}])",
         "mounts.json:1:2: /0: open /no/such: no such file"},
    };
    for (const Refused& refused : cases) {
        const Finished finished = change_by("add", refused.text);
        EXPECT_EQ(finished.status, 1) << refused.name;
        EXPECT_NE(finished.err.find(refused.says), std::string::npos) << refused.name << ": " << finished.err;
        EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << refused.name << ": " << finished.err;
    }
    EXPECT_EQ(mounts(), "");
    EXPECT_NE(change_by("remove", R"([{"destination": "/"}])").err.find("cannot be removed"), std::string::npos);
    EXPECT_NE(change_by("remove", R"([{"destination": "/proc"}, {"destination": "//proc"}])").err.find("named twice"),
              std::string::npos);
    EXPECT_NE(change_by("move", "[]").err.find("add,remove"), std::string::npos);
}

TEST_F(ChangeMounts, OnlyOfAContainerThatRuns) {
    const Json list = Json::array({mount("/new", "tmpfs", "tmpfs")});
    EXPECT_NE(change("add", list).err.find("does not exist"), std::string::npos);
    ASSERT_TRUE(bundle_.launch());
    ASSERT_EQ(bundle_.command({"pause"}).status, 0);
    EXPECT_NE(change("add", list).err.find("it is paused (resume it first)"), std::string::npos);
    ASSERT_EQ(bundle_.command({"resume"}).status, 0);
    EXPECT_EQ(change("add", list).status, 0);
    ASSERT_EQ(bundle_.kill("KILL").status, 0);
    ASSERT_TRUE(bundle_.wait_for_status("stopped"));
    const Finished stopped = change("remove", list);
    EXPECT_EQ(stopped.status, 1);
    EXPECT_NE(stopped.err.find("container not running: it is stopped"), std::string::npos) << stopped.err;
}

}  // namespace
}  // namespace ocirt::test
