#pragma once
// Who may do and see what. Accounts are tokens with a role and an area; a request names its account by
// `Authorization: Bearer TOKEN` or by the session cookie. Without accounts the server is open: whoever reaches it (on
// this machine alone, see Server::start) may do all. Pure: the clock is handed in.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"

namespace tocsin::http {

// Each may do what those before it may.
enum class Role : uint8_t {
  kViewer,   // reads
  kOfficer,  // and acts on alerts, and silences
  kPlanner,  // and tries rules, reads their sources and what rules in shadow say
  kAdmin     // and sends events, reloads, reads the audit log
};
std::string_view name_of(Role role);
bool parse_role(std::string_view name, Role& out);

// What a route asks of who calls it. Has no default, so that a route without one does not compile.
class Access {
 public:
  // What of the county an answer shows, or an action touches.
  enum class Reach : uint8_t {
    kPlaceless,  // nothing of any place
    kScoped,     // only what lies under the account's area: the handler hands View on
    kWhole       // all of it: not for accounts of an area
  };
  // Also without signing in.
  static constexpr Access anyone() { return Access(); }
  constexpr Access(Role least, Reach reach) : least_(least), reach_(reach) {}
  constexpr bool open() const { return open_; }
  constexpr Role least() const { return least_; }
  constexpr Reach reach() const { return reach_; }

 private:
  constexpr Access() : open_(true) {}
  bool open_ = false;
  Role least_ = Role::kViewer;
  Reach reach_ = Reach::kPlaceless;
};

struct Account {
  std::string name;    // of a post or a program, for people and the audit log
  std::string sha256;  // of the token, 64 lower-case hexadecimal digits
  Role role = Role::kViewer;
  std::string area;  // code of the area whose alerts it sees, with all that lies under it; empty: all
};

// Who asks.
struct Who {
  bool signed_in = false;
  bool open = false;  // there are no accounts
  std::string name;
  Role role = Role::kViewer;
  std::string area;
  int64_t until = INT64_MAX;  // Unix seconds at which the session ends; a token's does not
  std::string session = {};   // which one, of all that were ever opened; empty: a token asks, or nobody
  bool may_see_shadow() const { return role >= Role::kPlanner; }
};

// Why the request is refused: 401 or 403 and a sentence; status 0: it is not.
struct Denial {
  int status = 0;
  std::string detail;
};
Denial deny(const Access& access, const Who& who);

// Immutable; any thread. Knows nothing of sessions that were ended before their time (ended_sessions.h).
class Gate {
 public:
  // `key`: secret bytes under which session cookies are signed; kept by the service, so that they outlive a restart.
  Gate(std::vector<Account> accounts, std::string key);
  bool open() const { return accounts_.empty(); }
  // `authorization` and `cookie`: the headers; empty where absent. `now`: Unix seconds. A bearer token goes first:
  // where it is wrong, a cookie does not help.
  Who who(std::string_view authorization, std::string_view cookie, int64_t now) const;
  // The account of a token; not signed in where there is none.
  Who by_token(std::string_view token) const;
  // The value of Set-Cookie that opens a session for the account of a token; each call another one. Precondition:
  // by_token(token).signed_in.
  std::string issue(std::string_view token, int64_t now, bool secure) const;
  // The value of Set-Cookie that ends the session.
  static std::string expire(bool secure);

 private:
  Who by_session(std::string_view value, int64_t now) const;
  std::string sign(std::string_view text) const;
  std::vector<Account> accounts_;
  std::unordered_map<std::string, size_t> by_hash_;  // SHA-256 of the token, hexadecimal
  std::string key_;
};

// Of any bytes; lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace tocsin::http
