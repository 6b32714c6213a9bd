// Reading a JSON tree into typed values, one place at a time. What is wrong becomes a finding at that place and leaves
// the result as it was; reading goes on, so that one pass finds everything.
//
//   void read_root(Object& object, Root& root) {
//       object.required("path").string(root.path);
//       object["readonly"].boolean(root.readonly);
//   }
//
// null means absent, as it does for Go, in which the engines that write these files are written.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/json_document.h"
#include "runtime/spec/config.h"
#include "runtime/spec/finding.h"

namespace ocirt::spec {

class Object;

// A word of one of the spec's lists, and what it stands for.
template <class T>
struct Word {
    std::string_view name;
    T value;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

// A place in the document, perhaps empty. The getters answer whether a good value was there and stored.
class Value {
   public:
    Value(const JsonDocument& document, Findings& findings, const JsonNode& parent, std::string_view name,
          const JsonNode* node)
        : document_(&document), findings_(&findings), parent_(&parent), name_(name), node_(node) {}

    [[nodiscard]] explicit operator bool() const { return node_ != nullptr; }
    [[nodiscard]] const JsonNode* node() const { return node_; }
    [[nodiscard]] std::string pointer() const;

    bool boolean(bool& out);
    bool boolean(std::optional<bool>& out);
    bool string(std::string& out);
    // Not empty. The view lives as long as the document.
    bool string(std::string_view& out);
    bool absolute_path(std::string& out);
    bool strings(std::vector<std::string>& out);
    bool absolute_paths(std::vector<std::string>& out);
    // "NAME=value" for each: a name, and the sign after it.
    bool environment(std::vector<std::string>& out);
    // Every value a string, no key empty.
    bool string_map(StringMap& out);
    // 0..4294967294: the last number is (uid_t)-1, which system calls read as "leave it".
    bool id(std::uint32_t& out);

    template <std::integral T>
    bool integer(T& out, T min = std::numeric_limits<T>::min(), T max = std::numeric_limits<T>::max());
    template <std::integral T>
    bool integer(std::optional<T>& out, T min = std::numeric_limits<T>::min(), T max = std::numeric_limits<T>::max());

    // `what` names the list in messages: "a namespace type".
    template <class T, std::size_t N>
    bool word(T& out, const std::array<Word<T>, N>& words, std::string_view what);

    // Calls `read` with the object here.
    template <class T>
    bool object(T& out, void (*read)(Object&, T&));
    template <class T>
    bool object(std::optional<T>& out, void (*read)(Object&, T&));
    // Calls `read` with each object of the array here.
    template <class T>
    bool objects(std::vector<T>& out, void (*read)(Object&, T&));
    // Calls `read` with each value of an array or each member of an object.
    template <class Read>
    bool each(JsonKind kind, Read read);

    // A finding about the value here. Always false, to be returned.
    bool error(std::string message) { return add(Severity::error, std::move(message)); }
    bool warning(std::string message) { return add(Severity::warning, std::move(message)); }

   private:
    bool add(Severity severity, std::string message);
    bool is(JsonKind kind, std::string_view expected);
    bool signed_integer(std::int64_t& out, std::int64_t min, std::int64_t max);
    bool unsigned_integer(std::uint64_t& out, std::uint64_t min, std::uint64_t max);
    bool is_integer();
    bool unknown_word(std::string_view word, std::span<const std::string_view> words, std::string_view what);

    const JsonDocument* document_;
    Findings* findings_;
    const JsonNode* parent_;
    std::string_view name_;
    const JsonNode* node_;  // nullptr: absent
};

// An object being read. It remembers the names that were asked for: these are the ones the spec knows. When it goes out
// of scope, members of other names are ignored, as the spec demands, but a near miss of a known one is a warning.
class Object {
   public:
    Object(const JsonDocument& document, Findings& findings, const JsonNode& node)
        : document_(document), findings_(findings), node_(node) {}
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    ~Object();

    [[nodiscard]] Value operator[](std::string_view name);
    [[nodiscard]] Value required(std::string_view name);
    // Names of the spec that ocirt has no use for: of other platforms, or withdrawn.
    void ignore(std::initializer_list<std::string_view> names);

    [[nodiscard]] std::string pointer() const { return document_.pointer(node_); }
    [[nodiscard]] Findings& findings() { return findings_; }
    // Findings about the object as a whole.
    void error(std::string message) { findings_.add(Severity::error, pointer(), std::move(message)); }
    void warning(std::string message) { findings_.add(Severity::warning, pointer(), std::move(message)); }

   private:
    static constexpr std::size_t most_names = 32;  // of one object of the spec; process and linux have most, below 24

    const JsonDocument& document_;
    Findings& findings_;
    const JsonNode& node_;
    std::array<std::string_view, most_names> names_;
    std::size_t name_count_ = 0;
    std::uint32_t found_ = 0;
};

template <std::integral T>
bool Value::integer(T& out, T min, T max) {
    if constexpr (std::is_signed_v<T>) {
        std::int64_t wide = 0;
        if (!signed_integer(wide, min, max)) return false;
        out = static_cast<T>(wide);
    } else {
        std::uint64_t wide = 0;
        if (!unsigned_integer(wide, min, max)) return false;
        out = static_cast<T>(wide);
    }
    return true;
}

template <std::integral T>
bool Value::integer(std::optional<T>& out, T min, T max) {
    T value{};
    if (!integer(value, min, max)) return false;
    out = value;
    return true;
}

template <class T, std::size_t N>
bool Value::word(T& out, const std::array<Word<T>, N>& words, std::string_view what) {
    if (!is(JsonKind::string, "a string")) return false;
    for (const Word<T>& word : words)
        if (word.name == node_->text) {
            out = word.value;
            return true;
        }
    std::array<std::string_view, N> names;
    for (std::size_t i = 0; i < N; ++i) names[i] = words[i].name;
    return unknown_word(node_->text, names, what);
}

template <class T>
bool Value::object(T& out, void (*read)(Object&, T&)) {
    if (!is(JsonKind::object, "an object")) return false;
    Object inner(*document_, *findings_, *node_);
    read(inner, out);
    return true;
}

template <class T>
bool Value::object(std::optional<T>& out, void (*read)(Object&, T&)) {
    T value{};
    if (!object(value, read)) return false;
    out = std::move(value);
    return true;
}

template <class T>
bool Value::objects(std::vector<T>& out, void (*read)(Object&, T&)) {
    return each(JsonKind::array, [&](Value item) {
        T value{};
        if (item.object(value, read)) out.push_back(std::move(value));
    });
}

template <class Read>
bool Value::each(JsonKind kind, Read read) {
    if (!is(kind, noun(kind))) return false;
    for (const JsonNode* item = document_->first(*node_); item; item = document_->next(*item))
        read(Value(*document_, *findings_, *node_, item->key, item));
    return true;
}

}  // namespace ocirt::spec
