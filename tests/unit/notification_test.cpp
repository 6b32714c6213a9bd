// What of a container's notifications goes on to the service manager.
#include "runtime/lifecycle/notification.h"

#include <gtest/gtest.h>

#include <string>

namespace ocirt::lifecycle {
namespace {

std::string lines_of(std::string_view datagram) { return read_notification(datagram).lines; }

TEST(Notification, StateOfTheProgramGoesOn) {
    for (const char* line :
         {"READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=Größe 12 %", "STATUS=", "BUSERROR=org.x.Failed",
          "VARLINKERROR=x.y", "ERRNO=2", "EXTEND_TIMEOUT_USEC=5000000", "MONOTONIC_USEC=18446744073709551615"})
        EXPECT_EQ(lines_of(line), std::string(line) + "\n");
}

TEST(Notification, WhatIsAboutTheUnitDoesNot) {
    for (const char* line : {"MAINPID=1",
                             "MAINPIDFD=1",
                             "MAINPIDFDID=7",
                             "NOTIFYACCESS=all",
                             "FDSTORE=1",
                             "FDSTOREREMOVE=1",
                             "FDNAME=x",
                             "FDPOLL=0",
                             "WATCHDOG_USEC=1",
                             "RESTART_RESET=1",
                             "X_ANY=1",
                             "READY=0",
                             "READY=",
                             "READY",
                             "ready=1",
                             " READY=1",
                             "WATCHDOG=trigger",
                             "ERRNO=-1",
                             "ERRNO=",
                             "ERRNO=1x",
                             "EXTEND_TIMEOUT_USEC=123456789012345678901",
                             "",
                             "=",
                             "\n"})
        EXPECT_EQ(lines_of(line), "") << line;
}

TEST(Notification, LinesAreJudgedOneByOne) {
    const Notification read = read_notification("STATUS=a\nMAINPID=1\n\nREADY=1\nFDSTORE=1\n");
    EXPECT_EQ(read.lines, "STATUS=a\nREADY=1\n");
    EXPECT_TRUE(read.ready);
    EXPECT_FALSE(read.barrier);
    EXPECT_FALSE(read_notification("STATUS=READY=1").ready);
}

TEST(Notification, ABarrierStandsAlone) {
    EXPECT_TRUE(read_notification("BARRIER=1").barrier);
    EXPECT_TRUE(read_notification("BARRIER=1\n").barrier);
    EXPECT_FALSE(read_notification("BARRIER=1\nREADY=1").barrier);
    EXPECT_FALSE(read_notification("BARRIER=0").barrier);
}

TEST(Notification, TextsAreForTerminals) {
    EXPECT_EQ(lines_of("STATUS=\033[31mred\007\x7f\tx"), "STATUS= [31mred   x\n");
    EXPECT_EQ(lines_of("STATUS=a\xc2\x9b"
                       "31mb\xc2\xa0"),
              "STATUS=a  31mb\xc2\xa0\n");
    EXPECT_EQ(lines_of("STATUS=" + std::string(notification_text_limit, 'x') + "yz").size(),
              notification_text_limit + 8);
    // Cut between characters.
    EXPECT_EQ(lines_of("STATUS=" + std::string(notification_text_limit - 1, 'x') + "ü"),
              "STATUS=" + std::string(notification_text_limit - 1, 'x') + "\n");
}

TEST(Notification, OfABrokenDatagramNothingGoesOn) {
    EXPECT_EQ(lines_of(std::string_view("READY=1\0STATUS=x", 16)), "");
    EXPECT_EQ(lines_of(std::string_view("READY=1\0", 8)), "READY=1\n");
    EXPECT_EQ(lines_of("READY=1\nSTATUS=" + std::string(notification_limit, 'x')), "");
}

}  // namespace
}  // namespace ocirt::lifecycle
