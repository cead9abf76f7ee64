// Bad input to every route of the table: bodies that are no JSON, of wrong types, too large, too slow, too deep;
// targets and headers that are none. Each gets a problem document (or, where nothing is wrong by chance, an answer),
// and the server is as well after it as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <memory>
#include <random>

#include "connectors/http/route.h"
#include "connectors/http/server.h"
#include "fake_backend.h"
#include "test_client.h"

namespace tocsin::http {
namespace {

class BadInputTest : public testing::Test {
 protected:
  void start(const std::function<void(Options&)>& change = {}) {
    Options options;
    options.port = 0;
    if (change) change(options);
    server = std::make_unique<Server>(backend, metrics, options);
    ASSERT_TRUE(server->start());
    backend.put_alert("in", {R"({"alert_id":"in"})", {}});
  }
  TestClient client() { return TestClient(server->port()); }
  static std::string path_of(const Route& route) {
    std::string out(route.pattern);
    for (size_t open; (open = out.find('{')) != std::string::npos;) out.replace(open, out.find('}') - open + 1, "in");
    return out;
  }
  // A refusal is a whole problem document; nothing is a fault of the server.
  static void expect_sound(const TestReply& reply, const std::string& what) {
    ASSERT_NE(reply.status, 0) << what << ": no answer";
    EXPECT_LT(reply.status, 500) << what << ": " << reply.body;
    if (reply.status < 400) return;
    ASSERT_TRUE(reply.headers.contains("content-type")) << what;
    EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json") << what;
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    ASSERT_EQ(parser.parse(reply.body).get(json), simdjson::SUCCESS) << what << ": " << reply.body;
    EXPECT_EQ(int64_t(json["status"]), reply.status) << what;
  }
  void expect_well() { EXPECT_EQ(client().get("/-/healthy").status, 200); }

  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

std::vector<const Route*> posts() {
  std::vector<const Route*> out;
  for (const Route& route : routes()) {
    if (route.changes() && route.body != Body::kNone) out.push_back(&route);
  }
  return out;
}

TEST_F(BadInputTest, BodiesThatAreNoObject) {
  start();
  std::vector<std::string> bodies = {"",
                                     " ",
                                     "null",
                                     "7",
                                     "\"x\"",
                                     "[]",
                                     "[{}]",
                                     "{",
                                     "}",
                                     "{\"a\":",
                                     "{]",
                                     "{} {}",
                                     "\xff\xfe",
                                     std::string(1, '\0'),
                                     "{\"by\":\"\\ud800\"}",
                                     "{\"by\":\"\xc3\"}",
                                     "{\"by\":1e999}",
                                     "NaN",
                                     std::string("{\"by\":\"a\0b\"}", 12)};
  bodies.push_back(std::string(50'000, '['));
  bodies.push_back("{\"by\":" + std::string(20'000, '[') + std::string(20'000, ']') + "}");
  for (const Route* route : posts()) {
    if (route->body == Body::kRecords) continue;  // a record that is none goes to the dead letters
    for (const std::string& body : bodies) {
      const TestReply reply = client().post(path_of(*route), body);
      expect_sound(reply, std::string(route->operation) + " " + body.substr(0, 20));
      EXPECT_EQ(reply.status, 400) << route->operation << " " << body.substr(0, 20);
    }
  }
  EXPECT_TRUE(backend.actions().empty());
  EXPECT_TRUE(backend.silenced().empty());
  expect_well();
}

// A silence of what is not there would be taken and help nobody.
TEST_F(BadInputTest, SilencesOfRulesThatAreNotThereAreRefused) {
  backend.put_rules(R"([{"id":"waterlogging-cluster"},{"id":"owed"}])");
  start([](Options& o) { o.zone = "Asia/Shanghai"; });
  auto c = client();
  const auto refused = [&](const std::string& rest, const std::string& words) {
    const TestReply reply = c.post("/api/v1/silences", R"({"by":"post-7","reason":"works",)" + rest + "}");
    expect_sound(reply, rest);
    EXPECT_EQ(reply.status, 400) << rest;
    EXPECT_THAT(reply.body, testing::HasSubstr(words));
  };
  const auto post = [&](const std::string& rest) {
    return c.post("/api/v1/silences", R"({"by":"post-7","reason":"works",)" + rest + "}");
  };
  refused(R"("until":"2026-06-02","rules":["owed","waterloging-cluster"])",
          "no rule 'waterloging-cluster' in force; did you mean 'waterlogging-cluster'?");
  refused(R"("until":"2026-06-02","rules":["fire"])", "GET /api/v1/rules lists them");
  EXPECT_TRUE(backend.silenced().empty());
  EXPECT_EQ(post(R"("until":"2026-06-01T08:00:01","rules":["owed"])").status, 202);
  EXPECT_EQ(post(R"("until":"2027-06-01")").status, 202);
  ASSERT_EQ(backend.silenced().size(), 2u);
  EXPECT_EQ(backend.silenced()[1].until, 1811779200000) << "2027-06-01 in Shanghai";
}

// Each member of each body with a value of every other type.
TEST_F(BadInputTest, MembersOfWrongTypes) {
  start();
  const std::vector<std::string> names = {"by",    "to",   "note",     "outcome", "reason", "until",
                                          "rules", "area", "severity", "text",    "file",   "token",
                                          "set",   "rule", "from",     "against", "more"};
  for (const Route* route : posts()) {
    if (route->body == Body::kRecords) continue;
    for (const std::string& name : names) {
      for (const char* value : {"null", "{}", "[[]]", "-1.5", "[7]", "{\"a\":{}}"}) {
        const std::string body = "{\"" + name + "\":" + value + "}";
        const TestReply reply = client().post(path_of(*route), body);
        expect_sound(reply, std::string(route->operation) + " " + body);
        EXPECT_EQ(reply.status, 400) << route->operation << " " << body;
      }
    }
  }
  EXPECT_TRUE(backend.actions().empty());
  expect_well();
}

TEST_F(BadInputTest, FuzzedBodies) {
  start();
  const std::vector<std::string> seeds = {
      R"({"by":"duty-3","to":"pump-team","note":"泵已到场","outcome":"true"})",
      R"({"by":"d","reason":"works","until":"2026-06-01T18:00:00+08:00","area":"330282004","severity":"yellow","rules":["r"]})",
      R"({"text":"rules:\n  - id: a","file":"f.yaml"})",
      R"({"set":"r.n=1,2","from":"2025-07-01","against":true})",
      R"({"token":"x"})",
      R"([{"id":"1","source":"grid"},{"id":"2"}])"};
  std::mt19937 random(20260601);
  const auto pick = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (const Route* route : posts()) {
    auto c = std::make_unique<TestClient>(server->port());
    for (int i = 0; i < 300; ++i) {
      std::string body = seeds[pick(seeds.size())];
      for (size_t edits = 1 + pick(6); edits > 0 && !body.empty(); --edits) {
        const size_t at = pick(body.size());
        switch (pick(4)) {
          case 0:
            body[at] = static_cast<char>(random());
            break;
          case 1:
            body.erase(at, 1 + pick(5));
            break;
          case 2:
            body.insert(at, body.substr(pick(body.size()), pick(20)));
            break;
          default:
            body.insert(at, 1, "{}[]\",:\\0"[pick(9)]);
        }
      }
      const TestReply reply = c->post(path_of(*route), body);
      expect_sound(reply, std::string(route->operation) + " " + body);
      if (HasFatalFailure()) return;
    }
  }
  expect_well();
}

TEST_F(BadInputTest, BodiesThatAreTooLarge) {
  start([](Options& o) {
    o.max_body = 4000;
    o.max_action_body = 2000;
    o.max_rules_body = 3000;
  });
  for (const Route* route : posts()) {
    const TestReply announced = client().post(path_of(*route), std::string(5000, ' '));
    expect_sound(announced, std::string(route->operation));
    EXPECT_EQ(announced.status, 413) << route->operation;
    auto c = client();
    c.send("POST " + path_of(*route) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Transfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "3e8\r\n" + std::string(1000, ' ') + "\r\n";
    for (int i = 0; i < 5; ++i) c.send(chunk);
    EXPECT_EQ(c.read_reply().status, 413) << route->operation << " in chunks";
  }
  expect_well();
}

TEST_F(BadInputTest, BodiesThatAreTooSlow) {
  start([](Options& o) { o.body_timeout = o.header_timeout = 30; });
  for (const Route* route : posts()) {
    auto c = client();
    c.send("POST " + path_of(*route) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Content-Length: 100\r\n\r\n{\"by\":");
    const TestReply reply = c.read_reply();
    expect_sound(reply, std::string(route->operation));
    EXPECT_EQ(reply.status, 408) << route->operation;
  }
  auto c = client();
  c.send("GET /api/v1/alerts HTTP/1.1\r\nHo");
  EXPECT_EQ(c.read_reply().status, 408);
  expect_well();
}

TEST_F(BadInputTest, QueriesToEveryRoute) {
  start();
  std::mt19937 random(7);
  const std::vector<std::string> values = {"",
                                           "%00",
                                           "%ff",
                                           "%zz",
                                           "-1",
                                           "99999999999999999999",
                                           "1e9",
                                           "'",
                                           "..%2f..%2f",
                                           "%e6%b5%8b",
                                           "null",
                                           "true%20",
                                           "2026-13-45T99:99:99Z",
                                           "NaN",
                                           "%22%3e%3cscript%3e",
                                           "open,open,,",
                                           "0x10"};
  for (const Route& route : routes()) {
    if (route.streams() || !route.documented) continue;
    std::vector<std::string> names = {"nothing", "limit", "cursor"};
    for (const Parameter& p : route.query) names.emplace_back(p.name);
    for (const std::string& name : names) {
      for (const std::string& value : values) {
        const std::string target = path_of(route) + "?" + name + "=" + value;
        const TestReply reply = client().request(route.method, target, route.changes() ? "{}" : "");
        expect_sound(reply, target);
      }
    }
    const TestReply twice = client().get("/api/v1/alerts?rule=a&rule=b");
    EXPECT_EQ(twice.status, 400);
  }
  expect_well();
}

TEST_F(BadInputTest, PathsThatNameNothing) {
  start();
  for (const char* id : {"%2e%2e", "..", "%00", "%ff", "a%2fb", "'", "%F0%9F%9A%A8", "in%20"}) {
    for (const char* rest : {"", "/evidence", "/related"}) {
      const TestReply reply = client().get(std::string("/api/v1/alerts/") + id + rest);
      expect_sound(reply, id);
      EXPECT_GE(reply.status, 400) << id;
    }
  }
  const std::string long_id(10'000, 'x');
  expect_sound(client().get("/api/v1/alerts/" + long_id), "a long id");
  EXPECT_EQ(client().get("/api/v1/alerts/" + std::string(20'000, 'x')).status, 431);
  expect_well();
}

TEST_F(BadInputTest, HeadersThatAreNone) {
  start([](Options& o) {
    o.accounts = {{"a", sha256_hex("a"), Role::kViewer, ""}};
    o.session_key = "key";
  });
  for (const std::string& given :
       {std::string("Bearer"), std::string("Bearer "), std::string("Basic YTph"), "Bearer " + std::string(5000, 'x'),
        std::string("Bearer \xff\xfe"), std::string("x")}) {
    const TestReply reply = client().get("/api/v1/alerts", {{"Authorization", given}});
    expect_sound(reply, given.substr(0, 20));
    EXPECT_EQ(reply.status, 401) << given.substr(0, 20);
  }
  for (const char* cookie : {"tocsin_session", ";;;", "tocsin_session=a.b.c", "tocsin_session=a.b.c.d",
                             "tocsin_session=9999999999.x.y.", "=;="}) {
    EXPECT_EQ(client().get("/api/v1/alerts", {{"Cookie", cookie}}).status, 401) << cookie;
  }
  for (const char* header : {"If-None-Match: ,,,\"", "Accept-Encoding: gzip;q=x, ;;,", "Accept-Language: \xff"}) {
    auto c = client();
    c.send(std::string("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n") + header + "\r\n\r\n");
    expect_sound(c.read_reply(), header);
  }
  expect_well();
}

}  // namespace
}  // namespace tocsin::http
