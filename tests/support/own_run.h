// An empty /run of a test's own, over the machine's, in the private mount namespace of the tests. It is mounted whole,
// and not on one of its directories: who removes such a mount point, as another test that made it does, takes away what
// anybody has mounted there (rmdir(2) since Linux 3.18).
#pragma once

namespace ocirt::test {

class OwnRun {
   public:
    OwnRun();
    ~OwnRun();
    OwnRun(const OwnRun&) = delete;
    OwnRun& operator=(const OwnRun&) = delete;
};

}  // namespace ocirt::test
