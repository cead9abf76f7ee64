#include "connectors/webhook/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/connectors/delivery/receiver.h"

namespace tocsin::webhook {
namespace {

using test::Receiver;
using testing::HasSubstr;

class HandClock final : public Clock {
 public:
  TimeMs now() const override { return time.load(); }
  std::atomic<TimeMs> time{1'700'000'000'999};
};

WebhookOptions options(const Receiver& receiver, size_t most) {
  WebhookOptions o;
  o.url = receiver.url("/hook?desk=7");
  o.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";  // of the Standard Webhooks' own examples
  o.headers = {"Authorization: Bearer abc"};
  o.courier.name = "webhook:desk";
  o.courier.group_most = most;
  o.courier.first_pause = 2;
  return o;
}

std::vector<Receiver::Got> send(WebhookOptions o, const Receiver& receiver, const Clock& clock) {
  auto made = make_webhook(std::move(o), clock);
  EXPECT_TRUE(made);
  EXPECT_TRUE((*made)->resume(0));
  const std::vector<runtime::Outgoing> batch = {{1, "a", R"({"id":"a/1"})", kNoTime, false},
                                                {2, "a", R"({"id":"a/2"})", kNoTime, false}};
  EXPECT_TRUE((*made)->publish(batch));
  EXPECT_TRUE((*made)->flush(10'000));
  return receiver.got();
}

TEST(Webhook, ABatchOfCloudEventsThatIsSigned) {
  Receiver receiver;
  HandClock clock;
  const auto got = send(options(receiver, 100), receiver, clock);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].target, "/hook?desk=7");
  EXPECT_EQ(got[0].body, R"([{"id":"a/1"},{"id":"a/2"}])");
  const auto& headers = got[0].headers;
  EXPECT_EQ(headers.at("content-type"), "application/cloudevents-batch+json; charset=utf-8");
  EXPECT_EQ(headers.at("authorization"), "Bearer abc");
  EXPECT_EQ(headers.at("webhook-timestamp"), "1700000000");
  EXPECT_EQ(headers.at("webhook-id"), "tocsin-f760dc2e7d383295727decd61aeaa8b7");
  // By Python: b64encode(hmac.new(b64decode("MfKQ…"), f"{id}.1700000000.{body}".encode(), "sha256").digest())
  EXPECT_EQ(headers.at("webhook-signature"), "v1,odtwKP61JQJIK09YXbZGs8PoCr271UP2v1GeDJalDcM=");
}

TEST(Webhook, OneEventARequest) {
  Receiver receiver;
  HandClock clock;
  WebhookOptions o = options(receiver, 1);
  o.secret.clear();
  const auto got = send(o, receiver, clock);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].body, R"({"id":"a/2"})");
  EXPECT_EQ(got[1].headers.at("content-type"), "application/cloudevents+json; charset=utf-8");
  EXPECT_FALSE(got[1].headers.contains("webhook-signature"));
  EXPECT_NE(got[0].headers.at("webhook-id"), got[1].headers.at("webhook-id"));
}

TEST(Webhook, WhatIsTriedAgainHasTheSameIdAndANewSignature) {
  Receiver receiver;
  HandClock clock;
  receiver.answers([&](const Receiver::Got&) {
    clock.time += 1000;
    return Receiver::Answer{clock.time < 1'700'000'003'000 ? 503 : 204, ""};
  });
  const auto got = send(options(receiver, 100), receiver, clock);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].headers.at("webhook-id"), got[2].headers.at("webhook-id"));
  EXPECT_EQ(got[2].headers.at("webhook-timestamp"), "1700000002");
  EXPECT_NE(got[0].headers.at("webhook-signature"), got[2].headers.at("webhook-signature"));
}

TEST(Webhook, RefusesWhatCannotBe) {
  HandClock clock;
  WebhookOptions o;
  o.url = "desk";
  EXPECT_THAT(make_webhook(o, clock).error().message, HasSubstr("url: "));
  o.url = "https://desk.example/";
  o.secret = "whsec_";
  EXPECT_THAT(make_webhook(o, clock).error().message, HasSubstr("secret: "));
  o.secret = "whsec_?";
  EXPECT_THAT(make_webhook(o, clock).error().message, HasSubstr("secret: "));
}

}  // namespace
}  // namespace tocsin::webhook
