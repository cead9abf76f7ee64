// Answers that take long: whoever waits may leave, plain or under TLS, and what is sent meanwhile is the next request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "connectors/http/server.h"
#include "fake_backend.h"
#include "test_client.h"
#include "tls_client.h"

namespace tocsin::http {
namespace {

using testing::HasSubstr;

const std::string kBacktest =
    "POST /api/v1/rules/backtest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 2\r\n\r\n{}";
const std::string kAnswer = R"({"results":[]})";

class LongAnswerTest : public testing::Test {
 protected:
  void start(const Certificate* certificate = nullptr) {
    Options options;
    options.port = 0;
    if (certificate != nullptr) {
      options.certificate = certificate->path();
      options.key = certificate->key_path();
    }
    server = std::make_unique<Server>(backend, metrics, options);
    const Status status = server->start();
    ASSERT_TRUE(status) << status.error().message;
  }
  // Sends what a backtest waits for; answers the flag that says whether somebody does.
  template <typename Client>
  std::shared_ptr<const std::atomic<bool>> ask(Client& client) {
    backend.hold();
    client.send(kBacktest);
    backend.wait_for_held(1);
    const auto flag = backend.tried().gone;
    EXPECT_FALSE(*flag);
    return flag;
  }
  template <typename Client>
  void next_request(Client& client) {
    const std::string next = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const auto flag = ask(client);
    client.send(next.substr(0, 20));
    EXPECT_FALSE(*flag);
    backend.release();
    EXPECT_THAT(client.until(kAnswer).value_or(""), HasSubstr("200 OK"));
    client.send(next.substr(20));
    EXPECT_THAT(client.until(R"({"status":"ok"})").value_or(""), HasSubstr("200 OK"));
    client.send(kBacktest);  // once more, on the kept connection, with nothing sent meanwhile
    EXPECT_THAT(client.until(kAnswer).value_or(""), HasSubstr("200 OK"));
    client.send(next);
    EXPECT_THAT(client.until(R"({"status":"ok"})").value_or(""), HasSubstr("200 OK"));
  }

  // Whole requests, which nothing follows.
  template <typename Client>
  void requests_meanwhile(Client& client) {
    const std::string next = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (int round = 0; round < 3; ++round) {
      const auto flag = ask(client);
      client.send(next);
      client.send(next + next);
      EXPECT_FALSE(*flag);
      backend.release();
      EXPECT_THAT(client.until(kAnswer).value_or(""), HasSubstr("200 OK"));
      for (int i = 0; i < 3; ++i) EXPECT_THAT(client.until(R"({"status":"ok"})").value_or(""), HasSubstr("200 OK"));
    }
  }

  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

TEST_F(LongAnswerTest, ABacktestEndsWithItsClient) {
  start();
  TestClient client(server->port());
  const auto gone = ask(client);
  client.close();
  while (!*gone) std::this_thread::yield();  // ctest's own limit ends it
  backend.release();
  EXPECT_EQ(TestClient(server->port()).get("/-/healthy").status, 200);
}

// Under TLS the word that the connection ends is bytes as any other.
TEST_F(LongAnswerTest, ABacktestEndsWithItsClientUnderTls) {
  const Certificate certificate;
  start(&certificate);
  TlsClient client(server->port());
  const auto gone = ask(client);
  client.end();
  while (!*gone) std::this_thread::yield();
  backend.release();
  TlsClient other(server->port());
  other.send("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(other.until(R"({"status":"ok"})"));
}

// Who has sent more meanwhile, the next request or a part of it, is missed all the same.
TEST_F(LongAnswerTest, ABacktestEndsWithItsClientThatHadSentMore) {
  start();
  for (const bool together : {true, false}) {
    TestClient client(server->port());
    backend.hold();
    client.send(together ? kBacktest + "G" : kBacktest);
    backend.wait_for_held(1);
    const auto gone = backend.tried().gone;
    if (!together) client.send("G");
    client.send("ET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_FALSE(*gone);
    client.close();
    while (!*gone) std::this_thread::yield();
    backend.release();
  }
  EXPECT_EQ(TestClient(server->port()).get("/-/healthy").status, 200);
}

TEST_F(LongAnswerTest, ABacktestEndsWithItsClientThatHadSentMoreUnderTls) {
  const Certificate certificate;
  start(&certificate);
  TlsClient client(server->port());
  const auto gone = ask(client);
  client.send("G");
  client.send("ET");
  EXPECT_FALSE(*gone);
  client.end();
  while (!*gone) std::this_thread::yield();
  backend.release();
}

TEST_F(LongAnswerTest, CompletionAfterTheServerIsGone) {
  start();
  backend.hold();
  TestClient c(server->port());
  c.send(
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}");
  backend.wait_for_held(1);
  server.reset();
  backend.release();
  EXPECT_TRUE(c.closed());
}

TEST_F(LongAnswerTest, RequestsThatWereSentMeanwhileAreAnsweredInTurn) {
  start();
  TestClient client(server->port());
  requests_meanwhile(client);
}

TEST_F(LongAnswerTest, RequestsThatWereSentMeanwhileAreAnsweredInTurnUnderTls) {
  const Certificate certificate;
  start(&certificate);
  TlsClient client(server->port());
  requests_meanwhile(client);
}

TEST_F(LongAnswerTest, TheNextRequestWaits) {
  start();
  TestClient client(server->port());
  next_request(client);
}

TEST_F(LongAnswerTest, TheNextRequestWaitsUnderTls) {
  const Certificate certificate;
  start(&certificate);
  TlsClient client(server->port());
  next_request(client);
}

}  // namespace
}  // namespace tocsin::http
