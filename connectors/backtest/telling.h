#pragma once
// A backtest told to people (tables) and to programs (JSON).
#include <string>

#include "connectors/backtest/difference.h"
#include "connectors/backtest/report.h"
#include "connectors/backtest/run.h"
#include "event/area_table.h"
#include "rule/diagnostic.h"

namespace tocsin::backtest {

struct Telling {
  const Trial& trial;
  const Ran& ran;
  const Report& report;
  const Labels* labels = nullptr;          // null: none
  const Difference* difference = nullptr;  // null: none; pairs are told in its order
  std::string against = {};                // with a difference: the other version, as it was named
  const AreaTable* areas = nullptr;        // names of towns; null: codes alone
  TimeZone zone = TimeZone::utc();         // of the times that people read
  bool alerts = false;                     // lists the alerts too; the run must have kept words
  size_t listed = 20;                      // how many alerts, missed labels and differences the text lists
};

// Lines of at most `width` columns (but for words that are longer), in one language.
std::string to_text(const Telling& t, rule::Language language, size_t width);
// One object, one line; everything is listed.
std::string to_json(const Telling& t);

}  // namespace tocsin::backtest
