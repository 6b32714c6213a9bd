#include "shim/monitor/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "common/number.h"
#include "common/syscall.h"

namespace ocirt::shim::monitor {

Result<std::vector<int>> open_descriptors() {
    Fd directory = TRY(sys::open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
    const std::vector<std::string> names = TRY(sys::names_in(directory));
    directory.reset();  // it is among them, and so is what it was read by
    std::vector<int> numbers;
    for (const std::string& name : names)
        if (int number = -1; read_number(name, number) && number > STDERR_FILENO && ::fcntl(number, F_GETFD) >= 0)
            numbers.push_back(number);
    return numbers;
}

}  // namespace ocirt::shim::monitor
