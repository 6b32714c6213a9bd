#include "runtime/init/vectors.h"

#include "runtime/init/kernel.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

char** fill(const Program& program, plan::WireTexts texts, char** out) {
    for (uint32_t at = 0; at < texts.count; ++at) *out++ = const_cast<char*>(program.text(texts, at).data);
    return out;
}

}  // namespace

Result make_vectors(const Program& program, plan::WireTexts args, plan::WireTexts env, const FoundEnvironment& found,
                    Vectors& vectors) {
    constexpr size_t ends = 2 + sizeof found.lines / sizeof found.lines[0];  // null pointers, and what was found
    vectors.size = (size_t{args.count} + env.count + ends) * sizeof(char*);
    const long block =
        TRY(sys::call(__NR_mmap, 0, vectors.size, prot_read | prot_write, map_private | map_anonymous, -1, 0));
    vectors.block = sys::pointer(block);
    vectors.argv = static_cast<char**>(vectors.block);
    char** end = fill(program, args, vectors.argv);
    *end++ = nullptr;
    vectors.envp = end;
    end = fill(program, env, end);
    for (const char* line : found.lines)
        if (line != nullptr) *end++ = const_cast<char*>(line);
    *end = nullptr;
    return done;
}

}  // namespace ocirt::init
