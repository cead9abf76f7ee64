#include "connectors/alertmanager/alertmanager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/connectors/delivery/receiver.h"

namespace tocsin::alertmanager {
namespace {

using test::Receiver;
using testing::HasSubstr;
using testing::Not;

class HandClock final : public Clock {
 public:
  TimeMs now() const override { return time.load(); }
  std::atomic<TimeMs> time{1'700'000'000'000};  // 2023-11-14T22:13:20Z
};

std::string transition(const std::string& id, const std::string& severity, const std::string& status,
                       const std::string& opened = "2023-11-14T22:00:00Z") {
  return R"({"id":")" + id + R"(/1","data":{"alert_id":")" + id + R"(","rule":"flood","severity":")" + severity +
         R"(","status":")" + status + R"(","opened_at":")" + opened +
         R"(","reason":"matched","area":{"city":"330282","town":"330282004"},"owner":"town",)"
         R"("name":{"zh":"积水","en":"Flood"},"summary":{"zh":"三处","en":"three places"}}})";
}

struct Desk {
  explicit Desk(Recall recall = {}, DurationMs resend = 60'000, uint64_t floor = 0) {
    AlertmanagerOptions o;
    o.urls = {receiver.url("")};
    o.console = "https://desk.example";
    o.resend = resend;
    o.recall = std::move(recall);
    o.courier.name = "alertmanager";
    o.courier.first_pause = 2;
    auto made = make_alertmanager(o, clock);
    EXPECT_TRUE(made);
    sink = std::move(*made);
    EXPECT_TRUE(sink->resume(floor));
  }
  void tell(const std::string& id, const std::string& json, bool muted = false) {
    const runtime::Outgoing one[] = {{++sequence, id, json, kNoTime, false, muted}};
    EXPECT_TRUE(sink->publish(one));
    EXPECT_TRUE(sink->flush(10'000));
  }
  Receiver receiver;
  HandClock clock;
  uint64_t sequence = 0;
  std::unique_ptr<delivery::Courier> sink;
};

TEST(Alertmanager, AnAlertOpensAndEnds) {
  Desk desk;
  desk.tell("a", transition("a", "yellow", "open"));
  desk.tell("a", transition("a", "yellow", "resolved"));
  const auto got = desk.receiver.got();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].target, "/api/v2/alerts");
  EXPECT_EQ(got[0].body,
            R"([{"labels":{"alertname":"flood","alert_id":"a","severity":"yellow","service":"tocsin","owner":"town",)"
            R"("city":"330282","town":"330282004"},"annotations":{"name_zh":"积水","name_en":"Flood",)"
            R"("summary_zh":"三处","summary_en":"three places","status":"open","reason":"matched"},)"
            R"("startsAt":"2023-11-14T22:00:00Z","generatorURL":"https://desk.example/#/alerts/a",)"
            R"("endsAt":"2023-11-14T22:17:20Z"}])");
  EXPECT_THAT(got[1].body, HasSubstr(R"("endsAt":"2023-11-14T22:13:20Z")"));
}

TEST(Alertmanager, AChangeOfSeverityEndsTheAlertOfTheOldOne) {
  Desk desk;
  desk.tell("a", transition("a", "yellow", "open"));
  desk.tell("a", transition("a", "red", "open"));
  const std::string body = desk.receiver.got().at(1).body;
  const size_t old = body.find(R"("severity":"yellow")");
  const size_t fresh = body.find(R"("severity":"red")");
  ASSERT_NE(old, std::string::npos);
  ASSERT_NE(fresh, std::string::npos);
  EXPECT_LT(body.find(R"("endsAt":"2023-11-14T22:13:20Z")", old), fresh) << "ends now";
  EXPECT_NE(body.find(R"("endsAt":"2023-11-14T22:17:20Z")", fresh), std::string::npos);
}

// An alert that outgrows its town, or gets another owner, is another one to Alertmanager: the former is ended.
TEST(Alertmanager, AChangeOfAnyLabelEndsTheAlertOfTheFormer) {
  const std::string before = transition("a", "yellow", "open");
  std::string grown = before, handed = before;
  grown.replace(grown.find(R"(,"town":"330282004")"), 19, "");
  handed.replace(handed.find(R"("owner":"town")"), 14, R"("owner":"city")");
  for (const std::string& after : {grown, handed}) {
    Desk desk;
    desk.tell("a", before);
    desk.tell("a", after);
    desk.tell("a", after);
    const std::string body = desk.receiver.got().at(1).body;
    const size_t old = body.find(R"("owner":"town","city":"330282","town":"330282004"})");
    ASSERT_NE(old, std::string::npos) << body;
    EXPECT_LT(old, body.find(R"("endsAt":"2023-11-14T22:13:20Z")")) << "ends now";
    EXPECT_NE(body.find(R"("endsAt":"2023-11-14T22:17:20Z")"), std::string::npos) << "and the new one stands";
    EXPECT_THAT(desk.receiver.got().at(2).body, Not(HasSubstr(R"("endsAt":"2023-11-14T22:13:20Z")"))) << "once";
  }
}

// Within one request: what it was in between is ended, what it is again is not.
TEST(Alertmanager, WhatComesBackToItsLabelsIsNotEnded) {
  Desk desk;
  desk.tell("a", transition("a", "yellow", "open"));
  const std::string red = transition("a", "red", "open"), yellow = transition("a", "yellow", "open");
  const runtime::Outgoing both[] = {{2, "a", red, kNoTime, false}, {3, "a", yellow, kNoTime, false}};
  ASSERT_TRUE(desk.sink->publish(both));
  ASSERT_TRUE(desk.sink->flush(10'000));
  const std::string body = desk.receiver.got().at(1).body;
  const size_t old = body.find(R"("severity":"red")"), now = body.find(R"("severity":"yellow")");
  ASSERT_NE(old, std::string::npos);
  ASSERT_NE(now, std::string::npos);
  EXPECT_LT(body.find(R"("endsAt":"2023-11-14T22:13:20Z")"), now) << body;
  EXPECT_EQ(body.find(R"("severity":"yellow")", now + 1), std::string::npos) << body;
}

TEST(Alertmanager, TheLinkIsTheConsolesOwn) {
  Receiver receiver;
  HandClock clock;
  AlertmanagerOptions o;
  o.urls = {receiver.url("")};
  o.console = "https://desk.example/tocsin//";
  auto sink = make_alertmanager(o, clock);
  ASSERT_TRUE(sink);
  ASSERT_TRUE((*sink)->resume(0));
  const std::string json = transition("flood-1-2", "yellow", "open");
  const runtime::Outgoing one[] = {{1, "flood-1-2", json, kNoTime, false}};
  ASSERT_TRUE((*sink)->publish(one));
  EXPECT_THAT(receiver.wait(1)[0].body,
              HasSubstr(R"("generatorURL":"https://desk.example/tocsin/#/alerts/flood-1-2")"));
}

TEST(Alertmanager, AStartAheadOfTheClockIsNow) {
  Desk desk;
  desk.tell("a", transition("a", "yellow", "open", "2023-11-14T23:59:00Z"));
  EXPECT_THAT(desk.receiver.got().at(0).body, HasSubstr(R"("startsAt":"2023-11-14T22:13:20Z")"));
}

TEST(Alertmanager, WhatIsOpenIsSaidAgain) {
  Desk desk({}, 20);
  desk.tell("a", transition("a", "yellow", "open"));
  desk.tell("b", transition("b", "red", "open"));
  desk.tell("b", transition("b", "red", "closed"));
  desk.clock.time += 20;
  desk.tell("c", transition("c", "blue", "open"));  // wakes it
  bool repeated = false;
  for (const auto& got : desk.receiver.wait(5)) {
    repeated = repeated || (got.body.find(R"("alert_id":"a")") != std::string::npos &&
                            got.body.find(R"("alert_id":"b")") == std::string::npos && &got != &desk.receiver.got()[0]);
  }
  EXPECT_TRUE(repeated);
}

TEST(Alertmanager, AMutedAlertIsNotToldAndNoLongerSaid) {
  Desk desk({}, 20);
  desk.tell("a", transition("a", "yellow", "open"), true);
  EXPECT_TRUE(desk.receiver.got().empty());
  EXPECT_EQ(desk.sink->delivered(), 1u);
  desk.tell("b", transition("b", "yellow", "open"));
  desk.tell("b", transition("b", "yellow", "open"), true);  // a silence begins
  const size_t before = desk.receiver.got().size();
  desk.clock.time += 1000;
  desk.tell("c", transition("c", "yellow", "open"));
  const auto got = desk.receiver.wait(before + 1);
  for (size_t i = before; i < got.size(); ++i) EXPECT_THAT(got[i].body, Not(HasSubstr(R"("alert_id":"b")")));
}

TEST(Alertmanager, AfterARestartItSaysWhatIsOpen) {
  Desk desk(
      [](const std::function<void(const runtime::Outgoing&)>& f) {
        f({3, "old", transition("old", "red", "open"), kNoTime, false});
        f({4, "quiet", transition("quiet", "red", "open"), kNoTime, false, true});
        f({9, "later", transition("later", "red", "open"), kNoTime, false});  // it is offered as any other
        return Status();
      },
      60'000, 5);
  const auto got = desk.receiver.wait(1);
  EXPECT_THAT(got[0].body, HasSubstr(R"("alert_id":"old")"));
  EXPECT_THAT(got[0].body, Not(HasSubstr("quiet")));
  EXPECT_THAT(got[0].body, Not(HasSubstr("later")));
}

TEST(Alertmanager, RefusesWhatCannotBe) {
  HandClock clock;
  AlertmanagerOptions o;
  EXPECT_THAT(make_alertmanager(o, clock).error().message, HasSubstr("urls: "));
  o.urls = {"http://a:9093", "b"};
  EXPECT_THAT(make_alertmanager(o, clock).error().message, HasSubstr("urls: b: "));
}

}  // namespace
}  // namespace tocsin::alertmanager
