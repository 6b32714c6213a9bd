// config.json from disk.
#pragma once

#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "common/json_document.h"
#include "runtime/spec/parse.h"

namespace ocirt::spec {

struct Loaded {
    JsonDocument document;  // finds the position of any JSON pointer later, for errors of the plan and of init
    Parsed parsed;
};

// The bytes of a JSON file: a regular one within json_size_limit, which is checked before it is read. `name` is for
// errors only. Fault::system for what cannot be opened or read, Fault::invalid_config for what is no such file.
[[nodiscard]] Result<std::string> read_json_text(const Fd& file, const std::string& name);
[[nodiscard]] Result<Fd> open_json(const std::string& path);

// Opens, reads and parses. An unreadable file is an Error; what is wrong inside is in parsed.findings.
[[nodiscard]] Result<Loaded> load(const std::string& path);
[[nodiscard]] Result<Loaded> load(const Fd& file, const std::string& name);

}  // namespace ocirt::spec
