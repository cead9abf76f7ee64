#include "connectors/http/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "base/hash.h"
#include "connectors/http/header_text.h"

namespace tocsin::http {
namespace {

constexpr int kLevel = 2;
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemory = 8;
constexpr size_t kLeastGzip = 1024;  // bytes of a body

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

std::string entity_tag(std::string_view body) { return "W/\"" + hex(hash64(body)) + "\""; }

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  return any_item(if_none_match, [&](std::string_view item) { return item == "*" || strong(item) == strong(tag); });
}

bool has_header(const Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [&](const auto& h) { return h.first == name; });
}

void tag(Response& response) {
  if (has_header(response, "ETag")) return;
  response.headers.emplace_back("ETag", entity_tag(response.body));
  response.headers.emplace_back("Cache-Control", "private, no-cache");
}

void squeeze(Response& response, std::string_view accept_encoding) {
  if (response.body.size() <= kLeastGzip || has_header(response, "Content-Encoding")) return;
  if (!has_header(response, "Vary")) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts(accept_encoding, "gzip")) return;
  std::string smaller = gzip(response.body);
  if (smaller.empty()) return;
  response.body = std::move(smaller);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

Prepared::Prepared(std::string content_type, std::string body)
    : plain_{200, std::move(content_type), std::move(body), {}} {
  if (empty()) return;
  tag(plain_);
  smaller_ = plain_;
  squeeze(smaller_, "gzip");
  squeeze(plain_, "");
}

Response Prepared::answer(std::string_view accept_encoding) const {
  return accepts(accept_encoding, "gzip") ? smaller_ : plain_;
}

}  // namespace tocsin::http
