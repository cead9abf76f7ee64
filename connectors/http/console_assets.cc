// Serves the console: the page at /, its files, which never change under their names, below /assets/.
#include "connectors/http/console_assets.h"

#include <algorithm>
#include <string>

#include "connectors/http/api.h"
#include "connectors/http/header_text.h"

namespace tocsin::http {
namespace {

// The page loads from this server alone; styles beside the files are set by script, which this allows.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
  if (accepts(accept_encoding, "br")) return Coding::kBrotli;
  return accepts(accept_encoding, "gzip") ? Coding::kGzip : Coding::kPlain;
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
