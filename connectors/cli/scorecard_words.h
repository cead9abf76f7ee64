#pragma once
// The words of scorecards: tiers, channels, first levels of categories, what rows are ranked by. The console says the
// same (connectors/http/console/src/core/messages.ts; a test compares the two).
#include <string>
#include <string_view>

#include "rule/diagnostic.h"

namespace tocsin::cli {

enum class Word { kTier, kSource, kCategory, kRanking };

// A deeper category by the word of its first level and the rest of its path. What has no word stands for itself.
std::string word(Word kind, std::string_view name, rule::Language language);

}  // namespace tocsin::cli
