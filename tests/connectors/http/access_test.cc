// Who may do and see what: every route of the table by every role, with the answers written out here, so that a change
// of the table is noticed; areas on lists, alerts, actions and streams; sessions; the audit log.
#include "connectors/http/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "connectors/http/ended_sessions.h"
#include "connectors/http/route.h"
#include "connectors/http/server.h"
#include "connectors/http/stranger_limit.h"
#include "fake_backend.h"
#include "test_client.h"

namespace tocsin::http {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kVillage = "330282101005";
constexpr const char* kOther = "330282102001";

Account account(const std::string& name, Role role, const std::string& area = {}) {
  return {name, sha256_hex(name + "-token"), role, area};
}
std::vector<std::pair<std::string, std::string>> as(const std::string& name) {
  return {{"Authorization", "Bearer " + name + "-token"}};
}

class AccessTest : public testing::Test {
 protected:
  void start() {
    Options options;
    options.port = 0;
    options.session_key = "a key for tests";
    options.area_names = R"({"330282101005":"担山村"})";
    options.accounts = {account("viewer", Role::kViewer),
                        account("officer", Role::kOfficer),
                        account("planner", Role::kPlanner),
                        account("admin", Role::kAdmin),
                        account("village", Role::kOfficer, kVillage),
                        account("part", Role::kAdmin, "330282101")};
    server = std::make_unique<Server>(backend, metrics, options);
    const Status status = server->start();
    ASSERT_TRUE(status) << status.error().message;
    backend.put_alert("in", {R"({"alert_id":"in"})", {}}, kVillage);
    backend.put_alert("out", {R"({"alert_id":"out"})", {}}, kOther);
  }
  TestClient client() { return TestClient(server->port()); }

  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

enum Least { kOpen, kViewer, kOfficer, kPlanner, kAdmin };
struct Rule {
  Least least;
  bool whole = false;  // not for accounts of an area
};
// By operation. A route that is not here fails the test below: whoever adds one says here who may use it.
const std::map<std::string_view, Rule> kExpected = {
    {"listAlerts", {kViewer}},
    {"getAlert", {kViewer}},
    {"getEvidence", {kViewer}},
    {"getRelated", {kViewer}},
    {"listAreas", {kViewer}},
    {"getMap", {kViewer}},
    {"getBoundaries", {kViewer}},
    {"getRule", {kPlanner}},
    {"checkRules", {kPlanner}},
    {"backtestRules", {kPlanner, true}},
    {"getStatus", {kViewer}},
    {"acknowledgeAlert", {kOfficer}},
    {"assignAlert", {kOfficer}},
    {"commentAlert", {kOfficer}},
    {"closeAlert", {kOfficer}},
    {"streamAlerts", {kViewer}},
    {"webSocket", {kViewer}},
    {"listSilences", {kViewer}},
    {"createSilence", {kOfficer}},
    {"expireSilence", {kOfficer}},
    {"getSession", {kOpen}},
    {"signIn", {kOpen}},
    {"signOut", {kOpen}},
    {"listRules", {kViewer}},
    {"ingest", {kAdmin, true}},
    {"listAudit", {kAdmin, true}},
    {"openapi", {kOpen}},
    {"metrics", {kViewer, true}},
    {"healthy", {kOpen}},
    {"ready", {kOpen}},
    {"reload", {kAdmin, true}},
    {"page", {kOpen}},
    {"pageScript", {kOpen}},
    {"pageStyle", {kOpen}},
    {"pageIcon", {kOpen}},
    {"getScorecard", {kViewer}},
    {"getScorecardPlaces", {kViewer}},
    {"consoleAsset", {kOpen}},
};

std::string path_of(const Route& route) {
  std::string out(route.pattern);
  for (size_t open; (open = out.find('{')) != std::string::npos;) out.replace(open, out.find('}') - open + 1, "in");
  return out;
}

// What a request without the body that the route asks for is answered: only that it is not refused for who asks counts.
int status_of(TestClient c, const Route& route, const std::vector<std::pair<std::string, std::string>>& headers) {
  if (!route.streams()) return c.request(route.method, path_of(route), route.changes() ? "{}" : "", headers).status;
  std::string text = "GET " + path_of(route) + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  c.send(text + "\r\n");
  const auto head = c.until("\r\n");
  return head ? std::stoi(head->substr(9, 3)) : 0;
}

TEST_F(AccessTest, EveryRouteByEveryRole) {
  start();
  const std::vector<std::string> names = {"viewer", "officer", "planner", "admin"};
  std::set<std::string_view> seen;
  for (const Route& route : routes()) {
    SCOPED_TRACE(std::string(route.operation));
    ASSERT_TRUE(kExpected.contains(route.operation)) << "say in this table who may use it";
    seen.insert(route.operation);
    const Rule rule = kExpected.at(route.operation);
    const int nobody = status_of(client(), route, {});
    const int wrong = status_of(client(), route, {{"Authorization", "Bearer guessed"}});
    EXPECT_EQ(nobody == 401, rule.least != kOpen && rule.least >= kViewer) << nobody;
    EXPECT_EQ(wrong == 401, rule.least != kOpen) << wrong;
    for (size_t role = 0; role < names.size(); ++role) {
      const int status = status_of(client(), route, as(names[role]));
      EXPECT_NE(status, 0);
      EXPECT_EQ(status == 401, false) << names[role];
      EXPECT_EQ(status == 403, rule.least > static_cast<int>(role) + 1) << names[role] << " got " << status;
    }
    if (rule.least != kOpen) {
      EXPECT_EQ(status_of(client(), route, as("part")) == 403, rule.whole) << "an account of an area";
    }
  }
  for (const auto& [operation, rule] : kExpected) EXPECT_TRUE(seen.contains(operation)) << operation << " is gone";
}

TEST_F(AccessTest, AVillageSeesItsOwn) {
  start();
  auto c = client();
  const auto village = as("village");
  const std::string list = c.get("/api/v1/alerts", village).body;
  EXPECT_THAT(list, HasSubstr(R"("in")"));
  EXPECT_THAT(list, Not(HasSubstr(R"("out")")));
  EXPECT_EQ(backend.last_query().scope, kVillage);
  for (const char* path : {"/api/v1/alerts?area=330282102", "/api/v1/map?area=330282", "/api/v1/areas?under=330282",
                           "/api/v1/scorecard?area=330282102", "/api/v1/scorecard/places?area=330282102"}) {
    EXPECT_EQ(c.get(path, village).status, 404) << path << ": asking for another area does not widen its own";
  }
  for (const char* path : {"/api/v1/alerts/out", "/api/v1/alerts/out/evidence", "/api/v1/alerts/out/related"}) {
    EXPECT_EQ(c.get(path, village).status, 404) << path;
    EXPECT_EQ(c.get(path, as("officer")).status, 200) << path;
  }
  for (const char* action : {"acknowledge", "assign", "comment", "close"}) {
    const std::string path = std::string("/api/v1/alerts/out/") + action;
    EXPECT_EQ(c.post(path, R"({"to":"x","note":"x","outcome":"true"})", village).status, 404) << action;
  }
  EXPECT_TRUE(backend.actions().empty());
}

TEST_F(AccessTest, ShadowIsForPlanners) {
  start();
  auto c = client();
  EXPECT_EQ(c.get("/api/v1/alerts?shadow=true", as("officer")).status, 403);
  EXPECT_EQ(c.get("/api/v1/alerts?shadow=true", as("planner")).status, 200);
  EXPECT_EQ(c.get("/api/v1/stream?shadow=true", as("viewer")).status, 403);
}

TEST_F(AccessTest, SilencesWithinTheArea) {
  start();
  auto c = client();
  const std::string begin = R"({"reason":"works","until":"2026-06-01T00:00:00Z")";
  EXPECT_EQ(c.post("/api/v1/silences", begin + "}", as("village")).status, 403) << "of the whole county";
  EXPECT_EQ(c.post("/api/v1/silences", begin + R"(,"area":"330282101"})", as("village")).status, 403) << "of the town";
  EXPECT_EQ(c.post("/api/v1/silences", begin + R"(,"area":"330282101005"})", as("village")).status, 202);
  ASSERT_EQ(backend.silenced().size(), 1u);
  EXPECT_EQ(backend.silenced()[0].by, "village") << "who it is, the token says";
  EXPECT_EQ(c.post("/api/v1/silences/s-1/expire", "{}", as("village")).status, 404);
  EXPECT_EQ(c.post("/api/v1/silences/s-1/expire", "{}", as("officer")).status, 202);
}

TEST_F(AccessTest, TheTokenSaysWhoActs) {
  start();
  auto c = client();
  EXPECT_EQ(c.post("/api/v1/alerts/in/acknowledge", R"({"by":"somebody else"})", as("village")).status, 202);
  EXPECT_EQ(backend.actions()[0].by, "village");
}

TEST_F(AccessTest, AllThatPeopleDoIsAudited) {
  start();
  auto c = client();
  c.post("/api/v1/alerts/in/acknowledge", "{}", as("village"));
  c.post("/api/v1/alerts/out/close", R"({"outcome":"true"})", as("village"));
  c.post("/-/reload", "", as("viewer"));
  c.post("/api/v1/session", R"({"token":"guessed"})");
  c.post("/api/v1/session", R"({"token":"officer-token"})");
  c.post("/api/v1/silences", R"({"reason":"works","until":"2026-06-01T00:00:00Z"})", as("officer"));
  c.post("/api/v1/events", R"({"id":"1"})", as("admin"));  // a program's, and it stands in the log
  c.get("/api/v1/alerts", as("viewer"));
  std::vector<std::string> got;
  for (const AuditEntry& e : backend.audited()) {
    got.push_back(e.name + " " + e.role + " " + e.what + " " + e.target + " " + std::to_string(e.result));
    EXPECT_EQ(e.from, "127.0.0.1");
  }
  EXPECT_THAT(got, testing::ElementsAre("village officer acknowledgeAlert in 202", "village officer closeAlert out 404",
                                        "viewer viewer reload  403", "  signIn  401", "  signIn officer 200",
                                        "officer officer createSilence s-1 202"));
  EXPECT_EQ(c.get("/api/v1/audit?after=5&limit=2", as("admin")).body, R"({"entries":[],"next":7})");
  EXPECT_EQ(c.get("/api/v1/audit?limit=0", as("admin")).status, 400);
}

// Whoever guesses tokens is told to wait and does not fill the audit log; who has one comes in all the same.
TEST_F(AccessTest, StrangersDoNotFlushTheAuditLog) {
  start();
  auto c = client();
  std::map<int, int> answers;
  for (int i = 0; i < 40; ++i) ++answers[c.post("/api/v1/session", R"({"token":"guessed"})").status];
  for (int i = 0; i < 40; ++i) EXPECT_EQ(c.post("/api/v1/session/end", "").status, 200);
  for (int i = 0; i < 40; ++i) c.post("/api/v1/session", "nonsense");
  EXPECT_EQ(answers[401] + answers[429], 40);
  EXPECT_GE(answers[401], 10);
  EXPECT_GE(answers[429], 20);
  EXPECT_LT(backend.audited().size(), 20u);
  EXPECT_TRUE(c.post("/api/v1/session", R"({"token":"guessed"})").headers.contains("retry-after"));
  const size_t before = backend.audited().size();
  EXPECT_EQ(c.post("/api/v1/session", R"({"token":"officer-token"})").status, 200);
  EXPECT_EQ(c.post("/api/v1/alerts/in/acknowledge", "{}", as("village")).status, 202);
  ASSERT_EQ(backend.audited().size(), before + 2) << "what people do who have signed in is always listed";
  const std::string metrics_text = c.get("/metrics", as("viewer")).body;
  EXPECT_THAT(metrics_text, HasSubstr("tocsin_http_sign_in_failures_total 41\n"));
  EXPECT_THAT(metrics_text, HasSubstr("tocsin_audit_unlisted_total " + std::to_string(121 - before) + "\n"));
}

// An action whose entry could not be written is done, and stands in its own record: it is answered as done, and
// counted.
TEST_F(AccessTest, AnEntryThatIsLostIsCounted) {
  start();
  auto c = client();
  backend.audit_fails = true;
  EXPECT_EQ(c.post("/api/v1/alerts/in/acknowledge", "{}", as("village")).status, 202);
  EXPECT_EQ(c.post("/-/reload", "", as("viewer")).status, 403);
  EXPECT_EQ(backend.actions().size(), 1u);
  EXPECT_THAT(c.get("/metrics", as("viewer")).body, HasSubstr("tocsin_audit_lost_total 2\n"));
}

TEST(StrangerLimit, AnAllowanceAnAddressAndOneForAll) {
  StrangerLimit limit;
  for (int i = 0; i < StrangerLimit::kOfAddress; ++i) EXPECT_TRUE(limit.take("a", 1000));
  EXPECT_FALSE(limit.take("a", 1000));
  EXPECT_TRUE(limit.take("b", 1000)) << "another's is its own";
  EXPECT_FALSE(limit.take("a", 1000 + StrangerLimit::kAddressSeconds - 1));
  EXPECT_TRUE(limit.take("a", 1000 + StrangerLimit::kAddressSeconds)) << "one has come back";
  EXPECT_FALSE(limit.take("a", 1000 + StrangerLimit::kAddressSeconds));
  int64_t taken = 0;
  StrangerLimit many;
  for (int i = 0; i < 10'000; ++i) taken += many.take("x" + std::to_string(i), 1000) ? 1 : 0;
  EXPECT_EQ(taken, StrangerLimit::kOfAll);
  EXPECT_LE(many.addresses(), StrangerLimit::kMostAddresses);
  taken = 0;
  constexpr int64_t kDay = 86'400;
  for (int64_t t = 0; t < kDay; ++t) {  // a day of a new address each second
    for (int i = 0; i < 3; ++i) taken += many.take(std::to_string(t * 3 + i), 100'000 + t) ? 1 : 0;
    ASSERT_LE(many.addresses(), StrangerLimit::kMostAddresses + 1);
  }
  EXPECT_LE(taken, StrangerLimit::kOfAll + kDay / StrangerLimit::kAllSeconds);
  EXPECT_GT(taken, kDay / StrangerLimit::kAllSeconds / 2);
}

TEST_F(AccessTest, ACookieIsASession) {
  start();
  auto c = client();
  EXPECT_EQ(c.get("/api/v1/session").body,
            R"({"open":false,"signed_in":false,"name":"","role":"","area":"","area_name":""})");
  const TestReply in = c.post("/api/v1/session", R"({"token":"village-token"})");
  EXPECT_EQ(in.body, R"({"open":false,"signed_in":true,"name":"village","role":"officer","area":"330282101005",)"
                     R"("area_name":"担山村"})");
  const std::string set = in.headers.at("set-cookie");
  EXPECT_THAT(set, HasSubstr("HttpOnly; SameSite=Strict"));
  EXPECT_THAT(set, Not(HasSubstr("Secure")));
  const std::string cookie = set.substr(0, set.find(';'));
  EXPECT_EQ(c.get("/api/v1/alerts/in", {{"Cookie", "other=1; " + cookie}}).status, 200);
  EXPECT_EQ(c.get("/api/v1/alerts/out", {{"Cookie", cookie}}).status, 404);
  EXPECT_EQ(c.get("/api/v1/alerts/in", {{"Cookie", cookie}, {"Authorization", "Bearer guessed"}}).status, 401);
  std::string forged = cookie;
  forged.back() = forged.back() == '0' ? '1' : '0';
  EXPECT_EQ(c.get("/api/v1/alerts/in", {{"Cookie", forged}}).status, 401);
  // A page of another site does not act with it.
  EXPECT_EQ(
      c.post("/api/v1/alerts/in/acknowledge", "{}", {{"Cookie", cookie}, {"Origin", "http://evil.example"}}).status,
      403);
  const TestReply out = client().post("/api/v1/session/end", "", {{"Cookie", cookie}});
  EXPECT_THAT(out.headers.at("set-cookie"), HasSubstr("tocsin_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"));
  EXPECT_EQ(client().get("/api/v1/alerts/in", {{"Cookie", cookie}}).status, 401)
      << "signed out, whoever still has the cookie";
  EXPECT_THAT(client().get("/api/v1/session", {{"Cookie", cookie}}).body, HasSubstr(R"("signed_in":false)"));
  EXPECT_EQ(client().get("/api/v1/alerts/in", as("village")).status, 200) << "the token is not ended with it";
  for (const char* body : {"", "[]", "{}", R"({"token":7})", R"({"token":"x","more":1})"}) {
    EXPECT_EQ(client().post("/api/v1/session", body).status, 400) << body;
  }
  EXPECT_EQ(client().get("/api/v1/alerts").headers.at("www-authenticate"), "Bearer");
}

TEST(EndedSessions, AreKeptUntilTheirTimeIsUp) {
  EndedSessions sessions;
  int told = 0;
  sessions.set_listener([&] { ++told; });
  sessions.end("", 2000, 1000);
  sessions.end("late", 1000, 1000);
  EXPECT_EQ(sessions.size(), 0u) << "nobody's, and one that its cookie ends";
  sessions.end("a", 1500, 1000);
  sessions.end("a", 1500, 1001);
  sessions.end("b", 3000, 1001);
  EXPECT_TRUE(sessions.ended("a"));
  EXPECT_FALSE(sessions.ended("c"));
  EXPECT_FALSE(sessions.ended("")) << "a token's";
  EXPECT_EQ(told, 2);
  sessions.end("d", 4000, 1500);
  EXPECT_FALSE(sessions.ended("a")) << "forgotten: its cookie is no longer good";
  EXPECT_TRUE(sessions.ended("b"));
  for (size_t i = 0; i < EndedSessions::kMost; ++i) sessions.end("x" + std::to_string(i), 5000, 1500);
  EXPECT_EQ(sessions.size(), EndedSessions::kMost);
  EXPECT_FALSE(sessions.ended("b")) << "its time would have been up first";
  EXPECT_TRUE(sessions.ended("x0"));
}

TEST(Gate, SessionsEndAndOutliveARestart) {
  const std::vector<Account> accounts = {account("a", Role::kOfficer, "330282"), account("b", Role::kAdmin)};
  const Gate gate(accounts, "key"), again(accounts, "key"), other(accounts, "another key"), fewer({accounts[1]}, "key");
  std::string cookie = gate.issue("a-token", 1000, true);
  EXPECT_THAT(cookie, HasSubstr("; Secure"));
  cookie.resize(cookie.find(';'));
  std::string second = gate.issue("a-token", 1000, true);
  second.resize(second.find(';'));
  EXPECT_EQ(gate.who("", cookie, 1000).session.size(), 32u);
  EXPECT_EQ(gate.who("", cookie, 1000).session, again.who("", cookie, 1000).session);
  EXPECT_NE(gate.who("", cookie, 1000).session, gate.who("", second, 1000).session) << "each has an id of its own";
  EXPECT_EQ(gate.who("Bearer a-token", cookie, 1000).session, "") << "a token is no session";
  EXPECT_EQ(gate.who("", cookie, 1000).name, "a");
  EXPECT_EQ(again.who("", cookie, 1000 + 12 * 3600 - 1).area, "330282");
  EXPECT_FALSE(gate.who("", cookie, 1000 + 12 * 3600).signed_in) << "it has ended";
  EXPECT_FALSE(other.who("", cookie, 1000).signed_in) << "of another service";
  EXPECT_FALSE(fewer.who("", cookie, 1000).signed_in) << "the token was withdrawn";
  for (const char* bad : {"tocsin_session=", "tocsin_session=.", "tocsin_session=..", "tocsin_session=9..",
                          "tocsin_session=9...", "tocsin_session=9....", "x", "="}) {
    EXPECT_FALSE(gate.who("", bad, 1000).signed_in) << bad;
  }
  EXPECT_EQ(gate.who("bearer   b-token ", "", 0).role, Role::kAdmin);
  EXPECT_FALSE(gate.who("Basic b-token", "", 0).signed_in);
  EXPECT_FALSE(gate.who("Bearer " + std::string(600, 'x'), "", 0).signed_in);
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(AccessTest, WithoutTokensOnlyOnLoopback) {
  for (const char* address : {"0.0.0.0", "::"}) {
    Options options;
    options.port = 0;
    options.address = address;
    Server open(backend, metrics, options);
    const Status status = open.start();
    ASSERT_FALSE(status) << address;
    EXPECT_THAT(status.error().message, HasSubstr("http.tokens"));
  }
  Options options;
  options.port = 0;
  options.address = "0.0.0.0";
  options.accounts = {account("a", Role::kViewer)};
  options.session_key = "key";
  Server guarded(backend, metrics, options);
  EXPECT_TRUE(guarded.start());
}

// An alert grows out of the village, moves about outside, and comes back.
TEST_F(AccessTest, AStreamShowsTheAreaAndSaysWhatLeaves) {
  start();
  const AreaCodes in{"330282", "330282101", kVillage, ""}, town{"330282", "330282101", "", ""},
      city{"330282", "", "", ""};
  const auto commit = [&](const char* n, const AreaCodes& area, const AreaCodes& before) {
    backend.commit({0, false, std::string("{\"n\":") + n + "}", area, before, "a"});
  };
  commit("1", in, {});
  commit("2", town, in);
  commit("3", city, town);
  commit("4", in, city);
  commit("5", {"330282", "330282102", kOther, ""}, {});
  commit("6", in, in);
  const auto read = [&](const std::string& token, const std::string& after) {
    TestClient c(server->port());
    c.send("GET /api/v1/stream?after=" + after + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
           "\r\n\r\n");
    std::string got;
    while (const auto block = c.until("\n\n")) {
      const size_t event = block->find("event: ");
      if (event == std::string::npos) continue;
      got += block->substr(event + 7, block->find('\n', event) - event - 7) + block->substr(block->find("data: ") + 6) +
             " ";
      if (block->find("{\"n\":6}") != std::string::npos) break;
    }
    return got;
  };
  EXPECT_EQ(read("village-token", "0"), R"(alert{"n":1} left{"alert_id":"a"} alert{"n":4} alert{"n":6} )");
  EXPECT_EQ(read("part-token", "0"), R"(alert{"n":1} alert{"n":2} left{"alert_id":"a"} alert{"n":4} alert{"n":6} )");
  EXPECT_EQ(read("village-token", "3"), R"(alert{"n":4} alert{"n":6} )");
}

}  // namespace
}  // namespace tocsin::http
