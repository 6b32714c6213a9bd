// The scanner against a parser of another hand: what nlohmann accepts, it accepts, with the same values; what nlohmann
// refuses, it refuses.
#include "common/json_scanner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "common/json_document.h"

namespace ocirt {
namespace {

using Json = nlohmann::json;

Json value_of(const JsonDocument& document, const JsonNode& node) {
    switch (node.kind) {
        case JsonKind::null: return nullptr;
        case JsonKind::boolean: return node.boolean;
        case JsonKind::unsigned_integer: return node.unsigned_value;
        case JsonKind::negative_integer: return node.signed_value;
        case JsonKind::real: return Json::parse(node.text);
        case JsonKind::string: return std::string(node.text);
        case JsonKind::array: {
            Json array = Json::array();
            for (const JsonNode* item = document.first(node); item; item = document.next(*item))
                array.push_back(value_of(document, *item));
            return array;
        }
        case JsonKind::object: {
            Json object = Json::object();
            for (const JsonNode* item = document.first(node); item; item = document.next(*item))
                object[std::string(item->key)] = value_of(document, *item);
            return object;
        }
    }
    return {};
}

// Faults of our own: a text that JSON allows and we do not.
bool is_our_refusal(const JsonDocument& document) {
    return std::ranges::any_of(document.faults(), [](const JsonFault& fault) {
        return fault.message.find("U+0000") != std::string::npos || fault.message.find("NUL") != std::string::npos ||
               fault.message.find("byte order mark") != std::string::npos ||
               fault.message.find("in each other") != std::string::npos;
    });
}

void expect_agreement(const std::string& text) {
    const JsonDocument document = JsonDocument::parse(text);
    if (is_our_refusal(document)) return;
    ASSERT_EQ(document.root() != nullptr, Json::accept(text))
        << Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
    if (document.root() != nullptr) {
        EXPECT_EQ(value_of(document, *document.root()), Json::parse(text)) << text;
    } else {
        ASSERT_EQ(document.faults().size(), 1u);
        EXPECT_NE(document.faults()[0].message, "it is not JSON") << text;
    }
}

class JsonScannerTexts : public testing::TestWithParam<std::string_view> {};

TEST_P(JsonScannerTexts, AgreeWithAnotherParser) { expect_agreement(std::string(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Right, JsonScannerTexts,
                         testing::Values("null", " true ", "false", "0", "-0", "-1", "18446744073709551615",
                                         "18446744073709551616", "-9223372036854775808", "-9223372036854775809", "1.5",
                                         "1e3", "1E+3", "1e-999", "0.0", "\"\"", R"("\"\\\/\b\f\n\r\t")",
                                         R"("\u00e9\u20AC\ud83d\ude00x")", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
                                         "[]", "{}", "[[],{}]", R"({"a":1,"b":[2,3],"c":{"d":null}})", "[1,\n2\t,\r3 ]",
                                         R"([""])", R"({"":""})", "\"a\\u0041\xC3\xA9\\n\""));
INSTANTIATE_TEST_SUITE_P(Wrong, JsonScannerTexts,
                         testing::Values("nul", "tru", "truex", "+1", "01", "1.", ".5", "1e", "1e+", "-", "--1",
                                         "1e999", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"",
                                         R"("\ud800")", R"("\ud800x")", R"("\ud800\u0041")", R"("\udc00")", "\"\n\"",
                                         "\"\x1F\"", "\"\x80\"", "\"\xC0\x80\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"",
                                         "\"\xF4\x90\x80\x80\"", "\"\xC3\"", "\"\xE2\x82\"", "\"\xF0\x9F\x98\"", "[",
                                         "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{1:2}", "{\"a\"}",
                                         "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}", "[1}", "{\"a\":1]", "1 2",
                                         "[] []", "'a'", "nan", "//x\n1"));

TEST(JsonScanner, AgreesOnMutatedTexts) {
    const std::string whole =
        R"({"ociVersion":"1.0.2","process":{"user":{"uid":0},"args":["sh","-c","\u00e9\n"],"terminal":false},)"
        "\n  \"numbers\": [0, -1, 2.5, 1e3, 18446744073709551615], \"text\": \"\xC3\xA9\xF0\x9F\x98\x80\", \"n\": "
        "null}";
    const std::string alphabet = "{}[]\",:\\u0123456789eE+-. \n\xC3\xA9\xED\xF0truefalsn\x01";
    std::mt19937 random(20);
    const auto below = [&random](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    for (int round = 0; round < 20000 && !HasFatalFailure(); ++round) {
        std::string text = whole;
        for (std::size_t change = below(3) + 1; change > 0; --change) {
            const std::size_t at = below(text.size());
            switch (below(3)) {
                case 0: text[at] = alphabet[below(alphabet.size())]; break;
                case 1: text.erase(at, below(4) + 1); break;
                default: text.insert(at, 1, alphabet[below(alphabet.size())]);
            }
            if (text.empty()) text = "0";
        }
        expect_agreement(text);
    }
}

}  // namespace
}  // namespace ocirt
