// How containerd starts a shim: the command line in Go's syntax, and the three dialects of the answer.
#include <gtest/gtest.h>

#include "bootstrap.pb.h"
#include "common/json_document.h"
#include "common/sha256.h"
#include "shim/containerd/bootstrap.h"
#include "shim/containerd/flags.h"
#include "shim/main.h"
#include "shim/stdio.h"

namespace ocirt::shim {
namespace {

Result<Flags> flags_of(std::vector<std::string> words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size());
    for (std::string& word : words) pointers.push_back(word.data());
    return parse_flags(pointers);
}

TEST(ShimFlags, AreGos) {
    const auto flags = flags_of({"-namespace", "k8s.io", "--address=/run/c.sock", "-publish-binary", "/usr/bin/c",
                                 "-id", "web", "-debug", "start"});
    ASSERT_TRUE(flags);
    EXPECT_EQ(flags->namespace_name, "k8s.io");
    EXPECT_EQ(flags->address, "/run/c.sock");
    EXPECT_EQ(flags->publish_binary, "/usr/bin/c");
    EXPECT_EQ(flags->id, "web");
    EXPECT_TRUE(flags->debug);
    EXPECT_EQ(flags->action, "start");
    EXPECT_FALSE(flags_of({"-debug=false", "start"})->debug);
    EXPECT_TRUE(flags_of({"-debug=T", "start"})->debug);
    EXPECT_EQ(flags_of({"-id=", "delete"})->id, "");
    EXPECT_EQ(flags_of({"-id", "-x", "delete"})->id, "-x");  // the next word, whatever it is
    EXPECT_TRUE(flags_of({"-v"})->version);
    EXPECT_TRUE(flags_of({"-info"})->info);
    EXPECT_EQ(flags_of({"-id", "a", "--", "start"})->action, "start");
}

TEST(ShimFlags, WrongWordsAreNamed) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"-nonsense", "start"}, {"-id"}, {"-debug=perhaps", "start"}}) {
        const auto flags = flags_of(words);
        ASSERT_FALSE(flags) << words.front();
        EXPECT_EQ(flags.error().fault, Fault::invalid_argument);
        EXPECT_NE(flags.error().object.find(words.front()), std::string::npos);
    }
}

TEST(ShimBootstrap, SpeaksThreeDialects) {
    Flags flags;
    flags.id = "web";
    flags.namespace_name = "default";
    const BootstrapEnvironment old{.ttrpc_address = "/run/t", .max_version = ""};
    const auto first = parse_bootstrap("", flags, old);
    ASSERT_TRUE(first);
    EXPECT_EQ(bootstrap_answer(*first, "unix:///s"), "unix:///s");
    EXPECT_EQ(first->ttrpc_address, "/run/t");

    const auto json = parse_bootstrap("", flags, {.ttrpc_address = "/run/t", .max_version = "2"});
    ASSERT_TRUE(json);
    EXPECT_EQ(bootstrap_answer(*json, "unix:///s"), R"({"version":2,"address":"unix:///s","protocol":"ttrpc"})");
    const auto newer = parse_bootstrap("", flags, {.ttrpc_address = "/run/t", .max_version = "4"});
    EXPECT_EQ(bootstrap_answer(*newer, "unix:///s"), R"({"version":3,"address":"unix:///s","protocol":"ttrpc"})");

    wire::BootstrapParams params;
    params.set_instance_id("web");
    params.set_namespace_("default");
    params.set_log_level(-4);
    params.set_containerd_ttrpc_address("/run/other");
    params.set_socket_dir("/run/sockets");
    const auto message = parse_bootstrap(params.SerializeAsString(), flags, old);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->ttrpc_address, "/run/other");
    EXPECT_EQ(message->socket_directory, "/run/sockets");
    EXPECT_TRUE(message->debug);
    wire::BootstrapResult result;
    ASSERT_TRUE(result.ParseFromString(bootstrap_answer(*message, "unix:///s")));
    EXPECT_EQ(result.address(), "unix:///s");
    EXPECT_EQ(result.version(), 3);
    EXPECT_EQ(result.protocol(), "ttrpc");
}

TEST(ShimBootstrap, OptionsAreToldFromParameters) {
    Flags flags;
    flags.id = "web";
    flags.namespace_name = "default";
    wire::Any options;
    options.set_type_url("containerd.runc.v1.Options");
    options.set_value("\x08\x01\xff");  // bytes that are no text
    const auto bootstrap =
        parse_bootstrap(options.SerializeAsString(), flags, {.ttrpc_address = "", .max_version = ""});
    ASSERT_TRUE(bootstrap);
    EXPECT_EQ(bootstrap->options_type, "containerd.runc.v1.Options");
    EXPECT_EQ(bootstrap->options, options.value());
    EXPECT_EQ(bootstrap->dialect, Dialect::address);
    EXPECT_FALSE(parse_bootstrap("\xff\xff\xff", flags, {.ttrpc_address = "", .max_version = ""}));
}

TEST(ShimStdio, NamesSayWhatIsOpened) {
    EXPECT_EQ(parse_stdio("")->kind, StdioTarget::Kind::none);
    EXPECT_EQ(parse_stdio("/run/f")->path, "/run/f");
    EXPECT_EQ(parse_stdio("fifo:///run/f")->path, "/run/f");
    const auto log = parse_stdio("file:///var/log/x?mode=1");
    ASSERT_TRUE(log);
    EXPECT_EQ(log->kind, StdioTarget::Kind::append);
    EXPECT_EQ(log->path, "/var/log/x");
    const auto logger = parse_stdio("binary:///bin/logger%20x?id=a+b&-v&=none");
    ASSERT_TRUE(logger);
    EXPECT_EQ(logger->kind, StdioTarget::Kind::program);
    EXPECT_EQ(logger->path, "/bin/logger x");
    EXPECT_EQ(logger->args, (std::vector<std::string>{"id", "a b", "-v"}));
    for (const char* wrong : {"binary://logger", "binary:///x?a=%4", "binary:///x?a=%g0", "binary://"}) {
        ASSERT_FALSE(parse_stdio(wrong)) << wrong;
        EXPECT_EQ(parse_stdio(wrong).error().fault, Fault::invalid_argument) << wrong;
    }
    const auto pipe = parse_stdio("npipe:////./pipe/x");
    ASSERT_FALSE(pipe);
    EXPECT_EQ(pipe.error().fault, Fault::unsupported);
    EXPECT_NE(pipe.error().object.find("npipe:////./pipe/x"), std::string::npos);
}

TEST(ShimName, IsTheLastPartOfThePath) {
    EXPECT_TRUE(is_name_of_shim("/usr/local/bin/containerd-shim-ocirt-v2"));
    EXPECT_TRUE(is_name_of_shim("containerd-shim-ocirt-v2"));
    EXPECT_FALSE(is_name_of_shim("ocirt"));
    EXPECT_FALSE(is_name_of_shim("/containerd-shim-ocirt-v2/ocirt"));
}

// FIPS 180-4's examples.
TEST(Sha256, IsTheStandards) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1000, 'a')), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

}  // namespace
}  // namespace ocirt::shim
