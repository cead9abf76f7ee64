// Other rules for the running service, step by step.
#include "connectors/cli/reloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/engine/runtime/fixture.h"

namespace tocsin::cli {
namespace {

using runtime::testing::Feed;
using runtime::testing::kMinute;
using runtime::testing::kRules;
using runtime::testing::kStart;

class ReloaderTest : public testing::Test {
 protected:
  ReloaderTest() {
    auto opened = runtime::Engine::open({}, runtime::testing::rules(), store_.get(), runtime::testing::recompile);
    EXPECT_TRUE(opened) << opened.error().message;
    engine_ = std::move(*opened);
    partition_ = engine_->add_partition("test", 10 * kMinute);
    reloader_ = std::make_unique<Reloader>(
        Reloader::Parts{*engine_, {}, [](auto) { return nullptr; }, [this](const http::ReloadResult&) { ++reloads_; }});
  }
  void report(const std::string& id, int place) {
    ++events_;
    engine_->accept(feed_.report(id, kStart + events_ * 1000, place), partition_, static_cast<uint64_t>(events_),
                    kNoTime);
    ASSERT_TRUE(engine_->commit());
  }
  bool checkpointed() const { return engine_->progress().checkpoint == engine_->progress().commit; }

  Feed feed_;
  int events_ = 0, reloads_ = 0;
  std::unique_ptr<state::Store> store_ = state::make_memory_store();
  std::unique_ptr<runtime::Engine> engine_;
  uint32_t partition_ = 0;
  std::unique_ptr<Reloader> reloader_;
};

// What changed before goes with an ordinary commit, so that the swap, which stops the engine, is left with little.
TEST_F(ReloaderTest, RulesAtHandComeAfterACheckpointLikeThoseOfFiles) {
  for (int i = 0; i < 5; ++i) report("e" + std::to_string(i), i);
  ASSERT_FALSE(checkpointed());
  std::string text = kRules;
  text.replace(text.find("{n: 3}"), 6, "{n: 4}");
  const auto rules = runtime::testing::rules(text);
  std::vector<Status> over;
  reloader_->bring(rules, [&](const Status& status, uint64_t) { over.push_back(status); });
  EXPECT_TRUE(reloader_->busy());
  EXPECT_TRUE(over.empty());
  EXPECT_NE(engine_->rules_ptr(), rules) << "not before the checkpoint";
  report("more", 6);
  EXPECT_TRUE(checkpointed());
  std::atomic<bool> signalled{true};
  reloader_->step(signalled);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_TRUE(over[0]);
  EXPECT_FALSE(reloader_->busy());
  EXPECT_EQ(engine_->rules_ptr(), rules);
  EXPECT_TRUE(signalled) << "a reload of the files waits for its turn";
  EXPECT_EQ(reloads_, 0);
  reloader_->step(signalled);
  EXPECT_FALSE(signalled);
  EXPECT_EQ(reloads_, 1) << "there are no files here: it is refused at once";
  EXPECT_EQ(engine_->rules_ptr(), rules);
}

}  // namespace
}  // namespace tocsin::cli
