#pragma once
// The rows of one key in the order of (time, uid), contiguous: a line of 24 bytes each beside one pool of packed bytes.
// Indices count from the oldest row kept and shift with insertions and removals.
#include <string>
#include <vector>

#include "base/status.h"
#include "detect/packed_row.h"

namespace tocsin::detect {

class RowStore {
 public:
  size_t size() const { return entries_.size() - head_; }
  bool empty() const { return size() == 0; }
  TimeMs time(size_t i) const { return entries_[head_ + i].time; }
  uint64_t uid(size_t i) const { return entries_[head_ + i].uid; }
  Position position(size_t i) const { return {time(i), uid(i)}; }
  PackedRow row(size_t i) const { return PackedRow(pool_.data() + entries_[head_ + i].offset); }
  std::string bytes_of(size_t i) const {
    const Entry& e = entries_[head_ + i];
    return pool_.substr(e.offset, e.size());
  }
  // Eight bits of the owner's own use.
  uint8_t flags(size_t i) const { return static_cast<uint8_t>(entries_[head_ + i].size_flags >> 24); }
  void set_flags(size_t i, uint8_t f) {
    uint32_t& s = entries_[head_ + i].size_flags;
    s = (s & 0xffffff) | static_cast<uint32_t>(f) << 24;
  }

  // Puts the row in its place, with flags 0, and answers its index.
  size_t insert(const Row& row);
  void erase(size_t i);
  void drop_front(size_t n);
  // Index of the row of `uid`, newest first; size() when it is not there.
  size_t find(uint64_t uid) const;
  // First index whose position (or time) is not less than the one given.
  size_t lower_bound(Position p) const;
  size_t lower_bound(TimeMs t) const { return lower_bound(Position{t, 0}); }
  // First index whose time is greater.
  size_t upper_bound(TimeMs t) const;

  void encode(Writer& out) const;
  Status decode(Reader& in, int cells);
  size_t bytes() const { return entries_.capacity() * sizeof(Entry) + pool_.capacity(); }

 private:
  struct Entry {
    TimeMs time;
    uint64_t uid;
    uint32_t offset;
    uint32_t size_flags;  // bytes in the pool, below 2^24; flags above
    uint32_t size() const { return size_flags & 0xffffff; }
  };
  static_assert(sizeof(Entry) == 24);
  void compact();

  std::vector<Entry> entries_;  // those before head_ are gone
  std::string pool_;
  size_t head_ = 0;
  size_t dead_ = 0;  // bytes of the pool that belong to rows that are gone
};

}  // namespace tocsin::detect
