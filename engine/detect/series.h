#pragma once
// Numbers by bucket of time, sparse: only buckets that are not zero are kept, in order. Whole numbers, so that taking
// back gives exactly what was before. Memory: sizeof(V) + 4 bytes a bucket (rounded up), at most `buckets kept` of
// them.
#include <algorithm>
#include <vector>

#include "base/codec.h"
#include "base/status.h"

namespace tocsin::detect {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

template <typename V>
class Series {
 public:
  struct Entry {
    int32_t at;  // the bucket's number
    V value;
  };
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  const std::vector<Entry>& entries() const { return entries_; }
  // Precondition: not empty.
  int64_t first() const { return entries_.front().at; }
  int64_t last() const { return entries_.back().at; }

  V at(int64_t bucket) const {
    const auto it = find(bucket);
    return it != entries_.end() && it->at == bucket ? it->value : V{};
  }
  // The sum over [from, to).
  V sum(int64_t from, int64_t to) const {
    V total{};
    for (auto it = find(from); it != entries_.end() && it->at < to; ++it) total += it->value;
    return total;
  }
  void add(int64_t bucket, V delta) {
    if (delta == V{}) return;
    const bool newest = entries_.empty() || entries_.back().at < bucket;
    const auto it = newest ? entries_.end() : find(bucket);
    if (it == entries_.end() || it->at != bucket) {
      entries_.insert(it, Entry{static_cast<int32_t>(bucket), delta});
    } else if ((it->value += delta) == V{}) {
      entries_.erase(it);
    }
  }
  void drop_before(int64_t bucket) {
    if (!entries_.empty() && entries_.front().at < bucket) entries_.erase(entries_.begin(), find(bucket));
  }
  size_t bytes() const { return entries_.capacity() * sizeof(Entry); }

  void encode(Writer& out) const {
    out.varint(entries_.size());
    int64_t before = 0;
    for (const Entry& e : entries_) {
      out.zigzag(e.at - before);
      before = e.at;
      const auto v = static_cast<Int128>(e.value);
      out.zigzag(static_cast<int64_t>(v));
      if constexpr (sizeof(V) > 8) out.zigzag(static_cast<int64_t>(v >> 64));
    }
  }
  Status decode(Reader& in) {
    const uint64_t n = in.varint();
    if (n > in.remaining()) return corrupt("a key's counts are cut short");
    int64_t at = 0;
    entries_.reserve(n);
    for (uint64_t i = 0; i < n; ++i) {
      at += in.zigzag();
      auto v = static_cast<Int128>(in.zigzag());
      if constexpr (sizeof(V) > 8) {
        v = static_cast<Int128>(static_cast<Uint128>(static_cast<uint64_t>(v)) | static_cast<Uint128>(in.zigzag())
                                                                                     << 64);
      }
      const bool ascending = entries_.empty() || entries_.back().at < at;
      if (!in.ok() || !ascending || at != static_cast<int32_t>(at)) return corrupt("a key's counts do not decode");
      entries_.push_back({static_cast<int32_t>(at), static_cast<V>(v)});
    }
    return {};
  }

 private:
  auto find(int64_t bucket) {
    return std::lower_bound(entries_.begin(), entries_.end(), bucket,
                            [](const Entry& e, int64_t b) { return e.at < b; });
  }
  auto find(int64_t bucket) const {
    return std::lower_bound(entries_.begin(), entries_.end(), bucket,
                            [](const Entry& e, int64_t b) { return e.at < b; });
  }
  std::vector<Entry> entries_;
};

}  // namespace tocsin::detect
