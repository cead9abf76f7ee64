#pragma once
// Writes JSON text, compact, into a caller's string. Commas are placed by the writer; keys and values in the order of
// the calls, so the same calls give the same bytes. Doubles are written shortest-round-trip; NaN and infinities as
// null.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// Appends `s` to `out` as a JSON string with quotes. Invalid UTF-8 must not reach here (readers refuse it).
void append_json_string(std::string& out, std::string_view s);
// Shortest text that reads back as the same double; whole numbers without ".0".
void append_json_number(std::string& out, double v);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view s);
  JsonWriter& integer(int64_t v);
  JsonWriter& unsigned_integer(uint64_t v);
  JsonWriter& number(double v);
  JsonWriter& boolean(bool v);
  JsonWriter& null();
  // `json` must be one complete JSON value.
  JsonWriter& raw(std::string_view json);
  // key + value in one call.
  JsonWriter& field(std::string_view name, std::string_view s) { return key(name).string(s); }
  JsonWriter& field(std::string_view name, int64_t v) { return key(name).integer(v); }

 private:
  void comma();
  std::string& out_;
  std::vector<bool> first_{true};
  bool after_key_ = false;
};

}  // namespace tocsin
