// The option words of config.json's mounts[].options (config.md "Mounts": the table of Linux options), read into what
// the kernel takes. Words that are not of the table belong to the filesystem.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ocirt::spec {

struct MountOptions {
    bool bind = false;
    bool recursive_bind = false;
    bool remount = false;
    bool copy_up = false;             // tmpcopyup
    bool idmap = false;               // idmap or ridmap
    bool recursive_idmap = false;     // ridmap
    std::uint64_t set = 0;            // MOUNT_ATTR_* of the mount
    std::uint64_t clear = 0;          // MOUNT_ATTR_* to take away from a bind mount
    std::uint64_t recursive_set = 0;  // the r-words: of the mount and all below it
    std::uint64_t recursive_clear = 0;
    std::vector<std::uint64_t> propagation;  // MS_SHARED and so on, with MS_REC or without, in the order written
    std::vector<std::string> superblock;     // words of the superblock that every filesystem knows: "sync"
    std::vector<std::string> data;           // the filesystem's own, in the order written
    bool readonly() const;
};

// A later word wins over an earlier one that says the opposite, as mount(8) has it.
[[nodiscard]] MountOptions read_mount_options(const std::vector<std::string>& words);

// Every word of the table, sorted (for `ocirt features`).
[[nodiscard]] std::vector<std::string> known_mount_options();

// The words for a set of MOUNT_ATTR_* bits, comma separated: "ro,nosuid". For people.
[[nodiscard]] std::string describe_attributes(std::uint64_t attributes);

// "rslave" for MS_SLAVE | MS_REC. For people.
[[nodiscard]] std::string describe_propagation(std::uint64_t propagation);

}  // namespace ocirt::spec
