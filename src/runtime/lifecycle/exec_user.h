// `exec --user`: names are those of the container.
#pragma once

#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/spec/config.h"

namespace ocirt::lifecycle {

// Who "USER[:GROUP]" is. Numbers are taken as they are, and change nothing but themselves: uid, and gid where it is
// given. A name brings its group of /etc/passwd and the groups of /etc/group that list it, unless GROUP stands beside
// it. `root` is the container's; the files are the image's: opened inside that root, regular, of bounded size, never
// waited for (threat D5). `current` is whom the process would run as without the option.
// Errors: Fault::invalid_argument for a name that is in no file, or a number out of range.
[[nodiscard]] Result<spec::User> find_user(const Fd& root, const std::string& words, const spec::User& current);

// The root directory of the process that `pidfd` and `pid` both mean.
// Errors: Fault::wrong_state when it has ended.
[[nodiscard]] Result<Fd> open_root_of(pid_t pid, const Fd& pidfd);

}  // namespace ocirt::lifecycle
