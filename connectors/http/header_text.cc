#include "connectors/http/header_text.h"

#include <algorithm>

namespace tocsin::http {
namespace {

// "q=0" and "q=0.000" say that it is not wanted; what is no weight says nothing.
bool is_refused(std::string_view parameters) {
  return any_item(
      parameters,
      [](std::string_view p) {
        if (!p.starts_with("q=") && !p.starts_with("Q=")) return false;
        const std::string_view weight = trimmed(p.substr(2));
        return weight.starts_with('0') && weight.find_first_not_of("0.") == std::string_view::npos;
      },
      ';');
}

}  // namespace

bool accepts(std::string_view accept_encoding, std::string_view coding) {
  bool any = false, named = false, taken = false;
  any_item(accept_encoding, [&](std::string_view item) {
    const size_t end = std::min(item.find(';'), item.size());
    const std::string_view name = trimmed(item.substr(0, end));
    const bool good = !is_refused(item.substr(end));
    if (name == coding) {
      named = true;
      taken = good;
    } else if (name == "*") {
      any = good;
    }
    return false;
  });
  return named ? taken : any;
}

}  // namespace tocsin::http
