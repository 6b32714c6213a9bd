#include "common/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace ocirt {
namespace {

TEST(Error, RendersItsFieldsInOrder) {
    const Error error{.pointer = "/mounts/3",
                      .operation = "mount proc on",
                      .object = "/proc",
                      .syscall = "fsmount",
                      .errnum = EPERM,
                      .hint = "a nested proc must not be partly covered"};
    EXPECT_EQ(render(error),
              "/mounts/3: mount proc on /proc: operation not permitted (EPERM)"
              " (a nested proc must not be partly covered)");
}

TEST(Error, RendersItsCauseOnOneLine) {
    Error error{.operation = "create", .object = "web"};
    error.cause = std::make_shared<const Error>(Error{.detail = "first\nsecond"});
    EXPECT_EQ(render(error), "create web: first second");
}

// Go's words, which container engines match: docs/errors.md.
TEST(Error, SaysErrnoAsGoDoes) {
    EXPECT_EQ(errno_text(ENOENT), "no such file or directory");
    EXPECT_EQ(errno_text(EACCES), "permission denied");
    EXPECT_EQ(errno_text(EPERM), "operation not permitted");
    EXPECT_EQ(errno_text(ESRCH), "no such process");
    EXPECT_EQ(errno_name(4095), "errno 4095");
}

TEST(Error, ExitCodesOfTheUsersProgram) {
    EXPECT_EQ(exit_code({.fault = Fault::program_not_found}), 127);
    EXPECT_EQ(exit_code({.fault = Fault::program_not_executable}), 126);
    EXPECT_EQ(exit_code({.fault = Fault::invalid_config}), 1);
}

TEST(Error, TryHandsTheErrorOn) {
    const auto failing = []() -> Result<int> {
        const int value = TRY(Result<int>(fail({.operation = "inner"})));
        return value + 1;
    };
    const Result<int> result = failing();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().operation, "inner");
}

}  // namespace
}  // namespace ocirt
