// The plain page and its parts. The page may load from this server alone, and no other page may frame it.
#include <string>

#include "connectors/http/api.h"
#include "connectors/http/page_parts.h"

namespace tocsin::http {
namespace {

void serve(const Responder& answer, std::string_view type, std::string_view content) {
  Response response{200, std::string(type), std::string(content), {}};
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  answer(std::move(response));
}

}  // namespace

void page(Api&, const Request& request, Responder answer) {
  if (!serve_console("", request, answer)) serve(answer, "text/html; charset=utf-8", page_parts::kIndex);
}
void page_script(Api&, const Request&, Responder answer) {
  serve(answer, "text/javascript; charset=utf-8", page_parts::kScript);
}
void page_style(Api&, const Request&, Responder answer) {
  serve(answer, "text/css; charset=utf-8", page_parts::kStyle);
}
void page_icon(Api&, const Request&, Responder answer) { serve(answer, "image/svg+xml", page_parts::kIcon); }

}  // namespace tocsin::http
