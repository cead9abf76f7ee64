#pragma once
// A JSON record as `row`: objects as maps, arrays as lists, numbers as int where they are whole, else double.
#include <memory>
#include <string_view>

#include "base/arena.h"
#include "event/rejection.h"
#include "expr/value.h"

namespace tocsin::feed {

inline constexpr int kMaxJsonDepth = 64;

// Not thread-safe (parser buffers).
class JsonRow {
 public:
  JsonRow();
  JsonRow(JsonRow&&) noexcept;
  ~JsonRow();
  // True: `out` is a map, all of it in `arena`. False: `why` says why the record is no JSON object.
  bool read(std::string_view json, Arena& arena, expr::Value& out, Refusal& why);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::feed
