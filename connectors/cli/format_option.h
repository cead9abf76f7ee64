#pragma once
// `--format text|json`, the same for every listing.
#include <CLI/CLI.hpp>
#include <string>

namespace tocsin::cli {

inline void add_format(CLI::App& command, std::string& format) {
  command.add_option("--format", format, "text for people, json for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

}  // namespace tocsin::cli
