#pragma once
// The one byte format of everything that Tocsin stores: little-endian fixed integers, LEB128 varints, zigzag for signed
// numbers, length-prefixed strings. Writer appends to a caller's string; Reader is bounds-checked: after a read past
// the end every further read yields zero or empty and ok() is false, so a decoder checks once at its end.
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hash.h"

namespace tocsin {

class Writer {
 public:
  // `out` must outlive the writer; writes append.
  explicit Writer(std::string& out) : out_(out) {}
  void u8(uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void fixed64(uint64_t v) { out_.append(reinterpret_cast<const char*>(&v), sizeof v); }
  void fixed32(uint32_t v) { out_.append(reinterpret_cast<const char*>(&v), sizeof v); }
  void f64(double v) { fixed64(std::bit_cast<uint64_t>(v)); }
  void varint(uint64_t v) {
    char buf[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) buf[n++] = static_cast<char>(v | 0x80);
    buf[n++] = static_cast<char>(v);
    out_.append(buf, n);
  }
  void zigzag(int64_t v) { varint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void str(std::string_view s) {
    varint(s.size());
    out_.append(s);
  }
  void hash(const Hash128& h) {
    fixed64(h.hi);
    fixed64(h.lo);
  }
  void flag(bool b) { u8(b ? 1 : 0); }
  std::string& out() { return out_; }

 private:
  std::string& out_;
};

// The same format into room that the caller has made: nothing is checked. kMost bytes are enough for any one number.
class RawWriter {
 public:
  static constexpr size_t kMost = 10;
  explicit RawWriter(char* to) : p_(to) {}
  char* position() const { return p_; }
  void u8(uint8_t v) { *p_++ = static_cast<char>(v); }
  void fixed64(uint64_t v) { put(&v, sizeof v); }
  void f64(double v) { put(&v, sizeof v); }
  void varint(uint64_t v) {
    for (; v >= 0x80; v >>= 7) *p_++ = static_cast<char>(v | 0x80);
    *p_++ = static_cast<char>(v);
  }
  void zigzag(int64_t v) { varint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void bytes(std::string_view s) { put(s.data(), s.size()); }
  void str(std::string_view s) {
    varint(s.size());
    bytes(s);
  }

 private:
  void put(const void* from, size_t n) {
    if (n != 0) std::memcpy(p_, from, n);
    p_ += n;
  }
  char* p_;
};

class Reader {
 public:
  // The bytes must outlive the reader and every view it hands out.
  explicit Reader(std::string_view in) : p_(in.data()), end_(in.data() + in.size()) {}
  bool ok() const { return ok_; }
  bool at_end() const { return p_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - p_); }
  const char* position() const { return p_; }
  uint8_t u8() { return need(1) ? static_cast<uint8_t>(*p_++) : uint8_t{0}; }
  uint64_t fixed64() { return fixed<uint64_t>(); }
  uint32_t fixed32() { return fixed<uint32_t>(); }
  double f64() { return std::bit_cast<double>(fixed64()); }
  uint64_t varint() {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t b = u8();
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
    fail();
    return 0;
  }
  int64_t zigzag() {
    const uint64_t v = varint();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }
  // A zigzag that is kNoTime, kNever or an instant; what lies further than any instant fails, so that spans between
  // those that were read do not overflow.
  TimeMs instant() {
    constexpr TimeMs kFurthest = TimeMs{1} << 55;
    const TimeMs t = zigzag();
    if (t != kNoTime && t != kNever && (t < -kFurthest || t > kFurthest)) fail();
    return ok_ ? t : 0;
  }
  std::string_view str() { return bytes(varint()); }
  std::string_view bytes(uint64_t n) {
    if (!need(n)) return {};
    const std::string_view s(p_, n);
    p_ += n;
    return s;
  }
  Hash128 hash() {
    Hash128 h;
    h.hi = fixed64();
    h.lo = fixed64();
    return h;
  }
  bool flag() { return u8() != 0; }
  void fail() {
    ok_ = false;
    p_ = end_;
  }

 private:
  bool need(uint64_t n) {
    if (n <= remaining()) return true;
    fail();
    return false;
  }
  template <typename T>
  T fixed() {
    T v{};
    if (need(sizeof v)) {
      std::memcpy(&v, p_, sizeof v);
      p_ += sizeof v;
    }
    return v;
  }
  const char* p_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace tocsin
