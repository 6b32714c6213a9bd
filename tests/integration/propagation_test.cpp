// Where mounts and unmounts go that are made after a container began: rootfsPropagation and the words of binds, seen
// from both sides.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// A directory of the host that is a mount of its own, shared.
class Shared {
   public:
    explicit Shared(fs::path path) : path_(std::move(path)) {
        fs::create_directories(path_);
        EXPECT_EQ(::mount(path_.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr), 0);
        EXPECT_EQ(::mount(nullptr, path_.c_str(), nullptr, MS_SHARED, nullptr), 0);
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
        while (::umount2(path_.c_str(), MNT_DETACH) == 0) {}
    }

   private:
    fs::path path_;
};

void mount_tmpfs(const fs::path& at) { ASSERT_EQ(::mount("late", at.c_str(), "tmpfs", 0, nullptr), 0); }

bool sees(Bundle& bundle, const std::string& point) {
    return bundle.exec({"grep", "-q", " " + point + " .* late ", "/proc/self/mountinfo"}).status == 0;
}

class RootfsPropagation : public ::testing::TestWithParam<const char*> {
   protected:
    const std::string word_ = GetParam();
};

// "slave": what the host mounts at the rootfs appears in the container, and nothing goes the other way.
TEST_P(RootfsPropagation, OfWhatTheHostMounts) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 has a private root with all of them";
    Bundle bundle;
    bundle.directory("/late");
    const Shared rootfs(bundle.rootfs());
    bundle.json("/linux/rootfsPropagation", word_);
    ASSERT_TRUE(bundle.sh("while :; do sleep 1; done").launch());
    mount_tmpfs(bundle.rootfs() / "late");
    EXPECT_EQ(sees(bundle, "/late"), word_ == "slave");
    ::umount2((bundle.rootfs() / "late").c_str(), MNT_DETACH);
    EXPECT_FALSE(sees(bundle, "/late"));
}

TEST_P(RootfsPropagation, AsTheContainerSeesIt) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 has a private root with all of them";
    Bundle bundle;
    const Shared rootfs(bundle.rootfs());
    bundle.json("/linux/rootfsPropagation", word_);
    const std::string line = bundle.sh("awk '$5 == \"/\"' /proc/self/mountinfo").run().out;
    EXPECT_EQ(line.contains(" shared:"), word_ == "shared") << line;
    EXPECT_EQ(line.contains(" master:"), word_ == "slave") << line;
    EXPECT_EQ(line.contains(" unbindable"), word_ == "unbindable") << line;
}

// What the container mounts is its own, whatever the word.
TEST_P(RootfsPropagation, OfWhatTheContainerMounts) {
    Bundle bundle;
    const Shared rootfs(bundle.rootfs());
    bundle.directory("/late").json("/linux/rootfsPropagation", word_);
    for (const char* set : {"bounding", "effective", "permitted"})
        bundle.json("/process/capabilities/" + std::string(set), {"CAP_SYS_ADMIN"});
    ASSERT_TRUE(bundle.sh("mount -t tmpfs late /late && touch /late/x; while :; do sleep 1; done").launch());
    EXPECT_TRUE(eventually([&] { return sees(bundle, "/late"); }));
    EXPECT_FALSE(read_file("/proc/self/mountinfo").contains(" late "));
}

INSTANTIATE_TEST_SUITE_P(Words, RootfsPropagation, ::testing::Values("shared", "slave", "private", "unbindable"),
                         [](const auto& info) { return std::string(info.param); });

// An unbindable root cannot be bound, even by its own root user.
TEST(RootfsPropagation, AnUnbindableRootIsNotBound) {
    for (const auto& [word, status] : {std::pair{"unbindable", "refused\n"}, {"private", "bound\n"}}) {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 has a private root with all of them";
        Bundle bundle;
        bundle.json("/linux/rootfsPropagation", word).directory("/late");
        for (const char* set : {"bounding", "effective", "permitted"})
            bundle.json("/process/capabilities/" + std::string(set), {"CAP_SYS_ADMIN"});
        EXPECT_EQ(bundle.sh("mount -o bind / /late 2>/dev/null && echo bound || echo refused").run().out, status);
    }
}

// A bind's words, from the host into the container and back.
TEST(BindPropagation, ByWord) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: without a word it is rprivate in runc";
    for (const auto& [word, in, out] :
         {std::tuple{"rslave", true, false}, {"rprivate", false, false}, {"rshared", true, true}}) {
        Bundle bundle;
        const fs::path volume = bundle.scratch() / "volume";
        const Shared shared(volume);
        fs::create_directories(volume / "in");
        fs::create_directories(volume / "out");
        bundle.json("/linux/rootfsPropagation", "shared");
        bundle.mount({"/volume", "bind", volume, {"rbind", word}});
        for (const char* set : {"bounding", "effective", "permitted"})
            bundle.json("/process/capabilities/" + std::string(set), {"CAP_SYS_ADMIN"});
        ASSERT_TRUE(bundle.sh("mount -t tmpfs late /volume/out; while :; do sleep 1; done").launch());
        EXPECT_TRUE(eventually([&] { return sees(bundle, "/volume/out"); })) << word;
        EXPECT_EQ(read_file("/proc/self/mountinfo").contains(" late "), out) << word;
        mount_tmpfs(volume / "in");
        EXPECT_EQ(sees(bundle, "/volume/in"), in) << word;
        ::umount2((volume / "in").c_str(), MNT_DETACH);
        ::umount2((volume / "out").c_str(), MNT_DETACH);
    }
}

}  // namespace
}  // namespace ocirt::test
