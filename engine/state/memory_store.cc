// The store in ordered maps: the same semantics as RocksDB's, gone with the process.
#include <array>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "state/store.h"
#include "state/tables.h"

namespace tocsin::state {
namespace {

using Entries = std::map<std::string, std::string, std::less<>>;
using Entry = std::pair<std::string, std::string>;
using Visitor = std::function<bool(std::string_view, std::string_view)>;

// Entries are handed out in pages, so that a visitor may itself read and write the store.
constexpr size_t kPage = 64;

class MemoryStore final : public Store {
 public:
  Status write(const Batch& batch, bool) override {
    const std::unique_lock lock(mutex_);
    for (const auto& r : batch.ranges) {
      if (r.begin >= r.end) continue;
      auto& t = tables_[index_of(r.table)];
      t.erase(t.lower_bound(r.begin), t.lower_bound(r.end));
    }
    for (const auto& d : batch.deletes) tables_[index_of(d.table)].erase(d.key);
    for (const auto& p : batch.puts) tables_[index_of(p.table)].insert_or_assign(p.key, p.value);
    return Status::ok();
  }

  Result<std::string> get(Table table, std::string_view key) const override {
    const std::shared_lock lock(mutex_);
    const auto& t = tables_[index_of(table)];
    const auto it = t.find(key);
    if (it == t.end()) return not_found("no such key in table " + std::string(name_of(table)));
    return it->second;
  }

  Status scan(Table table, std::string_view begin, std::string_view end, const Visitor& f) const override {
    std::string from(begin);
    for (bool first = true;; first = false) {
      const auto page = page_up(table, from, end, !first);
      for (const auto& [k, v] : page) {
        if (!f(k, v)) return Status::ok();
      }
      if (page.size() < kPage) return Status::ok();
      from = page.back().first;
    }
  }

  Status scan_backward(Table table, std::string_view begin, std::string_view end, const Visitor& f) const override {
    std::string to(end);
    while (true) {
      const auto page = page_down(table, begin, to);
      for (const auto& [k, v] : page) {
        if (!f(k, v)) return Status::ok();
      }
      if (page.size() < kPage) return Status::ok();
      to = page.back().first;
    }
  }

  Status checkpoint(const std::string& directory) const override {
    auto copy = open_rocksdb(directory);
    if (!copy) return copy.error();
    Batch batch;
    {
      const std::shared_lock lock(mutex_);
      for (size_t t = 0; t < tables_.size(); ++t) {
        for (const auto& [k, v] : tables_[t]) batch.puts.push_back({static_cast<Table>(t), k, v});
      }
    }
    return (*copy)->write(batch, true);
  }

  uint64_t bytes_on_disk() const override { return 0; }

 private:
  std::vector<Entry> page_up(Table table, std::string_view from, std::string_view end, bool after) const {
    std::vector<Entry> page;
    const std::shared_lock lock(mutex_);
    const auto& t = tables_[index_of(table)];
    for (auto it = after ? t.upper_bound(from) : t.lower_bound(from); it != t.end() && page.size() < kPage; ++it) {
      if (!end.empty() && it->first >= end) break;
      page.push_back(*it);
    }
    return page;
  }

  std::vector<Entry> page_down(Table table, std::string_view begin, std::string_view end) const {
    std::vector<Entry> page;
    const std::shared_lock lock(mutex_);
    const auto& t = tables_[index_of(table)];
    auto it = end.empty() ? t.end() : t.lower_bound(end);
    while (it != t.begin() && page.size() < kPage) {
      --it;
      if (it->first < begin) break;
      page.push_back(*it);
    }
    return page;
  }

  mutable std::shared_mutex mutex_;
  std::array<Entries, kTables> tables_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace tocsin::state
