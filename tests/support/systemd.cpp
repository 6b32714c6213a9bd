#include "support/systemd.h"

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

}  // namespace ocirt::test
