#pragma once
// The store's port: what survives. One commit is one atomic, durable write; see state/README for the format.
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace tocsin::state {

// Column families. Keys are big-endian where order matters.
enum class Table : uint8_t {
  kMeta,    // format version, rule texts, router state, sink floors: name → bytes
  kDelta,   // commit number → the batch's delta (what the shards applied)
  kState,   // rule id, key hash → KeyState bytes, as of the last checkpoint
  kAlerts,  // alert id → its latest transition
  kOutbox,  // sequence → transition, until delivered by all sinks and past the history's length
  kDead,    // number → rejected record
  kLate,    // number → late record
  kLog      // embedded log: topic, offset → record
};
inline constexpr int kTables = 8;

struct Put {
  Table table;
  std::string key;
  std::string value;
};
struct DeleteRange {  // [begin, end)
  Table table;
  std::string begin, end;
};
struct Delete {
  Table table;
  std::string key;
};
struct Batch {
  std::vector<Put> puts;
  std::vector<Delete> deletes;
  std::vector<DeleteRange> ranges;
  bool empty() const { return puts.empty() && deletes.empty() && ranges.empty(); }
  void clear() {
    puts.clear();
    deletes.clear();
    ranges.clear();
  }
};

// Thread-safe: any thread may read; writes are serialised by the store.
class Store {
 public:
  virtual ~Store() = default;
  // Atomic; durable on return when `sync`. kExhausted: the disk is full (nothing was written); kUnavailable …
  virtual Status write(const Batch& batch, bool sync) = 0;
  // kNotFound when absent.
  virtual Result<std::string> get(Table table, std::string_view key) const = 0;
  // Calls f(key, value) in ascending order of key for keys in [begin, end) (end empty: to the end) until f is false.
  virtual Status scan(Table table, std::string_view begin, std::string_view end,
                      const std::function<bool(std::string_view, std::string_view)>& f) const = 0;
  virtual Status scan_backward(Table table, std::string_view begin, std::string_view end,
                               const std::function<bool(std::string_view, std::string_view)>& f) const = 0;
  // A consistent copy of everything into a new directory (hard links where possible).
  virtual Status checkpoint(const std::string& directory) const = 0;
  virtual uint64_t bytes_on_disk() const = 0;
};

inline constexpr uint32_t kFormatVersion = 5;

// Opens or creates. kConflict: in use by another process (named in the message); kCorrupt: of another format version,
// with both versions and what to do; kExhausted: disk full.
Result<std::unique_ptr<Store>> open_rocksdb(const std::string& directory);
// Reads without a lock, beside a running service or after it (state inspect).
Result<std::unique_ptr<Store>> open_rocksdb_read_only(const std::string& directory);
// In memory, for tests and for replays without --state.
std::unique_ptr<Store> make_memory_store();

std::string big_endian(uint64_t v);
uint64_t from_big_endian(std::string_view s);

}  // namespace tocsin::state
