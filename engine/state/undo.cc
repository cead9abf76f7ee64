#include "state/undo.h"

namespace tocsin::state {

Result<Batch> undo_of(const Store& store, const Batch& batch) {
  Batch undo;
  for (const DeleteRange& r : batch.ranges) {
    if (r.begin >= r.end) continue;
    undo.ranges.push_back(r);
    const Status scanned = store.scan(r.table, r.begin, r.end, [&](std::string_view key, std::string_view value) {
      undo.puts.push_back({r.table, std::string(key), std::string(value)});
      return true;
    });
    if (!scanned) return scanned.error();
  }
  const auto restore = [&](Table table, const std::string& key) -> Status {
    auto value = store.get(table, key);
    if (value) {
      undo.puts.push_back({table, key, std::move(*value)});
    } else if (value.error().code == Code::kNotFound) {
      undo.deletes.push_back({table, key});
    } else {
      return value.error();
    }
    return {};
  };
  for (const Delete& d : batch.deletes) {
    if (Status s = restore(d.table, d.key); !s) return s.error();
  }
  for (const Put& p : batch.puts) {
    if (Status s = restore(p.table, p.key); !s) return s.error();
  }
  return undo;
}

}  // namespace tocsin::state
