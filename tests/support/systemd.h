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

}  // namespace ocirt::test
