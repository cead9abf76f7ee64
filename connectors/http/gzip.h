#pragma once
// What a response saves on the wire: gzip, and validators that spare it altogether. Pure.
#include <string>
#include <string_view>

namespace tocsin::http {

// The bytes as a gzip member; quick rather than small.
std::string gzip(std::string_view bytes);
// Whether an Accept-Encoding header takes gzip.
bool accepts_gzip(std::string_view accept_encoding);
// Weak, because the same content may be sent with and without gzip: W/"…".
std::string entity_tag(std::string_view body);
// Whether an If-None-Match header names the tag.
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace tocsin::http
