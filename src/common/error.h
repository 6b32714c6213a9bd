// What went wrong, as fields. Text is made in one place (render) and nowhere else.
//
// Every layer fills in what it knows: the wrapper of a system call its name and errno, its caller the operation and the
// object, the plan the JSON pointer that asked for it. docs/errors.md lists the phrases that container engines match.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ocirt {

// The class of a failure. It decides the exit code of a command and, in the shim, the status code of a reply.
enum class Fault {
    system,                  // the kernel refused: see errnum
    invalid_config,          // config.json is wrong: see pointer
    invalid_argument,        // the command line is wrong
    not_found,               // no such container
    already_exists,          // the id is in use
    wrong_state,             // the container is not in the state that the operation asks for
    unsupported,             // ocirt, this kernel or this host cannot do it
    program_not_found,       // the user's program does not exist in the rootfs: exit code 127
    program_not_executable,  // it exists and cannot be executed: exit code 126
    hook_failed,             // a hook exited non-zero, was killed or took too long
    timed_out,               // a bounded wait ended
    corrupted,               // a file or a message of ocirt's own is not what ocirt wrote
};

struct Error {
    Fault fault = Fault::system;
    std::string position{};   // where that stands: "config.json:12:14"
    std::string pointer{};    // JSON pointer of the value that asked for it: "/mounts/3"
    std::string operation{};  // what was being done: "mount proc on"
    std::string object{};     // to what: a path, an id, a pid: "/proc"
    std::string syscall{};    // the system call that failed
    int errnum = 0;           // its errno
    std::string detail{};     // in free words what errno does not say, the kernel's own words included
    std::string hint{};       // what the user can do
    std::shared_ptr<const Error> cause{};
};

// One line without a final newline, empty fields left out:
//   position: pointer: operation object: detail: errno's text (ENAME): cause (hint)
// errno's text is C's in lower case, as Go writes it: container engines match these phrases.
[[nodiscard]] std::string render(const Error& error);

// 126 and 127 for the user's program, 1 for everything else. (`exec` answers 255 in place of 1.)
[[nodiscard]] int exit_code(const Error& error);

// "no such file or directory" for ENOENT.
[[nodiscard]] std::string errno_text(int errnum);

// "ENOENT" for ENOENT; "errno 4095" for what has no name.
[[nodiscard]] std::string errno_name(int errnum);

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

// A failed system call. Takes errno at once unless told otherwise: call it right after the call that failed.
[[nodiscard]] std::unexpected<Error> fail_errno(const char* syscall, std::string operation, std::string object = {});
[[nodiscard]] std::unexpected<Error> fail_errno(int errnum, const char* syscall, std::string operation,
                                                std::string object = {});

}  // namespace ocirt

// The value of a Result, or return its error from the function around it.
#define TRY(expression)                                                                         \
    __extension__({                                                                             \
        auto ocirt_try_result = (expression);                                                   \
        if (!ocirt_try_result) return ::std::unexpected(::std::move(ocirt_try_result).error()); \
        *::std::move(ocirt_try_result);                                                         \
    })
