#pragma once
// A store whose disk is full for a while.
#include <atomic>

#include "state/store.h"

namespace tocsin::runtime::testing {

// Passes all on to `under`, which outlives it, but writes that are to fail. Its own fields may be changed from any
// thread.
class FullStore final : public state::Store {
 public:
  explicit FullStore(state::Store& under) : under_(under) {}
  Status write(const state::Batch& batch, bool sync) override {
    if (full || room == 0) return exhausted("no space left on device");
    if (failures > 0) {
      --failures;
      return exhausted("no space left on device");
    }
    --room;
    return under_.write(batch, sync);
  }
  Result<std::string> get(state::Table table, std::string_view key) const override { return under_.get(table, key); }
  Status scan(state::Table table, std::string_view begin, std::string_view end,
              const std::function<bool(std::string_view, std::string_view)>& f) const override {
    return under_.scan(table, begin, end, f);
  }
  Status scan_backward(state::Table table, std::string_view begin, std::string_view end,
                       const std::function<bool(std::string_view, std::string_view)>& f) const override {
    return under_.scan_backward(table, begin, end, f);
  }
  Status checkpoint(const std::string& directory) const override { return under_.checkpoint(directory); }
  uint64_t bytes_on_disk() const override { return under_.bytes_on_disk(); }

  std::atomic<bool> full = false;
  std::atomic<size_t> room = SIZE_MAX;  // writes that still fit
  std::atomic<int> failures = 0;        // of the next writes

 private:
  state::Store& under_;
};

}  // namespace tocsin::runtime::testing
