#include "yaml_reading.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace tocsin::simulate {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

void YamlReading::fault_at(int line, int column, const std::string& message) {
  if (faults_.size() >= 100) return;
  faults_.push_back(file_ + ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": error: " + message);
}

void YamlReading::fault(const YAML::Node& at, const std::string& message) {
  const YAML::Mark mark = at.Mark();
  fault_at(std::max(mark.line, 0), std::max(mark.column, 0), message);
}

Error YamlReading::error() const {
  std::string all;
  for (const std::string& f : faults_) all += (all.empty() ? "" : "\n") + f;
  return invalid(all);
}

std::string YamlReading::suggestion(std::string_view wrong, const std::vector<std::string_view>& known) {
  std::string_view best;
  size_t least = std::max<size_t>(2, wrong.size() / 3) + 1;
  for (const std::string_view name : known) {
    const size_t d = edit_distance(wrong, name);
    if (d < least) {
      least = d;
      best = name;
    }
  }
  if (!best.empty()) return "; did you mean '" + std::string(best) + "'?";
  std::string all = "; known are ";
  for (size_t i = 0; i < known.size(); ++i) all += (i == 0 ? "" : ", ") + std::string(known[i]);
  return all;
}

void YamlReading::map(const YAML::Node& node, std::string_view what, const std::vector<Key>& keys) {
  std::set<std::string> seen;
  entries(node, what, [&](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
    if (found == keys.end()) {
      std::vector<std::string_view> names;
      names.reserve(keys.size());
      for (const Key& k : keys) names.push_back(k.name);
      return fault(key, "unknown key '" + name + "' in " + std::string(what) + suggestion(name, names));
    }
    if (!seen.insert(name).second) return fault(key, "key '" + name + "' stands twice in " + std::string(what));
    found->read(value);
  });
}

void YamlReading::entries(const YAML::Node& node, std::string_view what,
                          const std::function<void(const std::string&, const YAML::Node&, const YAML::Node&)>& read) {
  if (!node.IsMap()) return fault(node, std::string(what) + " must be a map of keys to values");
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      fault(entry.first, "a key of " + std::string(what) + " must be a plain text");
      continue;
    }
    read(entry.first.Scalar(), entry.first, entry.second);
  }
}

std::string YamlReading::text(const YAML::Node& node, std::string_view what) {
  if (node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
  fault(node, std::string(what) + " must be a text");
  return {};
}

int64_t YamlReading::integer(const YAML::Node& node, std::string_view what, int64_t lo, int64_t hi) {
  int64_t v = 0;
  if (node.IsScalar()) {
    const std::string& s = node.Scalar();
    const auto r = std::from_chars(s.data(), s.data() + s.size(), v);
    if (r.ec == std::errc() && r.ptr == s.data() + s.size() && v >= lo && v <= hi) return v;
  }
  fault(node, std::string(what) + " must be a whole number from " + std::to_string(lo) + " to " + std::to_string(hi));
  return lo;
}

std::vector<std::string> YamlReading::texts(const YAML::Node& node, std::string_view what) {
  std::vector<std::string> out;
  if (!node.IsSequence() || node.size() == 0) {
    fault(node, std::string(what) + " must be a list of at least one text");
    return out;
  }
  for (const auto& item : node) out.push_back(text(item, "an entry of " + std::string(what)));
  return out;
}

std::vector<uint32_t> YamlReading::weights(const YAML::Node& node, std::string_view what, size_t n) {
  std::vector<uint32_t> out(n, 1);
  if (!node.IsSequence() || node.size() != n) {
    fault(node, std::string(what) + " must be a list of " + std::to_string(n) + " whole numbers");
    return out;
  }
  uint32_t sum = 0;
  for (size_t i = 0; i < n; ++i) {
    out[i] = static_cast<uint32_t>(integer(node[i], "an entry of " + std::string(what), 0, 1000));
    sum += out[i];
  }
  if (sum == 0) fault(node, std::string(what) + " must not be all zero");
  return out;
}

}  // namespace tocsin::simulate
