#include "connectors/delivery/courier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>

#include "tests/connectors/delivery/receiver.h"

namespace tocsin::delivery {
namespace {

using test::Receiver;
using testing::ElementsAre;
using testing::HasSubstr;

class HandClock final : public Clock {
 public:
  TimeMs now() const override { return time.load(); }
  std::atomic<TimeMs> time{1'700'000'000'000};
};

// One line a message.
class Lines final : public Format {
 public:
  explicit Lines(std::vector<std::string> urls, bool muted = false) : urls_(std::move(urls)), muted_(muted) {}
  bool wants_muted() const override { return muted_; }
  Request pack(std::span<const Message> group, TimeMs) const override {
    Request out;
    out.urls = urls_;
    for (const Message& m : group) out.body += m.json + (m.muted ? " muted\n" : "\n");
    return out;
  }

 private:
  const std::vector<std::string> urls_;
  const bool muted_;
};

CourierOptions quick() {
  CourierOptions o;
  o.name = "test";
  o.first_pause = 2;
  o.longest_pause = 10;
  o.tries = 3;
  o.post.timeout = 5'000;
  return o;
}

struct Sent {
  uint64_t first, last;
  bool muted = false;
  std::string alert = "alert";
};
Status publish(Courier& courier, Sent sent) {
  std::vector<std::string> texts;
  std::vector<runtime::Outgoing> batch;
  for (uint64_t i = sent.first; i <= sent.last; ++i) texts.push_back("m" + std::to_string(i));
  for (uint64_t i = sent.first; i <= sent.last; ++i) {
    batch.push_back({i, sent.alert, texts[i - sent.first], kNoTime, false, sent.muted});
  }
  return courier.publish(batch);
}

std::vector<std::string> bodies(const std::vector<Receiver::Got>& got) {
  std::vector<std::string> out;
  for (const auto& g : got) out.push_back(g.body);
  return out;
}

struct Desk {
  explicit Desk(CourierOptions options = quick(), uint64_t floor = 0)
      : courier(std::move(options), std::make_unique<Lines>(std::vector<std::string>{receiver.url()}), clock) {
    EXPECT_EQ(*courier.resume(floor), floor);
  }
  Receiver receiver;
  HandClock clock;
  Courier courier;
};

TEST(Courier, BringsMessagesInOrderAndTellsWhatArrived) {
  Desk desk({.name = "test", .group_most = 2}, 10);
  EXPECT_EQ(desk.courier.delivered(), 10u);
  ASSERT_TRUE(publish(desk.courier, {11, 15}));
  ASSERT_TRUE(desk.courier.flush(10'000));
  EXPECT_EQ(desk.courier.delivered(), 15u);
  EXPECT_THAT(bodies(desk.receiver.got()), ElementsAre("m11\nm12\n", "m13\nm14\n", "m15\n"));
  EXPECT_EQ(desk.receiver.got()[0].headers.at("user-agent"), "tocsin");
}

TEST(Courier, AFirstMessageWaitsForOthers) {
  CourierOptions o = quick();
  o.group_wait = 60'000;
  o.group_most = 3;
  Desk desk(o);
  ASSERT_TRUE(publish(desk.courier, {1, 1}));
  ASSERT_TRUE(publish(desk.courier, {2, 3}));  // full: goes at once
  EXPECT_THAT(bodies(desk.receiver.wait(1)), ElementsAre("m1\nm2\nm3\n"));
  ASSERT_TRUE(publish(desk.courier, {4, 4}));
  ASSERT_TRUE(desk.courier.flush(10'000)) << "a flush does not wait for the group";
  EXPECT_THAT(bodies(desk.receiver.got()), ElementsAre("m1\nm2\nm3\n", "m4\n"));
}

TEST(Courier, WhatIsMutedIsNotToldAndCountsAsDelivered) {
  Desk desk;
  ASSERT_TRUE(publish(desk.courier, {1, 3, true}));
  EXPECT_EQ(desk.courier.delivered(), 3u);
  ASSERT_TRUE(publish(desk.courier, {4, 4}));
  ASSERT_TRUE(publish(desk.courier, {5, 6, true}));
  ASSERT_TRUE(desk.courier.flush(10'000));
  EXPECT_EQ(desk.courier.delivered(), 6u);
  EXPECT_THAT(bodies(desk.receiver.got()), ElementsAre("m4\n"));
}

TEST(Courier, TriesAgainUntilItGoes) {
  Desk desk;
  desk.receiver.answers({{503, "busy"}, {429, "", 1}, {408}, {500}, {200}});
  ASSERT_TRUE(publish(desk.courier, {1, 2}));
  ASSERT_TRUE(desk.courier.flush(10'000));
  EXPECT_THAT(bodies(desk.receiver.got()), testing::Each("m1\nm2\n"));
  EXPECT_EQ(desk.receiver.got().size(), 5u);
  EXPECT_EQ(desk.courier.delivered(), 2u);
  EXPECT_EQ(desk.courier.stats().failed, 4u);
  EXPECT_EQ(desk.courier.stats().refused, 0u);
  EXPECT_EQ(desk.courier.stats().trouble, "");
}

TEST(Courier, SaysWhyItDoesNotGetOnWhileNobodyAnswers) {
  Desk desk;
  desk.receiver.close();
  ASSERT_TRUE(publish(desk.courier, {1, 1}));
  const Status s = desk.courier.flush(200);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kUnavailable);
  EXPECT_THAT(s.error().message, HasSubstr("1 changes are not delivered yet; does not take alerts ("));
  EXPECT_GT(desk.courier.stats().failed, 1u);
  EXPECT_EQ(desk.courier.delivered(), 0u);
  ASSERT_TRUE(publish(desk.courier, {2, 2})) << "it still takes more";
}

// What a courier logs.
class LogLines {
 public:
  std::function<void(int, std::string_view)> log() {
    return [this](int, std::string_view line) {
      const std::scoped_lock lock(mutex_);
      lines_.emplace_back(line);
    };
  }
  std::vector<std::string> all() {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// The one that the receiver refuses is found, tried again, given up; the others arrive, each once more at most.
TEST(Courier, GivesUpWhatIsRefusedAndGoesOn) {
  CourierOptions o = quick();
  LogLines lines;
  o.log = lines.log();
  Desk desk(o);
  desk.receiver.answers([](const Receiver::Got& got) {
    return Receiver::Answer{got.body.find("m2\n") != std::string::npos ? 422 : 200, "no\nthanks"};
  });
  ASSERT_TRUE(publish(desk.courier, {1, 3}));
  ASSERT_TRUE(desk.courier.flush(10'000));
  EXPECT_THAT(bodies(desk.receiver.got()), ElementsAre("m1\nm2\nm3\n", "m1\n", "m2\n", "m2\n", "m2\n", "m3\n"));
  EXPECT_EQ(desk.courier.delivered(), 3u);
  EXPECT_EQ(desk.courier.stats().refused, 1u);
  EXPECT_THAT(lines.all(),
              testing::Contains("receiver=test gave up alert=alert sequence=2 reason=\"status 422: no thanks\""));
}

// What only people can mend is told as such, tried on, and goes on by itself once it is mended.
TEST(Courier, AWrongDoorIsToldAndGoesOnWhenItIsMended) {
  for (const int status : {301, 401, 403, 404}) {
    CourierOptions o = quick();
    LogLines lines;
    o.log = lines.log();
    Desk desk(o);
    std::atomic<int> answer{status};
    desk.receiver.answers([&](const Receiver::Got&) { return Receiver::Answer{answer, "no"}; });
    ASSERT_TRUE(publish(desk.courier, {1, 2}));
    desk.receiver.wait(5);  // more often than `tries`
    EXPECT_TRUE(desk.courier.stats().wrong_door) << status;
    EXPECT_THAT(desk.courier.stats().trouble, HasSubstr("(status " + std::to_string(status) + ": no)"));
    EXPECT_EQ(desk.courier.flush(0).error().code, Code::kUnavailable);
    EXPECT_TRUE(publish(desk.courier, {3, 3})) << "it still takes more";
    answer = 200;
    ASSERT_TRUE(desk.courier.flush(10'000)) << status;
    EXPECT_EQ(desk.courier.delivered(), 3u);
    EXPECT_FALSE(desk.courier.stats().wrong_door);
    EXPECT_EQ(desk.courier.stats().trouble, "");
    EXPECT_EQ(desk.courier.stats().refused, 0u) << "nothing is given up";
    const auto told = lines.all();
    EXPECT_EQ(std::ranges::count_if(told, [](const std::string& l) { return l.find("mend its address") != l.npos; }),
              1);
    EXPECT_THAT(told.back(), HasSubstr("answers again"));
    for (const std::string& line : told) EXPECT_THAT(line, testing::Not(HasSubstr("/hook"))) << "a path may be secret";
  }
}

TEST(Courier, PushesBackWhenItsQueueIsFull) {
  CourierOptions o = quick();
  o.queue_most = 5;
  o.group_most = 1;
  Desk desk(o);
  std::atomic<bool> open{false};
  desk.receiver.answers([&](const Receiver::Got&) { return Receiver::Answer{open ? 200 : 503, ""}; });
  ASSERT_TRUE(publish(desk.courier, {1, 9})) << "an empty queue takes a batch of any size";
  desk.receiver.wait(1);
  EXPECT_EQ(publish(desk.courier, {10, 11}).error().code, Code::kExhausted);
  open = true;
  ASSERT_TRUE(desk.courier.flush(10'000));
  ASSERT_TRUE(publish(desk.courier, {10, 11}));
  ASSERT_TRUE(desk.courier.flush(10'000));
  EXPECT_EQ(desk.courier.delivered(), 11u);
}

TEST(Courier, EndsAtOnceWhileAReceiverHangs) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor silent(io, {boost::asio::ip::make_address("127.0.0.1"), 0});  // accepts, never answers
  HandClock clock;
  CourierOptions o = quick();
  o.post.timeout = 600'000;
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  const auto begin = std::chrono::steady_clock::now();
  {
    Courier courier(o, std::make_unique<Lines>(std::vector<std::string>{url}), clock);
    ASSERT_TRUE(courier.resume(0));
    ASSERT_TRUE(publish(courier, {1, 1}));
    EXPECT_FALSE(courier.flush(50));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(Courier, OneOfSeveralAddressesIsEnough) {
  Receiver first;
  Receiver second;
  first.answers([](const Receiver::Got&) { return Receiver::Answer{500, ""}; });
  HandClock clock;
  Courier courier(quick(), std::make_unique<Lines>(std::vector<std::string>{first.url(), second.url()}), clock);
  ASSERT_TRUE(courier.resume(0));
  ASSERT_TRUE(publish(courier, {1, 1}));
  ASSERT_TRUE(courier.flush(10'000));
  EXPECT_THAT(bodies(first.got()), ElementsAre("m1\n"));
  EXPECT_THAT(bodies(second.got()), ElementsAre("m1\n"));
}

// Two addresses: one that refuses some messages, and one that is away for a time.
struct Two {
  explicit Two(bool away_first, CourierOptions o = quick()) {
    away.answers([this](const Receiver::Got& got) {
      if (!back) return Receiver::Answer{503, ""};
      const std::scoped_lock lock(mutex);
      if (came.empty()) asked_before = there.got().size();
      came.push_back(got.body);
      return Receiver::Answer{refuses(got) ? answer_of_the_other.load() : 200, ""};
    });
    there.answers([this](const Receiver::Got& got) { return Receiver::Answer{refuses(got) ? 400 : 200, ""}; });
    o.group_most = 1;
    std::vector<std::string> urls = {there.url(), away.url()};
    if (away_first) std::swap(urls[0], urls[1]);
    courier = std::make_unique<Courier>(o, std::make_unique<Lines>(urls), clock);
    EXPECT_TRUE(courier->resume(0));
  }
  bool refuses(const Receiver::Got& got) const { return refused.contains(got.body); }
  std::vector<std::string> arrived_late() {
    const std::scoped_lock lock(mutex);
    return came;
  }
  HandClock clock;
  std::set<std::string> refused = {"m2\n"};
  std::atomic<int> answer_of_the_other{200};
  std::atomic<bool> back{false};
  std::mutex mutex;
  std::vector<std::string> came;  // to the one that was away
  size_t asked_before = 0;        // of the other, when the first of them came
  Receiver there, away;
  std::unique_ptr<Courier> courier;
};

// What one refuses is set aside while the other is away, with what comes after it of its alert; the rest arrives.
TEST(Courier, WhatOneRefusesWaitsForTheOneThatIsAwayAndHoldsUpNothing) {
  for (const bool away_first : {true, false}) {
    Two two(away_first);
    for (uint64_t i = 1; i <= 4; ++i) {  // two of the alert b
      ASSERT_TRUE(publish(*two.courier, {i, i, false, std::string(1, "?abcb"[i])}));
    }
    EXPECT_THAT(bodies(two.there.wait(5)), ElementsAre("m1\n", "m2\n", "m2\n", "m2\n", "m3\n"));
    EXPECT_THAT(two.courier->flush(0).error().message, HasSubstr("changes are not delivered yet"));
    EXPECT_EQ(two.courier->delivered(), 1u);
    two.back = true;
    ASSERT_TRUE(two.courier->flush(10'000));
    EXPECT_EQ(two.courier->delivered(), 4u);
    EXPECT_EQ(two.courier->stats().refused, 0u) << "the other takes it";
    EXPECT_THAT(two.arrived_late(), ElementsAre("m2\n", "m4\n")) << "in the alert's order";
  }
}

TEST(Courier, WhatEveryAddressRefusesIsGivenUp) {
  Two two(true);
  two.answer_of_the_other = 422;
  for (uint64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(publish(*two.courier, {i, i, false, std::string(1, "?abcb"[i])}));
  }
  two.there.wait(5);
  two.back = true;
  ASSERT_TRUE(two.courier->flush(10'000));
  EXPECT_EQ(two.courier->delivered(), 4u);
  EXPECT_EQ(two.courier->stats().refused, 1u);
  EXPECT_THAT(two.arrived_late(), ElementsAre("m2\n", "m2\n", "m2\n", "m4\n"));
  EXPECT_EQ(std::ranges::count(bodies(two.there.got()), "m2\n"), 3) << "nobody is asked more often";
}

TEST(Courier, WhatCannotBeSetAsideHoldsUpWhatIsNew) {
  CourierOptions o = quick();
  o.aside_most = 1;
  Two two(false, o);
  two.refused = {"m1\n", "m2\n", "m3\n"};
  for (uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(publish(*two.courier, {i, i, false, std::to_string(i)}));
  two.there.wait(6);
  two.back = true;
  ASSERT_TRUE(two.courier->flush(10'000));
  EXPECT_EQ(two.asked_before, 6u) << "the third waits until there is room";
  EXPECT_THAT(two.arrived_late(), testing::UnorderedElementsAre("m1\n", "m2\n", "m3\n"));
  EXPECT_EQ(two.courier->delivered(), 3u);
}

// One that takes the connection and never answers is tried once a pause, not once a message.
TEST(Courier, OneThatHangsIsLeftAloneForAWhile) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor silent(io, {boost::asio::ip::make_address("127.0.0.1"), 0});
  Receiver there;
  CourierOptions o = quick();
  o.group_most = 1;
  o.first_pause = o.longest_pause = 600'000;
  o.post.timeout = 50;
  HandClock clock;
  const std::string dead = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
  Courier courier(o, std::make_unique<Lines>(std::vector<std::string>{dead, there.url()}), clock);
  ASSERT_TRUE(courier.resume(0));
  ASSERT_TRUE(publish(courier, {1, 20}));
  ASSERT_TRUE(courier.flush(10'000));
  EXPECT_EQ(there.got().size(), 20u);
  EXPECT_EQ(courier.stats().failed, 1u);
  EXPECT_EQ(courier.stats().trouble, "") << "the other takes them";
  EXPECT_FALSE(courier.stats().wrong_door);
}

// Has always something to say again.
class Repeating final : public Format {
 public:
  explicit Repeating(std::string url) : url_(std::move(url)) {}
  Request pack(std::span<const Message> group, TimeMs) const override { return {{url_}, {}, group.front().json}; }
  std::optional<Request> again(TimeMs) override { return Request{{url_}, {}, "again"}; }
  TimeMs next_again() const override { return 0; }

 private:
  const std::string url_;
};

// What is new does not wait for all that is to be said again, nor the other way round.
TEST(Courier, WhatIsNewTakesTurnsWithWhatIsSaidAgain) {
  Receiver receiver;
  std::atomic<bool> open{false};
  receiver.answers([&](const Receiver::Got& got) {
    while (!open) std::this_thread::yield();  // until all is published
    return Receiver::Answer{got.body.empty() ? 500 : 200, ""};
  });
  HandClock clock;
  CourierOptions o = quick();
  o.group_most = 1;
  Courier courier(o, std::make_unique<Repeating>(receiver.url()), clock);
  ASSERT_TRUE(courier.resume(0));
  ASSERT_TRUE(publish(courier, {1, 5}));
  open = true;
  ASSERT_TRUE(courier.flush(10'000));
  std::string order;
  for (const auto& got : receiver.got()) order += got.body == "again" ? "." : got.body;
  order = order.substr(order.find('m'));
  EXPECT_TRUE(order.starts_with("m1.m2.m3.m4.m5")) << order;
}

TEST(Knock, TellsWhetherSomebodyIsThere) {
  Receiver receiver;
  EXPECT_TRUE(knock(receiver.url(), {}));
  EXPECT_TRUE(receiver.got().empty()) << "nothing is sent";
  receiver.close();
  const Status s = knock(receiver.url(), {.timeout = 5'000});
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kUnavailable);
  EXPECT_FALSE(s.error().message.empty());
}

TEST(CheckUrl, TellsWhatIsWrong) {
  EXPECT_TRUE(check_url("https://desk.example/hook?x=1"));
  EXPECT_TRUE(check_url("http://127.0.0.1:9093"));
  for (const char* url : {"", "desk", "ftp://desk/x", "https://", "file:///etc/passwd"})
    EXPECT_FALSE(check_url(url)) << url;
  EXPECT_THAT(check_url("https://me:secret@desk/").error().message, HasSubstr("does not belong into the address"));
}

}  // namespace
}  // namespace tocsin::delivery
