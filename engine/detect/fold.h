#pragma once
// The meaning of an episode in time, as a pure fold over a key's rows in order: when it begins, goes on, is over. The
// verdicts on the rows go in, the steps come out; nothing depends on when rows arrived.
#include "detect/plan.h"

namespace tocsin::detect {

struct Fold {
  enum class Step : uint8_t { kNone, kMatched, kJoin, kBegin };

  bool open = false;
  TimeMs last = kNoTime;        // latest matching event while open
  TimeMs ended = kNoTime;       // when the latest episode was over
  TimeMs keep_since = kNoTime;  // since when resolve.when holds

  // When the episode is over if nothing more comes; kNever while nothing ends it.
  TimeMs end(const Plan& plan) const {
    const TimeMs quiet = plan.quiet > 0 ? last + plan.quiet : kNever;
    const TimeMs kept = keep_since != kNoTime ? keep_since + plan.keep : kNever;
    return quiet < kept ? quiet : kept;
  }

  // The next row in order: `holds`, whether fire holds there; `recovering`, whether resolve.when does; `matching`,
  // whether it puts the quiet off.
  Step step(const Plan& plan, TimeMs time, bool holds, bool recovering, bool matching = true) {
    if (open && time > end(plan)) {
      ended = end(plan);
      open = false;
    }
    if (holds) {
      const bool joins = open || (ended != kNoTime && time <= ended + plan.reopen);
      open = true;
      last = time;
      keep_since = kNoTime;
      return joins ? Step::kJoin : Step::kBegin;
    }
    if (!open) return Step::kNone;
    if (matching) last = time;
    if (!recovering) {
      keep_since = kNoTime;
    } else if (keep_since == kNoTime) {
      keep_since = time;
    }
    if (keep_since != kNoTime && plan.keep == 0) {
      ended = time;
      open = false;
    }
    return Step::kMatched;
  }

  // What the episode waited for has come: it is over. kNone: it was so before.
  Step answer(const Plan& plan, TimeMs time) {
    if (open && time > end(plan)) {
      ended = end(plan);
      open = false;
    }
    if (!open) return Step::kNone;
    open = false;
    ended = time;
    keep_since = kNoTime;
    return Step::kMatched;
  }
};

}  // namespace tocsin::detect
