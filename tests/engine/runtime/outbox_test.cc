// What the store keeps of a committed transition: its text, and where its alert lies and lay.
#include "runtime/outbox.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "fixture.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::kMinute;
using testing::kStart;

TEST(Outbox, AnEntryIsWhatWasWritten) {
  const SharedArea village{"330282", "330282004", "330282004001", ""}, town{"330282", "330282004", "", ""};
  for (const SharedArea& before : {SharedArea(), village, town}) {
    const OutboxEntry in{"a-1", "{}", 7, true, false, town, before};
    const std::string bytes = encode_outbox(in);
    const OutboxEntry out = decode_outbox(bytes);
    EXPECT_EQ(out.alert_id, "a-1");
    EXPECT_EQ(out.json, "{}");
    EXPECT_EQ(out.cause, 7);
    EXPECT_TRUE(out.shadow);
    EXPECT_FALSE(out.muted);
    EXPECT_TRUE(out.placed);
    EXPECT_EQ(out.area, town);
    EXPECT_EQ(out.before, before);
  }
}

// A state directory of a program that kept no areas is read on.
TEST(Outbox, AnEntryWithoutAreasIsRead) {
  std::string bytes;
  Writer w(bytes);
  w.u8(3);
  w.zigzag(-5);
  w.str("a-1");
  w.str("{}");
  const OutboxEntry out = decode_outbox(bytes);
  EXPECT_TRUE(out.shadow && out.muted);
  EXPECT_EQ(out.cause, -5);
  EXPECT_EQ(out.json, "{}");
  EXPECT_FALSE(out.placed);
  EXPECT_EQ(out.area, SharedArea());
  EXPECT_EQ(out.before, SharedArea());
}

// An alert that grows from a town to the city says so in the entry, whether its transitions come in one commit or in
// several, and whether the disk is still writing the one before.
TEST(Outbox, EachEntryKnowsWhereTheAlertLay) {
  for (const bool overlap : {false, true}) {
    for (const size_t batch : {1u, 2u, 100u}) {
      const auto store = state::make_memory_store();
      Engine::Options options;
      options.overlap = overlap;
      auto engine = Engine::open(options, testing::rules(testing::kSpread), store.get(), testing::recompile);
      ASSERT_TRUE(engine) << engine.error().message;
      const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
      Feed feed;
      const Event events[] = {feed.report("1", kStart, 1, 1), feed.report("2", kStart + kMinute, 1, 1),
                              feed.report("3", kStart + 2 * kMinute, 1, 2),
                              feed.report("4", kStart + 3 * kMinute, 1, 1)};
      for (size_t i = 0; i < std::size(events); ++i) {
        (*engine)->accept(events[i], p, i + 1, kNoTime);
        if ((*engine)->pending_events() >= batch) {
          ASSERT_TRUE((*engine)->commit());
        }
      }
      (*engine)->advance_to(kStart + 24 * 60 * kMinute);
      for (int i = 0; i < 3; ++i) ASSERT_TRUE((*engine)->commit());  // with overlap the last is still to be landed
      std::string told;
      const auto note = [&](std::string_view, std::string_view bytes) {
        const OutboxEntry e = decode_outbox(bytes);
        EXPECT_TRUE(e.placed);
        told += std::string(e.before.town.empty() ? e.before.city : e.before.town) + ">" +
                std::string(e.area.town.empty() ? e.area.city : e.area.town) + " ";
        return true;
      };
      ASSERT_TRUE(store->scan(state::Table::kOutbox, "", "", note));
      EXPECT_TRUE(told.starts_with(">330282001 ")) << told;
      EXPECT_NE(told.find("330282001>330282 "), std::string::npos) << told;
      EXPECT_TRUE(told.ends_with("330282>330282 ")) << told;
    }
  }
}

}  // namespace
}  // namespace tocsin::runtime
