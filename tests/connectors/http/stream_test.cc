// The event stream: resuming without loss or repetition, gaps, heartbeats, slow readers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <random>
#include <thread>

#include "connectors/http/server.h"
#include "connectors/http/stream_feed.h"
#include "fake_backend.h"
#include "test_client.h"

namespace tocsin::http {
namespace {

using testing::HasSubstr;

class StreamTest : public testing::Test {
 protected:
  void start(const std::function<void(Options&)>& change = {}) {
    Options options;
    options.port = 0;
    if (change) change(options);
    server = std::make_unique<Server>(backend, metrics, options);
    const Status status = server->start();
    ASSERT_TRUE(status) << status.error().message;
  }
  void expect_events(StreamClient& stream, uint64_t first, uint64_t last) {
    for (uint64_t n = first; n <= last; ++n) {
      const auto event = stream.next_event();
      ASSERT_TRUE(event) << "before " << n;
      EXPECT_EQ(event->type, "alert");
      EXPECT_EQ(event->id, std::to_string(n));
      EXPECT_EQ(event->data, "{\"n\":" + std::to_string(n) + "}");
    }
  }

  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

TEST_F(StreamTest, StartsNow) {
  for (int i = 0; i < 5; ++i) backend.commit_numbered();
  start();
  StreamClient stream(server->port(), "");
  EXPECT_THAT(stream.header, HasSubstr("Content-Type: text/event-stream"));
  const auto first = stream.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, "5");  // a reader that is cut before the first event resumes here
  EXPECT_TRUE(first->data.empty());
  backend.commit_numbered();
  expect_events(stream, 6, 6);
}

TEST_F(StreamTest, ResumesFromTheOutboxThenLive) {
  for (int i = 0; i < 1500; ++i) backend.commit_numbered();
  start();
  StreamClient all(server->port(), "?after=0");
  StreamClient some(server->port(), "", "1490");
  StreamClient header_first(server->port(), "?after=0", "1499");
  backend.commit_numbered();
  expect_events(all, 1, 1501);
  expect_events(some, 1491, 1501);
  expect_events(header_first, 1500, 1501);
}

TEST_F(StreamTest, ShadowOnlyWhenAskedFor) {
  start();
  backend.commit_numbered(true);
  backend.commit_numbered(false);
  StreamClient plain(server->port(), "?after=0"), shadow(server->port(), "?after=0&shadow=true");
  expect_events(plain, 2, 2);
  expect_events(shadow, 1, 2);
  StreamClient live(server->port(), "?after=2");
  live.next();
  backend.commit_numbered(true);
  backend.commit_numbered(false);
  expect_events(live, 4, 4);
  expect_events(shadow, 3, 4);
}

TEST_F(StreamTest, HistoryThatIsGoneIsToldAndSkipped) {
  for (int i = 0; i < 10; ++i) backend.commit_numbered();
  backend.trim(3);
  start();
  StreamClient stream(server->port(), "", "2");
  const auto gap = stream.next_event();
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->type, "gap");
  EXPECT_EQ(gap->id, "7");
  EXPECT_THAT(gap->data, HasSubstr(R"("after":2,"resumed_at":7)"));
  expect_events(stream, 8, 10);
  backend.commit_numbered();
  expect_events(stream, 11, 11);
}

TEST_F(StreamTest, AnIdOfAnotherLifeIsAGap) {
  backend.commit_numbered();
  start();
  StreamClient stream(server->port(), "", "500");
  const auto gap = stream.next_event();
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->type, "gap");
  EXPECT_EQ(gap->id, "1");
  backend.commit_numbered();
  expect_events(stream, 2, 2);
}

TEST_F(StreamTest, WrongIdsAreRefused) {
  start();
  for (const char* id : {"x", "-1", "1.5", "99999999999999999999", "9223372036854775808"}) {
    TestClient c(server->port());
    EXPECT_EQ(c.get("/api/v1/stream", {{"Last-Event-ID", id}}).status, 400) << id;
  }
}

TEST_F(StreamTest, TooManyStreams) {
  start([](Options& o) { o.max_streams = 1; });
  StreamClient one(server->port(), "");
  ASSERT_TRUE(one.next());
  StreamClient two(server->port(), "");
  EXPECT_THAT(two.header, HasSubstr("503"));
}

// One account may take half of the streams, and then another still finds its own.
TEST_F(StreamTest, TooManyStreamsOfOneAccount) {
  start([](Options& o) {
    o.max_streams = 4;
    o.accounts = {{"a", sha256_hex("a"), Role::kViewer, ""}, {"b", sha256_hex("b"), Role::kViewer, ""}};
    o.session_key = "key";
  });
  const std::string a = "Authorization: Bearer a\r\n";
  auto one = std::make_unique<StreamClient>(server->port(), "", "", 0, a);
  StreamClient two(server->port(), "", "", 0, a);
  ASSERT_TRUE(one->next());
  ASSERT_TRUE(two.next());
  EXPECT_THAT(StreamClient(server->port(), "", "", 0, a).header, HasSubstr("429"));
  StreamClient other(server->port(), "", "", 0, "Authorization: Bearer b\r\n");
  EXPECT_THAT(other.header, HasSubstr("200 OK"));
  one.reset();
  std::string header;
  for (int tries = 0; tries < 2000 && !header.starts_with("HTTP/1.1 200"); ++tries) {  // once the end is seen
    header = StreamClient(server->port(), "", "", 0, a).header;
  }
  EXPECT_THAT(header, HasSubstr("200 OK"));
}

// The cookie's time is up a moment after the stream began: it ends, though it is full of news or silent.
TEST_F(StreamTest, EndsWithItsSession) {
  Options options;
  options.accounts = {{"a", sha256_hex("a"), Role::kViewer, ""}};
  options.session_key = "key";
  start([&](Options& o) {
    o.accounts = options.accounts;
    o.session_key = options.session_key;
    o.heartbeat = 20;
  });
  constexpr int64_t kSession = 12 * 3600, kLeft = 3;
  const Gate gate(options.accounts, options.session_key);
  const std::string cookie = gate.issue("a", std::time(nullptr) - kSession + kLeft, false);
  const int64_t until = std::time(nullptr) + kLeft;
  StreamClient stream(server->port(), "", "", 0, "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n");
  ASSERT_THAT(stream.header, HasSubstr("200 OK"));
  StreamClient by_token(server->port(), "", "", 0, "Authorization: Bearer a\r\n");
  bool ended = false;
  while (!ended && std::time(nullptr) < until + 15) ended = !stream.next();
  EXPECT_TRUE(ended);
  backend.commit_numbered();
  EXPECT_TRUE(by_token.next_event()) << "a token has no end";
}

// Somebody signs out: the streams that their cookie opened end there and then, others of the same account go on.
TEST_F(StreamTest, EndsWhenItsSessionIsSignedOut) {
  start([](Options& o) {
    o.accounts = {{"a", sha256_hex("a"), Role::kViewer, ""}};
    o.session_key = "key";
    o.heartbeat = 600'000;  // it is not the heartbeat that finds out
  });
  const auto sign_in = [&] {
    const std::string set =
        TestClient(server->port()).post("/api/v1/session", R"({"token":"a"})").headers["set-cookie"];
    return set.substr(0, set.find(';'));
  };
  const auto open = [&](const std::string& header) {
    auto stream = std::make_unique<StreamClient>(server->port(), "", "", 0, header + "\r\n");
    EXPECT_THAT(stream->header, HasSubstr("200 OK"));
    EXPECT_TRUE(stream->next());
    return stream;
  };
  const std::string mine = sign_in(), other = sign_in();
  ASSERT_NE(mine, other) << "two sessions of one account in one second";
  const auto one = open("Cookie: " + mine), two = open("Cookie: " + mine), theirs = open("Cookie: " + other);
  const auto by_token = open("Authorization: Bearer a");
  EXPECT_EQ(TestClient(server->port()).post("/api/v1/session/end", "", {{"Cookie", mine}}).status, 200);
  EXPECT_FALSE(one->next_event());
  EXPECT_FALSE(two->next_event());
  EXPECT_THAT(StreamClient(server->port(), "", "", 0, "Cookie: " + mine + "\r\n").header, HasSubstr("401"));
  backend.commit_numbered();
  EXPECT_TRUE(theirs->next_event()) << "another window's session";
  EXPECT_TRUE(by_token->next_event());
}

// Who shows silences reads them again: those who are live are told at once, though no alert has changed; those who come
// later read them as they then are.
TEST_F(StreamTest, ToldWhenTheSilencesAreOthers) {
  backend.change_silences();
  start([](Options& o) { o.heartbeat = 600'000; });
  backend.commit_numbered();
  StreamClient live(server->port(), "");
  ASSERT_TRUE(live.next());
  backend.change_silences();
  const auto told = live.next_event();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->type, "silences");
  EXPECT_EQ(told->data, "{}");
  EXPECT_EQ(told->id, "1") << "where the reader is: it resumes here";
  backend.commit_numbered();
  expect_events(live, 2, 2);
  StreamClient late(server->port(), "?after=0");
  expect_events(late, 1, 2);
  backend.change_silences();
  for (StreamClient* stream : {&live, &late}) {
    const auto again = stream->next_event();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->type, "silences");
    EXPECT_EQ(again->id, "2");
  }
}

TEST_F(StreamTest, Heartbeats) {
  start([](Options& o) { o.heartbeat = 1; });
  StreamClient stream(server->port(), "");
  int comments = 0;
  while (comments < 4) {
    const auto block = stream.next();
    ASSERT_TRUE(block);
    comments += block->comment;
  }
  backend.commit_numbered();
  expect_events(stream, 1, 1);
}

// Others' alerts without a pause neither put off the heartbeat of a reader who is shown none of them, nor leave its
// place behind: where it is cut, it resumes near the head.
TEST_F(StreamTest, AReaderOfAPartIsToldHowFarTheStreamHasCome) {
  start([](Options& o) {
    o.heartbeat = 20;
    o.accounts = {{"village", sha256_hex("token"), Role::kViewer, "330282101005"}};
    o.session_key = "key";
  });
  const std::string who = "Authorization: Bearer token\r\n";
  StreamClient stream(server->port(), "", {}, 0, who);
  std::atomic<bool> done{false};
  std::thread others([&] {
    while (!done) backend.commit({0, false, R"({"n":1})", {"330282", "330282102", "", ""}, {}, "a"});
  });
  uint64_t place = 0;
  while (place < 100) {
    const auto block = stream.next();
    if (!block) break;  // the client's own limit
    EXPECT_TRUE(block->data.empty()) << "nothing of others is shown";
    if (block->comment && !block->id.empty()) place = std::stoull(block->id);
  }
  done = true;
  others.join();
  EXPECT_GE(place, 100u);
  const uint64_t own = backend.commit({0, false, R"({"own":1})", {"330282", "330282101", "330282101005", ""}, {}, "b"});
  StreamClient again(server->port(), "", std::to_string(place), 0, who);
  const auto event = again.next_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, std::to_string(own));
}

// A reader that does not read is cut off once it is behind what is kept for live readers; meanwhile the others get
// everything, and it can resume.
TEST_F(StreamTest, SlowReaderIsCutOffAndResumes) {
  start([](Options& o) { o.stream_buffer = 64 << 10; });
  StreamClient slow(server->port(), "?after=0", {}, 4096), quick(server->port(), "?after=0");
  ASSERT_TRUE(slow.next());
  const std::string filler(8000, 'x');
  constexpr uint64_t kEvents = 1000;  // 8 MB: more than the kernel keeps for a reader
  for (uint64_t n = 1; n <= kEvents; ++n) {
    backend.commit("{\"n\":" + std::to_string(n) + ",\"f\":\"" + filler + "\"}");
    const auto event = quick.next_event();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->id, std::to_string(n));
  }
  uint64_t last = 0;
  while (const auto event = slow.next_event()) last = std::stoull(event->id);
  EXPECT_GT(last, 0u);
  EXPECT_LT(last, kEvents);
  StreamClient again(server->port(), "", std::to_string(last));
  for (uint64_t n = last + 1; n <= kEvents; ++n) {
    const auto event = again.next_event();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->id, std::to_string(n));
  }
  TestClient c(server->port());
  EXPECT_THAT(c.get("/metrics").body, HasSubstr("tocsin_http_streams_cut_total 1\n"));
}

// Readers that come and go at random while commits flow each end up with every sequence once, in order.
TEST_F(StreamTest, NoGapAndNoDuplicateAtTheSeam) {
  start([](Options& o) { o.stream_buffer = 2000; });  // a small tail: cut-offs and catching up happen too
  constexpr uint64_t kEvents = 3000;
  constexpr int kReaders = 3;
  std::vector<std::thread> readers;
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&, r] {
      std::mt19937 random(static_cast<unsigned>(r + 1));
      uint64_t last = 0;
      while (last < kEvents) {
        StreamClient stream(server->port(), "", std::to_string(last));
        for (size_t n = 1 + random() % 400; n > 0 && last < kEvents; --n) {
          const auto event = stream.next_event();
          if (!event) break;
          ASSERT_EQ(event->type, "alert");
          ASSERT_EQ(event->id, std::to_string(last + 1));
          ASSERT_EQ(event->data, "{\"n\":" + event->id + "}");
          ++last;
        }
        if (random() % 2 == 0) stream.client().reset();
      }
    });
  }
  for (uint64_t n = 0; n < kEvents; ++n) backend.commit_numbered();
  for (auto& reader : readers) reader.join();
}

// --- the reader alone, without sockets

TEST(StreamReader, EverySplitBetweenOutboxAndTail) {
  constexpr uint64_t kTotal = 12;
  for (uint64_t opened = 0; opened <= kTotal; ++opened) {
    for (uint64_t pumped = opened; pumped <= kTotal; ++pumped) {
      for (uint64_t after = 0; after <= kTotal; ++after) {
        FakeBackend backend;
        for (uint64_t n = 0; n < opened; ++n) backend.commit_numbered();
        StreamTail tail(backend, 1 << 20);
        ASSERT_TRUE(tail.open());
        while (backend.transitions_after(0, 0, 0)->head < pumped) backend.commit_numbered();
        bool more = true;
        while (more) ASSERT_TRUE(tail.pump(more));
        while (backend.transitions_after(0, 0, 0)->head < kTotal) backend.commit_numbered();

        StreamReader reader(tail, after, View());
        std::vector<uint64_t> got;
        const auto drain = [&] {
          for (auto step = StreamReader::Step::kFrames; step != StreamReader::Step::kNothing;) {
            std::vector<FramePtr> frames;
            StreamReader::Gap gap;
            step = *reader.next(100, frames, gap);
            ASSERT_TRUE(step == StreamReader::Step::kFrames || step == StreamReader::Step::kNothing);
            for (const auto& frame : frames) got.push_back(frame->sequence());
          }
        };
        drain();
        for (more = true; more;) ASSERT_TRUE(tail.pump(more));
        drain();
        ASSERT_EQ(got.size(), kTotal - after);
        for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], after + 1 + i);
      }
    }
  }
}

// The outbox is cut between its begin and its items being read: the items decide.
TEST(StreamReader, AGapThatOpensWhileReading) {
  class CutOutbox : public FakeBackend {
   public:
    Result<StreamPage> transitions_after(uint64_t after, size_t max, size_t max_bytes) override {
      auto page = FakeBackend::transitions_after(after, max, max_bytes);
      page->oldest = 1;
      return page;
    }
  } backend;
  for (int i = 0; i < 10; ++i) backend.commit_numbered();
  backend.trim(4);
  StreamTail tail(backend, 1000);
  ASSERT_TRUE(tail.open());
  StreamReader reader(tail, 2, View());
  std::vector<FramePtr> frames;
  StreamReader::Gap gap;
  ASSERT_EQ(*reader.next(10'000, frames, gap), StreamReader::Step::kGap);
  EXPECT_EQ(gap.after, 2u);
  EXPECT_EQ(gap.resumed_at, 6u);
  ASSERT_EQ(*reader.next(10'000, frames, gap), StreamReader::Step::kFrames);
  EXPECT_EQ(frames.front()->sequence(), 7u);
}

TEST(StreamTail, KeepsWithinItsBytes) {
  FakeBackend backend;
  StreamTail tail(backend, 500);
  ASSERT_TRUE(tail.open());
  for (int i = 0; i < 100; ++i) backend.commit_numbered();
  bool more = true;
  while (more) ASSERT_TRUE(tail.pump(more));
  EXPECT_EQ(tail.head(), 100u);
  EXPECT_GT(tail.oldest(), 85u);
  EXPECT_EQ(tail.at(tail.oldest())->sequence(), tail.oldest());
}

}  // namespace
}  // namespace tocsin::http
