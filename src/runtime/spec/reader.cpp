#include "runtime/spec/reader.h"

#include <algorithm>

namespace ocirt::spec {

namespace {

constexpr std::size_t longest_listed = 9;  // word lists up to this length are told whole

template <class T>
std::string range(T min, T max) {
    return std::to_string(min) + ".." + std::to_string(max);
}

constexpr std::size_t most_compared = 1000;  // unknown members of one object: more are data, not typing errors

// A number as written, cut where it is absurdly long.
std::string number(const JsonNode& node) { return std::string(node.text.substr(0, 40)); }

}  // namespace

std::string Value::pointer() const {
    return node_ ? document_->pointer(*node_) : document_->pointer(*parent_) + pointer_step(name_);
}

bool Value::add(Severity severity, std::string message) {
    if (node_)
        findings_->add_at(node_->offset, severity, pointer(), std::move(message));
    else
        findings_->add(severity, pointer(), std::move(message));
    return false;
}

bool Value::is(JsonKind kind, std::string_view expected) {
    if (!node_) return false;
    if (node_->kind == kind) return true;
    return error("expected " + std::string(expected) + ", found " + std::string(noun(node_->kind)));
}

bool Value::boolean(bool& out) {
    if (!is(JsonKind::boolean, "true or false")) return false;
    out = node_->boolean;
    return true;
}

bool Value::boolean(std::optional<bool>& out) {
    bool value = false;
    if (!boolean(value)) return false;
    out = value;
    return true;
}

bool Value::string(std::string& out) {
    if (!is(JsonKind::string, "a string")) return false;
    out = node_->text;
    return true;
}

bool Value::string(std::string_view& out) {
    if (!is(JsonKind::string, "a string")) return false;
    if (node_->text.empty()) return error("is empty");
    out = node_->text;
    return true;
}

bool Value::absolute_path(std::string& out) {
    if (!is(JsonKind::string, "an absolute path")) return false;
    if (node_->text.empty()) return error("is empty: expected an absolute path");
    if (node_->text.front() != '/') return error(quoted(node_->text) + " is not an absolute path");
    out = node_->text;
    return true;
}

bool Value::strings(std::vector<std::string>& out) {
    if (!is(JsonKind::array, "an array of strings")) return false;
    out.reserve(node_->count);
    return each(JsonKind::array, [&out](Value item) { item.string(out.emplace_back()); });
}

bool Value::absolute_paths(std::vector<std::string>& out) {
    if (!is(JsonKind::array, "an array of strings")) return false;
    out.reserve(node_->count);
    return each(JsonKind::array, [&out](Value item) { item.absolute_path(out.emplace_back()); });
}

bool Value::environment(std::vector<std::string>& out) {
    if (!is(JsonKind::array, "an array of strings")) return false;
    out.reserve(node_->count);
    return each(JsonKind::array, [&out](Value item) {
        std::string& entry = out.emplace_back();
        if (!item.string(entry)) return;
        const std::size_t sign = entry.find('=');
        if (sign == entry.npos)
            item.error(quoted(entry) + " has no '=': expected NAME=value");
        else if (sign == 0)
            item.error(quoted(entry) + " has no name before its '='");
    });
}

bool Value::string_map(StringMap& out) {
    if (!is(JsonKind::object, "an object of strings")) return false;
    out.reserve(node_->count);
    return each(JsonKind::object, [&out](Value member) {
        auto& [name, value] = out.emplace_back(member.node_->key, std::string());
        if (name.empty()) member.error("has an empty key");
        member.string(value);
    });
}

bool Value::id(std::uint32_t& out) { return integer(out, 0U, 4294967294U); }

bool Value::is_integer() {
    if (!node_) return false;
    if (node_->kind == JsonKind::unsigned_integer || node_->kind == JsonKind::negative_integer) return true;
    if (node_->kind == JsonKind::real && node_->text.find_first_of(".eE") != std::string_view::npos)
        return error(number(*node_) + " is written with a fraction or an exponent: expected an integer");
    return node_->kind == JsonKind::real || is(JsonKind::unsigned_integer, "an integer");
}

bool Value::signed_integer(std::int64_t& out, std::int64_t min, std::int64_t max) {
    if (!is_integer()) return false;
    std::optional<std::int64_t> value;
    if (node_->kind == JsonKind::negative_integer) value = node_->signed_value;
    if (node_->kind == JsonKind::unsigned_integer && std::in_range<std::int64_t>(node_->unsigned_value))
        value = static_cast<std::int64_t>(node_->unsigned_value);
    if (!value || *value < min || *value > max) return error(number(*node_) + " is out of range " + range(min, max));
    out = *value;
    return true;
}

bool Value::unsigned_integer(std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
    if (!is_integer()) return false;
    std::optional<std::uint64_t> value;
    if (node_->kind == JsonKind::unsigned_integer) value = node_->unsigned_value;
    if (node_->kind == JsonKind::negative_integer && node_->signed_value == 0) value = 0;  // written "-0"
    if (!value || *value < min || *value > max) return error(number(*node_) + " is out of range " + range(min, max));
    out = *value;
    return true;
}

bool Value::unknown_word(std::string_view word, std::span<const std::string_view> words, std::string_view what) {
    std::string message = quoted(word) + " is not " + std::string(what);
    if (const std::string_view near = nearest(word, words); !near.empty())
        return error(message + ": did you mean " + quoted(near) + "?");
    if (words.size() > longest_listed) return error(message);
    message += ": expected ";
    for (std::size_t i = 0; i < words.size(); ++i)
        message += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
    return error(std::move(message));
}

Value Object::operator[](std::string_view name) {
    if (name_count_ < most_names) names_[name_count_++] = name;
    const JsonNode* node = document_.member(node_, name);
    if (node) ++found_;
    if (node && node->kind == JsonKind::null) node = nullptr;
    return {document_, findings_, node_, name, node};
}

Value Object::required(std::string_view name) {
    Value value = (*this)[name];
    if (!value) value.error("is missing");
    return value;
}

void Object::ignore(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) (void)(*this)[name];
}

Object::~Object() {
    if (found_ == node_.count) return;
    const std::span<const std::string_view> names(names_.data(), name_count_);
    std::size_t unknown = 0;
    for (const JsonNode* member = document_.first(node_); member; member = document_.next(*member)) {
        if (std::ranges::find(names, member->key) != names.end()) continue;
        if (++unknown > most_compared) return;
        if (const std::string_view near = nearest(member->key, names); !near.empty())
            findings_.add_at(member->key_offset, Severity::warning, document_.pointer(*member),
                             "is not of the spec and is ignored: did you mean " + quoted(near) + "?");
    }
}

}  // namespace ocirt::spec
