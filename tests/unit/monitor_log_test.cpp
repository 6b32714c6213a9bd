// How a container's output becomes records, and what limits do to them.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "shim/monitor/journal_entry.h"
#include "shim/monitor/json_log.h"
#include "shim/monitor/k8s_log.h"
#include "shim/monitor/log_target.h"
#include "shim/monitor/logs.h"
#include "shim/monitor/rate.h"

namespace ocirt::shim::monitor {
namespace {

namespace fs = std::filesystem;
using std::chrono::system_clock;

std::string read_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

class MonitorLog : public ::testing::Test {
   protected:
    MonitorLog() {
        std::string name = (fs::temp_directory_path() / "ocirt-log-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }
    ~MonitorLog() override { fs::remove_all(directory_); }

    [[nodiscard]] fs::path path() const { return directory_ / "ctr.log"; }
    [[nodiscard]] LogFile open(const LogLimits& limits = {}) const {
        Result<LogFile> file = LogFile::open(path(), limits);
        EXPECT_TRUE(file) << render(file.error());
        return std::move(*file);
    }
    // The file with each time as "T".
    [[nodiscard]] std::string text(const fs::path& file) const {
        static const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d))");
        return std::regex_replace(read_file(file), time, "T");
    }
    [[nodiscard]] std::string text() const { return text(path()); }

    static Chunk out(std::string_view bytes) {
        return {.stream = Stream::output, .bytes = bytes, .at = system_clock::now()};
    }
    static Chunk err(std::string_view bytes) {
        return {.stream = Stream::error, .bytes = bytes, .at = system_clock::now()};
    }

    fs::path directory_;
};

TEST(MonitorLogTime, IsRfc3339) {
    LogTime time(LogTime::Zone::utc);
    using std::chrono::nanoseconds;
    const auto at = [](std::int64_t ns) { return system_clock::time_point(nanoseconds(ns)); };
    EXPECT_EQ(time.text(at(0)), "1970-01-01T00:00:00.000000000+00:00");
    EXPECT_EQ(time.text(at(1'000'000'000'000'000'001)), "2001-09-09T01:46:40.000000001+00:00");
    EXPECT_EQ(time.text(at(1'000'000'000'999'999'999)), "2001-09-09T01:46:40.999999999+00:00");
    EXPECT_EQ(time.text(at(1'000'000'001'000'000'000)), "2001-09-09T01:46:41.000000000+00:00");
}

TEST_F(MonitorLog, LinesAndPartsOfLines) {
    K8sLog log(open());
    EXPECT_TRUE(log.write(out("one\ntwo\nthr")));
    EXPECT_TRUE(log.write(err("wrong\n")));
    EXPECT_TRUE(log.write(out("ee\n\n")));
    EXPECT_EQ(text(), "T stdout F one\nT stdout F two\nT stdout P thr\nT stderr F wrong\nT stdout F ee\nT stdout F \n");
}

TEST_F(MonitorLog, EveryByte) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    K8sLog log(open());
    EXPECT_TRUE(log.write(out(std::string_view("\0\n", 2))));
    EXPECT_TRUE(log.write(out(all)));
    EXPECT_EQ(text(), std::string("T stdout F \0\n", 13) + "T stdout F " + all.substr(0, 11) + "T stdout P " +
                          all.substr(11) + "\n");
}

TEST_F(MonitorLog, ManyShortLines) {
    K8sLog log(open());
    std::string lines;
    std::string expected;
    for (int i = 0; i < 5000; ++i) {
        lines += std::to_string(i) + "\n";
        expected += "T stdout F " + std::to_string(i) + "\n";
    }
    EXPECT_TRUE(log.write(out(lines)));
    EXPECT_EQ(text(), expected);
}

TEST_F(MonitorLog, ARecordThatTheContainerForgesIsContent) {
    K8sLog log(open());
    EXPECT_TRUE(log.write(out("2020-01-01T00:00:00.000000000Z stdout F forged\n\r\x1b[2J\n")));
    EXPECT_EQ(text(), "T stdout F T stdout F forged\nT stdout F \r\x1b[2J\n");
    const std::string raw = read_file(path());
    EXPECT_EQ(std::ranges::count(raw, '\n'), 2);
}

TEST_F(MonitorLog, Json) {
    JsonLog log(open());
    EXPECT_TRUE(log.write(out(std::string_view("a\"\\\t\0b\nc\xc3", 9))));
    EXPECT_TRUE(log.write(err("x\n")));
    EXPECT_TRUE(log.write(out("\xa4\n\xff\n")));
    EXPECT_TRUE(log.write(out("end\xe2\x82")));
    EXPECT_TRUE(log.finish());
    EXPECT_EQ(text(),
              "{\"log\":\"a\\\"\\\\\\t\\u0000b\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n"
              "{\"log\":\"c\",\"stream\":\"stdout\",\"time\":\"T\"}\n"
              "{\"log\":\"x\\n\",\"stream\":\"stderr\",\"time\":\"T\"}\n"
              "{\"log\":\"\xc3\xa4\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n"
              "{\"log\":\"\xef\xbf\xbd\\n\",\"stream\":\"stdout\",\"time\":\"T\"}\n"
              "{\"log\":\"end\",\"stream\":\"stdout\",\"time\":\"T\"}\n"
              "{\"log\":\"\xef\xbf\xbd\xef\xbf\xbd\",\"stream\":\"stdout\",\"time\":\"T\"}\n");
}

TEST_F(MonitorLog, AFullFileIsReplaced) {
    K8sLog log(open({.size_max = 1000}));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(log.write(out("line " + std::to_string(i) + "\n")));
    EXPECT_LE(fs::file_size(path()), 1000U);
    EXPECT_TRUE(text().ends_with("line 99\n"));
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1);
}

TEST_F(MonitorLog, AFullFileIsKept) {
    K8sLog log(open({.size_max = 1000, .kept_files = 20}));
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(log.write(out("line " + std::to_string(i) + "\n")));
        expected += "T stdout F line " + std::to_string(i) + "\n";
    }
    std::string all;
    for (int i = 20; i > 0; --i) {
        const fs::path old = path().string() + "." + std::to_string(i);
        if (!fs::exists(old)) continue;
        EXPECT_LE(fs::file_size(old), 1000U);
        all += text(old);
    }
    EXPECT_EQ(all + text(), expected);
}

TEST_F(MonitorLog, TheLimitHoldsOverRestarts) {
    for (int i = 0; i < 100; ++i) {
        K8sLog log(open({.size_max = 65536}));
        EXPECT_TRUE(log.write(out(std::string(10000, 'x') + "\n")));
        EXPECT_LE(fs::file_size(path()), 65536U);
    }
    for (int i = 0; i < 100; ++i) {
        K8sLog log(open({.total_max = 100000}));
        EXPECT_TRUE(log.write(out(std::string(10000, 'x') + "\n")));
    }
    EXPECT_LE(fs::file_size(path()), 111000U);
}

TEST_F(MonitorLog, ALinkIsRefused) {
    const fs::path elsewhere = directory_ / "elsewhere";
    fs::create_symlink(elsewhere, path());
    const Result<LogFile> file = LogFile::open(path(), {});
    ASSERT_FALSE(file);
    EXPECT_TRUE(render(file.error()).contains("it is a symlink")) << render(file.error());
    EXPECT_FALSE(fs::exists(elsewhere));
}

TEST_F(MonitorLog, ADirectorySwappedForALink) {
    const fs::path place = directory_ / "logs";
    const fs::path elsewhere = directory_ / "elsewhere";
    fs::create_directories(place);
    fs::create_directories(elsewhere);
    Result<LogFile> file = LogFile::open(place / "ctr.log", {.size_max = 100, .kept_files = 2});
    ASSERT_TRUE(file);
    K8sLog log(std::move(*file));
    EXPECT_TRUE(log.write(out("before\n")));
    fs::rename(place, directory_ / "moved");
    fs::create_directory_symlink(elsewhere, place);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(log.write(out("after\n")));
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.write(out("last\n")));
    EXPECT_TRUE(fs::is_empty(elsewhere));
    EXPECT_TRUE(text(directory_ / "moved/ctr.log").ends_with("last\n"));
}

TEST_F(MonitorLog, ReopensWhereTheFileWasMovedAway) {
    K8sLog log(open());
    EXPECT_TRUE(log.write(out("one\n")));
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.write(out("two\n")));
    fs::rename(path(), directory_ / "old");
    EXPECT_TRUE(log.write(out("three\n")));
    EXPECT_TRUE(log.reopen());
    EXPECT_TRUE(log.write(out("four\n")));
    EXPECT_EQ(text(directory_ / "old"), "T stdout F one\nT stdout F two\nT stdout F three\n");
    EXPECT_EQ(text(), "T stdout F four\n");
    struct stat status{};
    EXPECT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0137, 0U);
}

// A limit of the file's size is a disk that is full at that byte.
class FullDisk {
   public:
    explicit FullDisk(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

   private:
    rlimit before_{};
};

TEST_F(MonitorLog, WhatTheDiskDoesNotTakeIsKept) {
    K8sLog log(open());
    {
        const FullDisk full(60);
        EXPECT_TRUE(log.write(out("one\n")));
        EXPECT_FALSE(log.write(out("two\nthree\n")));
        EXPECT_FALSE(log.settle());
        EXPECT_FALSE(log.write(out("four\n")));
    }
    EXPECT_TRUE(log.settle());
    EXPECT_EQ(text(), "T stdout F one\nT stdout F two\nT stdout F three\nT stdout F four\n");
}

TEST_F(MonitorLog, GivingUpLeavesWholeRecords) {
    K8sLog log(open());
    std::uint64_t lost = 0;
    {
        const FullDisk full(60);
        EXPECT_TRUE(log.write(out("one\n")));
        EXPECT_FALSE(log.write(out("two\nthree\n")));
        lost += log.give_up();
        EXPECT_FALSE(log.write(out("four\n")));
        lost += log.give_up();
    }
    EXPECT_TRUE(log.write(out("five\n")));
    EXPECT_EQ(text(), "T stdout F one\nT stdout F two\nT stdout F five\n");
    EXPECT_EQ(lost, 2 * std::string("2026-11-23T13:16:15.000000001+00:00 stdout F ").size() + 6 + 5);
}

TEST_F(MonitorLog, ALossIsCountedInTheLog) {
    std::vector<std::unique_ptr<LogWriter>> writers;
    writers.push_back(std::make_unique<K8sLog>(open()));
    int warnings = 0;
    Logs logs(std::move(writers), false, [&warnings](const Error&) { ++warnings; });
    {
        const FullDisk full(60);
        logs.write(out("one\n"));
        EXPECT_FALSE(logs.is_stuck());
        logs.write(out("two\n"));
        EXPECT_TRUE(logs.is_stuck());
        ::usleep(1'050'000);
        logs.retry();
        EXPECT_FALSE(logs.is_stuck()) << "it waits for a second";
        logs.write(out("three\n"));
        EXPECT_FALSE(logs.is_stuck());
    }
    logs.write(out("four\n"));
    EXPECT_EQ(text(),
              "T stdout F one\nT stdout F two\nT stdout F four\nT stderr F ocirt: 51 bytes of the log are lost here\n");
    EXPECT_EQ(warnings, 1);
}

TEST(MonitorLogTarget, Forms) {
    using Kind = LogTarget::Kind;
    const auto kind = [](const char* word) { return parse_log_target(word).value_or(LogTarget{}).kind; };
    EXPECT_EQ(kind("k8s-file:/a"), Kind::k8s_file);
    EXPECT_EQ(kind("/a"), Kind::k8s_file);
    EXPECT_EQ(kind(":none"), Kind::k8s_file);
    EXPECT_EQ(parse_log_target("k8s-file:/a:b")->path, "/a:b");
    EXPECT_EQ(kind("json-file:/a"), Kind::json_file);
    EXPECT_EQ(kind("journald"), Kind::journald);
    EXPECT_EQ(kind("journald:/x"), Kind::journald);
    EXPECT_EQ(kind("passthrough"), Kind::passthrough);
    for (const char* word : {"none", "off", "null"}) EXPECT_EQ(parse_log_target(word)->kind, Kind::none);
    EXPECT_EQ(parse_log_target("k8s-file").error().detail, "k8s-file requires a filename");
    EXPECT_EQ(parse_log_target("foo:/a").error().detail, "No such log driver foo");
    EXPECT_EQ(parse_log_target("").error().detail, "log-path must not be empty");
}

TEST_F(MonitorLog, OnlyInAllowedDirectories) {
    fs::create_directories(directory_ / "allowed/below");
    fs::create_directories(directory_ / "allowed-not");
    fs::create_directory_symlink(directory_ / "allowed-not", directory_ / "allowed/link");
    const auto allows = [this](const char* path) {
        const LogTarget target{.kind = LogTarget::Kind::k8s_file, .path = directory_ / path};
        return check_allowed(target, {directory_ / "none", directory_ / "allowed"}).has_value();
    };
    EXPECT_TRUE(allows("allowed/a"));
    EXPECT_TRUE(allows("allowed/below/a"));
    EXPECT_FALSE(allows("allowed-not/a"));
    EXPECT_FALSE(allows("allowed/../a"));
    EXPECT_FALSE(allows("allowed/link/a"));
    EXPECT_TRUE(check_allowed({.kind = LogTarget::Kind::k8s_file, .path = "/a"}, {}));
}

TEST(MonitorJournal, Fields) {
    std::string entry;
    append_field(entry, "A", "b");
    append_field(entry, "C", "d\ne");
    EXPECT_EQ(entry, std::string("A=b\nC\n\3\0\0\0\0\0\0\0d\ne\n", 4 + 2 + 8 + 4));
    EXPECT_TRUE(is_field_name("A_1"));
    for (const char* name : {"", "a", "1A", "_A", "A-B"}) EXPECT_FALSE(is_field_name(name)) << name;
    EXPECT_FALSE(is_field_name(std::string(65, 'A')));
    std::string_view message = "<2>text";
    EXPECT_EQ(take_priority(message, '6'), '2');
    EXPECT_EQ(message, "text");
    for (std::string_view plain : {"<8>x", "<2", "", "2>x", "<2x>"}) EXPECT_EQ(take_priority(plain, '6'), '6') << plain;
}

TEST(MonitorRate, Words) {
    const Result<Rates> rates = parse_rates({"block:1M", "stderr=drop:10"});
    ASSERT_TRUE(rates);
    EXPECT_EQ(rates->output.policy, RatePolicy::block);
    EXPECT_EQ(rates->output.bytes_per_second, 1 << 20);
    EXPECT_EQ(rates->error.policy, RatePolicy::drop);
    EXPECT_EQ(rates->error.bytes_per_second, 10);
    EXPECT_EQ(parse_rates({"block"})->output.bytes_per_second, 0);
    for (const char* word : {"", "fast", "block:", "block:0", "block:-1", "block:1X", "block:1MM", "none:1",
                             "stdin=block", "drop:99999999999G"})
        EXPECT_FALSE(parse_rates({word})) << word;
}

TEST(MonitorRate, Bucket) {
    using std::chrono::milliseconds;
    const RateMeter::Clock::time_point start{std::chrono::seconds(5)};
    RateMeter meter({.policy = RatePolicy::block, .bytes_per_second = 1000});
    EXPECT_EQ(meter.wait(start).count(), 0);
    meter.take(1500);
    const milliseconds wait = meter.wait(start);
    EXPECT_GE(wait.count(), 500);
    EXPECT_LE(wait.count(), 503);
    EXPECT_GT(meter.wait(start + milliseconds(400)).count(), 0);
    EXPECT_EQ(meter.wait(start + wait).count(), 0);
    // A pause gives a second's bytes, not more.
    EXPECT_EQ(meter.wait(start + std::chrono::hours(1)).count(), 0);
    meter.take(2000);
    EXPECT_GE(meter.wait(start + std::chrono::hours(1)).count(), 1000);
    RateMeter free({});
    free.take(1 << 30);
    EXPECT_EQ(free.wait(start).count(), 0);
}

}  // namespace
}  // namespace ocirt::shim::monitor
