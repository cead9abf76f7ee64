#pragma once
// Canonical events from JSON (contract, "Event"), one object a record. Fields may stand in any order; the reader learns
// the order in which a producer writes them and then finds each at the first look. An unknown field is a rejection that
// names the nearest known one. null counts as missing.
#include <memory>
#include <string_view>

#include "base/arena.h"
#include "event/intake.h"

namespace tocsin {

// Bounds on one event beside kMaxRecordBytes: past them it is a bad value.
inline constexpr size_t kMaxFlags = 256;
inline constexpr size_t kMaxValues = 1024;
inline constexpr size_t kMaxAttrs = 1024;

// Not thread-safe (parser buffers); make one for each thread.
class EventReader {
 public:
  explicit EventReader(IntakeOptions options);
  EventReader(EventReader&&) noexcept;
  ~EventReader();
  // True: `out` is complete; all its views point into `arena` (the record itself may go). False: `why` says why not.
  // No allocation beyond the arena, except for a refusal's message.
  bool read(std::string_view json, Arena& arena, Event& out, Refusal& why);
  const Intake& intake() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
