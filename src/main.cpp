#include "shim/main.h"
#include "runtime/cli/cli.h"

int main(int argc, char** argv) {
    if (argc > 0 && ocirt::shim::is_name_of_shim(argv[0])) return ocirt::shim::main(argc, argv);
    return ocirt::cli::main(argc, argv);
}
