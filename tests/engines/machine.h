// A virtual machine of tests/vm that has systemd. There the tests run on it as it is, and it ends with them: systemd
// moves processes by their numbers outside of any sandbox, and a user's manager is his session's.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ocirt::engines {

// Whether the tests run in one ($VM_MODE): no sandbox, and engines leave cgroups to systemd.
bool has_systemd();
// Whether they are a user's there, in his session.
bool is_rootless();

// Runs `body` there and returns its exit code.
int run_on_machine(const std::function<int()>& body);

// Where runtimes that are told nothing else keep the states of their containers, for this user.
std::vector<std::string> states_of_runtimes();

// Whether a cgroup may come and go there without an engine: services, and the slices that are all engines' own.
bool is_systemds_own(const std::string& cgroup);

}  // namespace ocirt::engines
