// A container's groups in the resctrl filesystem. What they shall be is decided in group_plan.h.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/mount_table.h"
#include "runtime/resctrl/group_plan.h"

namespace ocirt::resctrl {

// Where a container's groups are. Empty: it has none.
struct Place {
    std::string clos{};        // a directory
    std::string monitor{};     // a directory below it
    bool remove_clos = false;  // with the container; the MON group always is
};

// Where resctrl is mounted; empty when it is not.
[[nodiscard]] std::string mount_point(const std::vector<MountEntry>& mounts);

// The same of this process. Fault::unsupported when it is not mounted, or the kernel or CPU has none.
[[nodiscard]] Result<std::string> find_root();

// The place of a plan's groups below `root`.
[[nodiscard]] Place place_of(const GroupPlan& plan, const std::string& root);

// The groups of a container that is being made.
class Group {
   public:
    // Makes what is missing, and writes the schemata of what it has made. Fault::invalid_config, with the difference,
    // where a CLOS is there and has others, or has to be there and is not. Errors have the pointer and what the kernel
    // says in info/last_cmd_status. On an error nothing is left.
    [[nodiscard]] static Result<Group> make(const GroupPlan& plan, const std::string& root);

    // Removes what make() has made. For a container that is not made after all, once its processes have ended.
    void take_back();

    [[nodiscard]] const Place& place() const { return place_; }

   private:
    Group(Place place, std::string root) : place_(std::move(place)), root_(std::move(root)) {}
    [[nodiscard]] Result<> fill(const GroupPlan& plan);
    [[nodiscard]] Result<> make_clos(const GroupPlan& plan);
    [[nodiscard]] Result<> check_clos(const GroupPlan& plan) const;

    Place place_;
    std::string root_;
    bool clos_made_ = false;
    bool monitor_made_ = false;
};

// A process into the groups; those that it forks later are born there.
[[nodiscard]] Result<> enter(const Place& place, pid_t pid);

// What is the container's own, once its processes have ended. What is gone already is no error.
[[nodiscard]] Result<> remove(const Place& place);

}  // namespace ocirt::resctrl
