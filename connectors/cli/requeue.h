#pragma once
// Puts rejected records back: reads each from its place in the log again, with the feed as it now is, and appends what
// is now an event to the state's embedded log, where the service's `ingest` source takes it up. The service must be
// stopped.
#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::cli {

struct Requeue {
  std::string directory;          // state that holds the dead letters
  std::string feed;               // mapping to read them with; empty: as the config says, else canonical
  std::string config;             // of the service: zone, areas, accept, sources; needed for records that came by Kafka
  std::vector<uint64_t> numbers;  // empty: all
};
// Answers the exit code: 0 when every record was taken, 1 when some were refused again (each is named). Records that
// are older than the watermark come back late; how many is told.
int requeue(const Requeue& request);

}  // namespace tocsin::cli
