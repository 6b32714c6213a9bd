// A state directory that takes nothing more.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "events.pb.h"
#include "support/host.h"
#include "support/shim.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr int ok = 0;

// A filesystem of its own for the state directories; the shim's root.
class SmallDisk {
   public:
    explicit SmallDisk(fs::path path) : path_(std::move(path)) {
        fs::create_directories(path_);
        EXPECT_EQ(::mount("none", path_.c_str(), "tmpfs", 0, "size=256k"), 0);
    }
    ~SmallDisk() { EXPECT_EQ(::umount2(path_.c_str(), MNT_DETACH), 0); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    void read_only(bool on) const {
        // A worker that is on its way out may have a file open for writing.
        EXPECT_TRUE(eventually([&] {
            return ::mount(nullptr, path_.c_str(), nullptr, on ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT, nullptr) == 0;
        }));
    }
    void fill() const {
        std::ofstream file(path_ / ".filler");
        const std::string page(4096, 'x');
        while (file << page << std::flush) {}
    }
    void empty() const { fs::remove(path_ / ".filler"); }

   private:
    fs::path path_;
};

void expect_refused(Bundle& bundle, Shim& shim, const char* why) {
    EXPECT_NE(shim.create(), ok);
    EXPECT_TRUE(shim.text().contains(why)) << shim.text();
    for (const std::string& left : bundle.leaks())
        EXPECT_TRUE(left.contains("(ocirt-shim)") || left == "mount " + shim.root().string()) << left;
    EXPECT_FALSE(fs::exists(shim.root() / "test" / bundle.id()));
}

void expect_whole_life(Shim& shim) {
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

bool told_exit(Shim& shim) {
    if (!shim.events().wait_for("/tasks/exit")) return false;
    wire::TaskExit exit;
    return exit.ParseFromString(shim.events().events().back().message) && exit.exit_status() == 137;
}

TEST(ShimStateDirectory, FullAtCreate) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    const SmallDisk disk(shim.root());
    fs::create_directory(shim.root() / "test");
    disk.fill();
    expect_refused(bundle, shim, "no space left on device");
    disk.empty();
    expect_whole_life(shim);
}

TEST(ShimStateDirectory, ReadOnlyAtCreate) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    const SmallDisk disk(shim.root());
    disk.read_only(true);
    expect_refused(bundle, shim, "read-only file system");
    disk.read_only(false);
    expect_whole_life(shim);
}

TEST(ShimStateDirectory, FullAtTheEnd) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    const SmallDisk disk(shim.root());
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    disk.fill();
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_TRUE(told_exit(shim));
    EXPECT_TRUE(shim.log().wait_for("no space left on device"));
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimStateDirectory, ReadOnlyUntilTheSecondDelete) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    const SmallDisk disk(shim.root());
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    disk.read_only(true);
    EXPECT_EQ(shim.kill(SIGKILL), ok) << shim.text();
    EXPECT_EQ(shim.wait(), 137);
    EXPECT_TRUE(told_exit(shim));
    EXPECT_TRUE(shim.log().wait_for("read-only file system"));
    EXPECT_NE(shim.remove(), ok);
    EXPECT_TRUE(shim.text().contains("read-only file system")) << shim.text();
    EXPECT_EQ(shim.state().status(), wire::STOPPED);
    disk.read_only(false);
    EXPECT_EQ(shim.remove(), ok) << shim.text();
}

TEST(ShimStateDirectory, ReadOnlyForTheDeleteAfterTheShimsDeath) {
    Bundle bundle;
    bundle.args({"/bin/sleep", "100"});
    Shim shim(bundle);
    const SmallDisk disk(shim.root());
    ASSERT_EQ(shim.create(), ok) << shim.text();
    ASSERT_EQ(shim.start(), ok) << shim.text();
    shim.die();
    disk.read_only(true);
    const Finished failed = shim.run_delete();
    EXPECT_NE(failed.status, 0);
    EXPECT_TRUE(failed.err.contains("read-only file system")) << failed.err;
    disk.read_only(false);
    EXPECT_EQ(shim.run_delete().status, 0);
    EXPECT_FALSE(fs::exists(shim.root() / "test" / bundle.id()));
}

}  // namespace
}  // namespace ocirt::test
