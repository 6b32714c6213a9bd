#include "support/gate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ocirt::test {

Gate::Gate(const std::filesystem::path& path) : reached_(path.string() + ".in") {
    const std::string out = path.string() + ".out";
    ::mkfifo(out.c_str(), 0600);
    out_ = Fd(::open(out.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

void Gate::open() const {
    constexpr std::string_view lines = "go\ngo\ngo\n";
    EXPECT_EQ(::write(out_.get(), lines.data(), lines.size()), static_cast<ssize_t>(lines.size()));
}

}  // namespace ocirt::test
