#pragma once
// JSON Schema of the canonical event, generated from the fields' table (`tocsin schema event`).
#include <string>

namespace tocsin {

// Draft 2020-12, indented by nothing, ends without a newline.
std::string event_json_schema();

}  // namespace tocsin
