#pragma once
// A store whose disk is full for a while.
#include <atomic>

#include "tests/engine/state/passing_store.h"

namespace tocsin::runtime::testing {

// Passes all on to `under`, which outlives it, but writes that are to fail. Its own fields may be changed from any
// thread.
class FullStore final : public test::PassingStore {
 public:
  explicit FullStore(state::Store& under) : under_(under) {}
  Status write(const state::Batch& batch, bool sync) override {
    if (full || room == 0) return exhausted("no space left on device");
    if (failures > 0) {
      --failures;
      return exhausted("no space left on device");
    }
    --room;
    return PassingStore::write(batch, sync);
  }

  std::atomic<bool> full = false;
  std::atomic<size_t> room = SIZE_MAX;  // writes that still fit
  std::atomic<int> failures = 0;        // of the next writes

 private:
  state::Store& under() const override { return under_; }
  state::Store& under_;
};

}  // namespace tocsin::runtime::testing
