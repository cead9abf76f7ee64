#pragma once
// A store that passes all on to another. A test's own store changes what it must.
#include "state/store.h"

namespace tocsin::test {

class PassingStore : public state::Store {
 public:
  Result<std::string> get(state::Table table, std::string_view key) const override { return under().get(table, key); }
  Status write(const state::Batch& batch, bool sync) override { return under().write(batch, sync); }
  Status scan(state::Table table, std::string_view begin, std::string_view end,
              const std::function<bool(std::string_view, std::string_view)>& f) const override {
    return under().scan(table, begin, end, f);
  }
  Status scan_backward(state::Table table, std::string_view begin, std::string_view end,
                       const std::function<bool(std::string_view, std::string_view)>& f) const override {
    return under().scan_backward(table, begin, end, f);
  }
  Status checkpoint(const std::string& directory) const override { return under().checkpoint(directory); }
  uint64_t bytes_on_disk() const override { return under().bytes_on_disk(); }

 protected:
  virtual state::Store& under() const = 0;
};

}  // namespace tocsin::test
