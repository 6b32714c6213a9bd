// Hooks that run in the runtime's namespaces: prestart, createRuntime, poststart, poststop (config.md "POSIX-platform
// Hooks"). The others are steps of init's.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/spec/config.h"

namespace ocirt::lifecycle {

// Runs one after another with `state` on stdin, the environment as given (an empty one is empty), the bundle as working
// directory, and no other descriptor of ours. The first failure ends the list: Fault::hook_failed with what the hook
// wrote. `list` is the JSON pointer of the list: "/hooks/prestart".
[[nodiscard]] Result<> run_hooks(const std::vector<spec::Hook>& hooks, const std::string& state,
                                 const std::string& bundle, const std::string& list);

// The same for poststop hooks, of which none keeps the next from running: every failure.
[[nodiscard]] std::vector<Error> run_poststop_hooks(const std::vector<spec::Hook>& hooks, const std::string& state,
                                                    const std::string& bundle);

}  // namespace ocirt::lifecycle
