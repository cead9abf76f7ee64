#pragma once
// The part of a config that says who is told of alerts.
#include <vector>

#include "connectors/cli/config.h"
#include "rule/yaml_file.h"

namespace tocsin::cli {

// Reads one entry of `alerts:`; faults go to the reader. `all`: those before it, whose names it must not have.
void read_receiver(const rule::yaml::Reader& read, const rule::yaml::Node& item, std::vector<AlertsConfig>& all);
// A map of texts.
void read_settings(const rule::yaml::Reader& read, const rule::yaml::Node& map, Settings& out);

}  // namespace tocsin::cli
