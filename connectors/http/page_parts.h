#pragma once
// The plain page, embedded at build time from connectors/http/page/ (page/embed.cmake).
#include <string_view>

namespace tocsin::http::page_parts {

extern const std::string_view kIndex, kScript, kStyle, kIcon;

}  // namespace tocsin::http::page_parts
