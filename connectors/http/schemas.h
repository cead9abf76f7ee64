#pragma once
// The schemas of the OpenAPI document, one JSON object.
#include <string_view>

namespace tocsin::http {

extern const std::string_view kSchemas;

}  // namespace tocsin::http
