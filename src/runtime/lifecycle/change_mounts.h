// Mounts of a container that is there: more of them, or fewer.
#pragma once

#include <string>

#include "common/error.h"
#include "common/log.h"

namespace ocirt::lifecycle {

struct MountsRequest {
    std::string root;  // of the state directories
    std::string id;
    std::string file;     // JSON: a list as /mounts of config.json is one, or an object that has it as "mounts"
    bool remove = false;  // unmount what is at the destinations; everything else in the file is not looked at
};

// All of them or none; targets that were made for those taken back stay. Sources are the host's. The stored config
// stays as it is. Warnings of the plan go to `log`.
// Errors: Fault::not_found, Fault::wrong_state (neither created nor running), Fault::invalid_config, with pointer and
// position.
[[nodiscard]] Result<> change_mounts(const MountsRequest& request, const Log& log);

}  // namespace ocirt::lifecycle
