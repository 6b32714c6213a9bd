#include "runtime/spec/mount_options.h"

#include <linux/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace ocirt::spec {
namespace {

// What a word does. Exactly one of the groups is used.
struct Word {
    std::string_view name;
    std::uint64_t set = 0;
    std::uint64_t clear = 0;
    std::uint64_t propagation = 0;
    bool MountOptions::* flag = nullptr;
    bool MountOptions::* second_flag = nullptr;
    bool superblock = false;
};

constexpr std::uint64_t atime = MOUNT_ATTR__ATIME;

// Attribute words stand here once; with an "r" before them they are the recursive ones.
constexpr std::array attribute_words{
    Word{.name = "ro", .set = MOUNT_ATTR_RDONLY},
    Word{.name = "rw", .clear = MOUNT_ATTR_RDONLY},
    Word{.name = "nosuid", .set = MOUNT_ATTR_NOSUID},
    Word{.name = "suid", .clear = MOUNT_ATTR_NOSUID},
    Word{.name = "nodev", .set = MOUNT_ATTR_NODEV},
    Word{.name = "dev", .clear = MOUNT_ATTR_NODEV},
    Word{.name = "noexec", .set = MOUNT_ATTR_NOEXEC},
    Word{.name = "exec", .clear = MOUNT_ATTR_NOEXEC},
    Word{.name = "nodiratime", .set = MOUNT_ATTR_NODIRATIME},
    Word{.name = "diratime", .clear = MOUNT_ATTR_NODIRATIME},
    Word{.name = "relatime", .set = MOUNT_ATTR_RELATIME, .clear = atime},
    Word{.name = "norelatime", .clear = atime},
    Word{.name = "noatime", .set = MOUNT_ATTR_NOATIME, .clear = atime},
    Word{.name = "atime", .clear = atime},
    Word{.name = "strictatime", .set = MOUNT_ATTR_STRICTATIME, .clear = atime},
    Word{.name = "nostrictatime", .clear = atime},
    Word{.name = "nosymfollow", .set = MOUNT_ATTR_NOSYMFOLLOW},
    Word{.name = "symfollow", .clear = MOUNT_ATTR_NOSYMFOLLOW},
};

constexpr std::array other_words{
    Word{.name = "defaults"},
    Word{.name = "bind", .flag = &MountOptions::bind},
    Word{.name = "rbind", .flag = &MountOptions::bind, .second_flag = &MountOptions::recursive_bind},
    Word{.name = "remount", .flag = &MountOptions::remount},
    Word{.name = "tmpcopyup", .flag = &MountOptions::copy_up},
    Word{.name = "idmap", .flag = &MountOptions::idmap},
    Word{.name = "ridmap", .flag = &MountOptions::idmap, .second_flag = &MountOptions::recursive_idmap},
    Word{.name = "shared", .propagation = MS_SHARED},
    Word{.name = "rshared", .propagation = MS_SHARED | MS_REC},
    Word{.name = "slave", .propagation = MS_SLAVE},
    Word{.name = "rslave", .propagation = MS_SLAVE | MS_REC},
    Word{.name = "private", .propagation = MS_PRIVATE},
    Word{.name = "rprivate", .propagation = MS_PRIVATE | MS_REC},
    Word{.name = "unbindable", .propagation = MS_UNBINDABLE},
    Word{.name = "runbindable", .propagation = MS_UNBINDABLE | MS_REC},
    Word{.name = "sync", .superblock = true},
    Word{.name = "async", .superblock = true},
    Word{.name = "dirsync", .superblock = true},
    Word{.name = "lazytime", .superblock = true},
    Word{.name = "nolazytime", .superblock = true},
    Word{.name = "mand", .superblock = true},
    Word{.name = "nomand", .superblock = true},
    // mount(2) flags without a word in fsconfig(2): "acl" and "iversion" became a matter of each filesystem, "silent"
    // one of the kernel's log. They ask for nothing that a container could see.
    Word{.name = "acl"},
    Word{.name = "noacl"},
    Word{.name = "iversion"},
    Word{.name = "noiversion"},
    Word{.name = "silent"},
    Word{.name = "loud"},
};

constexpr const Word* find(const auto& words, std::string_view name) {
    for (const Word& word : words)
        if (word.name == name) return &word;
    return nullptr;
}

// `set` after `clear` of the same word: relatime is zero within the atime field.
void apply(const Word& word, std::uint64_t& set, std::uint64_t& clear) {
    set &= ~word.clear;
    clear &= ~word.set;
    set |= word.set;
    clear |= word.clear;
}

}  // namespace

bool MountOptions::readonly() const { return ((set | recursive_set) & MOUNT_ATTR_RDONLY) != 0; }

MountOptions read_mount_options(const std::vector<std::string>& words) {
    MountOptions options;
    for (const std::string& name : words) {
        if (const Word* word = find(attribute_words, name)) {
            apply(*word, options.set, options.clear);
        } else if (const Word* other = find(other_words, name)) {
            if (other->flag != nullptr) options.*other->flag = true;
            if (other->second_flag != nullptr) options.*other->second_flag = true;
            if (other->propagation != 0) options.propagation.push_back(other->propagation);
            if (other->superblock) options.superblock.push_back(name);
        } else if (const Word* recursive =
                       name.starts_with('r') ? find(attribute_words, std::string_view(name).substr(1)) : nullptr) {
            apply(*recursive, options.recursive_set, options.recursive_clear);
        } else if (!name.empty()) {
            options.data.push_back(name);
        }
    }
    return options;
}

std::vector<std::string> known_mount_options() {
    std::vector<std::string> names;
    for (const Word& word : attribute_words) {
        names.emplace_back(word.name);
        names.push_back("r" + std::string(word.name));
    }
    for (const Word& word : other_words) names.emplace_back(word.name);
    std::ranges::sort(names);
    return names;
}

std::string describe_attributes(std::uint64_t attributes) {
    std::string text;
    for (const Word& word : attribute_words) {
        if (word.set == 0 || (attributes & word.set) != word.set) continue;
        if (!text.empty()) text += ',';
        text += word.name;
    }
    return text;
}

std::string describe_propagation(std::uint64_t propagation) {
    for (const Word& word : other_words)
        if (word.propagation != 0 && word.propagation == propagation) return std::string(word.name);
    return "unchanged";
}

}  // namespace ocirt::spec
