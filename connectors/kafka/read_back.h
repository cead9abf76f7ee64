#pragma once
// What the alert topic already holds of this state directory's transitions, found by reading its partitions' tails.
#include <set>
#include <string>

#include "connectors/kafka/client.h"

namespace tocsin::kafka {

// Headers of every alert record.
inline constexpr const char* kSequenceHeader = "tocsin-seq";       // decimal
inline constexpr const char* kInstanceHeader = "tocsin-instance";  // which state directory counts these sequences

struct ReadBackOptions {
  Settings settings;  // of the sink: connection and security are taken from them
  std::string topic;
  std::string instance;
  uint64_t floor = 0;          // sequences up to it are known to be there
  uint64_t limit = 1'000'000;  // records per partition that are read at most
  int wait_ms = 30'000;        // per partition
};

// All sequences > floor that are in the topic. Reads each partition backwards in growing steps until it meets a
// sequence ≤ floor (within a partition they ascend), its beginning, or the limit. kUnavailable: no broker answers.
Result<std::set<uint64_t>> read_back(const ReadBackOptions& options);

}  // namespace tocsin::kafka
