// Every option word that `features` lists, as /proc/self/mountinfo shows it inside of the container.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

constexpr unsigned long no_symfollow = 256;  // MS_NOSYMFOLLOW

struct Shown {
    std::set<std::string> options;        // of the mount
    std::set<std::string> superblock{};   // of its filesystem
    std::set<std::string> propagation{};  // "shared", "master", "unbindable"
};

std::set<std::string> split_words(const std::string& text, char separator) {
    std::set<std::string> words;
    std::istringstream stream(text);
    for (std::string word; std::getline(stream, word, separator);) words.insert(word);
    return words;
}

// What runs in the container: its mounts at and below /mnt.
constexpr const char* show_mounts = "grep ' /mnt' /proc/self/mountinfo";

// By mount point; of several on one the last.
std::map<std::string, Shown> parse_mountinfo(const std::string& text) {
    std::map<std::string, Shown> mounts;
    for (const std::string& line : split_lines(text)) {
        std::istringstream fields(line);
        std::string skipped;
        std::string point;
        std::string options;
        fields >> skipped >> skipped >> skipped >> skipped >> point >> options;
        Shown shown{.options = split_words(options, ',')};
        for (std::string tag; fields >> tag && tag != "-";) shown.propagation.insert(tag.substr(0, tag.find(':')));
        std::string superblock;
        fields >> skipped >> skipped >> superblock;
        shown.superblock = split_words(superblock, ',');
        mounts[point] = shown;
    }
    return mounts;
}

// A tmpfs with another one below it, both mounted with `flags`.
class Tree {
   public:
    Tree(const Bundle& bundle, unsigned long flags, unsigned long propagation = MS_PRIVATE)
        : path_(bundle.scratch() / "tree") {
        for (const fs::path& at : {path_, path_ / "below"}) {
            fs::create_directories(at);
            EXPECT_EQ(::mount("tmpfs", at.c_str(), "tmpfs", 0, nullptr), 0);
            EXPECT_EQ(::mount(nullptr, at.c_str(), nullptr, propagation, nullptr), 0);
        }
        for (const fs::path& at : {path_, path_ / "below"}) {
            EXPECT_EQ(::mount(nullptr, at.c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr), 0);
        }
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;
    ~Tree() { ::umount2(path_.c_str(), MNT_DETACH); }
    [[nodiscard]] const fs::path& path() const { return path_; }

   private:
    fs::path path_;
};

std::map<std::string, Shown> mounts_of(Bundle& bundle) {
    const Finished finished = bundle.sh(show_mounts).run();
    EXPECT_EQ(finished.status, 0) << finished.err << bundle.log();
    return parse_mountinfo(finished.out);
}

// ---- Attributes -----------------------------------------------------------------------------------------------------

// A word, the flags that both mounts of the tree have before, and the option that is there afterwards, or no more.
struct Attribute {
    std::string word;
    unsigned long before;
    std::string option;
    bool there;
};
void PrintTo(const Attribute& attribute, std::ostream* stream) { *stream << attribute.word; }

const std::vector<Attribute>& attributes() {
    static const std::vector<Attribute> all = {
        {"ro", 0, "ro", true},
        {"rw", MS_RDONLY, "ro", false},
        {"nosuid", 0, "nosuid", true},
        {"suid", MS_NOSUID, "nosuid", false},
        {"nodev", 0, "nodev", true},
        {"dev", MS_NODEV, "nodev", false},
        {"noexec", 0, "noexec", true},
        {"exec", MS_NOEXEC, "noexec", false},
        {"nodiratime", 0, "nodiratime", true},
        {"diratime", MS_NODIRATIME, "nodiratime", false},
        {"nosymfollow", 0, "nosymfollow", true},
        {"symfollow", no_symfollow, "nosymfollow", false},
        {"noatime", 0, "noatime", true},
        {"atime", MS_NOATIME, "noatime", false},
        {"relatime", MS_NOATIME, "relatime", true},
        {"norelatime", MS_NOATIME, "noatime", false},
        {"strictatime", 0, "relatime", false},
        {"nostrictatime", MS_STRICTATIME, "relatime", true},
    };
    return all;
}

class MountAttribute : public ::testing::TestWithParam<Attribute> {
   protected:
    void SetUp() override {
        if (runtime_path().contains("runc")) GTEST_SKIP() << "SKIP: runc 1.1 knows some of them";
    }
    static bool has(const Shown& shown) { return shown.options.contains(GetParam().option); }
    // On the mount and on the one below it.
    std::pair<bool, bool> after(const std::string& word) {
        Bundle bundle;
        const Tree tree(bundle, GetParam().before);
        bundle.mount({"/mnt", "bind", tree.path(), {"rbind", word}});
        const auto shown = mounts_of(bundle);
        EXPECT_TRUE(shown.contains("/mnt") && shown.contains("/mnt/below")) << shown.size();
        return {has(shown.at("/mnt")), has(shown.at("/mnt/below"))};
    }
};

TEST_P(MountAttribute, IsTheTopMountsAlone) {
    const bool there = GetParam().there;
    EXPECT_EQ(after(GetParam().word), (std::pair{there, !there}));
}

TEST_P(MountAttribute, IsEveryonesWithAnRBeforeIt) {
    const bool there = GetParam().there;
    EXPECT_EQ(after("r" + GetParam().word), (std::pair{there, there}));
}

// A new filesystem has no flags before: the opposite word is written in front, and gives way.
TEST_P(MountAttribute, OfANewFilesystem) {
    for (const std::string prefix : {"", "r"}) {
        Words words;
        for (const Attribute& other : attributes())
            if (other.option == GetParam().option && other.there != GetParam().there) words = {prefix + other.word};
        words.push_back(prefix + GetParam().word);
        Bundle bundle;
        bundle.mount({"/mnt", "tmpfs", "tmpfs", words});
        EXPECT_EQ(has(mounts_of(bundle).at("/mnt")), GetParam().there) << words.back();
    }
}

TEST_P(MountAttribute, ByARemount) {
    for (const std::string prefix : {"", "r"}) {
        Bundle bundle;
        const Tree tree(bundle, GetParam().before);
        bundle.mount({"/mnt", "bind", tree.path(), {"rbind"}});
        bundle.mount({"/mnt", "", "", {"remount", "bind", prefix + GetParam().word}});
        const auto shown = mounts_of(bundle);
        EXPECT_EQ(has(shown.at("/mnt")), GetParam().there) << prefix;
        EXPECT_EQ(has(shown.at("/mnt/below")), GetParam().there != prefix.empty()) << prefix;
    }
}

INSTANTIATE_TEST_SUITE_P(Words, MountAttribute, ::testing::ValuesIn(attributes()),
                         [](const auto& info) { return info.param.word; });

// The last word about a mount counts, be it of the mount or of all.
TEST(MountWords, TheTopMountMayDiffer) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runtimes differ";
    Bundle bundle;
    const Tree tree(bundle, 0);
    bundle.mount({"/mnt", "bind", tree.path(), {"rbind", "rro", "rnoatime", "rw", "strictatime"}});
    bundle.mount({"/mnt2", "tmpfs", "tmpfs", {"rro", "rnoatime", "rw", "strictatime"}});
    const auto shown = mounts_of(bundle);
    for (const char* top : {"/mnt", "/mnt2"}) {
        EXPECT_TRUE(shown.at(top).options.contains("rw")) << top;
        EXPECT_FALSE(shown.at(top).options.contains("noatime")) << top;
    }
    EXPECT_TRUE(shown.at("/mnt/below").options.contains("ro"));
    EXPECT_TRUE(shown.at("/mnt/below").options.contains("noatime"));
}

// ---- Words of the superblock, and words that say nothing a container could see --------------------------------------

const std::map<std::string, std::string>& superblock_words() {
    static const std::map<std::string, std::string> all = {
        {"sync", "sync"}, {"dirsync", "dirsync"}, {"lazytime", "lazytime"}, {"mand", "mand"}};
    return all;
}
const std::map<std::string, std::string>& superblock_opposites() {
    static const std::map<std::string, std::string> all = {
        {"async", "sync"}, {"nolazytime", "lazytime"}, {"nomand", "mand"}};
    return all;
}
const Words& quiet_words() {
    static const Words all = {"defaults", "acl", "noacl", "iversion", "noiversion", "silent", "loud"};
    return all;
}

TEST(MountWords, OfTheSuperblock) {
    for (const auto& [word, option] : superblock_words()) {
        Bundle bundle;
        bundle.mount({"/mnt", "tmpfs", "tmpfs", {word}});
        EXPECT_TRUE(mounts_of(bundle).at("/mnt").superblock.contains(option)) << word;
    }
    for (const auto& [word, option] : superblock_opposites()) {
        Bundle bundle;
        bundle.mount({"/mnt", "tmpfs", "tmpfs", {option, word}});
        EXPECT_FALSE(mounts_of(bundle).at("/mnt").superblock.contains(option)) << word;
    }
}

TEST(MountWords, QuietOnesChangeNothing) {
    Bundle bundle;
    const Tree tree(bundle, 0);
    bundle.mount({"/mnt0", "tmpfs", "tmpfs", {"size=64k"}});
    Words words = quiet_words();
    words.emplace_back("size=64k");
    bundle.mount({"/mnt1", "tmpfs", "tmpfs", words});
    if (runtime_is_ocirt()) {
        words.back() = "bind";
        bundle.mount({"/mnt2", "bind", tree.path(), words});
    }
    const auto shown = mounts_of(bundle);
    EXPECT_EQ(shown.at("/mnt0").options, shown.at("/mnt1").options);
    EXPECT_EQ(shown.at("/mnt0").superblock, shown.at("/mnt1").superblock);
    if (runtime_is_ocirt()) {
        EXPECT_EQ(shown.at("/mnt2").options, (std::set<std::string>{"rw", "relatime"}));
    }
}

// ---- Propagation ----------------------------------------------------------------------------------------------------

struct Propagation {
    std::string word;
    std::set<std::string> top;
    std::set<std::string> below;
};
void PrintTo(const Propagation& propagation, std::ostream* stream) { *stream << propagation.word; }

const std::vector<Propagation>& propagations() {
    static const std::vector<Propagation> all = {
        {"shared", {"shared", "master"}, {"master"}},
        {"rshared", {"shared", "master"}, {"shared", "master"}},
        {"slave", {"master"}, {"master"}},
        {"rslave", {"master"}, {"master"}},
        {"private", {}, {"master"}},
        {"rprivate", {}, {}},
        {"unbindable", {"unbindable"}, {"master"}},
        {"runbindable", {"unbindable"}, {"unbindable"}},
    };
    return all;
}

class MountPropagation : public ::testing::TestWithParam<Propagation> {};

// The mounts' own propagation, of a tree that the host shares.
TEST_P(MountPropagation, IsSet) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: what is not asked for differs";
    Bundle bundle;
    const Tree tree(bundle, 0, MS_SHARED);
    bundle.mount({"/mnt", "bind", tree.path(), {"rbind", GetParam().word}});
    const auto shown = mounts_of(bundle);
    EXPECT_EQ(shown.at("/mnt").propagation, GetParam().top);
    EXPECT_EQ(shown.at("/mnt/below").propagation, GetParam().below);
}

INSTANTIATE_TEST_SUITE_P(Words, MountPropagation, ::testing::ValuesIn(propagations()),
                         [](const auto& info) { return info.param.word; });

// ---- The list is whole ----------------------------------------------------------------------------------------------

TEST(MountWords, EveryOneIsTested) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers have words of their own";
    // Tested elsewhere: mounts_test, idmapped_mounts_test, and remount above.
    std::set<std::string> tested = {"bind", "rbind", "remount", "tmpcopyup", "idmap", "ridmap"};
    for (const Attribute& attribute : attributes()) {
        tested.insert(attribute.word);
        tested.insert("r" + attribute.word);
    }
    for (const Propagation& propagation : propagations()) tested.insert(propagation.word);
    for (const auto& words : {superblock_words(), superblock_opposites()})
        for (const auto& [word, option] : words) tested.insert(word);
    tested.insert(quiet_words().begin(), quiet_words().end());
    Bundle bundle;
    const Json features = Json::parse(bundle.command_without_id({"features"}).out);
    EXPECT_EQ(features["mountOptions"].get<std::set<std::string>>(), tested);
}

}  // namespace
}  // namespace ocirt::test
