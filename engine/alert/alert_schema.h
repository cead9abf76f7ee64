#pragma once
// JSON Schema of what is published: a CloudEvent with an alert's transition as its data.
#include <string>

namespace tocsin::alert {

std::string alert_json_schema();

}  // namespace tocsin::alert
