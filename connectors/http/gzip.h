#pragma once
// What a response saves on the wire: gzip, and validators that spare it altogether. Pure.
#include <string>
#include <string_view>

#include "connectors/http/message.h"

namespace tocsin::http {

// The bytes as a gzip member; quick rather than small.
std::string gzip(std::string_view bytes);
// Weak, because the same content may be sent with and without gzip: W/"…".
std::string entity_tag(std::string_view body);
// Whether an If-None-Match header names the tag.
bool names_tag(std::string_view if_none_match, std::string_view tag);

bool has_header(const Response& response, std::string_view name);
// Gives an answer that may be asked for again the tag of its body, unless it has one.
void tag(Response& response);
// Makes a long body smaller where the Accept-Encoding header takes that, unless it has a coding. After tag().
void squeeze(Response& response, std::string_view accept_encoding);

// A body that never changes, tagged and made smaller once.
class Prepared {
 public:
  Prepared(std::string content_type, std::string body);
  bool empty() const { return plain_.body.empty(); }
  Response answer(std::string_view accept_encoding) const;

 private:
  Response plain_, smaller_;
};

}  // namespace tocsin::http
