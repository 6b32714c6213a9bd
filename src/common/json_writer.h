// JSON text, written from front to back: for what is written on every start, where building a document first would cost
// more than the writing.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace ocirt {

class JsonWriter {
   public:
    // 0: on one line; else lines indented by so many spaces.
    explicit JsonWriter(int indent = 0) : indent_(indent) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }

    // Inside an object, before each value.
    void key(std::string_view name);

    // Text that is not UTF-8 is written byte by byte as U+FFFD: what reads it must not fail on it.
    void value(std::string_view text);
    void value(const char* text) { value(std::string_view(text)); }
    void value(bool truth);
    void value(std::nullptr_t) { literal("null"); }
    void value(double number);  // finite; 0 otherwise, as JSON has no other
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    void value(T number) {
        literal(std::to_string(number));
    }

    template <class T>
    void member(std::string_view name, const T& content) {
        key(name);
        value(content);
    }

    [[nodiscard]] std::string take() && { return std::move(text_); }

   private:
    void open(char bracket);
    void close(char bracket);
    void separate();
    void literal(std::string_view text);
    void new_line();

    std::string text_;
    int indent_;
    int depth_ = 0;
    bool first_ = true;  // nothing stands in the innermost array or object yet
    bool after_key_ = false;
};

}  // namespace ocirt
