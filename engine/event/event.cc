#include "event/event.h"

#include <algorithm>
#include <array>

#include "base/hash.h"

namespace tocsin {
namespace {

constexpr std::array<std::string_view, 7> kKinds = {"report",     "transition", "visit",     "call",
                                                    "evaluation", "reading",    "withdrawal"};
constexpr std::array<std::string_view, 9> kStages = {"accepted", "assigned",  "supervised", "processing", "feedback",
                                                     "closed",   "evaluated", "reopened",   "returned"};
static_assert(kKinds.size() == static_cast<size_t>(EventKind::kWithdrawal) + 1);
static_assert(kStages.size() == static_cast<size_t>(Stage::kReturned));

}  // namespace

std::string_view name_of(EventKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::string_view name_of(Stage stage) {
  return stage == Stage::kNone ? std::string_view() : kStages[static_cast<size_t>(stage) - 1];
}

bool parse_event_kind(std::string_view text, EventKind& out) {
  const auto it = std::find(kKinds.begin(), kKinds.end(), text);
  if (it == kKinds.end()) return false;
  out = static_cast<EventKind>(it - kKinds.begin());
  return true;
}

bool parse_stage(std::string_view text, Stage& out) {
  const auto it = std::find(kStages.begin(), kStages.end(), text);
  if (it == kStages.end()) return false;
  out = static_cast<Stage>(it - kStages.begin() + 1);
  return true;
}

std::span<const std::string_view> event_kind_names() { return kKinds; }
std::span<const std::string_view> stage_names() { return kStages; }

uint64_t Event::uid() const { return hash64(id, hash64(source)); }

}  // namespace tocsin
