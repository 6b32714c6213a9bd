#include "runtime/security/seccomp_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/security/seccomp.h"

namespace ocirt::security {
namespace {

namespace fs = std::filesystem;

std::vector<std::byte> program_of(std::size_t instructions) {
    return std::vector<std::byte>(instructions * 8, std::byte{7});
}

class SeccompCacheTest : public testing::Test {
   protected:
    SeccompCacheTest() {
        std::string name = testing::TempDir() + "seccomp-cache-XXXXXX";
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~SeccompCacheTest() override { fs::remove_all(path_); }

    SeccompCache open() const { return SeccompCache(Fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))); }
    std::vector<fs::path> files() const { return {fs::directory_iterator(path_), fs::directory_iterator()}; }
    fs::path only_file() const { return files().at(0); }

    fs::path path_;
};

TEST_F(SeccompCacheTest, MissThenHit) {
    const SeccompCache cache = open();
    EXPECT_FALSE(cache.find("key"));
    cache.store("key", program_of(3));
    EXPECT_EQ(cache.find("key"), program_of(3));
    EXPECT_FALSE(cache.find("other key"));
    EXPECT_EQ(open().find("key"), program_of(3));
    cache.store("key", program_of(4));
    EXPECT_EQ(cache.find("key"), program_of(4));
    EXPECT_EQ(files().size(), 1U);
    EXPECT_EQ(fs::status(only_file()).permissions(), fs::perms(0600));
}

TEST_F(SeccompCacheTest, EveryCorruptedByteIsAMiss) {
    const SeccompCache cache = open();
    cache.store("key", program_of(2));
    const fs::path file = only_file();
    const auto size = fs::file_size(file);
    for (std::uintmax_t at = 0; at < size; ++at) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(at));
        const char byte = static_cast<char>(stream.get());
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(static_cast<char>(byte ^ 1)).flush();
        EXPECT_FALSE(cache.find("key")) << at;
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(byte).flush();
    }
    EXPECT_TRUE(cache.find("key"));
}

TEST_F(SeccompCacheTest, TruncatedOrLongerIsAMissAndHeals) {
    const SeccompCache cache = open();
    cache.store("key", program_of(2));
    const fs::path file = only_file();
    const auto size = fs::file_size(file);
    for (const std::uintmax_t wrong :
         {std::uintmax_t{0}, std::uintmax_t{5}, size - 8, size + 8, std::uintmax_t{64} << 20}) {
        fs::resize_file(file, wrong);
        EXPECT_FALSE(cache.find("key")) << wrong;
        cache.store("key", program_of(2));
        EXPECT_TRUE(cache.find("key")) << wrong;
    }
}

TEST_F(SeccompCacheTest, AnotherKeysFileIsAMiss) {
    const SeccompCache cache = open();
    cache.store("key", program_of(2));
    const fs::path file = only_file();
    fs::remove(file);
    cache.store("yek", program_of(3));
    fs::rename(only_file(), file);
    EXPECT_FALSE(cache.find("key")) << "the hash alone must not count";
}

TEST_F(SeccompCacheTest, SymlinksAndFifosAreMisses) {
    const SeccompCache cache = open();
    cache.store("key", program_of(2));
    const fs::path file = only_file();
    const fs::path elsewhere = path_.string() + "-elsewhere";
    fs::rename(file, elsewhere);
    fs::create_symlink(elsewhere, file);
    EXPECT_FALSE(cache.find("key"));
    cache.store("key", program_of(3));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(file))) << "replaced, not written through";
    EXPECT_EQ(cache.find("key"), program_of(3));
    fs::remove(elsewhere);

    fs::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_FALSE(cache.find("key"));
}

TEST_F(SeccompCacheTest, FilesThatOthersCouldWriteAreMisses) {
    const SeccompCache cache = open();
    cache.store("key", program_of(2));
    for (const mode_t mode : {0620U, 0602U, 0640U, 0604U}) {
        ASSERT_EQ(chmod(only_file().c_str(), mode), 0);
        EXPECT_FALSE(cache.find("key"));
    }
    ASSERT_EQ(chmod(only_file().c_str(), 0600), 0);
    EXPECT_TRUE(cache.find("key"));
    if (geteuid() != 0) GTEST_SKIP() << "another owner needs root";
    ASSERT_EQ(chown(only_file().c_str(), 1, 1), 0);
    EXPECT_FALSE(cache.find("key"));
}

TEST_F(SeccompCacheTest, OpenDirectoriesAreNotUsed) {
    ASSERT_EQ(chmod(path_.c_str(), 0755), 0);
    const SeccompCache cache = open();
    cache.store("key", program_of(2));
    EXPECT_TRUE(files().empty());
    EXPECT_FALSE(cache.find("key"));
    EXPECT_FALSE(SeccompCache(Fd()).find("key"));
}

TEST_F(SeccompCacheTest, NumberOfFilesIsBounded) {
    const SeccompCache cache = open();
    std::ofstream(path_ / "left-by-a-crash");
    for (std::size_t i = 0; i < SeccompCache::file_limit + 10; ++i) {
        cache.store(std::to_string(i), program_of(1));
        EXPECT_TRUE(cache.find(std::to_string(i)));
    }
    EXPECT_EQ(files().size(), SeccompCache::file_limit);
    EXPECT_FALSE(cache.find("0")) << "the oldest go first";
    EXPECT_FALSE(fs::exists(path_ / "left-by-a-crash"));
}

TEST_F(SeccompCacheTest, TooLargeIsNotStored) {
    const SeccompCache cache = open();
    cache.store(std::string(SeccompCache::file_size_limit, 'k'), program_of(1));
    EXPECT_TRUE(files().empty());
}

spec::Seccomp profile() {
    spec::Seccomp profile;
    profile.default_action = spec::SeccompAction::errno_;
    profile.architectures = {"SCMP_ARCH_X86_64"};
    profile.syscalls.push_back({.names = {"execve", "read", "no_such_call"},
                                .action = spec::SeccompAction::allow,
                                .errno_ret = {},
                                .args = {}});
    profile.syscalls.push_back({.names = {"personality"},
                                .action = spec::SeccompAction::errno_,
                                .errno_ret = 7,
                                .args = {{0, 1, 2, spec::SeccompOperator::masked_equal}}});
    return profile;
}

TEST_F(SeccompCacheTest, BuildsOnceAndTheSame) {
    const SeccompCache cache = open();
    const Result<SeccompFilter> without = build_seccomp(profile());
    const Result<SeccompFilter> first = build_seccomp(profile(), &cache);
    ASSERT_EQ(files().size(), 1U);
    const Result<SeccompFilter> second = build_seccomp(profile(), &cache);
    ASSERT_TRUE(without && first && second);
    EXPECT_EQ(first->program, without->program);
    EXPECT_EQ(second->program, without->program);
    EXPECT_EQ(second->flags, without->flags);
    EXPECT_EQ(second->warnings.size(), 1U) << "warnings do not depend on the cache";

    cache.store(seccomp_key(profile()), program_of(1));
    EXPECT_EQ(build_seccomp(profile(), &cache)->program, program_of(1)) << "taken from the cache";
}

TEST(SeccompKey, DependsOnEverythingThatTheProgramDoes) {
    const std::string key = seccomp_key(profile());
    const auto changed = [&key](auto&& change) {
        spec::Seccomp other = profile();
        change(other);
        return seccomp_key(other) != key;
    };
    EXPECT_FALSE(changed([](auto&) {}));
    EXPECT_FALSE(changed([](auto& p) { p.listener_path = "/run/agent.sock"; }));
    EXPECT_TRUE(changed([](auto& p) { p.default_action = spec::SeccompAction::log; }));
    EXPECT_TRUE(changed([](auto& p) { p.default_errno_ret = 0; }));
    EXPECT_TRUE(changed([](auto& p) { p.architectures.clear(); }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls[0].names = {"execver", "ead", "no_such_call"}; }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls[0].action = spec::SeccompAction::log; }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls[1].errno_ret = 8; }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls[1].args[0].index = 1; }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls[1].args[0].value = 2; }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls[1].args[0].value_two = 3; }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls[1].args[0].op = spec::SeccompOperator::equal; }));
    EXPECT_TRUE(changed([](auto& p) { p.syscalls.pop_back(); }));
}

}  // namespace
}  // namespace ocirt::security
