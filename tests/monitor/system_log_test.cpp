// --syslog. The same cases run on conmon.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>

#include "common/socket.h"
#include "common/syscall.h"
#include "support/monitor.h"
#include "support/temporary_directory.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// /dev as it is, and a socket "log" that is not everybody's.
class SystemLog {
   public:
    explicit SystemLog(const fs::path& scratch) : directory_(scratch / "dev") {
        fs::create_directories(directory_);
        EXPECT_EQ(::mount("tmpfs", directory_.c_str(), "tmpfs", 0, nullptr), 0);
        for (const fs::directory_entry& entry : fs::directory_iterator("/dev")) {
            const fs::path place = directory_ / entry.path().filename();
            if (place.filename() == "log") continue;
            if (entry.is_symlink()) {
                fs::copy_symlink(entry.path(), place);
                continue;
            }
            if (entry.is_directory())
                fs::create_directories(place);
            else
                std::ofstream(place).put(' ');
            EXPECT_EQ(::mount(entry.path().c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr), 0) << place;
        }
        socket_ = bind_datagram(directory_ / "log");
        EXPECT_EQ(::mount(directory_.c_str(), "/dev", nullptr, MS_BIND | MS_REC, nullptr), 0);
    }
    ~SystemLog() {
        ::umount2("/dev", MNT_DETACH);
        ::umount2(directory_.c_str(), MNT_DETACH);
    }
    SystemLog(const SystemLog&) = delete;
    SystemLog& operator=(const SystemLog&) = delete;

    // What has come by now, one message a line.
    [[nodiscard]] std::string text() const {
        std::string text;
        while (const Result<Datagram> message = receive_datagram(socket_, 65536, std::chrono::milliseconds(100)))
            text += message->data + "\n";
        return text;
    }

   private:
    fs::path directory_;
    Fd socket_;
};

TEST(MonitorSystemLog, IsToldIfAsked) {
    const TemporaryDirectory scratch;
    const SystemLog log(scratch.path());
    for (const bool told : {true, false}) {
        Bundle bundle;
        MonitorStart start;
        if (told) start.options = {"--syslog"};
        Monitor monitor(bundle.args({"no-such-program"}), start);
        EXPECT_EQ(monitor.answer().value("data", 0), -1);
        EXPECT_TRUE(monitor.ends());
        const std::string text = log.text();
        if (!told) {
            EXPECT_EQ(text, "");
            continue;
        }
        // An error: of a daemon, and to conmon of a user's program.
        for (const std::string& word : {std::string(monitor_is_ocirt() ? "<27>" : "<11>"), std::string(" conmon"),
                                        bundle.id(), std::string("no-such-program")})
            EXPECT_TRUE(text.contains(word)) << word << " in " << text;
    }
}

TEST(MonitorSystemLog, IsToldAsLongAsTheMonitorLives) {
    const TemporaryDirectory scratch;
    const SystemLog log(scratch.path());
    Bundle bundle;
    Monitor monitor(bundle.args({"/bin/sleep", "1000"}), {.options = {"--syslog"}});
    EXPECT_EQ(monitor.start(), 0);
    EXPECT_EQ(log.text(), "");
    monitor.write_fifo("ctl", "nonsense\n");
    EXPECT_TRUE(eventually([&] { return log.text().contains("message"); }));
}

}  // namespace
}  // namespace ocirt::test
