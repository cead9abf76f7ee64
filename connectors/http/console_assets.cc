// Serves the console: the page at /, its files, which never change under their names, below /assets/.
#include "connectors/http/console_assets.h"

#include <algorithm>
#include <string>

#include "connectors/http/api.h"

namespace tocsin::http {
namespace {

// The page loads from this server alone; styles beside the files are set by script, which this allows.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}

// "gzip;q=0" and "gzip; q=0.000" say that gzip is not wanted.
bool is_refused(std::string_view parameters) {
  const size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  return trimmed(parameters.substr(q + 2)).find_first_not_of("0.") == std::string_view::npos;
}

std::string_view body_of(const Asset& asset, Coding coding) {
  switch (coding) {
    case Coding::kBrotli:
      return asset.brotli;
    case Coding::kGzip:
      return asset.gzip;
    case Coding::kPlain:
      break;
  }
  return asset.plain;
}

}  // namespace

Coding coding_for(std::string_view accept_encoding) {
  Coding best = Coding::kPlain;
  while (!accept_encoding.empty()) {
    const std::string_view item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(item.size() + 1, accept_encoding.size()));
    const size_t semicolon = std::min(item.find(';'), item.size());
    if (is_refused(item.substr(semicolon))) continue;
    const std::string_view name = trimmed(item.substr(0, semicolon));
    if (name == "br") best = Coding::kBrotli;
    if (name == "gzip" && best == Coding::kPlain) best = Coding::kGzip;
  }
  return best;
}

bool serve_console(std::string_view name, const Request& request, const Responder& answer) {
  const auto asset = std::ranges::find(kConsole, name, &Asset::name);
  if (asset == kConsole.end()) return false;
  const Coding coding = coding_for(request.encodings);
  Response response{200, std::string(asset->type), std::string(body_of(*asset, coding)), {}};
  if (coding != Coding::kPlain) {
    response.headers.emplace_back("Content-Encoding", coding == Coding::kGzip ? "gzip" : "br");
  }
  response.headers.emplace_back("ETag", "W/\"" + std::string(asset->tag) + "\"");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Cache-Control", name.empty() ? "no-cache" : "public, max-age=31536000, immutable");
  if (name.empty()) response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  answer(std::move(response));
  return true;
}

void console_asset(Api&, const Request& request, Responder answer) {
  if (!request.captured[0].empty() && serve_console(request.captured[0], request, answer)) return;
  answer.problem(404, "There is no such file of the console.");
}

}  // namespace tocsin::http
