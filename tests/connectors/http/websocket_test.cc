// The stream on a WebSocket: the handshake and who is refused it, resuming, gaps, slow readers, what readers may send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <thread>

#include "connectors/http/server.h"
#include "fake_backend.h"
#include "test_client.h"

namespace tocsin::http {
namespace {

using testing::HasSubstr;

struct Message {
  int opcode = 0;  // 1 text, 8 close, 9 ping, 10 pong
  std::string payload;
};

class WebSocketClient {
 public:
  WebSocketClient(uint16_t port, const std::string& query, const std::string& headers = {}, int receive_buffer = 0)
      : client_(port, receive_buffer) {
    client_.send("GET /api/v1/ws" + query + " HTTP/1.1\r\nHost: localhost:" + std::to_string(port) +
                 "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                 headers + "\r\n");
    header = client_.until("\r\n\r\n").value_or("");
  }
  int status() const { return header.size() < 12 ? 0 : std::stoi(header.substr(9, 3)); }
  // The next message, or nothing at the end.
  std::optional<Message> next() {
    std::string& b = client_.buffer();
    if (!need(2)) return std::nullopt;
    Message m;
    m.opcode = b[0] & 0x0f;
    size_t size = static_cast<unsigned char>(b[1]) & 0x7f, head = 2;
    const size_t wide = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (wide > 0) {
      if (!need(2 + wide)) return std::nullopt;
      size = 0;
      for (size_t i = 0; i < wide; ++i) size = size << 8 | static_cast<unsigned char>(b[2 + i]);
      head += wide;
    }
    if (!need(head + size)) return std::nullopt;
    m.payload = b.substr(head, size);
    b.erase(0, head + size);
    return m;
  }
  // The next text.
  std::string text() {
    while (const auto m = next()) {
      if (m->opcode == 1) return m->payload;
    }
    return "(end)";
  }
  // Sends a frame of at most 125 bytes, masked with zeros.
  bool send(int opcode, const std::string& payload) {
    std::string frame = {static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size()), 0, 0, 0, 0};
    return client_.send(frame + payload);
  }
  TestClient& client() { return client_; }
  std::string header;

 private:
  bool need(size_t size) {
    while (client_.buffer().size() < size) {
      if (!client_.fill()) return false;
    }
    return true;
  }
  TestClient client_;
};

class WebSocketTest : public testing::Test {
 protected:
  void start(const std::function<void(Options&)>& change = {}) {
    Options options;
    options.port = 0;
    if (change) change(options);
    server = std::make_unique<Server>(backend, metrics, options);
    ASSERT_TRUE(server->start());
  }
  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

std::string event(uint64_t n) {
  const std::string id = std::to_string(n);
  return "{\"id\":" + id + ",\"event\":\"alert\",\"data\":{\"n\":" + id + "}}";
}

TEST_F(WebSocketTest, ResumesThenLive) {
  for (int i = 0; i < 1000; ++i) backend.commit_numbered();
  start();
  WebSocketClient ws(server->port(), "?after=10");
  EXPECT_EQ(ws.status(), 101) << ws.header;
  EXPECT_THAT(ws.header, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_EQ(ws.text(), R"({"id":10,"event":"hello","data":{"sequence":10}})");
  for (uint64_t n = 11; n <= 1000; ++n) ASSERT_EQ(ws.text(), event(n));
  backend.commit_numbered();
  EXPECT_EQ(ws.text(), event(1001));
}

TEST_F(WebSocketTest, LongMessagesAndGaps) {
  for (int i = 0; i < 10; ++i) backend.commit_numbered();
  backend.commit("{\"long\":\"" + std::string(70'000, 'x') + "\"}");
  backend.trim(4);
  start();
  WebSocketClient ws(server->port(), "?after=2");
  EXPECT_THAT(ws.text(), HasSubstr("hello"));
  EXPECT_THAT(ws.text(), HasSubstr(R"({"id":7,"event":"gap","data":{"after":2,"resumed_at":7,)"));
  for (uint64_t n = 8; n <= 10; ++n) EXPECT_EQ(ws.text(), event(n));
  EXPECT_GT(ws.text().size(), 70'000u);
}

TEST_F(WebSocketTest, OtherSitesAreRefused) {
  start();
  const std::string own = "http://localhost:" + std::to_string(server->port());
  EXPECT_EQ(WebSocketClient(server->port(), "", "Origin: " + own + "\r\n").status(), 101);
  EXPECT_EQ(WebSocketClient(server->port(), "").status(), 101) << "a program";
  for (const char* origin : {"http://evil.example", "null", "http://localhost:1", "https://localhost", "x"}) {
    WebSocketClient ws(server->port(), "", std::string("Origin: ") + origin + "\r\n");
    EXPECT_EQ(ws.status(), 403) << origin;
    EXPECT_THAT(ws.header, HasSubstr("application/problem+json"));
  }
  EXPECT_EQ(WebSocketClient(server->port(), "", "Sec-Fetch-Site: cross-site\r\n").status(), 403);
}

TEST_F(WebSocketTest, HandshakesThatAreNone) {
  start();
  TestClient c(server->port());
  EXPECT_EQ(c.get("/api/v1/ws").status, 426);
  EXPECT_EQ(c.post("/api/v1/ws", "").status, 405);
  EXPECT_EQ(WebSocketClient(server->port(), "?after=x").status(), 400);
  EXPECT_EQ(WebSocketClient(server->port(), "?afterr=1").status(), 400);
  TestClient old(server->port());
  EXPECT_EQ(
      old.get("/api/v1/ws", {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Key", "x"}}).status,
      426)
      << "without a version";
}

TEST_F(WebSocketTest, WithAccountsOnlyThoseWhoSignedIn) {
  start([](Options& o) {
    o.accounts = {{"village", sha256_hex("token"), Role::kViewer, "330282101005"}};
    o.session_key = "key";
  });
  backend.commit({0, false, R"({"n":1})", {"330282", "330282102", "", ""}, {}, "a"});
  backend.commit({0, false, R"({"n":2})", {"330282", "330282101", "330282101005", ""}, {}, "b"});
  EXPECT_EQ(WebSocketClient(server->port(), "").status(), 401);
  WebSocketClient ws(server->port(), "?after=0", "Authorization: Bearer token\r\n");
  EXPECT_THAT(ws.text(), HasSubstr("hello"));
  EXPECT_EQ(ws.text(), event(2)) << "another town's is not shown";
}

TEST_F(WebSocketTest, WhatReadersSend) {
  start();
  WebSocketClient ws(server->port(), "");
  ws.text();
  ws.send(9, "ping");
  const auto pong = ws.next();
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->opcode, 10);
  EXPECT_EQ(pong->payload, "ping");
  ws.send(1, "anything");
  backend.commit_numbered();
  EXPECT_EQ(ws.text(), event(1)) << "what they say is not looked at";
  ws.send(8, "");
  const auto closing = ws.next();
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->opcode, 8);
  EXPECT_FALSE(ws.next());
  WebSocketClient rude(server->port(), "");
  rude.text();
  rude.client().send(std::string(200, '\xff'));  // no frames
  while (rude.next()) {
  }
  WebSocketClient wordy(server->port(), "");
  wordy.text();
  for (int i = 0; i < 100; ++i) {
    if (!wordy.client().send(std::string("\x01\xfd\0\0\0\0", 6) + std::string(125, 'x'))) break;  // no end of it
  }
  while (wordy.next()) {
  }
  EXPECT_EQ(TestClient(server->port()).get("/-/healthy").status, 200);
}

TEST_F(WebSocketTest, Heartbeats) {
  start([](Options& o) { o.heartbeat = 1; });
  WebSocketClient ws(server->port(), "");
  ws.text();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ws.next().value_or(Message()).opcode, 9);
}

// As on the event stream: what a cookie opened ends with its time.
TEST_F(WebSocketTest, EndsWithItsSession) {
  const std::vector<Account> accounts = {{"a", sha256_hex("a"), Role::kViewer, ""}};
  start([&](Options& o) {
    o.heartbeat = 20;
    o.accounts = accounts;
    o.session_key = "key";
  });
  constexpr int64_t kSession = 12 * 3600, kLeft = 3;
  const int64_t until = std::time(nullptr) + kLeft;
  const std::string cookie = Gate(accounts, "key").issue("a", until - kSession, false);
  WebSocketClient ws(server->port(), "", "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n");
  ASSERT_EQ(ws.status(), 101);
  bool ended = false;
  while (!ended && std::time(nullptr) < until + 15) ended = !ws.next();
  EXPECT_TRUE(ended);
}

TEST_F(WebSocketTest, ToldWhenTheSilencesAreOthers) {
  start();
  WebSocketClient ws(server->port(), "");
  EXPECT_THAT(ws.text(), HasSubstr("hello"));
  backend.change_silences();
  EXPECT_EQ(ws.text(), R"({"id":0,"event":"silences","data":{}})");
  backend.commit_numbered();
  EXPECT_EQ(ws.text(), event(1));
}

// As on the event stream: at once, and no other's.
TEST_F(WebSocketTest, EndsWhenItsSessionIsSignedOut) {
  start([](Options& o) {
    o.heartbeat = 600'000;
    o.accounts = {{"a", sha256_hex("a"), Role::kViewer, ""}};
    o.session_key = "key";
  });
  const auto sign_in = [&] {
    const std::string set =
        TestClient(server->port()).post("/api/v1/session", R"({"token":"a"})").headers["set-cookie"];
    return set.substr(0, set.find(';'));
  };
  const std::string mine = sign_in(), other = sign_in();
  WebSocketClient ws(server->port(), "", "Cookie: " + mine + "\r\n");
  WebSocketClient theirs(server->port(), "", "Cookie: " + other + "\r\n");
  EXPECT_THAT(ws.text(), HasSubstr("hello"));
  EXPECT_THAT(theirs.text(), HasSubstr("hello"));
  EXPECT_EQ(TestClient(server->port()).post("/api/v1/session/end", "", {{"Cookie", mine}}).status, 200);
  EXPECT_EQ(ws.text(), "(end)");
  backend.commit_numbered();
  EXPECT_EQ(theirs.text(), event(1));
}

// As on the event stream: one who is shown nothing of what flows is told how far it has come.
TEST_F(WebSocketTest, AReaderOfAPartIsToldHowFarTheStreamHasCome) {
  start([](Options& o) {
    o.heartbeat = 20;
    o.accounts = {{"village", sha256_hex("token"), Role::kViewer, "330282101005"}};
    o.session_key = "key";
  });
  WebSocketClient ws(server->port(), "", "Authorization: Bearer token\r\n");
  EXPECT_THAT(ws.text(), HasSubstr("hello"));
  std::atomic<bool> done{false};
  std::thread others([&] {
    while (!done) backend.commit({0, false, R"({"n":1})", {"330282", "330282102", "", ""}, {}, "a"});
  });
  std::string text;
  uint64_t place = 0;
  while (place < 100 && (text = ws.text()) != "(end)") {
    EXPECT_THAT(text, HasSubstr(R"("event":"heartbeat")"));
    place = std::stoull(text.substr(6));
    EXPECT_EQ(text, "{\"id\":" + std::to_string(place) +
                        ",\"event\":\"heartbeat\",\"data\":{\"sequence\":" + std::to_string(place) + "}}");
  }
  done = true;
  others.join();
  EXPECT_GE(place, 100u);
}

// As on the event stream: one that does not read is cut off, holds nobody up, and can resume.
TEST_F(WebSocketTest, SlowReaderIsCutOffAndResumes) {
  start([](Options& o) { o.stream_buffer = 64 << 10; });
  WebSocketClient slow(server->port(), "?after=0", {}, 4096), quick(server->port(), "?after=0");
  slow.text();
  quick.text();
  const std::string filler(8000, 'x');
  constexpr uint64_t kEvents = 1000;
  for (uint64_t n = 1; n <= kEvents; ++n) {
    backend.commit("{\"f\":\"" + filler + "\"}");
    ASSERT_THAT(quick.text(), HasSubstr("{\"id\":" + std::to_string(n) + ","));
  }
  uint64_t last = 0;
  for (std::string text; (text = slow.text()) != "(end)";) last = std::stoull(text.substr(6));
  EXPECT_GT(last, 0u);
  EXPECT_LT(last, kEvents);
  WebSocketClient again(server->port(), "?after=" + std::to_string(last));
  again.text();
  for (uint64_t n = last + 1; n <= kEvents; ++n) {
    ASSERT_THAT(again.text(), HasSubstr("{\"id\":" + std::to_string(n) + ","));
  }
}

}  // namespace
}  // namespace tocsin::http
