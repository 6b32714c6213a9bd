// The config.json that a Bundle starts from: what `ocirt spec` writes, without a terminal.
#pragma once

#include <nlohmann/json.hpp>

namespace ocirt::test {

using Json = nlohmann::ordered_json;

// `cgroups_path` becomes /linux/cgroupsPath.
Json default_config(const std::string& cgroups_path);

}  // namespace ocirt::test
