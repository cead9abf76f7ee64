// What people do to alerts: bodies read strictly, then handed to the backend.
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "connectors/http/api.h"

namespace tocsin::http {
namespace {

constexpr size_t kMaxName = 200;    // bytes of by, to
constexpr size_t kMaxNote = 4'000;  // bytes of note
constexpr std::array<std::string_view, 3> kOutcomes = {"true", "false", "duplicate"};

struct ActionMember {
  std::string_view name;
  std::string alert::Action::*field;
  size_t max;
};
constexpr std::array kMembers = {
    ActionMember{"by", &alert::Action::by, kMaxName},
    ActionMember{"to", &alert::Action::to, kMaxName},
    ActionMember{"note", &alert::Action::note, kMaxNote},
    ActionMember{"outcome", &alert::Action::outcome, kMaxName},
};

// The member that a kind of action cannot be without, beside `by`.
std::string_view required_member(alert::ActionKind kind) {
  switch (kind) {
    case alert::ActionKind::kAssign:
      return "to";
    case alert::ActionKind::kComment:
      return "note";
    case alert::ActionKind::kClose:
      return "outcome";
    case alert::ActionKind::kAcknowledge:
      return "by";
  }
  return "by";
}

Status read_member(std::string_view name, simdjson::dom::element value, alert::Action& out) {
  const auto* member = std::ranges::find(kMembers, name, &ActionMember::name);
  if (member == kMembers.end()) {
    return invalid("'" + printable(name) + "' is not known here; by, to, note and outcome are.");
  }
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return invalid(std::string(name) + " must be a string.");
  if (text.size() > member->max) {
    return invalid(std::string(name) + " is longer than " + std::to_string(member->max) + " bytes.");
  }
  out.*member->field = text;
  return {};
}

// `name`: of the account that acts; empty: there are none, and the body says who.
Result<alert::Action> read_action(alert::ActionKind kind, const std::string& body, const std::string& name) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body).get_object().get(object) != simdjson::SUCCESS) {
    return invalid("The body must be a JSON object with by, and to, note or outcome.");
  }
  alert::Action action;
  action.kind = kind;
  for (const auto [member, value] : object) {
    if (const Status status = read_member(member, value, action); !status) return status.error();
  }
  if (!name.empty()) action.by = name;
  for (const std::string_view needed : {std::string_view("by"), required_member(kind)}) {
    const auto* member = std::ranges::find(kMembers, needed, &ActionMember::name);
    if ((action.*member->field).empty()) return invalid(std::string(needed) + " is missing or empty.");
  }
  if (!action.outcome.empty() && std::ranges::find(kOutcomes, action.outcome) == kOutcomes.end()) {
    return invalid("outcome must be true, false or duplicate, as a string.");
  }
  return action;
}

void act(alert::ActionKind kind, Api& api, const Request& request, const Responder& answer) {
  auto action = read_action(kind, *request.body, request.who.name);
  if (!action) return answer.fail(action.error());
  action->alert_id = request.captured[0];
  api.backend().act(*std::move(action), request.view(), api.completion<uint64_t>([answer](Result<uint64_t> offset) {
    if (!offset) return answer.fail(offset.error());
    answer.json("{\"accepted\":1,\"offset\":" + std::to_string(*offset) + "}", 202);
  }));
}

}  // namespace

void acknowledge(Api& api, const Request& request, Responder answer) {
  act(alert::ActionKind::kAcknowledge, api, request, answer);
}
void assign(Api& api, const Request& request, Responder answer) {
  act(alert::ActionKind::kAssign, api, request, answer);
}
void comment(Api& api, const Request& request, Responder answer) {
  act(alert::ActionKind::kComment, api, request, answer);
}
void close(Api& api, const Request& request, Responder answer) { act(alert::ActionKind::kClose, api, request, answer); }

}  // namespace tocsin::http
