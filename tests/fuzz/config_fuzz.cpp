// Any bytes as a config.json: no crash, no hang, and every finding at a place that exists.
//
//   clang++-19 -std=c++23 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc tests/fuzz/config_fuzz.cpp \
//       src/common/error.cpp src/common/json_document.cpp src/runtime/spec/*.cpp -lcap -lseccomp -o config_fuzz
//   ./config_fuzz -max_len=65536 <corpus> tests/unit/data
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "runtime/spec/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ocirt;
    const JsonDocument document = JsonDocument::parse(std::string(reinterpret_cast<const char*>(data), size));
    const spec::Parsed parsed = spec::parse(document);
    if ((!document.root() || !document.faults().empty()) && parsed.ok()) std::abort();
    for (const spec::Finding& finding : parsed.findings) {
        if (finding.line > size + 1 || finding.column > size + 1) std::abort();
        if (spec::render(finding, "config.json").empty()) std::abort();
    }
    return 0;
}
