#include "support/own_run.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

namespace ocirt::test {

OwnRun::OwnRun() { EXPECT_EQ(::mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), 0); }

OwnRun::~OwnRun() { ::umount2("/run", MNT_DETACH); }

}  // namespace ocirt::test
