#pragma once
// Splits the body of an ingest into its records, without reading what is in them. Pure.
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tocsin::http {

// `lines`: NDJSON, a record a line (blank lines and a BOM are skipped), so that a bad line spoils no other.
// Otherwise JSON: one array whose elements are the records, or one value or several one after another.
// The views point into `body`. kInvalid: nothing in it, or brackets or quotes that do not close; kExhausted: more than
// `max` records.
Result<std::vector<std::string_view>> split_records(std::string_view body, bool lines, size_t max);

}  // namespace tocsin::http
