#pragma once
// The console's files as connectors/http/console/build.mjs made them: each plain, gzip and brotli. Empty where the
// program was built without Node; then the plain page (page_parts.h) stands in its place.
#include <cstdint>
#include <span>
#include <string_view>

namespace tocsin::http {

struct Asset {
  std::string_view name;  // below /assets/, with a hash of the content in it; empty: the page itself
  std::string_view type;
  std::string_view tag;  // hash of the content
  std::string_view plain, gzip, brotli;
};

extern const std::span<const Asset> kConsole;

enum class Coding : uint8_t { kPlain, kGzip, kBrotli };
// The smallest coding that an Accept-Encoding header takes; plain where it names none of the others.
Coding coding_for(std::string_view accept_encoding);

}  // namespace tocsin::http
