#pragma once
// What the handlers of the API work with. One object a server, used on the server's thread.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/http/area_names.h"
#include "connectors/http/backend.h"
#include "connectors/http/ended_sessions.h"
#include "connectors/http/gzip.h"
#include "connectors/http/message.h"
#include "connectors/http/route.h"
#include "connectors/http/server.h"
#include "connectors/http/stranger_limit.h"

namespace tocsin::http {

// Runs a task on the server's thread, from any thread; drops it when the server is gone. Copies may outlive the server.
using Post = std::function<void(std::function<void()>)>;

// What the server counts of itself, for /metrics.
struct Counters {
  std::map<int, uint64_t> requests;  // by status
  uint64_t connections = 0;
  uint64_t streams = 0;
  uint64_t streams_cut = 0;
  uint64_t sign_in_failures = 0;
  uint64_t audit_unlisted = 0;
  uint64_t audit_lost = 0;
};

class Api {
 public:
  Api(Backend& backend, const metrics::MetricsSource& metrics, const Options& options, Post post, Counters& counters,
      EndedSessions& sessions)
      : backend_(backend),
        metrics_(metrics),
        options_(options),
        post_(std::move(post)),
        counters_(counters),
        sessions_(sessions),
        gate_(options.accounts, options.session_key),
        area_names_(read_area_names(options.area_names)),
        boundaries_(std::string(kGeoJson), options.boundaries) {}
  Backend& backend() { return backend_; }
  const Options& options() const { return options_; }
  uint64_t streams() const { return counters_.streams; }
  const Gate& gate() const { return gate_; }
  // Who asks, by the request's headers (Gate::who); nobody where the session was ended.
  Who who(std::string_view authorization, std::string_view cookie) const;
  // Ends the session that `who` asks in, and the streams that it opened. Nothing where they ask without one.
  void end_session(const Who& who);
  StrangerLimit& strangers() { return strangers_; }
  // Names of area codes, as far as they are known.
  const AreaNames& area_names() const { return area_names_; }
  // The areas' borders, or empty.
  const Prepared& boundaries() const { return boundaries_; }
  std::string exposition() const;
  // A completion that any thread may call; `f` runs on the server's thread. `f` must not own a connection.
  template <typename T>
  Completion<T> completion(std::function<void(Result<T>)> f) const {
    return [post = post_, f = std::move(f)](Result<T> result) {
      post([f, result = std::move(result)]() mutable { f(std::move(result)); });
    };
  }

 private:
  Backend& backend_;
  const metrics::MetricsSource& metrics_;
  const Options& options_;
  Post post_;
  Counters& counters_;
  EndedSessions& sessions_;
  const Gate gate_;
  const AreaNames area_names_;
  const Prepared boundaries_;
  StrangerLimit strangers_;
};

// Unix seconds now, for sessions' ends.
int64_t unix_seconds();
// A query parameter that must be a number from `least` to `most`: into `out` where it is there; else what is wrong.
std::string read_number(const Request& request, std::string_view name, uint64_t least, uint64_t most, uint64_t& out);

// A time of a query, RFC 3339 or epoch milliseconds, into `out` where it is there; else what is wrong.
std::string read_instant(std::string_view text, TimeMs& out);
// The parameter of this name as an area, where it is there. kNotFound: it does not lie under the asker's own, or is in
// no table of areas (area_names.h); both answers are the same.
Result<std::string> asked_area(const Api& api, const Request& request, std::string_view name);
// Which alerts a request asks for, of those that the asker may see.
Result<AlertQuery> read_query(const Api& api, const Request& request);
// A completion that answers with the JSON it gets.
Completion<std::string> passing_on(const Api& api, const Responder& answer);

// The same of a response that is whole: tagged and made small on the thread that made it.
Completion<Response> passing_whole(const Api& api, const Responder& answer);
// A body as such a response.
Response whole(std::string_view type, std::string body, std::string_view encodings);

// What the checks come to: all is well; it works, though something beside it does not; it does not work.
enum class Readiness : uint8_t { kReady, kDegraded, kNot };
Readiness readiness_of(const std::vector<Check>& checks);

// Handlers, one a route of the table.
void list_alerts(Api&, const Request&, Responder);
void one_alert(Api&, const Request&, Responder);
void evidence(Api&, const Request&, Responder);
void related(Api&, const Request&, Responder);
void areas(Api&, const Request&, Responder);
void map(Api&, const Request&, Responder);
void boundaries(Api&, const Request&, Responder);
void scorecard(Api&, const Request&, Responder);
void scorecard_places(Api&, const Request&, Responder);
void status(Api&, const Request&, Responder);
void one_rule(Api&, const Request&, Responder);
void check_rules(Api&, const Request&, Responder);
void backtest(Api&, const Request&, Responder);
void rules(Api&, const Request&, Responder);
void ingest(Api&, const Request&, Responder);
void acknowledge(Api&, const Request&, Responder);
void assign(Api&, const Request&, Responder);
void comment(Api&, const Request&, Responder);
void close(Api&, const Request&, Responder);
void silences(Api&, const Request&, Responder);
void silence(Api&, const Request&, Responder);
void expire_silence(Api&, const Request&, Responder);
void session(Api&, const Request&, Responder);
void sign_in(Api&, const Request&, Responder);
void sign_out(Api&, const Request&, Responder);
void audit_log(Api&, const Request&, Responder);
void reload(Api&, const Request&, Responder);
void healthy(Api&, const Request&, Responder);
void ready(Api&, const Request&, Responder);
void metrics_text(Api&, const Request&, Responder);
void openapi(Api&, const Request&, Responder);
void page(Api&, const Request&, Responder);
void page_script(Api&, const Request&, Responder);
void page_style(Api&, const Request&, Responder);
void page_icon(Api&, const Request&, Responder);
void console_asset(Api&, const Request&, Responder);
// Answers with a file of the console (empty name: the page itself); false where there is none of this name.
bool serve_console(std::string_view name, const Request&, const Responder&);

}  // namespace tocsin::http
