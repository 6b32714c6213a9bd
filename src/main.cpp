#include <unistd.h>

#include "runtime/cli/cli.h"
#include "shim/main.h"
#include "shim/monitor/main.h"
#include "shim/native/commands.h"

int main(int argc, char** argv) {
    const char* const name = argc > 0 ? argv[0] : "";
    const int status = ocirt::shim::is_name_of_shim(name) ? ocirt::shim::main(argc, argv)
                       : ocirt::shim::monitor::is_name_of_monitor(name)
                           ? ocirt::shim::monitor::main(argc, argv)
                           : ocirt::cli::main(argc, argv, ocirt::shim::native::commands());
#ifdef OCIRT_RELEASE
    // Nothing is left to do: static objects' destructors would only read their pages from the program.
    ::_exit(status);
#else
    return status;  // through what sanitizers and gcov do at the end
#endif
}
