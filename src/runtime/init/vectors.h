// The argument and environment vectors that execve takes: arrays of pointers into the program.
#pragma once

#include "runtime/init/machine.h"

namespace ocirt::init {

struct Vectors {
    char** argv = nullptr;
    char** envp = nullptr;
    void* block = nullptr;  // the mapping that holds both
    size_t size = 0;
};

// Lines of the environment that only init knows; null: none.
struct FoundEnvironment {
    const char* lines[2]{};
};

// Lays out `args`, `env` and what was found, each vector with its final null pointer, in a mapping of their own.
Result make_vectors(const Program& program, plan::WireTexts args, plan::WireTexts env, const FoundEnvironment& found,
                    Vectors& vectors);

}  // namespace ocirt::init
