// The systemd unit that a container's cgroup belongs to, from `linux.cgroupsPath` ("slice:prefix:name", the form that
// engines use with the systemd manager), and where its cgroup is. Pure. See systemd.scope(5), systemd.slice(5).
//
//   "a-b.slice:pre:web"   a-b.slice/pre-web.scope: the slice lies in a.slice
//   "::web"               system.slice (of a user's own systemd: user.slice), -web.scope, as runc has it
//   ""                    the same slices, ocirt-<id>.scope
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus_message.h"
#include "common/error.h"
#include "runtime/cgroup/layout.h"

namespace ocirt::cgroup {

// Whose systemd: the system's, or that of a user, whose uid in the system's own user namespace it is.
using Session = std::optional<std::uint32_t>;

struct Unit {
    std::string name;   // "pre-web.scope"
    std::string slice;  // "a-b.slice"
    Session session{};
    friend bool operator==(const Unit&, const Unit&) = default;
};

// A unit to make.
struct UnitPlan {
    Unit unit;
    std::vector<BusProperty> properties{};    // from its beginning: what annotations ask for
    std::vector<BusProperty> first_limits{};  // the same: unit_first_limits(), unit_first_device_rules()
    std::vector<BusProperty> limits{};        // unit_limits(): set with the limits
};

// Errors (invalid_config, pointer /linux/cgroupsPath): another form, a slice that systemd has no place for, characters
// that no unit's name has, a name above 255 bytes, and a slice for a name: processes are in scopes only.
[[nodiscard]] Result<Unit> container_unit(std::string_view cgroups_path, std::string_view id, Session session);

// "/a.slice/a-b.slice" of "a-b.slice"; empty of "-.slice", the root.
[[nodiscard]] std::string slice_path(std::string_view slice);

// Where systemd will have put it: a directory for each hierarchy of `layout`, in its order. For `plan` and for the
// record that is written before the unit is made; unit_paths() are the true ones.
[[nodiscard]] std::vector<std::string> expected_unit_paths(const Layout& layout, const Unit& unit);

// Where systemd has put the unit's process, whose layout is `process`. In every hierarchy it is the path that it has in
// systemd's own one; hierarchies that systemd leaves alone (most of v1's) get the same.
// Errors: wrong_state where the process is not in the unit.
[[nodiscard]] Result<std::vector<std::string>> unit_paths(const Layout& layout, const Layout& process,
                                                          const Unit& unit);

}  // namespace ocirt::cgroup
