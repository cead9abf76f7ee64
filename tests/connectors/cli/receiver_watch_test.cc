// What is said of a receiver that does not take alerts.
#include "connectors/cli/receiver_watch.h"

#include <gtest/gtest.h>

namespace tocsin::cli {
namespace {

using View = runtime::Publisher::SinkView;

std::string told(DurationMs waiting, const std::string& why) {
  const std::vector<View> receivers = {{"file:/x", 0, false, 0}, {"webhook:desk", 7, false, waiting}};
  return late_receiver(receivers, [&](const std::string& name) { return name == "webhook:desk" ? why : "wrong one"; });
}

TEST(ReceiverWatch, AChangeThatWaitsTooLongIsTold) {
  EXPECT_EQ(told(0, ""), "");
  EXPECT_EQ(told(kWaitsTooLong, "refused"), "") << "a restart of the receiver is nothing to ring for";
  const std::string late = told(kWaitsTooLong + 60'000, "does not take alerts (nobody answers)");
  EXPECT_TRUE(
      late.starts_with("webhook:desk has not taken a change of alerts for 3m (7 wait: does not take alerts "
                       "(nobody answers)): look whether it is up"))
      << late;
  EXPECT_NE(late.find("webhook:desk 已有 3分未收下告警变化（7 条待发）：请检查"), std::string::npos) << late;
  EXPECT_NE(told(kWaitsTooLong + 1, "").find("for 2m (7 wait): look"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::cli
