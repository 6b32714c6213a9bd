// What stands on disk: ids, records, the directory that holds them. No root needed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/lifecycle/container.h"
#include "runtime/state/directory.h"
#include "runtime/state/record.h"

namespace ocirt::state {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Id {
    std::string id;
    const char* refusal;  // nullptr: good
};
void PrintTo(const Id& id, std::ostream* out) { *out << '"' << id.id.substr(0, 20) << '"'; }

class CheckId : public testing::TestWithParam<Id> {};
TEST_P(CheckId, FollowsTheTable) {
    const Result<> checked = check_id(GetParam().id);
    ASSERT_EQ(checked.has_value(), GetParam().refusal == nullptr);
    if (checked) return;
    EXPECT_EQ(checked.error().fault, Fault::invalid_argument);
    EXPECT_NE(checked.error().detail.find(GetParam().refusal), std::string::npos) << checked.error().detail;
    EXPECT_LT(render(checked.error()).size(), 200U);
}

constexpr const char* letters = "only letters, digits";
INSTANTIATE_TEST_SUITE_P(Ids, CheckId,
                         testing::Values(Id{"a", nullptr}, Id{"web-1_2+3.4", nullptr}, Id{"-a", nullptr},
                                         Id{"_", nullptr}, Id{"0", nullptr}, Id{std::string(255, 'a'), nullptr},
                                         Id{std::string(256, 'a'), "at most 255"},
                                         Id{std::string(1 << 20, 'a'), "at most 255"}, Id{"", "empty"}, Id{".", "dot"},
                                         Id{"..", "dot"}, Id{".hidden", "dot"}, Id{"a/b", letters}, Id{"../a", "dot"},
                                         Id{"a\nb", letters}, Id{"a b", letters}, Id{"a\xc3\xa4", letters},
                                         Id{std::string("a\0b", 3), letters}, Id{"a:b", letters}, Id{"a*", letters}));

Record full_record() {
    Record record;
    record.id = "web";
    record.bundle = "/b \"quoted\"";
    record.rootfs = "/b/rootfs";
    record.oci_version = "1.2.0";
    record.created = "2026-11-22T10:00:00.000000001Z";
    record.boot_id = "5c0f";
    record.complete = true;
    record.init = {.pid = 4242, .start_time = 18446744073709551615ULL};
    record.own_pid_namespace = false;
    record.use_cgroups = true;
    record.cgroups = {{cgroup::Version::v1, "/sys/fs/cgroup/cpu,cpuacct/web", {"cpu", "cpuacct"}},
                      {cgroup::Version::v2, "/sys/fs/cgroup/unified/web", {}}};
    record.annotations = {{"z", "1"}, {"a", "\xff not UTF-8"}};
    record.poststart = {{.path = "/h", .args = {"h", "x"}, .env = {"A=B"}, .timeout = std::chrono::seconds(7)}};
    record.poststop = {{.path = "/i", .args = {}, .env = {}, .timeout = {}}};
    record.start_steps = {{.index = 9, .op = plan::Op::exec, .pointer = "/process/args/0", .sentence = "exec: \"sh\""}};
    record.owner = 1000;
    record.seccomp_listener_path = "/run/agent.sock";
    record.seccomp_listener_metadata = "m";
    return record;
}

TEST(Record, ComesBackAsItWas) {
    const std::string text = to_json(full_record());
    const Result<Record> read = from_json(text);
    ASSERT_TRUE(read) << render(read.error());
    EXPECT_EQ(to_json(*read), text);
    EXPECT_EQ(read->init.pid, 4242);
    EXPECT_EQ(read->init.start_time, 18446744073709551615ULL);
    EXPECT_EQ(read->cgroups.at(1).version, cgroup::Version::v2);
    EXPECT_EQ(read->annotations.at(0).first, "z");
    EXPECT_EQ(read->poststart.at(0).timeout, std::chrono::seconds(7));
    EXPECT_FALSE(read->poststop.at(0).timeout);
    EXPECT_EQ(read->start_steps.at(0).op, plan::Op::exec);
    EXPECT_EQ(read->owner, 1000U);
    EXPECT_EQ(read->seccomp_listener_path, "/run/agent.sock");
    EXPECT_EQ(read->seccomp_listener_metadata, "m");
}

TEST(Record, EveryTruncationIsCorrupted) {
    const std::string text = to_json(full_record());
    for (std::size_t size = 0; size < text.size(); ++size) {
        const Result<Record> read = from_json(std::string_view(text).substr(0, size));
        ASSERT_FALSE(read) << size;
        ASSERT_EQ(read.error().fault, Fault::corrupted);
    }
}

// Each member gone that version 1 had from the beginning, each of a wrong type, at both levels.
TEST(Record, EveryMissingOrMistypedMemberIsCorrupted) {
    const Json whole = Json::parse(to_json(full_record()));
    const auto refuses = [](const Json& object, const std::string& what) {
        const Result<Record> read = from_json(object.dump());
        ASSERT_FALSE(read) << what;
        EXPECT_EQ(read.error().fault, Fault::corrupted) << what;
    };
    for (const char* level : {"", "/ocirt"}) {
        const Json::json_pointer base{std::string(level)};
        for (const auto& [key, value] : whole.at(base).items()) {
            Json spoilt = whole;
            if (key != "annotations" && key != "noNewKeyring" && key != "deviceRules" && key != "seccompListener") {
                spoilt.at(base).erase(key);
                refuses(spoilt, key + " missing");
                spoilt = whole;
            }
            spoilt.at(base)[key] = value.is_object() || value.is_array() ? Json(1) : Json::array({1});
            refuses(spoilt, key + " of another type");
        }
    }
}

// Of the days before `exec`: without noNewKeyring and deviceRules, and with other numbers of ops.
TEST(Record, TheFirstOnesAreRead) {
    Json first = Json::parse(to_json(full_record()));
    first["ocirt"].erase("noNewKeyring");
    first["ocirt"].erase("deviceRules");
    first["ocirt"].erase("seccompListener");
    first["ocirt"]["startSteps"] =
        Json::parse(R"([{"index": 60, "op": 27, "pointer": "/hooks/startContainer/0", "sentence": "run the hook /h"},
                        {"index": 69, "op": 32, "pointer": "/process/user/umask", "sentence": "set the umask to 0022"},
                        {"index": 70, "op": 39, "pointer": "/process/args/0", "sentence": "exec: \"sh\""}])");
    const Result<Record> read = from_json(first.dump());
    ASSERT_TRUE(read) << render(read.error());
    EXPECT_FALSE(read->no_new_keyring);
    EXPECT_EQ(read->device_rules, "");
    EXPECT_EQ(read->seccomp_listener_path, "");
    EXPECT_EQ(read->start_steps.at(0).op, plan::Op::run_hook);
    EXPECT_EQ(read->start_steps.at(1).op, plan::Op::count) << "not that of today's number 32, find_program";
    EXPECT_EQ(read->start_steps.at(2).op, plan::Op::exec);
    EXPECT_EQ(to_json(*from_json(to_json(*read))), to_json(*read)) << "written again, it is one of today";
}

TEST(Record, MembersOfTheFutureAreLeftAlone) {
    Json later = Json::parse(to_json(full_record()));
    for (const char* level : {"", "/ocirt", "/ocirt/cgroups/0", "/ocirt/poststart/0", "/ocirt/startSteps/0"})
        later[Json::json_pointer(level)]["future"] = {{"of", 1}};
    const Result<Record> read = from_json(later.dump());
    ASSERT_TRUE(read) << render(read.error());
    EXPECT_EQ(Json::parse(to_json(*read)), Json::parse(to_json(full_record())));
}

// Records of containers that run through an upgrade hold these numbers.
TEST(Record, OpsKeepTheirNumbers) {
    using plan::Op;
    constexpr std::pair<Op, std::uint32_t> numbers[] = {{Op::run_hook, 29},
                                                        {Op::change_directory, 30},
                                                        {Op::find_home, 31},
                                                        {Op::find_program, 32},
                                                        {Op::set_rlimit, 33},
                                                        {Op::set_umask, 34},
                                                        {Op::set_no_new_privileges, 35},
                                                        {Op::drop_bounding, 36},
                                                        {Op::own_stdio, 37},
                                                        {Op::set_user, 38},
                                                        {Op::set_capabilities, 39},
                                                        {Op::install_seccomp, 40},
                                                        {Op::await_start, 41},
                                                        {Op::exec, 42}};
    for (const auto& [op, number] : numbers) EXPECT_EQ(static_cast<std::uint32_t>(op), number);
}

TEST(Record, WhatIsNoRecordIsCorrupted) {
    for (const char* text :
         {"", "null", "[]", "1", "{}", "{\"ocirt\":1}", "{\"ocirt\":{\"version\":\"1\"}}", "\xff\xfe"})
        EXPECT_EQ(from_json(text).error().fault, Fault::corrupted) << text;
}

TEST(Record, ALaterVersionIsNamed) {
    Json later = Json::parse(to_json(full_record()));
    later["ocirt"]["version"] = record_version + 1;
    const Result<Record> read = from_json(later.dump());
    ASSERT_FALSE(read);
    EXPECT_EQ(render(read.error()), "read the state record: it has version 2, this ocirt knows version 1");
}

// runtime.md, "State": these members and no others; `pid` is 0 where there is none.
TEST(ContainerProcessState, HasTheSpecsMembers) {
    const Json state =
        Json::parse(container_process_state(full_record(), Status::running, 4243, {"seccompFd"}, "metadata"));
    EXPECT_EQ(state, Json({{"ociVersion", "1.2.0"},
                           {"fds", {"seccompFd"}},
                           {"pid", 4243},
                           {"metadata", "metadata"},
                           {"state",
                            {{"ociVersion", "1.2.0"},
                             {"id", "web"},
                             {"status", "running"},
                             {"pid", 4242},
                             {"bundle", "/b \"quoted\""},
                             {"annotations", {{"z", "1"}, {"a", "\xef\xbf\xbd not UTF-8"}}}}}}));
    EXPECT_FALSE(Json::parse(container_process_state(full_record(), Status::running, 1, {}, "")).contains("metadata"));
}

TEST(SpecState, HasTheSpecsMembers) {
    const Record record = full_record();
    const Json state = Json::parse(spec_state(record, Status::created, false));
    EXPECT_EQ(state, (Json{{"ociVersion", "1.2.0"},
                           {"id", "web"},
                           {"status", "created"},
                           {"pid", 4242},
                           {"bundle", "/b \"quoted\""},
                           {"annotations", {{"z", "1"}, {"a", "\xef\xbf\xbd not UTF-8"}}}}));
    EXPECT_EQ(Json::parse(spec_state(record, Status::stopped, false))["pid"], 0);
    Record plain = record;
    plain.annotations.clear();
    EXPECT_FALSE(Json::parse(spec_state(plain, Status::running, false)).contains("annotations"));
}

class StateDirectory : public testing::Test {
   protected:
    StateDirectory() : root_(fs::path(testing::TempDir()) / ("ocirt-state-" + std::to_string(::getpid()))) {}
    ~StateDirectory() override { fs::remove_all(root_); }
    const std::string root_;
};

TEST_F(StateDirectory, HoldsOneRecord) {
    const Result<Directory> made = Directory::create(root_, "web");
    ASSERT_TRUE(made) << render(made.error());
    EXPECT_EQ(made->read().error().fault, Fault::not_found);
    ASSERT_TRUE(made->write(full_record()));
    EXPECT_EQ(to_json(*made->read()), to_json(full_record()));
    EXPECT_EQ(fs::status(root_ + "/web").permissions(), fs::perms::owner_all);
    EXPECT_EQ(fs::status(root_ + "/web/state.json").permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(list_ids(root_).value(), std::vector<std::string>{"web"});
    ASSERT_TRUE(made->remove());
    EXPECT_FALSE(fs::exists(root_ + "/web"));
    EXPECT_TRUE(made->remove()) << "again is no error";
}

// The draft of one record never lies beside the next: what it left would be read by nobody and found by everybody.
TEST_F(StateDirectory, ALaterRecordReplacesTheFirst) {
    const Result<Directory> made = Directory::create(root_, "web");
    ASSERT_TRUE(made);
    Record record = full_record();
    for (const char* version : {"1.0.0", "1.1.0", "1.2.0"}) {
        record.oci_version = version;
        ASSERT_TRUE(made->write(record));
        EXPECT_EQ(made->read()->oci_version, version);
        const fs::directory_iterator entries(root_ + "/web");
        EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << version;
    }
}

TEST_F(StateDirectory, AnIdIsUsedOnce) {
    const Result<Directory> first = Directory::create(root_, "web");
    ASSERT_TRUE(first);
    const Result<Directory> second = Directory::create(root_, "web");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().fault, Fault::already_exists);
}

// containerd looks for "does not exist".
TEST_F(StateDirectory, AMissingOneDoesNotExist) {
    for (const bool with_root : {false, true}) {
        if (with_root) fs::create_directories(root_);
        const Result<Directory> opened = Directory::open(root_, "web");
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().fault, Fault::not_found);
        EXPECT_NE(render(opened.error()).find("does not exist"), std::string::npos) << render(opened.error());
    }
}

TEST_F(StateDirectory, ALockedOneIsWaitedForOnlySoLong) {
    const Result<Directory> holder = Directory::create(root_, "web");
    ASSERT_TRUE(holder);
    Result<Directory> other = Directory::open(root_, "web");
    ASSERT_TRUE(other);
    EXPECT_TRUE(other->is_locked_by_other());
    const Result<> locked = other->lock(std::chrono::milliseconds(20));
    ASSERT_FALSE(locked);
    EXPECT_EQ(locked.error().fault, Fault::timed_out);
}

TEST_F(StateDirectory, ARootThatOthersMayWriteIsRefused) {
    fs::create_directories(root_);
    fs::permissions(root_, fs::perms::all);
    EXPECT_FALSE(Directory::create(root_, "web"));
}

// containerd looks for "container not running".
TEST_F(StateDirectory, AContainerOfAnotherBootIsNotRunning) {
    ASSERT_TRUE(Directory::create(root_, "web")->write(full_record()));
    const Result<lifecycle::Container> container = lifecycle::Container::open(root_, "web");
    ASSERT_TRUE(container) << render(container.error());
    EXPECT_EQ(container->status(), Status::stopped);
    EXPECT_EQ(render(lifecycle::wrong_state(*container, "kill the container", "running").error()),
              "kill the container \"web\": container not running: it is stopped");
}

}  // namespace
}  // namespace ocirt::state
