#include "connectors/http/gzip.h"

#include <zlib.h>

#include "base/hash.h"

namespace tocsin::http {
namespace {

constexpr int kLevel = 2;
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemory = 8;

std::string_view trim(std::string_view s) {
  const size_t begin = s.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return s.substr(begin, s.find_last_not_of(" \t") - begin + 1);
}

// Calls f with each item of a comma-separated header until it is true; whether it was.
template <typename F>
bool any_item(std::string_view header, F&& f) {
  while (!header.empty()) {
    const size_t comma = header.find(',');
    if (f(trim(header.substr(0, comma)))) return true;
    if (comma == std::string_view::npos) break;
    header.remove_prefix(comma + 1);
  }
  return false;
}

std::string_view strong(std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; }

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(done == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  return any_item(accept_encoding, [](std::string_view item) {
    const std::string_view coding = trim(item.substr(0, item.find(';')));
    if (coding != "gzip" && coding != "*") return false;
    const size_t q = item.find("q=");
    return q == std::string_view::npos || item.substr(q + 2).find_first_of("123456789") != std::string_view::npos;
  });
}

std::string entity_tag(std::string_view body) { return "W/\"" + hex(hash64(body)) + "\""; }

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  return any_item(if_none_match, [&](std::string_view item) { return item == "*" || strong(item) == strong(tag); });
}

}  // namespace tocsin::http
