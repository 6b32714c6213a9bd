// idmap, ridmap and the mounts' own uidMappings and gidMappings: whose files are whose, on both sides.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

Json mapping(std::uint32_t container_id, std::uint32_t host_id, std::uint32_t size) {
    return Json::array({{{"containerID", container_id}, {"hostID", host_id}, {"size", size}}});
}

// A mount with a file of user and group 1000, and another below it with one, too.
class IdmappedMount : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the installed peers have none, or other ones";
        for (const fs::path& directory : {source_, source_ / "below"}) {
            fs::create_directory(directory);
            ASSERT_TRUE(mount_mappable(directory));
            fs::permissions(directory, fs::perms::all);
            std::ofstream(directory / "file") << "text";
            ASSERT_EQ(::chown((directory / "file").c_str(), 1000, 1000), 0);
        }
        // The root of a user namespace may make nothing in this rootfs.
        bundle_.directory("/mnt").directory("/new").file("/etc/file", "");
    }
    void TearDown() override {
        ::umount2((source_ / "below").c_str(), MNT_DETACH);
        ::umount2(source_.c_str(), MNT_DETACH);
    }
    Bundle& bind(std::vector<std::string> words, const Json& maps = nullptr) {
        bundle_.mount({.destination = "/mnt", .type = "bind", .source = source_, .options = std::move(words)});
        const std::string entry = "/mounts/" + std::to_string(bundle_.mounts() - 1);
        if (!maps.is_null()) bundle_.json(entry + "/uidMappings", maps).json(entry + "/gidMappings", maps);
        return bundle_;
    }
    Bundle& in_user_namespace() {
        const Json maps = mapping(0, 100000, 65536);
        return bundle_.namespace_path("user", "").json("/linux/uidMappings", maps).json("/linux/gidMappings", maps);
    }
    void expect_refused(const std::string& pointer, const std::string& words) {
        const Finished finished = bundle_.create();
        EXPECT_EQ(finished.status, 1);
        EXPECT_TRUE(finished.err.contains(pointer + ": ")) << finished.err;
        EXPECT_TRUE(finished.err.contains(words)) << finished.err;
        EXPECT_EQ(split_lines(finished.err).size(), 1U) << finished.err;
    }

    Bundle bundle_;
    const fs::path source_ = bundle_.scratch() / "source";
};

TEST_F(IdmappedMount, ItsOwnMappingsWithoutAUserNamespace) {
    bind({"bind", "idmap"}, mapping(1000, 2000, 10)).user(2001, 2002);
    ASSERT_EQ(::chown(source_.c_str(), 1003, 1004), 0);
    // Who is not mapped is nobody.
    EXPECT_EQ(bundle_.sh("stat -c %u:%g /mnt/file /mnt /mnt/below; echo x > /mnt/new").run().out,
              "2000:2000\n2003:2004\n65534:65534\n");
    struct stat status{};
    ASSERT_EQ(::stat((source_ / "new").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 1001U);
    EXPECT_EQ(status.st_gid, 1002U);
}

// The specification: without the word the mappings shall not be overlooked either.
TEST_F(IdmappedMount, MappingsWithoutTheWord) {
    bind({"bind"}, mapping(1000, 2000, 10));
    EXPECT_EQ(bundle_.sh("stat -c %u:%g /mnt/file").run().out, "2000:2000\n");
}

TEST_F(IdmappedMount, TheUserNamespacesMappings) {
    bind({"bind", "idmap"});
    in_user_namespace();
    EXPECT_EQ(bundle_.sh("stat -c %u:%g /mnt/file; echo x > /mnt/new && stat -c %u /mnt/new").run().out,
              "1000:1000\n0\n")
        << bundle_.log();
    struct stat status{};
    ASSERT_EQ(::stat((source_ / "new").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 0U);
}

TEST_F(IdmappedMount, ItsOwnMappingsInAUserNamespace) {
    bind({"bind", "idmap"}, mapping(1000, 100007, 1));
    in_user_namespace();
    EXPECT_EQ(bundle_.sh("stat -c %u:%g /mnt/file").run().out, "7:7\n") << bundle_.log();
}

TEST_F(IdmappedMount, AJoinedUserNamespacesMappings) {
    Bundle other;
    const Json maps = mapping(0, 200000, 65536);
    other.namespace_path("user", "").json("/linux/uidMappings", maps).json("/linux/gidMappings", maps);
    ASSERT_TRUE(other.sh("while :; do sleep 1; done").launch());
    const std::string pid = std::to_string(other.state()["pid"].get<int>());
    bundle_.namespace_path("user", "/proc/" + pid + "/ns/user");
    bind({"bind", "idmap"});
    EXPECT_EQ(bundle_.sh("stat -c %u:%g /mnt/file; cat /proc/self/uid_map | tr -s ' '").run().out,
              "1000:1000\n 0 200000 65536\n")
        << bundle_.log();
}

// rbind takes the mounts below along; only ridmap maps them.
TEST_F(IdmappedMount, RecursiveByItsOwnWord) {
    for (const auto& [word, below] : {std::pair{"idmap", "1000"}, {"ridmap", "2000"}}) {
        bind({"rbind", word}, mapping(1000, 2000, 10));
        EXPECT_EQ(bundle_.sh("stat -c %u /mnt/file /mnt/below/file").run().out, "2000\n" + std::string(below) + "\n")
            << word;
        bundle_.drop_mount();
    }
}

TEST_F(IdmappedMount, ReadonlyAsWell) {
    bind({"rbind", "ridmap", "rro", "nosuid"}, mapping(1000, 2000, 10)).user(2000, 2000);
    EXPECT_EQ(bundle_.sh("stat -c %u /mnt/file; touch /mnt/x 2>&1 | grep -c Read-only").run().out, "2000\n1\n");
}

TEST_F(IdmappedMount, AFile) {
    bundle_.mount({"/etc/file", "bind", source_ / "file", {"bind", "idmap"}});
    in_user_namespace();
    EXPECT_EQ(bundle_.sh("stat -c %u /etc/file").run().out, "1000\n") << bundle_.log();
}

TEST_F(IdmappedMount, OfARunningContainer) {
    in_user_namespace();
    ASSERT_TRUE(bundle_.sh("while :; do sleep 1; done").launch());
    const Json list = {
        {{"destination", "/new"}, {"type", "bind"}, {"source", source_.string()}, {"options", {"bind", "idmap"}}}};
    std::ofstream(bundle_.scratch() / "mounts.json") << list;
    EXPECT_EQ(bundle_.command_without_id({"mounts", "add", bundle_.id(), bundle_.scratch() / "mounts.json"}).err, "");
    EXPECT_EQ(bundle_.exec({"stat", "-c", "%u", "/new/file"}).out, "1000\n");
}

TEST_F(IdmappedMount, NoMappingsToGiveIt) {
    bind({"bind", "idmap"});
    expect_refused("/mounts/" + std::to_string(bundle_.mounts() - 1) + "/options", "no user namespace");
}

TEST_F(IdmappedMount, AFilesystemThatCannot) {
    bundle_.mount({"/mnt", "bind", "/sys/kernel", {"bind", "idmap"}});
    in_user_namespace();
    expect_refused("/mounts/" + std::to_string(bundle_.mounts() - 1), "(sysfs) cannot be mapped on this kernel");
}

TEST_F(IdmappedMount, OnlyBinds) {
    bundle_.mount({"/mnt", "tmpfs", "tmpfs", {"idmap"}});
    in_user_namespace();
    expect_refused("/mounts/" + std::to_string(bundle_.mounts() - 1), "only bind mounts can be mapped");
}

}  // namespace
}  // namespace ocirt::test
