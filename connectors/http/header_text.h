#pragma once
// What header fields are written in: blanks, lists, codings with their weights (RFC 9110). Pure.
#include <string_view>

namespace tocsin::http {

// Without blanks and tabs at either end.
inline std::string_view trimmed(std::string_view s) {
  const size_t begin = s.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return s.substr(begin, s.find_last_not_of(" \t") - begin + 1);
}

// Calls f with each item of a list, trimmed, until it is true; whether it was.
template <typename F>
bool any_item(std::string_view list, F&& f, char separator = ',') {
  while (!list.empty()) {
    const size_t end = list.find(separator);
    if (f(trimmed(list.substr(0, end)))) return true;
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  return false;
}

// Whether an Accept-Encoding field takes the coding: by its name, else by `*`; a weight of 0 says no.
bool accepts(std::string_view accept_encoding, std::string_view coding);

}  // namespace tocsin::http
