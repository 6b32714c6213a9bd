#include "common/json_document.h"

#include <gtest/gtest.h>

#include <string>

namespace ocirt {
namespace {

struct Broken {
    std::string text;
    std::size_t line;
    std::size_t column;
    std::string message;
};

TEST(JsonDocument, TellsWhatIsWrongAndWhere) {
    const Broken cases[] = {
        {"", 1, 1, "the file is empty"},
        {" \n\t ", 1, 1, "the file is empty"},
        {"{]", 1, 2, "unexpected ']'; expected string literal"},
        {"{\"a\":1,}", 1, 8, "unexpected '}'; expected string literal"},
        {"{\"a\":1", 1, 7, "unexpected end of input; expected '}'"},
        {"{\"a\":1}\n}", 2, 1, "unexpected '}'; expected end of input"},
        {"{} x", 1, 4, "invalid literal; expected end of input"},
        {"\xEF\xBB\xBF{}", 1, 1, "byte order mark"},
        {std::string("{}\0{", 4), 1, 3, "holds a NUL byte"},
        {"[\"a\\u0000b\"]", 1, 2, "U+0000"},
        {"{\"a\\u0000\": 1}", 1, 2, "U+0000"},
        {"[\"\xFF\"]", 1, 3, "ill-formed UTF-8"},
        {"[\n\"\xC3\"]", 2, 3, "ill-formed UTF-8"},
        {"[\"\\ud800\"]", 1, 9, "surrogate"},
        {"[\"a\nb\"]", 1, 4, "control character U+000A"},
        {"[1e999]", 1, 6, "number is too large"},
        {"[01]", 1, 3, "unexpected number literal"},
        {"[\"abc", 1, 6, "missing closing quote"},
    };
    for (const Broken& broken : cases) {
        SCOPED_TRACE(broken.text);
        const JsonDocument document = JsonDocument::parse(broken.text);
        EXPECT_EQ(document.root(), nullptr);
        ASSERT_EQ(document.faults().size(), 1U);
        const JsonFault& fault = document.faults().front();
        EXPECT_NE(fault.message.find(broken.message), std::string::npos) << fault.message;
        EXPECT_EQ(fault.message.find("json.exception"), std::string::npos) << fault.message;
        EXPECT_EQ(document.position(fault.offset).line, broken.line);
        EXPECT_EQ(document.position(fault.offset).column, broken.column);
    }
}

TEST(JsonDocument, HoldsItsLimits) {
    const auto first_fault = [](std::string text) {
        const JsonDocument document = JsonDocument::parse(std::move(text));
        return document.faults().empty() ? "" : document.faults().front().message;
    };
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(first_fault(nested(json_depth_limit)), "");
    EXPECT_EQ(first_fault(nested(json_depth_limit + 1)), "more than 64 arrays and objects in each other");
    EXPECT_EQ(first_fault(std::string(1000000, '[')), "more than 64 arrays and objects in each other");
    EXPECT_EQ(first_fault(std::string(json_size_limit, ' ') + "1"), "larger than 10 MiB");
    std::string many = "[0";
    for (std::uint32_t i = 1; i < json_value_limit; ++i) many += ",0";
    EXPECT_EQ(first_fault(many + "]"), "more than 1048576 values");
}

TEST(JsonDocument, KnowsWhereEveryKeyAndValueStarts) {
    const JsonDocument document = JsonDocument::parse(
        "{\n"
        "  \"a\" : [ 1, -2 ,\"x\\ty\", true,null, 1.5e3 ] ,\n"
        "  \"ä\": { \"b/~\": \"ö\", \"c\": {} }\n"
        "}\n");
    ASSERT_TRUE(document.root());
    const auto at = [&](std::string_view pointer) {
        const JsonNode* node = document.find(pointer);
        if (!node) return std::string("none");
        const JsonPosition position = document.position(node->offset);
        return std::to_string(position.line) + ':' + std::to_string(position.column);
    };
    EXPECT_EQ(at(""), "1:1");
    EXPECT_EQ(at("/a"), "2:9");
    EXPECT_EQ(at("/a/0"), "2:11");
    EXPECT_EQ(at("/a/1"), "2:14");
    EXPECT_EQ(at("/a/2"), "2:18");
    EXPECT_EQ(at("/a/3"), "2:26");
    EXPECT_EQ(at("/a/4"), "2:31");
    EXPECT_EQ(at("/a/5"), "2:37");
    EXPECT_EQ(at("/ä"), "3:8");
    EXPECT_EQ(at("/ä/b~1~0"), "3:17");  // columns count characters
    EXPECT_EQ(at("/ä/c"), "3:27");
    EXPECT_EQ(at("/a/6"), "none");
    EXPECT_EQ(at("/a/x"), "none");
    EXPECT_EQ(at("a"), "1:1");
    EXPECT_EQ(document.position(document.find("/ä/c")->key_offset).column, 22U);
    EXPECT_EQ(document.pointer(*document.find("/ä/b~1~0")), "/ä/b~1~0");
    EXPECT_EQ(document.pointer(*document.find("/a/5")), "/a/5");
    // What is not there is looked for in what would hold it.
    EXPECT_EQ(document.position(std::string_view("/ä/c/d/e")).column, 27U);
}

TEST(JsonDocument, KeepsValuesAsTheyWereWritten) {
    const JsonDocument document = JsonDocument::parse(
        R"([18446744073709551615, -9223372036854775808, 18446744073709551616, 1e3, "a\"b", "", "\n"])");
    ASSERT_TRUE(document.root());
    EXPECT_EQ(document.find("/0")->kind, JsonKind::unsigned_integer);
    EXPECT_EQ(document.find("/0")->unsigned_value, 18446744073709551615U);
    EXPECT_EQ(document.find("/1")->kind, JsonKind::negative_integer);
    EXPECT_EQ(document.find("/1")->signed_value, INT64_MIN);
    EXPECT_EQ(document.find("/2")->kind, JsonKind::real);
    EXPECT_EQ(document.find("/2")->text, "18446744073709551616");
    EXPECT_EQ(document.find("/3")->text, "1e3");
    EXPECT_EQ(document.find("/4")->text, "a\"b");
    EXPECT_EQ(document.find("/5")->text, "");
    EXPECT_EQ(document.find("/6")->text, "\n");
}

TEST(JsonDocument, FindsDuplicateKeysInSmallAndLargeObjects) {
    const JsonDocument small = JsonDocument::parse("{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2, \"\\u0063\": 3}}");
    ASSERT_TRUE(small.root());
    ASSERT_EQ(small.faults().size(), 2U);
    EXPECT_EQ(small.faults()[0].message, "duplicate key at /b/c");
    EXPECT_EQ(small.position(small.faults()[0].offset).line, 2U);
    EXPECT_EQ(small.position(small.faults()[0].offset).column, 16U);

    std::string text = "{";
    for (int i = 0; i < 50000; ++i) text.append(1, '"').append(std::to_string(i)).append("\":0,");
    const JsonDocument large = JsonDocument::parse(text + "\"777\":0}");
    ASSERT_EQ(large.faults().size(), 1U);
    EXPECT_EQ(large.faults()[0].message, "duplicate key at /777");
    EXPECT_EQ(large.faults()[0].offset, text.size());
}

TEST(JsonDocument, SurvivesBeingMoved) {
    JsonDocument document = JsonDocument::parse(R"({"a":"b"})");  // short enough for a string's own buffer
    const JsonDocument moved = std::move(document);
    ASSERT_TRUE(moved.find("/a"));
    EXPECT_EQ(moved.find("/a")->text, "b");
}

}  // namespace
}  // namespace ocirt
