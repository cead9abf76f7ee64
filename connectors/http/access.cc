#include "connectors/http/access.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>

#include "connectors/http/header_text.h"

namespace tocsin::http {
namespace {

constexpr std::array<std::string_view, 4> kRoles = {"viewer", "officer", "planner", "admin"};
constexpr std::string_view kCookie = "tocsin_session";
constexpr int64_t kSessionSeconds = 12 * 3600;  // a shift; then the token is asked for again
constexpr size_t kMaxToken = 512;
constexpr size_t kAccountDigits = 32;  // of the token's hash, in a cookie
constexpr size_t kSessionBytes = 16;   // of a session's id

std::string hex_of(const unsigned char* bytes, size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (size_t i = 0; i < size; ++i) {
    out.push_back(kDigits[bytes[i] >> 4]);
    out.push_back(kDigits[bytes[i] & 15]);
  }
  return out;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The value of our cookie among others, or empty.
std::string_view cookie_value(std::string_view header) {
  std::string_view value;
  any_item(
      header,
      [&](std::string_view pair) {
        const bool ours = pair.size() > kCookie.size() && pair.starts_with(kCookie) && pair[kCookie.size()] == '=';
        if (ours) value = pair.substr(kCookie.size() + 1);
        return ours;
      },
      ';');
  return value;
}

// "Bearer TOKEN", the scheme in any case.
std::string_view bearer(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() <= kScheme.size()) return {};
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = header[i] >= 'A' && header[i] <= 'Z' ? static_cast<char>(header[i] - 'A' + 'a') : header[i];
    if (c != kScheme[i]) return {};
  }
  return trimmed(header.substr(kScheme.size()));
}

// Unlike every other one; empty where there is no randomness to be had: signing out then clears the cookie alone.
std::string new_session() {
  std::array<unsigned char, kSessionBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  return hex_of(bytes.data(), bytes.size());
}

Who of_account(const Account& a) { return {true, false, a.name, a.role, a.area, INT64_MAX}; }

std::string set_cookie(std::string_view value, int64_t seconds, bool secure) {
  std::string out(kCookie);
  out.append("=").append(value).append("; Path=/; HttpOnly; SameSite=Strict; Max-Age=").append(std::to_string(seconds));
  return secure ? out.append("; Secure") : out;
}

}  // namespace

std::string_view name_of(Role role) { return kRoles[static_cast<size_t>(role)]; }

bool parse_role(std::string_view name, Role& out) {
  for (size_t i = 0; i < kRoles.size(); ++i) {
    if (kRoles[i] != name) continue;
    out = static_cast<Role>(i);
    return true;
  }
  return false;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return hex_of(digest.data(), size);
}

Denial deny(const Access& access, const Who& who) {
  if (access.open()) return {};
  if (!who.signed_in) {
    return {401, "Sign in: send `Authorization: Bearer TOKEN`, or POST the token to /api/v1/session."};
  }
  if (who.role < access.least()) {
    return {403, "This is for the role " + std::string(name_of(access.least())) + "; this token has the role " +
                     std::string(name_of(who.role)) + "."};
  }
  if (access.reach() == Access::Reach::kWhole && !who.area.empty()) {
    return {403, "This concerns the whole service; this token is for the area " + who.area + "."};
  }
  return {};
}

Gate::Gate(std::vector<Account> accounts, std::string key) : accounts_(std::move(accounts)), key_(std::move(key)) {
  for (size_t i = 0; i < accounts_.size(); ++i) by_hash_.emplace(accounts_[i].sha256, i);
}

Who Gate::who(std::string_view authorization, std::string_view cookie, int64_t now) const {
  if (open()) return {true, true, "", Role::kAdmin, "", INT64_MAX};
  if (!authorization.empty()) return by_token(bearer(authorization));
  return by_session(cookie_value(cookie), now);
}

Who Gate::by_token(std::string_view token) const {
  if (open()) return {true, true, "", Role::kAdmin, "", INT64_MAX};
  if (token.empty() || token.size() > kMaxToken) return {};
  const auto it = by_hash_.find(sha256_hex(token));
  return it == by_hash_.end() ? Who() : of_account(accounts_[it->second]);
}

std::string Gate::sign(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &size);
  return hex_of(digest.data(), size);
}

// EXPIRY.SESSION.ACCOUNT.SIGNATURE: no table of open sessions is needed, a restart ends none, a token that goes ends
// its own.
std::string Gate::issue(std::string_view token, int64_t now, bool secure) const {
  const std::string text =
      std::to_string(now + kSessionSeconds) + "." + new_session() + "." + sha256_hex(token).substr(0, kAccountDigits);
  return set_cookie(text + "." + sign(text), kSessionSeconds, secure);
}

std::string Gate::expire(bool secure) { return set_cookie("", 0, secure); }

Who Gate::by_session(std::string_view value, int64_t now) const {
  const size_t last = value.rfind('.'), first = value.find('.'), second = value.find('.', first + 1);
  if (last == std::string_view::npos || second >= last || key_.empty()) return {};
  const std::string_view text = value.substr(0, last);
  if (!same(value.substr(last + 1), sign(text))) return {};
  int64_t expiry = 0;
  const auto read = std::from_chars(value.data(), value.data() + first, expiry);
  if (read.ec != std::errc() || read.ptr != value.data() + first || expiry <= now) return {};
  const std::string_view session = text.substr(first + 1, second - first - 1), account = text.substr(second + 1);
  for (const Account& a : accounts_) {
    if (!same(account, std::string_view(a.sha256).substr(0, kAccountDigits))) continue;
    Who who = of_account(a);
    who.until = expiry;
    who.session = session;
    return who;
  }
  return {};
}

}  // namespace tocsin::http
