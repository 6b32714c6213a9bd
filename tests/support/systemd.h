// What systemd says of its units.
#pragma once

#include <string>
#include <vector>

#include "support/process.h"

namespace ocirt::test {

// `systemctl` with these words; "--user" first asks the user's own systemd.
Finished systemctl(const std::vector<std::string>& words);

// A property as `systemctl show` writes it.
std::string show(const std::string& unit, const std::string& property);

bool is_loaded(const std::string& unit);

// Whether PID 1 is systemd.
bool has_systemd();

// Of this process' containers, "ocirt12-test.slice", in test_slice_above(), "ocirt12.slice". systemd lets empty ones
// stand, and stops with a slice all that is in it: no other process' tests may be in these.
std::string test_slice();
std::string test_slice_above();
void stop_test_slices();

}  // namespace ocirt::test
