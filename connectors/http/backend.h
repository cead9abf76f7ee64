#pragma once
// The port between the HTTP server and the service behind it. The server calls it from its one thread; the service
// answers from its store and hands work to its own threads.
//
// Threads: every function but set_listener is called from the server's one thread, while the engine runs on others
// (set_listener: from the thread that starts and stops the server). Functions that return a value answer at once from
// what is stored (milliseconds, not more: they hold up the server's thread). Functions that take a completion return at
// once; the completion is called exactly once, from any thread, also during or after the call that took it, and may
// outlive the server (it then does nothing).
//
// Errors become statuses: kInvalid 400, kNotFound 404, kConflict 409, kExhausted 429 with Retry-After, kUnavailable
// 503, kCorrupt and kInternal 500. Messages are shown to the client: no person, no secret in them.
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/action.h"
#include "alert/transition.h"
#include "base/clock.h"
#include "base/status.h"
#include "detect/plan.h"
#include "rule/silence.h"
#include "score/asking.h"

namespace tocsin::http {

// Whose eyes: alerts that do not lie under the area do not exist for them, nor do those of rules in shadow unless
// `shadow` is set.
struct View {
  std::string area;  // empty: all
  bool shadow = false;
};

// Which alerts; an empty field does not restrict. Newest first by (opened_at, alert_id).
struct AlertQuery {
  std::vector<alert::AlertStatus> status;  // any of these
  std::vector<detect::Severity> severity;  // any of these
  std::string rule;                        // rule id
  std::string area;                        // area code: alerts of this area and of all that lies under it (a prefix)
  std::string owner;
  TimeMs since = kNoTime;  // opened_at >= since
  TimeMs until = kNever;   // opened_at < until
  bool shadow = false;     // also alerts of rules in shadow mode
  std::string scope;       // View::area
  size_t limit = 100;      // 1 … 1000
  std::string cursor;      // from AlertPage::next: a place in the order, which stays good when the alert there has
                           // gone; what is none: kInvalid
};

struct AlertPage {
  std::vector<std::string> alerts;  // the `data` object of each alert's latest CloudEvent
  std::string next;                 // cursor of the next page, printable ASCII; empty: this was the last
  uint64_t sequence = 0;            // outbox head read before the alerts were: streaming after it misses nothing
};

struct AlertDetail {
  std::string latest;                // the `data` object of the latest CloudEvent
  std::vector<std::string> history;  // the newest kMostHistory transitions that are kept and shown, oldest first, each
                                     // a whole CloudEvent
  uint64_t earlier = 0;              // transitions before these: ask for what comes before the number earlier + 1
  static constexpr size_t kMostHistory = 200;
};

// The codes that an alert lies under; empty ones: it is of no single such area.
struct AreaCodes {
  std::string city, town, village, grid;
  bool under(std::string_view area) const;
};

// One committed transition of the outbox.
struct StreamItem {
  uint64_t sequence = 0;
  bool shadow = false;
  std::string json = {};  // a whole CloudEvent, one line
  AreaCodes area = {};
  AreaCodes before = {};  // of the alert's transition before this one; empty: there was none, or it is not kept
  std::string alert_id = {};
};

struct StreamPage {
  uint64_t oldest = 1;            // lowest sequence still kept (head + 1 when nothing is)
  uint64_t head = 0;              // highest committed sequence, 0: none yet
  std::vector<StreamItem> items;  // ascending from max(after + 1, oldest), without holes; empty only at the head
  uint64_t silences = 0;          // another number whenever the silences that have not ended are others
};

// Records that a client sent, already split (at most 100,000). Their bytes may be anything, also more than 1 MiB: the
// reader decides, and what it refuses goes to the dead letters.
struct IngestBatch {
  std::shared_ptr<const std::string> body;  // owns the bytes
  std::vector<std::string_view> records;    // into *body, in order, never empty strings
  std::string feed;                         // name of a feed's mapping; empty: canonical events
};

struct IngestResult {
  uint64_t accepted = 0;  // records that are durably in the log
  uint64_t offset = 0;    // the log's offset after the last of them
  struct Rejected {
    size_t index;        // into IngestBatch::records
    std::string reason;  // the rejection's label, "missing_field"
    std::string message;
  };
  uint64_t rejected = 0;         // records that went to the dead letters
  std::vector<Rejected> faults;  // the first 20 of them
};

struct Check {
  // Without what is needed the service is out of service; of the rest it is only worse.
  enum class For : uint8_t { kNeeded, kSide };
  std::string name;  // "state" "kafka" "rules"
  bool ok = false;
  std::string reason;  // why not, or empty
  For what = For::kNeeded;
};

struct ReloadResult {
  bool applied = false;     // false: the rules that ran before still run
  size_t rules = 0;         // in force now
  std::string diagnostics;  // a JSON array (rule::append_json); "[]" when there is nothing to say
};

using SeverityCounts = std::array<uint64_t, static_cast<size_t>(detect::Severity::kRed) + 1>;  // by detect::Severity

// A rule file that somebody is writing.
struct RuleText {
  std::string text;
  std::string file;      // the file in force that it stands for, or a name; empty: "rule.yaml"
  bool chinese = false;  // the language of messages
};

struct BacktestRequest {
  std::string text;                               // of a rule file; empty: the rules in force
  std::string set;                                // RULE.PARAM=A,B,C; or empty
  std::string rule;                               // this one alone; empty: all of the text, or all in force
  TimeMs from = kNoTime, until = kNever;          // of events: [from, until)
  bool against = false;                           // also the difference from what is in force
  bool chinese = false;                           // the language of messages
  std::shared_ptr<const std::atomic<bool>> gone;  // true: nobody waits any more
};

// What somebody did, or tried to.
struct AuditEntry {
  std::string name, role;  // of the account; empty: nobody was signed in, or the server is open
  std::string from;        // address
  std::string what;        // the operation
  std::string target;      // an alert, a silence, a rule; or empty
  int result = 0;          // the status of the answer
};

template <typename T>
using Completion = std::function<void(Result<T>)>;

class Backend {
 public:
  virtual ~Backend() = default;

  virtual Result<AlertPage> alerts(const AlertQuery& query) = 0;
  // The same beside the server's thread, for more alerts than it may be held up for; `limit` up to 5000. Completes on a
  // thread on which the completion may work for as long.
  virtual void many_alerts(AlertQuery query, Completion<AlertPage> done) = 0;
  // With the history before the transition of number `before` (UINT32_MAX: up to now). What the view does not show is
  // kNotFound; of the history, transitions that it does not show are left out. Completes on a thread on which the
  // completion may work for long.
  virtual void alert(std::string id, const View& view, uint32_t before, Completion<AlertDetail> done) = 0;
  // JSON object: alert_id, total, events [{source, id, occurred_at, …}]; of events that are still kept also what they
  // say.
  virtual void evidence(std::string id, const View& view, Completion<std::string> done) = 0;
  // JSON object: alerts (at most 20, each with its `relation`) and cases [{case, events}].
  virtual void related(std::string id, const View& view, Completion<std::string> done) = 0;
  // Open alerts that the view shows and that lie under `area` (empty: all): by the next level's code, those that lie in
  // the area itself under "".
  virtual std::map<std::string, SeverityCounts> open_by_area(std::string_view area, const View& view) = 0;
  // A JSON array, one object a rule: id, version, name {zh, en}, owner, mode, kind, severity …, and `advice` {zh, en}.
  virtual Result<std::string> rules() = 0;
  // A JSON object: the same of one rule, with file, line, text of its file, and params.
  virtual Result<std::string> rule(std::string_view id) = 0;
  // Faults of a rule file's text: {faults, diagnostics}.
  virtual void check_rules(RuleText text, Completion<std::string> done) = 0;
  // Tries rules on past events; {…} as `tocsin backtest --format json` tells it. kExhausted: one runs and one waits.
  // kInvalid: the rules have faults, or the request is none.
  virtual void backtest(BacktestRequest request, Completion<std::string> done) = 0;

  // Scorecards and the places that suffer again and again, as JSON (engine/score/asking.h). kUnavailable: none are
  // kept.
  virtual void scorecard(score::CardQuestion question, score::NameOf name_of_area, Completion<std::string> done) = 0;
  virtual void places(score::PlacesQuestion question, score::NameOf name_of_area, Completion<std::string> done) = 0;

  // Up to `max` committed transitions after `after`, stopping past `max_bytes` of JSON (but at least one item).
  // `max` 0: only the bounds.
  virtual Result<StreamPage> transitions_after(uint64_t after, size_t max, size_t max_bytes) = 0;
  // `listener` is called after each commit that added transitions or changed the silences, with the head, from the
  // engine's thread; it is cheap and does not block. An empty function removes it: when that call returns, the old one
  // is not and will not be running. One listener at a time.
  virtual void set_listener(std::function<void(uint64_t head)> listener) = 0;

  // Completes when every good record is durably in the log. All records bad: accepted 0, still a result.
  // kExhausted: the log cannot take more now, nothing was taken. kNotFound: no such feed.
  virtual void ingest(IngestBatch batch, Completion<IngestResult> done) = 0;
  // Writes a person's action to the log; completes when it is there, with the log's offset. `action.at` is not set: the
  // backend stamps it. Free text (note) is masked by the backend. kNotFound: no such alert; kConflict: it is closed.
  virtual void act(alert::Action action, const View& view, Completion<uint64_t> done) = 0;
  // A JSON array of the silences that have not ended and concern what the view shows: id, by, reason, from, until,
  // rules, area, severity, in_file.
  virtual Result<std::string> silences(const View& view) = 0;
  // Writes a person's silence to the log; completes with the id that the backend gives it. Reasons are masked by it.
  // kInvalid: it ends before event time has come to (it would be taken and never be seen), or too far ahead; kConflict:
  // there are too many.
  virtual void silence(rule::Silence silence, Completion<std::string> done) = 0;
  // Writes the end of one; completes with the log's offset. kNotFound: there is none, or it reaches beyond what the
  // view shows; kConflict: it stands in a file.
  virtual void expire_silence(std::string id, std::string by, const View& view, Completion<uint64_t> done) = 0;
  // Keeps the entry; completes when it is on disk. At most Options::max_connections are under way.
  virtual void audit(AuditEntry entry, Completion<uint64_t> done) = 0;
  // Entries numbered above `after`, oldest first, at most `limit`; a JSON object {entries, next}.
  virtual Result<std::string> audit_log(uint64_t after, size_t limit) = 0;
  // Reads the rules again. A faulty set is a result with applied = false.
  virtual void reload(Completion<ReloadResult> done) = 0;

  // Members of a JSON object, without braces: what the service is doing, as GET /api/v1/status tells it.
  virtual std::string status(const View& view) = 0;
  // The process is of use at all; false makes a supervisor restart it.
  virtual bool healthy() = 0;
  // Ready when all that are needed are ok; degraded when another is not (readiness_of(), api.h).
  virtual std::vector<Check> readiness() = 0;
};

}  // namespace tocsin::http
