#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "base/arena.h"
#include "base/codec.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/nearest.h"
#include "base/status.h"

namespace tocsin {
namespace {

TEST(Codec, RoundTrip) {
  std::string bytes;
  Writer w(bytes);
  const std::array<uint64_t, 6> numbers = {0, 1, 127, 128, 1ULL << 63, UINT64_MAX};
  for (const uint64_t v : numbers) w.varint(v);
  const std::array<int64_t, 5> signed_numbers = {0, -1, 1, INT64_MIN, INT64_MAX};
  for (const int64_t v : signed_numbers) w.zigzag(v);
  w.u8(200);
  w.fixed32(0xdeadbeef);
  w.fixed64(0x0123456789abcdef);
  w.f64(-0.1);
  w.str("水");
  w.str("");
  w.hash({1, 2});
  w.flag(true);
  Reader r(bytes);
  for (const uint64_t v : numbers) EXPECT_EQ(r.varint(), v);
  for (const int64_t v : signed_numbers) EXPECT_EQ(r.zigzag(), v);
  EXPECT_EQ(r.u8(), 200);
  EXPECT_EQ(r.fixed32(), 0xdeadbeef);
  EXPECT_EQ(r.fixed64(), 0x0123456789abcdef);
  EXPECT_EQ(r.f64(), -0.1);
  EXPECT_EQ(r.str(), "水");
  EXPECT_EQ(r.str(), "");
  EXPECT_EQ(r.hash(), (Hash128{1, 2}));
  EXPECT_TRUE(r.flag());
  EXPECT_TRUE(r.ok());
  EXPECT_TRUE(r.at_end());
}

TEST(Codec, TruncatedBytesFailOnceAndStayFailed) {
  std::string bytes;
  Writer(bytes).str("abcdef");
  for (size_t n = 0; n < bytes.size(); ++n) {
    Reader r(std::string_view(bytes).substr(0, n));
    EXPECT_EQ(r.str(), "");
    EXPECT_FALSE(r.ok()) << n;
    EXPECT_EQ(r.fixed64(), 0u);
    EXPECT_FALSE(r.ok());
  }
  Reader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11));
  EXPECT_EQ(endless.varint(), 0u);
  EXPECT_FALSE(endless.ok());
}

TEST(Json, WritesCompactText) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("a", "x\"\\\n\x01").field("b", int64_t{-5}).key("c").begin_array();
  w.number(0.1).number(3).number(std::nan("")).boolean(true).null().raw("{}").unsigned_integer(UINT64_MAX).end_array();
  w.key("d").begin_object().end_object().end_object();
  EXPECT_EQ(out, R"({"a":"x\"\\\n\u0001","b":-5,"c":[0.1,3,null,true,null,{},18446744073709551615],"d":{}})");
}

TEST(Hash, IsStable) {
  // These values are in state and in alert ids: they may never change.
  EXPECT_EQ(hex(hash64("tocsin")), hex(hash64("tocsin", 0)));
  EXPECT_EQ(hex(0x0123456789abcdef), "0123456789abcdef");
  EXPECT_NE(hash64("a"), hash64("a", 1));
  EXPECT_NE(hash128("a"), hash128("b"));
  EXPECT_EQ(hex(hash64("")), "2d06800538d394c2");
}

TEST(Arena, AlignsGrowsAndResets) {
  Arena arena(128);
  const std::string_view a = arena.copy("abc");
  EXPECT_EQ(a, "abc");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.allocate(8, 16)) % 16, 0u);
  char* big = arena.array<char>(1000);
  std::memset(big, 1, 1000);
  EXPECT_EQ(a, "abc");
  const size_t capacity = arena.capacity();
  for (int i = 0; i < 100; ++i) {
    arena.reset();
    arena.array<char>(100);
    arena.array<char>(900);
  }
  EXPECT_EQ(arena.capacity(), capacity);
}

TEST(Nearest, FindsTypos) {
  constexpr std::array<std::string_view, 3> kWords = {"category", "occurred_at", "text"};
  EXPECT_EQ(nearest_word("catgory", kWords), "category");
  EXPECT_EQ(nearest_word("tetx", kWords), "text");
  EXPECT_EQ(nearest_word("ocurred_at", kWords), "occurred_at");
  EXPECT_EQ(nearest_word("elephant", kWords), "");
  EXPECT_EQ(nearest_word("", kWords), "");
  EXPECT_EQ(nearest_word(std::string(1000, 'a'), kWords), "");
}

TEST(Status, CarriesItsError) {
  EXPECT_TRUE(Status::ok());
  const Status s = exhausted("disk full");
  EXPECT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kExhausted);
  Result<int> r = not_found("x");
  EXPECT_FALSE(r);
  r = 5;
  EXPECT_EQ(*r, 5);
}

}  // namespace
}  // namespace tocsin
