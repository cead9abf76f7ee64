#pragma once
// The published form of a transition: a CloudEvents 1.0 object in structured JSON, one line (contract, "Alert"). Fields
// are written in a fixed order, so that the same transition has the same bytes.
#include <span>
#include <string>

#include "alert/evidence.h"
#include "alert/record.h"
#include "rule/rule.h"

namespace tocsin::alert {

// Everything that one transition says. All views must outlive the call.
struct Telling {
  const rule::Rule& rule;
  const TimeZone& zone;
  const Record& record;  // seq and updated_at already this transition's
  const Change& change;
  const Evidence& evidence;
  const detect::Description& description;
  std::string_view key;  // JSON array
  // Of a filed alert, record.said says what the alert was about.
  const Action* action = nullptr;  // a person's, or null
  std::string_view before, after;  // kAmended: JSON objects; else empty
};

// What it says of its events now.
Said said_of(const rule::Rule& rule, const TimeZone& zone, const detect::Description& description);
std::string evidence_json(const Evidence& evidence);
// The rule's params as they apply here, by name.
std::string params_json(const detect::Plan& plan, std::span<const expr::Value> values);

std::string cloud_event(const Telling& telling);
// The CloudEvent with what its readers look at beside it; the rule's index and the latency are the caller's to add.
Transition transition_of(const Telling& telling);

// {"distinct(place)":5,"places":5}: the aggregates that fire and severity read, then the kind's own values.
void append_values(std::string& out, const detect::Plan& plan, std::span<const expr::Value> values);
// What a correction compares and shows: severity, status, total, values.
std::string verdict_json(const detect::Plan& plan, const Standing& s, std::span<const expr::Value> values);

}  // namespace tocsin::alert
