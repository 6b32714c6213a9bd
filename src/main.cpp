#include <unistd.h>

#include "runtime/cli/cli.h"
#include "shim/main.h"

int main(int argc, char** argv) {
    const bool is_shim = argc > 0 && ocirt::shim::is_name_of_shim(argv[0]);
    const int status = is_shim ? ocirt::shim::main(argc, argv) : ocirt::cli::main(argc, argv);
#ifdef OCIRT_RELEASE
    // Nothing is left to do: static objects' destructors would only read their pages from the program.
    ::_exit(status);
#else
    return status;  // through what sanitizers and gcov do at the end
#endif
}
