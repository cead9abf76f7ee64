#pragma once
// Expected failures as values. A function that can fail returns Status, or Result<T> when it also yields something;
// both are [[nodiscard]]. Assertions are for our own mistakes, exceptions of libraries stop at their adapters.
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace tocsin {

// What a caller may want to tell apart; the message is for people.
enum class Code {
  kInvalid,      // the input is wrong (a record, a rule, an option)
  kNotFound,     // what was named is not there
  kUnavailable,  // may work later (a broker that is down)
  kExhausted,    // a bound was reached (disk full, queue full, too large)
  kConflict,     // somebody else holds it (lock, port, fenced)
  kCorrupt,      // stored bytes do not decode, or are of another version
  kInternal      // our own mistake
};

struct Error {
  Code code = Code::kInternal;
  std::string message;  // one sentence: what, where, why, what to do
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by intent
  static Status ok() { return {}; }
  bool is_ok() const { return !error_.has_value(); }
  explicit operator bool() const { return is_ok(); }
  // Precondition: !is_ok().
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by intent
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent
  bool is_ok() const { return v_.index() == 0; }
  explicit operator bool() const { return is_ok(); }
  // Precondition: is_ok().
  T& value() & { return std::get<0>(v_); }
  const T& value() const& { return std::get<0>(v_); }
  T&& value() && { return std::get<0>(std::move(v_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // Precondition: !is_ok().
  const Error& error() const { return std::get<1>(v_); }

 private:
  std::variant<T, Error> v_;
};

inline Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }
inline Error not_found(std::string message) { return {Code::kNotFound, std::move(message)}; }
inline Error unavailable(std::string message) { return {Code::kUnavailable, std::move(message)}; }
inline Error exhausted(std::string message) { return {Code::kExhausted, std::move(message)}; }
inline Error conflict(std::string message) { return {Code::kConflict, std::move(message)}; }
inline Error corrupt(std::string message) { return {Code::kCorrupt, std::move(message)}; }
inline Error internal(std::string message) { return {Code::kInternal, std::move(message)}; }

}  // namespace tocsin
