#pragma once
// Canonical JSON of an event, as the reader reads it back (with `trusted`): what the embedded log keeps.
#include <string>

#include "event/event.h"

namespace tocsin {

// Appends one JSON object, compact, fields in the order of the fields' table; what is missing is left out. The same
// event gives the same bytes; coordinates are written as WGS-84, shortest text that reads back.
void append_event(std::string& out, const Event& event);

}  // namespace tocsin
