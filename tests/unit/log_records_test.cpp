// A monitor's log as its reader sees it: the records, where the last lines begin, and files that change meanwhile.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "shim/monitor/json_log.h"
#include "shim/monitor/k8s_log.h"
#include "shim/native/journal.h"
#include "shim/native/log_reader.h"

namespace ocirt::shim::native {
namespace {

namespace fs = std::filesystem;
using monitor::Chunk;
using monitor::K8sLog;
using monitor::LogFile;
using monitor::LogLimits;
using std::chrono::system_clock;

constexpr Moment second = 1'000'000'000;
constexpr const char* time_text = "2026-11-23T13:16:15.000000001+01:00";
constexpr Moment time_value = 1795436175 * second + 1;

std::string read_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

TEST(Moment, Rfc3339) {
    EXPECT_EQ(parse_rfc3339(time_text), time_value);
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_rfc3339("2000-03-01T00:00:00.5Z"), 951868800 * second + second / 2);
    EXPECT_EQ(parse_rfc3339("2000-02-29T23:59:59.9999999999-00:30"), 951868799 * second + 999'999'999 + 1800 * second);
    EXPECT_EQ(parse_rfc3339("0001-01-01T00:00:00Z"), std::numeric_limits<Moment>::min());
    EXPECT_EQ(parse_rfc3339("9999-12-31T00:00:00Z"), std::numeric_limits<Moment>::max());
    for (const char* wrong :
         {"", "2026", "2026-11-23", "2026-11-23T13:16:15", "2026-13-23T13:16:15Z", "2026-11-23T13:16:15.Z",
          "2026-11-23T13:16:15Z ", "2026-11-23T13:16:15+0100", "2026-11-23 13:16:15Z", "-026-11-23T13:16:15Z"})
        EXPECT_EQ(parse_rfc3339(wrong), std::nullopt) << wrong;
}

TEST(Moment, AsUsersWriteIt) {
    ::setenv("TZ", "UTC-2", 1);  // two hours east
    ::tzset();
    const auto parse = [](const char* text) { return parse_moment(text, time_value).value_or(-1); };
    EXPECT_EQ(parse(time_text), time_value);
    EXPECT_EQ(parse("2026-11-23"), 1795384800 * second);
    EXPECT_EQ(parse("2026-11-23T02"), -1);
    EXPECT_EQ(parse("2026-11-23T02:00"), 1795392000 * second);
    EXPECT_EQ(parse("2026-11-23 02:00:00.5"), 1795392000 * second + second / 2);
    EXPECT_EQ(parse("2026-11-23T02:00Z"), 1795399200 * second);
    EXPECT_EQ(parse("1795392000"), 1795392000 * second);
    EXPECT_EQ(parse("1795392000.000000001"), 1795392000 * second + 1);
    EXPECT_EQ(parse("10m"), time_value - 600 * second);
    EXPECT_EQ(parse("1h30m"), time_value - 5400 * second);
    EXPECT_EQ(parse("0"), 0);
    for (const char* wrong : {"", "yesterday", "-5", "2026-11", "10", "1.x"})
        EXPECT_EQ(parse(wrong), std::string_view(wrong) == "10" ? 10 * second : -1) << wrong;
    ::unsetenv("TZ");
    ::tzset();
}

struct Seen {
    Stream stream{};
    std::string time{};
    std::string content{};
    bool is_part = false;
    bool operator==(const Seen&) const = default;
};

std::optional<Seen> parsed(LogFormat format, std::string_view line) {
    std::string decoded;
    const auto record = parse_record(format, line, decoded);
    if (!record) return std::nullopt;
    EXPECT_EQ(record->at, time_value);
    return Seen{record->stream, std::string(record->time), std::string(record->content), record->is_part};
}

TEST(LogRecords, K8s) {
    const std::string time = time_text;
    const auto of = [](const std::string& line) { return parsed(LogFormat::k8s, line); };
    EXPECT_EQ(of(time + " stdout F one\n"), (Seen{Stream::output, time, "one\n", false}));
    EXPECT_EQ(of(time + " stderr P one\n"), (Seen{Stream::error, time, "one", true}));
    EXPECT_EQ(of(time + " stdout F:x:y  \n"), (Seen{Stream::output, time, " \n", false}));
    EXPECT_EQ(of(time + " stdout F \n"), (Seen{Stream::output, time, "\n", false}));
    EXPECT_EQ(of(time + " stdout F tor"), (Seen{Stream::output, time, "tor", false}));
    const std::string forged = time + " stderr P forged\n";
    EXPECT_EQ(of(time + " stdout F " + forged), (Seen{Stream::output, time, forged, false}));
    const std::string nul("a\0b\xff\n", 5);
    EXPECT_EQ(of(time + " stdout F " + nul), (Seen{Stream::output, time, nul, false}));
    for (const std::string& wrong : {std::string(), std::string("\n"), std::string("hello\n"), time, time + " stdout",
                                     time + " stdout F", time + " stdout F\n", time + " stdin F x\n",
                                     time + " stdout X x\n", std::string("12:00 stdout F x\n"), " " + time})
        EXPECT_EQ(of(wrong), std::nullopt) << wrong;
}

TEST(LogRecords, Json) {
    const std::string time = time_text;
    const std::string rest = R"(","stream":"stderr","time":")" + time + "\"}\n";
    const auto of = [](const std::string& line) { return parsed(LogFormat::json, line); };
    EXPECT_EQ(of(R"({"log":"one\n)" + rest), (Seen{Stream::error, time, "one\n", false}));
    EXPECT_EQ(of(R"({"log":"o\"\u0000\u20ac\ud83d\ude00)" + rest),
              (Seen{Stream::error, time, std::string("o\"\0€😀", 10), true}));
    EXPECT_EQ(of(R"({"log":"\u0001\u00e9\u20ac\/\b\f\n\r\t\\\"é\n)" + rest),
              (Seen{Stream::error, time, "\x01é€/\b\f\n\r\t\\\"é\n", false}));
    EXPECT_EQ(of(R"({"attrs":{"a":"b"},"time":")" + time + R"(","stream":"stdout","log":"x\n"})"),
              (Seen{Stream::output, time, "x\n", false}));
    for (const std::string& wrong :
         {std::string(), std::string("hello\n"), std::string("{}\n"), std::string("[]"), R"({"log":"one)" + rest + "x",
          R"({"log":1,"stream":"stdout","time":")" + time + "\"}", R"({"log":"\xff)" + rest, R"({"log":"\u12)" + rest,
          R"({"log":"\u+123)" + rest, R"({"log":"\ud800)" + rest, R"({"log":"x\)" + rest,
          R"({"log":"x","stream":"stdout","time":"noon"})" + std::string(), std::string(100000, '[')})
        EXPECT_EQ(of(wrong), std::nullopt) << wrong;
}

TEST(LogJournal, WordsOfJournalctl) {
    using Words = std::vector<std::string>;
    const Words begin{"journalctl", "--quiet", "--all", "--no-pager", "CONTAINER_ID_FULL=web"};
    const auto with = [&begin](const Words& more) {
        Words words = begin;
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    EXPECT_EQ(journal_words("web", {}, {}), with({"--output=cat", "--lines=all"}));
    EXPECT_EQ(journal_words("web", {.since = 5 * second + 1999, .until = 9 * second, .tail = 3}, {true, true}),
              with({"--output=short-iso-precise", "--no-hostname", "--since=@5.000001", "--until=@9.000000",
                    "--lines=3", "--follow"}));
}

class LogReading : public ::testing::Test {
   protected:
    LogReading() {
        std::string name = (fs::temp_directory_path() / "ocirt-log-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }
    ~LogReading() override { fs::remove_all(directory_); }

    [[nodiscard]] fs::path path() const { return directory_ / "ctr.log"; }
    [[nodiscard]] fs::path rotated(unsigned i) const { return path().string() + "." + std::to_string(i); }
    void write(const fs::path& file, const std::string& text) const {
        std::ofstream(file, std::ios::binary | std::ios::app) << text;
    }
    // "12 out F text": the second of the time, and the rest of a record.
    [[nodiscard]] static std::string record(const std::string& word) {
        const std::size_t space = word.find(' ');
        std::string text =
            "2026-11-23T10:00:" + word.substr(0, space) + ".000000000+00:00 std" + word.substr(space + 1);
        return text + "\n";
    }
    void records(const fs::path& file, const std::vector<std::string>& words) const {
        for (const std::string& word : words) write(file, record(word));
    }
    static Moment at(int seconds) { return (1795428000 + seconds) * second; }

    [[nodiscard]] LogOutput output(bool times = false) const {
        const auto open = [this](const char* name) {
            return Fd(::open((directory_ / name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        };
        return {open("out"), open("err"), times};
    }
    [[nodiscard]] std::string out() const { return read_file(directory_ / "out"); }
    [[nodiscard]] std::string err() const { return read_file(directory_ / "err"); }
    void forget() const {
        for (const char* name : {"out", "err"}) fs::resize_file(directory_ / name, 0);
    }

    [[nodiscard]] LogReader reader(LogOutput& output, const LogSelection& selection = {},
                                   LogFormat format = LogFormat::k8s, int most = 1000) const {
        Result<LogReader> reader = LogReader::open(LogFiles::open(path(), most).value(), format, selection, output);
        EXPECT_TRUE(reader) << render(reader.error());
        return std::move(*reader);
    }
    // All of it: "OUT|ERR".
    [[nodiscard]] std::string shown(const LogSelection& selection = {}, bool times = false,
                                    LogFormat format = LogFormat::k8s) const {
        LogOutput to = output(times);
        LogReader from = reader(to, selection, format);
        EXPECT_TRUE(from.read_on());
        EXPECT_TRUE(from.finish());
        std::string text = out() + "|" + err();
        forget();
        return text;
    }
    [[nodiscard]] std::string tail(std::uint64_t lines) const { return shown({.tail = lines}); }

    fs::path directory_;
};

TEST_F(LogReading, PartsBecomeLines) {
    records(path(), {"01 out P one", "02 err F wrong", "03 out F  two", "04 out F three", "05 err P end"});
    EXPECT_EQ(shown(), "one two\nthree\n|wrong\nend");
    EXPECT_EQ(shown({}, true),
              "2026-11-23T10:00:01.000000000+00:00 one two\n2026-11-23T10:00:04.000000000+00:00 three\n|"
              "2026-11-23T10:00:02.000000000+00:00 wrong\n2026-11-23T10:00:05.000000000+00:00 end");
}

TEST_F(LogReading, JsonPartsBecomeLines) {
    for (const char* log : {"one ", "two\\n", "three\\n", "end"})
        write(path(), std::string(R"({"log":")") + log +
                          R"(","stream":"stdout","time":"2026-11-23T10:00:00Z"})"
                          "\n");
    EXPECT_EQ(shown({}, false, LogFormat::json), "one two\nthree\nend|");
    EXPECT_EQ(shown({.tail = 2}, false, LogFormat::json), "three\nend|");
    EXPECT_EQ(shown({.tail = 3}, false, LogFormat::json), "one two\nthree\nend|");
    write(path(), R"({"log":"torn)");
    EXPECT_EQ(shown({.tail = 1}, false, LogFormat::json), "end|");
}

TEST_F(LogReading, ATimeSelects) {
    write(path(), "before the first\n");
    records(path(), {"01 out F one", "02 out F two"});
    write(path(), "edited\n");
    records(path(), {"03 err F three", "04 out F four"});
    EXPECT_EQ(shown(), "before the first\none\ntwo\nedited\nfour\n|three\n");
    EXPECT_EQ(shown({.since = at(2)}), "two\nedited\nfour\n|three\n");
    EXPECT_EQ(shown({.since = at(2) + 1}), "four\n|three\n");
    EXPECT_EQ(shown({.until = at(3)}), "before the first\none\ntwo\nedited\n|");
    EXPECT_EQ(shown({.since = at(1), .until = at(2)}), "one\n|");
    EXPECT_EQ(shown({.since = at(2), .until = at(4), .tail = 2}), "edited\n|three\n");
    EXPECT_EQ(shown({.since = at(4), .tail = 9}), "four\n|");
}

TEST_F(LogReading, TheLastLinesOfBothStreams) {
    records(path(), {"01 out F one", "02 err F two", "03 out P thr", "04 err F four", "05 out F ee", "06 err P six"});
    EXPECT_EQ(tail(0), "|");
    EXPECT_EQ(tail(1), "|six");
    EXPECT_EQ(tail(2), "three\n|six");
    EXPECT_EQ(tail(3), "three\n|four\nsix");
    EXPECT_EQ(tail(4), "three\n|two\nfour\nsix");
    EXPECT_EQ(tail(5), "one\nthree\n|two\nfour\nsix");
    EXPECT_EQ(tail(100), "one\nthree\n|two\nfour\nsix");
}

TEST_F(LogReading, TheLastLinesStandInSeveralFiles) {
    records(rotated(2), {"01 out F one", "02 out F two"});
    records(rotated(1), {"03 out F three", "04 out P fo"});
    records(path(), {"05 err F five", "06 out F ur"});
    EXPECT_EQ(shown(), "one\ntwo\nthree\nfour\n|five\n");
    EXPECT_EQ(tail(1), "four\n|");
    EXPECT_EQ(tail(2), "four\n|five\n");
    EXPECT_EQ(tail(3), "three\nfour\n|five\n");
    EXPECT_EQ(tail(4), "two\nthree\nfour\n|five\n");
    EXPECT_EQ(tail(50), "one\ntwo\nthree\nfour\n|five\n");
}

// Lines of any length around the size of the blocks that are read.
TEST_F(LogReading, LongLines) {
    const std::string head = record("01 out F ").substr(0, 45);
    std::string all;
    for (const std::size_t size : {65490UL, 65536UL, 262144UL, 1048500UL, 1048576UL, 3000000UL, 1UL}) {
        const std::string line(size, static_cast<char>('a' + size % 26));
        write(path(), head + line + "\n");
        all += line + "\n";
    }
    EXPECT_TRUE(shown() == all + "|");
    std::string_view rest = all;
    for (std::uint64_t lines = 7; lines > 0; --lines) {
        EXPECT_TRUE(tail(lines) == std::string(rest) + "|") << lines;
        rest.remove_prefix(rest.find('\n') + 1);
    }
}

TEST_F(LogReading, ALongPartHasNoNewline) {
    write(path(), record("01 out P " + std::string(3000000, 'x')));
    records(path(), {"02 out F !"});
    EXPECT_TRUE(shown() == std::string(3000000, 'x') + "!\n|");
    EXPECT_TRUE(tail(1) == std::string(3000000, 'x') + "!\n|");
}

TEST_F(LogReading, TheLastRecordIsBeingWritten) {
    const std::string text = record("02 err F two");
    records(path(), {"01 out F one"});
    LogOutput to = output();
    LogReader from = reader(to);
    for (const char c : text) {
        EXPECT_TRUE(from.read_on());
        EXPECT_EQ(out() + "|" + err(), "one\n|");
        write(path(), std::string(1, c));
    }
    EXPECT_TRUE(from.read_on());
    EXPECT_EQ(out() + "|" + err(), "one\n|two\n");
    forget();
    write(path(), record("03 out F three").substr(0, 48));
    EXPECT_EQ(shown(), "one\nthr|two\n");
    fs::resize_file(path(), fs::file_size(path()) - 10);
    EXPECT_EQ(shown(), "one\n|two\n");
}

TEST_F(LogReading, LastLinesThenWhatComes) {
    records(path(), {"01 out F one", "02 out F two"});
    write(path(), record("03 err F three").substr(0, 20));
    LogOutput to = output();
    LogReader from = reader(to, {.tail = 1});
    EXPECT_TRUE(from.read_on());
    EXPECT_EQ(out() + "|" + err(), "two\n|");
    write(path(), record("03 err F three").substr(20));
    records(path(), {"04 out F four"});
    EXPECT_TRUE(from.read_on());
    EXPECT_EQ(out() + "|" + err(), "two\nfour\n|three\n");
}

TEST_F(LogReading, AFileThatIsEmptiedIsReadFromItsBeginning) {
    records(path(), {"01 out F one", "02 out F two"});
    LogOutput to = output();
    LogReader from = reader(to);
    EXPECT_TRUE(from.read_on());
    fs::resize_file(path(), 0);
    EXPECT_TRUE(from.read_on());
    records(path(), {"03 out F three"});
    EXPECT_TRUE(from.read_on());
    EXPECT_EQ(out(), "one\ntwo\nthree\n");
}

// logrotate's way: the file goes, its writer stays at it until it is told.
TEST_F(LogReading, AFileThatSomebodyMovesAway) {
    records(path(), {"01 out F one"});
    records(rotated(1), {"00 out F zero"});
    fs::last_write_time(rotated(1), fs::file_time_type::clock::now() - std::chrono::seconds(1));
    LogOutput to = output();
    LogReader from = reader(to);
    EXPECT_TRUE(from.read_on());
    fs::rename(path(), directory_ / "elsewhere");
    EXPECT_TRUE(from.read_on());
    write(path(), "");
    EXPECT_TRUE(from.read_on());
    records(directory_ / "elsewhere", {"02 out F two"});
    EXPECT_TRUE(from.read_on());
    EXPECT_EQ(out(), "zero\none\ntwo\n");
    records(directory_ / "elsewhere", {"03 out F three"});
    records(path(), {"04 out F four"});
    EXPECT_TRUE(from.read_on());
    EXPECT_EQ(out(), "zero\none\ntwo\nthree\nfour\n");
    fs::remove(path());
    EXPECT_TRUE(from.read_on());
    EXPECT_EQ(out(), "zero\none\ntwo\nthree\nfour\n");
}

TEST_F(LogReading, NoFileOfItsOwn) {
    const auto error = [this] {
        LogOutput to = output();
        const auto opened = LogReader::open(LogFiles::open(path(), 1).value(), LogFormat::k8s, {}, to);
        return opened ? "" : render(opened.error());
    };
    EXPECT_TRUE(error().contains("ctr.log: no such file or directory (ENOENT)")) << error();
    write(directory_ / "other", "secret\n");
    fs::create_symlink("other", path());
    EXPECT_TRUE(error().contains("symlink")) << error();
    fs::remove(path());
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    EXPECT_TRUE(error().contains("it is no regular file")) << error();
    fs::remove(path());
    records(path(), {"01 out F one"});
    fs::create_symlink("other", rotated(1));
    EXPECT_EQ(shown(), "one\n|");
}

// A writer that rotates all the time, and a reader beside it.
TEST_F(LogReading, NothingIsLostOrDoubledWhileItIsRotated) {
    constexpr int lines = 20000;
    K8sLog log(LogFile::open(path(), LogLimits{.size_max = 4096, .kept_files = 400}).value());
    std::atomic<bool> done = false;
    std::string written;
    for (int i = 0; i < lines; ++i) written += "line " + std::to_string(i) + "\n";
    std::thread writer([&] {
        for (std::string_view rest = written; !rest.empty();) {
            const std::string_view part = rest.substr(0, 777);
            EXPECT_TRUE(log.write({.stream = Stream::output, .bytes = part, .at = system_clock::now()}));
            rest.remove_prefix(part.size());
        }
        done = true;
    });
    LogOutput to = output();
    LogReader from = reader(to);
    for (bool last = false; !last;) {
        last = done;
        EXPECT_TRUE(from.read_on());
    }
    writer.join();
    EXPECT_TRUE(out() == written);
    forget();
    EXPECT_TRUE(shown() == written + "|");
    for (const unsigned count : {1U, 10U, 1000U, 19999U}) EXPECT_EQ(std::ranges::count(tail(count), '\n'), count);
}

// conmon's way: a full file is thrown away. What the reader gets is in order, and ends with the newest.
TEST_F(LogReading, FilesThatAreThrownAway) {
    K8sLog log(LogFile::open(path(), LogLimits{.size_max = 4096}).value());
    LogOutput to = output();
    LogReader from = reader(to, {}, LogFormat::k8s, 1);
    std::string written;
    for (int i = 0; i < 1000; ++i) {
        const std::string line = "line " + std::to_string(i) + "\n";
        written += line;
        EXPECT_TRUE(log.write({.stream = Stream::output, .bytes = line, .at = system_clock::now()}));
        if (i % 7 == 0) {
            EXPECT_TRUE(from.read_on());
        }
    }
    EXPECT_TRUE(from.read_on());
    EXPECT_TRUE(out() == written);
}

}  // namespace
}  // namespace ocirt::shim::native
