// /ociVersion: which versions of the specification are taken, with a word or without.
#include <gtest/gtest.h>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

Bundle& of_version(Bundle& bundle, const std::string& version) {
    return bundle.json("/ociVersion", version).sh("echo in");
}

TEST(OciVersion, AllOfTheFirstMajorAreTaken) {
    for (const char* version : {"1.0.0", "1.0.2-dev", "1.1.0+build", "1.2.1", "1.3.0"}) {
        Bundle bundle;
        EXPECT_EQ(of_version(bundle, version).run().out, "in\n") << version;
        EXPECT_EQ(bundle.log(), "") << version;
    }
}

TEST(OciVersion, ALaterMinorIsAWarning) {
    Bundle bundle;
    EXPECT_EQ(of_version(bundle, "1.4.0").run().out, "in\n");
    if (runtime_is_ocirt()) {
        EXPECT_TRUE(bundle.log().contains("/ociVersion: ")) << bundle.log();
        EXPECT_TRUE(bundle.log().contains(" is newer than ocirt's 1.3.0")) << bundle.log();
    }
}

TEST(OciVersion, WhatIsNoVersionOrALaterMajorIsRefused) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers take some of them";
    for (const char* version : {"2.0.0", "one", "", "1", "1.0", "01.0.0", "1.0.0-", " 1.0.0"}) {
        Bundle bundle;
        const Finished finished = of_version(bundle, version).run();
        EXPECT_EQ(finished.status, 1) << version;
        EXPECT_TRUE(finished.err.contains("/ociVersion: \"" + std::string(version) + '"')) << finished.err;
    }
}

}  // namespace
}  // namespace ocirt::test
