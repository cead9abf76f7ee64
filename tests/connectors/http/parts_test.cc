// The pure parts: targets, splitting of records, the guard, routes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "connectors/http/console_assets.h"
#include "connectors/http/guard.h"
#include "connectors/http/header_text.h"
#include "connectors/http/message.h"
#include "connectors/http/records.h"
#include "connectors/http/route.h"

namespace tocsin::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Target, PathAndQuery) {
  const auto t = parse_target("/a%20b/%E9%95%87?x=1+2&y=%26&z&&x=3");
  ASSERT_TRUE(t);
  EXPECT_THAT(t->segments, ElementsAre("a b", "镇"));
  EXPECT_THAT(t->query, ElementsAre(Pair("x", "1 2"), Pair("y", "&"), Pair("z", ""), Pair("x", "3")));
  EXPECT_THAT(parse_target("/")->segments, ElementsAre(""));
  EXPECT_THAT(parse_target("http://host:1/a")->segments, ElementsAre("a"));
  EXPECT_THAT(parse_target("http://host")->segments, ElementsAre(""));
  EXPECT_THAT(parse_target("/a%2fb")->segments, ElementsAre("a/b"));
}

TEST(Target, Wrong) {
  for (const char* text : {"", "a", "*", "/%", "/%4", "/%g0", "/%00", "/%ff", "/?a=%c3"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

std::vector<std::string_view> split(std::string_view body, bool lines = false) {
  auto result = split_records(body, lines, 100);
  return result ? *result : std::vector<std::string_view>{"error: "};
}

TEST(Records, Shapes) {
  EXPECT_THAT(split(R"({"a":1})"), ElementsAre(R"({"a":1})"));
  EXPECT_THAT(split("\xEF\xBB\xBF {\"a\":\n1} \n"), ElementsAre("{\"a\":\n1}"));
  EXPECT_THAT(split(R"([{"a":[1,{}]} , 2,"x,]", [3]])"), ElementsAre(R"({"a":[1,{}]})", "2", R"("x,]")", "[3]"));
  EXPECT_THAT(split("{}\n{} {}"), ElementsAre("{}", "{}", "{}"));
  EXPECT_THAT(split(R"({"q":"\"}"})"), ElementsAre(R"({"q":"\"}"})"));
  EXPECT_THAT(split("{\n\n{}\r\n \nx", true), ElementsAre("{", "{}", "x"));
}

TEST(Records, Wrong) {
  for (const char* body : {"", "  \n", "[", "[]", "[{}", "[{} {}]", "[{},]", "[]{}", "{\"a\":\"", "{\"a\":\"\\"}) {
    const auto result = split_records(body, false, 100);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().code, Code::kInvalid);
  }
  EXPECT_EQ(split_records("{}\n{}\n{}", true, 2).error().code, Code::kExhausted);
  EXPECT_EQ(split_records("[1,2,3]", false, 2).error().code, Code::kExhausted);
}

// Never out of bounds, never an empty record, and deep nesting is not recursion.
TEST(Records, AnyBytes) {
  std::mt19937 random(11);
  constexpr std::string_view kAlphabet = "[]{}\",\\ :a1\n\t";
  for (int i = 0; i < 20'000; ++i) {
    std::string body;
    for (size_t n = random() % 24; n > 0; --n) body.push_back(kAlphabet[random() % kAlphabet.size()]);
    const auto result = split_records(body, random() % 2 == 0, 100);
    if (!result) continue;
    for (const auto record : *result) EXPECT_FALSE(record.empty()) << body;
  }
  EXPECT_FALSE(split_records(std::string(1'000'000, '['), false, 100));
}

TEST(Guard, HostsByBinding) {
  const std::vector<std::string> hosts = {"tocsin.example"};
  const auto status = [&](bool changes, bool loopback, std::string_view host) {
    const auto refusal = guard({changes, host, {}, {}}, loopback, hosts);
    return refusal ? refusal->status : 200;
  };
  for (const char* good :
       {"localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3", "tocsin.example:1"}) {
    EXPECT_EQ(status(true, true, good), 200) << good;
  }
  EXPECT_EQ(status(false, true, "evil.example"), 421);
  EXPECT_EQ(status(false, false, "monitor.example:8080"), 200);  // Prometheus by name, from outside
  EXPECT_EQ(status(true, false, "monitor.example:8080"), 421);
  for (const char* bad : {"", ":80", "[::1", "h:x", "h:123456", "[]"}) EXPECT_EQ(status(true, true, bad), 400) << bad;
}

TEST(Guard, Origins) {
  const auto status = [&](std::string_view host, std::string_view origin, std::string_view site = {}) {
    const auto refusal = guard({true, host, origin, site}, true, {});
    return refusal ? refusal->status : 200;
  };
  EXPECT_EQ(status("localhost:8080", "http://localhost:8080"), 200);
  EXPECT_EQ(status("localhost", "http://localhost:80"), 200);
  EXPECT_EQ(status("localhost", "https://localhost:443"), 200);
  EXPECT_EQ(status("localhost:8080", "http://localhost:8081"), 403);
  EXPECT_EQ(status("localhost:8080", "http://localhost.evil.example:8080"), 403);
  EXPECT_EQ(status("localhost:8080", "null"), 403);
  EXPECT_EQ(status("localhost:8080", "garbage"), 403);
  EXPECT_EQ(status("localhost:8080", "", "same-site"), 403);
  EXPECT_EQ(status("localhost:8080", "", "none"), 200);
}

TEST(HeaderText, CodingsThatAreTaken) {
  for (const char* field :
       {"gzip", " gzip ", "br, gzip;q=0.8", "*", "*;q=0.1", "gzip;q=0.001", "*;q=0, gzip", "x;q=0,gzip"})
    EXPECT_TRUE(accepts(field, "gzip")) << field;
  for (const char* field : {"", "br", "gzip;q=0", "gzip; q=0.000", "gzip;q=0, *", "*;q=0", "xgzip", "gzipx", ",,;;"})
    EXPECT_FALSE(accepts(field, "gzip")) << field;
  EXPECT_EQ(coding_for("gzip, br"), Coding::kBrotli);
  EXPECT_EQ(coding_for("gzip, br;q=0"), Coding::kGzip);
  EXPECT_EQ(coding_for("identity"), Coding::kPlain);
}

TEST(Routes, EachPatternFindsItself) {
  for (const Route& route : routes()) {
    const auto target = parse_target(route.pattern);  // "{id}" matches itself
    const Match found = match(route.method, target->segments);
    EXPECT_EQ(found.route, &route) << route.pattern;
  }
  EXPECT_EQ(match("PUT", {"metrics"}).allow, "GET, HEAD");
}

TEST(Problems, CodesBecomeStatuses) {
  EXPECT_EQ(problem(invalid("x"), "/").status, 400);
  EXPECT_EQ(problem(not_found("x"), "/").status, 404);
  EXPECT_EQ(problem(conflict("x"), "/").status, 409);
  EXPECT_EQ(problem(exhausted("x"), "/").status, 429);
  EXPECT_EQ(problem(unavailable("x"), "/").status, 503);
  EXPECT_EQ(problem(corrupt("x"), "/").status, 500);
  EXPECT_EQ(problem(internal("x"), "/").status, 500);
}

}  // namespace
}  // namespace tocsin::http
