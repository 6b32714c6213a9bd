#include "support/systemd.h"

#include <unistd.h>

#include <filesystem>

namespace ocirt::test {

Finished systemctl(const std::vector<std::string>& words) {
    std::vector<std::string> args = {"/usr/bin/systemctl"};
    args.insert(args.end(), words.begin(), words.end());
    return run({.args = args});
}

std::string show(const std::string& unit, const std::string& property) {
    std::string text = systemctl({"show", unit, "--property=" + property, "--value"}).out;
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

bool is_loaded(const std::string& unit) { return show(unit, "LoadState") == "loaded"; }

bool has_systemd() { return std::filesystem::exists("/run/systemd/system"); }

std::string test_slice() { return "ocirt" + std::to_string(getpid()) + "-test.slice"; }

std::string test_slice_above() { return "ocirt" + std::to_string(getpid()) + ".slice"; }

void stop_test_slices() { (void)systemctl({"stop", test_slice_above()}); }

}  // namespace ocirt::test
