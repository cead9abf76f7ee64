#pragma once
// Typed reading of a YAML document that collects every fault with its place instead of stopping at the first.
#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tocsin::simulate {

class YamlReading {
 public:
  explicit YamlReading(std::string file) : file_(std::move(file)) {}

  void fault(const YAML::Node& at, const std::string& message);
  void fault_at(int line, int column, const std::string& message);  // from 0, as yaml-cpp counts
  bool clean() const { return faults_.empty(); }
  // All faults, a line each. Precondition: !clean().
  Error error() const;

  // Calls `read(value)` for the key named in each entry; unknown and repeated keys are faults.
  struct Key {
    std::string_view name;
    std::function<void(const YAML::Node&)> read;
  };
  void map(const YAML::Node& node, std::string_view what, const std::vector<Key>& keys);
  // Every entry of a map whose keys are free.
  void entries(const YAML::Node& node, std::string_view what,
               const std::function<void(const std::string&, const YAML::Node& key, const YAML::Node& value)>& read);
  // A scalar; faults and yields an empty text or `lo` otherwise.
  std::string text(const YAML::Node& node, std::string_view what);
  int64_t integer(const YAML::Node& node, std::string_view what, int64_t lo, int64_t hi);
  std::vector<std::string> texts(const YAML::Node& node, std::string_view what);  // at least one
  // Exactly `n` whole numbers 0 … 1000, not all zero.
  std::vector<uint32_t> weights(const YAML::Node& node, std::string_view what, size_t n);
  // "did you mean 'x'?" or the whole list when nothing is near.
  static std::string suggestion(std::string_view wrong, const std::vector<std::string_view>& known);

 private:
  std::string file_;
  std::vector<std::string> faults_;
};

}  // namespace tocsin::simulate
