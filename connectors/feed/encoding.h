#pragma once
// What a feed declares its text to be, made UTF-8.
#include <cstdint>
#include <string_view>

#include "base/arena.h"

namespace tocsin::feed {

enum class Encoding : uint8_t { kUtf8, kGbk };

// Converts records to UTF-8; GBK is read as GB 18030, which contains it. Not thread-safe (a conversion has state).
class ToUtf8 {
 public:
  explicit ToUtf8(Encoding encoding);
  ToUtf8(const ToUtf8&) = delete;
  ToUtf8& operator=(const ToUtf8&) = delete;
  ~ToUtf8();
  // True: `out` is UTF-8, a view of `in` or in `arena`. False: `in` is not in the declared encoding.
  bool convert(std::string_view in, Arena& arena, std::string_view& out) const;
  Encoding encoding() const { return encoding_; }

 private:
  Encoding encoding_;
  void* converter_;  // iconv_t
};

}  // namespace tocsin::feed
