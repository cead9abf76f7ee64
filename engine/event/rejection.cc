#include "event/rejection.h"

#include <array>

namespace tocsin {
namespace {

constexpr std::array<std::string_view, 12> kNames = {
    "malformed", "oversized",         "not_utf8",        "missing_field", "unknown_field",  "bad_value",
    "bad_time",  "time_out_of_range", "bad_coordinates", "unknown_area",  "unknown_source", "skipped"};
static_assert(kNames.size() == static_cast<size_t>(Reason::kSkipped) + 1);

}  // namespace

std::string_view name_of(Reason reason) { return kNames[static_cast<size_t>(reason)]; }
std::span<const std::string_view> reason_names() { return kNames; }

}  // namespace tocsin
