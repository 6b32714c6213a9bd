#include "runtime/cli/cli.h"

int main(int argc, char** argv) { return ocirt::cli::main(argc, argv); }
