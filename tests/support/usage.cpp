#include "support/usage.h"

#include "support/host.h"

namespace ocirt::test {

long number_in(pid_t pid, const std::string& file, const std::string& name) {
    const std::string text = "\n" + read_file("/proc/" + std::to_string(pid) + "/" + file);
    const std::size_t at = text.find("\n" + name + ":");
    return at == std::string::npos ? -1 : std::stol(text.substr(at + name.size() + 2));
}

std::chrono::nanoseconds cpu_time(pid_t pid) {
    return std::chrono::nanoseconds(std::stoll(read_file("/proc/" + std::to_string(pid) + "/schedstat")));
}

}  // namespace ocirt::test
