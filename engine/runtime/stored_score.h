#pragma once
// The scorecards of a state directory, beside a running service or after it.
#include <memory>

#include "score/keeper.h"
#include "state/store.h"

namespace tocsin::runtime {

// Loads what was stored with the last checkpoint and applies the notes of the commits after it, up to `commit`.
Status load_score(const state::Store& store, uint64_t commit, score::Keeper& keeper);
// As of the last commit. kNotFound: the state keeps no scorecards (or nothing at all).
Result<std::unique_ptr<score::Keeper>> read_score(const state::Store& store, const TimeZone& zone);

}  // namespace tocsin::runtime
