#pragma once
// A simulated feed, read back line by line: what the tests count.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "connectors/simulate/simulate.h"

namespace tocsin::simulate {

struct Line {
  std::string id, source, kind, category, stage, respondent, settled_by;
  int64_t revision = 0, grade = 0;
  std::string occurred_at, reported_at, case_id;
  bool rewarded = false;
};

inline std::string text_of(simdjson::dom::element e, const char* key) {
  std::string_view v;
  return e[key].get(v) == simdjson::SUCCESS ? std::string(v) : std::string();
}
inline int64_t integer_of(simdjson::dom::element e, const char* key) {
  int64_t v = 0;
  return e[key].get(v) == simdjson::SUCCESS ? v : 0;
}

// Fails the test on a line that is not one JSON object.
inline Line read_line(simdjson::dom::parser& parser, std::string_view text) {
  Line l;
  simdjson::dom::element e;
  EXPECT_EQ(text.back(), '\n');
  if (parser.parse(simdjson::padded_string(text)).get(e) != simdjson::SUCCESS || !e.is_object()) {
    ADD_FAILURE() << "not a JSON object: " << text;
    return l;
  }
  l.id = text_of(e, "id");
  l.source = text_of(e, "source");
  l.kind = text_of(e, "kind");
  l.category = text_of(e, "category");
  l.stage = text_of(e, "stage");
  l.case_id = text_of(e, "case");
  l.respondent = text_of(e, "respondent");
  l.occurred_at = text_of(e, "occurred_at");
  l.reported_at = text_of(e, "reported_at");
  l.revision = integer_of(e, "revision");
  l.grade = integer_of(e, "grade");
  simdjson::dom::element attrs;
  if (e["attrs"].get(attrs) == simdjson::SUCCESS) {
    l.rewarded = text_of(attrs, "rewarded") == "true";
    l.settled_by = text_of(attrs, "settled_by");
  }
  return l;
}

// Keeps a hash of all bytes, and hands each line on.
class Collector : public EventSink, public LabelSink {
 public:
  Status event(TimeMs arrival, std::string_view line) override {
    hash = hash64(line, hash);
    ++lines;
    EXPECT_GE(arrival, last_arrival);
    last_arrival = arrival;
    if (keep) feed.emplace_back(line);
    return on_line ? on_line(arrival, line) : Status::ok();
  }
  Status label(std::string_view line) override {
    label_hash = hash64(line, label_hash);
    labels.emplace_back(line);
    return Status::ok();
  }
  uint64_t hash = 0, label_hash = 0;
  int64_t lines = 0;
  TimeMs last_arrival = INT64_MIN;
  bool keep = false;
  std::vector<std::string> feed, labels;
  std::function<Status(TimeMs, std::string_view)> on_line;
};

inline Profile shipped(const std::string& name) {
  Result<Profile> p = load_profile(TOCSIN_ROOT "/rules/profiles/" + name + ".yaml");
  EXPECT_TRUE(p.is_ok()) << p.error().message;
  return *std::move(p);
}

}  // namespace tocsin::simulate
