// How often the recovery of a state is told.
#include "connectors/cli/recovery_log.h"

#include <gtest/gtest.h>

#include <vector>

namespace tocsin::cli {
namespace {

class HandClock final : public Clock {
 public:
  TimeMs now() const override { return time; }
  TimeMs time = 1'000'000;
};

TEST(RecoveryLog, TellsAtOnceAndThenEveryFiveSeconds) {
  HandClock clock;
  std::vector<std::string> lines;
  RecoveryLog log(clock, [&](const std::string& line) { lines.push_back(line); });
  for (uint64_t i = 1; i <= 120; ++i) {
    log.tell(i <= 60 ? "keys" : "commits", i, i <= 60 ? 0 : 120);
    clock.time += 100;
  }
  const std::vector<std::string> told = {"recover part=keys done=1", "recover part=keys done=51",
                                         "recover part=commits done=101 of=120"};
  EXPECT_EQ(lines, told);
}

}  // namespace
}  // namespace tocsin::cli
