#pragma once
// Whether some broker answers at all, before librdkafka is asked, which takes long to give up and says so line by line.
#include <string>

#include "base/status.h"

namespace tocsin::cli {

// Well when one of the brokers ("host:port,host:port", port 9092 where none is named) takes a connection within about a
// second; kUnavailable otherwise, with each one's reason. An empty list is kInvalid.
Status some_broker_answers(const std::string& brokers);

}  // namespace tocsin::cli
