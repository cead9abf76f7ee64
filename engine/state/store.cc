#include "state/store.h"

namespace tocsin::state {

std::string big_endian(uint64_t v) {
  std::string s(8, '\0');
  for (size_t i = 8; i-- > 0; v >>= 8) s[i] = static_cast<char>(v & 0xff);
  return s;
}

uint64_t from_big_endian(std::string_view s) {
  uint64_t v = 0;
  for (const char c : s.substr(0, 8)) v = v << 8 | static_cast<uint8_t>(c);
  return v;
}

}  // namespace tocsin::state
