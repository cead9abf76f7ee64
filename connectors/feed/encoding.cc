#include "connectors/feed/encoding.h"

#include <iconv.h>
#include <simdjson.h>

#include <cstring>

namespace tocsin::feed {
namespace {

bool is_ascii(std::string_view s) {
  unsigned char any = 0;
  for (const char c : s) any |= static_cast<unsigned char>(c);
  return any < 0x80;
}

}  // namespace

ToUtf8::ToUtf8(Encoding encoding)
    : encoding_(encoding), converter_(encoding == Encoding::kGbk ? iconv_open("UTF-8", "GB18030") : nullptr) {}

ToUtf8::~ToUtf8() {
  if (converter_ != nullptr && converter_ != reinterpret_cast<void*>(-1)) iconv_close(converter_);
}

bool ToUtf8::convert(std::string_view in, Arena& arena, std::string_view& out) const {
  out = in;
  if (is_ascii(in)) return true;
  if (encoding_ == Encoding::kUtf8) return simdjson::validate_utf8(in.data(), in.size());
  if (converter_ == reinterpret_cast<void*>(-1)) return false;
  // Two bytes become at most three, four at most four.
  const size_t room = in.size() * 3 / 2 + 4;
  char* const begin = arena.array<char>(room);
  char* from = const_cast<char*>(in.data());  // NOLINT: iconv does not write through it
  char* to = begin;
  size_t from_left = in.size();
  size_t to_left = room;
  iconv(converter_, nullptr, nullptr, nullptr, nullptr);
  if (iconv(converter_, &from, &from_left, &to, &to_left) == static_cast<size_t>(-1)) return false;
  out = {begin, static_cast<size_t>(to - begin)};
  return true;
}

}  // namespace tocsin::feed
