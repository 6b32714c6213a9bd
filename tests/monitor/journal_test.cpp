// The log driver journald, with a journal of the test's own. The same cases run on conmon.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <csignal>

#include "common/socket.h"
#include "common/syscall.h"
#include "support/monitor.h"
#include "support/own_run.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t message_limit = std::size_t{1} << 20;
// All that older journals take a file for sealed by: the least, and no others (Linux 6.3 has one more).
constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

class Journal {
   public:
    Journal() {
        fs::create_directories("/run/systemd/journal");
        listen();
    }

    // Anew, as a journal that is restarted does.
    void listen() {
        fs::remove("/run/systemd/journal/socket");
        socket_ = bind_datagram("/run/systemd/journal/socket");
    }

    // The next entry; "" where none comes. In a file it is read through, as journald would.
    std::string entry(std::chrono::milliseconds patience = soon) {
        const Result<Datagram> message = receive_datagram(socket_, message_limit, patience);
        if (!message) return "";
        if (message->descriptors.empty()) return message->data;
        EXPECT_EQ(message->descriptors.size(), 1U);
        EXPECT_EQ(message->data, "");
        const Fd& file = message->descriptors.front();
        EXPECT_EQ(::fcntl(file.get(), F_GET_SEALS), seals);
        ++files_;
        const Result<std::string> text = sys::read_all(file, message_limit);
        EXPECT_TRUE(text);
        return text.value_or("");
    }
    std::string entries() {
        std::string all;
        for (std::string one = entry(); !one.empty(); one = entry(std::chrono::milliseconds(100))) all += one + "--\n";
        return all;
    }
    [[nodiscard]] int files() const { return files_; }

   private:
    OwnRun run_;
    Fd socket_;
    int files_ = 0;
};

void give_long_id(Bundle& bundle) { bundle.id(bundle.id() + "-0123456789"); }

TEST(MonitorJournal, EntriesAndTheirFields) {
    Journal journal;
    Bundle bundle;
    give_long_id(bundle);
    Monitor monitor(bundle.sh("echo hello; echo '<2>bad' >&2; printf part"),
                    {.options = {"--log-tag", "tag"}, .logs = {"journald"}});
    EXPECT_EQ(monitor.start(), 0) << monitor.answer();
    EXPECT_EQ(monitor.exit_status(), 0);
    const std::string entries = journal.entries();
    for (const std::string& field : {"CONTAINER_ID_FULL=" + bundle.id() + "\n", std::string("CONTAINER_NAME=name\n"),
                                     std::string("CONTAINER_TAG=tag\n"), std::string("PRIORITY=6\n"),
                                     std::string("CONTAINER_PARTIAL_MESSAGE=true\n"), std::string("hello"),
                                     std::string("bad"), std::string("part")})
        EXPECT_TRUE(entries.contains(field)) << field << "in\n" << entries;
}

// A socket's buffer is 208 KiB unless somebody has changed it. conmon's library asks for a larger one first, and can
// send such an entry as it is.
TEST(MonitorJournal, AnEntryLargerThanADatagram) {
    Journal journal;
    Bundle bundle;
    give_long_id(bundle);
    const std::string tag(120000, 't');  // twice in an entry
    Monitor monitor(bundle.sh("echo one; sleep 0.1; echo two; exit 3"),
                    {.options = {"--log-tag", tag}, .logs = {"journald"}});
    EXPECT_EQ(monitor.start(), 0) << monitor.answer();
    for (const char* message : {"one\n", "two\n"}) {
        const std::string entry = journal.entry();
        EXPECT_GT(entry.size(), 2 * tag.size());
        EXPECT_TRUE(entry.contains("CONTAINER_TAG=" + tag + "\n"));
        EXPECT_TRUE(entry.contains("SYSLOG_IDENTIFIER=" + tag + "\n"));
        EXPECT_TRUE(entry.contains(message));
    }
    EXPECT_TRUE(!monitor_is_ocirt() || journal.files() == 2) << journal.files();
    EXPECT_EQ(monitor.exit_status(), 3);
    EXPECT_TRUE(monitor.ends());
    EXPECT_EQ(journal.entry(std::chrono::milliseconds(0)), "");
}

TEST(MonitorJournal, IsRestarted) {
    Journal journal;
    Bundle bundle;
    give_long_id(bundle);
    Monitor monitor(bundle.args({"/bin/cat"}), {.options = {"-i"}, .logs = {"journald"}});
    AttachedClient client = monitor.attach();
    EXPECT_EQ(monitor.start(), 0) << monitor.answer();
    for (const char* word : {"one\n", "two\n"}) {
        client.send(word);
        EXPECT_TRUE(client.receives(word));
        EXPECT_TRUE(journal.entry().contains(word));
        journal.listen();
    }
    client.end_input();
    EXPECT_EQ(monitor.exit_status(), 0);
}

}  // namespace
}  // namespace ocirt::test
