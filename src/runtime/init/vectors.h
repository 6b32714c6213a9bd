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

// Lays out `args` and `env`, each with its final null pointer, in a mapping of their own. `extra` (unless null) becomes
// one more line of the environment.
Result make_vectors(const Program& program, plan::WireTexts args, plan::WireTexts env, const char* extra,
                    Vectors& vectors);

}  // namespace ocirt::init
