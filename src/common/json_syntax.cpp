#include "common/json_syntax.h"

#include <algorithm>
#include <exception>
#include <string>

#include <nlohmann/json.hpp>

namespace ocirt {
namespace {

using Json = nlohmann::json;

// What nlohmann's exceptions say after their own prefix: "[json.exception.parse_error.101] parse error at line 1,
// column 3: syntax error while parsing value - invalid literal; last read: '...'; expected ...". The quotation of the
// input goes: it can be as long as the input and need not be UTF-8.
std::string clean(std::string_view what) {
    if (const auto end = what.find("] "); what.starts_with('[') && end != what.npos) what.remove_prefix(end + 2);
    if (what.starts_with("parse error at line"))
        if (const auto end = what.find(": "); end != what.npos) what.remove_prefix(end + 2);
    if (what.starts_with("number overflow")) return "number is too large";
    std::string text(what);
    if (const auto quote = text.find("; last read: '"); quote != text.npos) {
        const auto end = text.rfind("'; expected ");
        text.erase(quote, end != text.npos && end > quote ? end + 1 - quote : text.npos);
    }
    return text;
}

// Reads past everything but the first fault.
struct FaultFinder : nlohmann::json_sax<Json> {
    explicit FaultFinder(std::size_t size) : text_size(size) {}

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(Json::number_integer_t) override { return true; }
    bool number_unsigned(Json::number_unsigned_t) override { return true; }
    bool number_float(Json::number_float_t, const std::string&) override { return true; }
    bool string(std::string&) override { return true; }
    bool binary(Json::binary_t&) override { return true; }
    bool start_object(std::size_t) override { return true; }
    bool key(std::string&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
        // `position` counts the bytes read, the offending one included; at the end of the text it counts the end, too.
        fault = {.offset = std::min(position == 0 ? 0 : position - 1, text_size), .message = clean(error.what())};
        return false;
    }

    std::size_t text_size;
    JsonFault fault{.message = "it is not JSON"};
};

}  // namespace

JsonFault explain_syntax(std::string_view text) {
    FaultFinder finder(text.size());
    try {
        Json::sax_parse(text.begin(), text.end(), &finder);
    } catch (const std::exception& error) {
        finder.fault.message = clean(error.what());
    }
    return finder.fault;
}

}  // namespace ocirt
