#include "runtime/stored_rules.h"

#include <algorithm>

#include "base/codec.h"

namespace tocsin::runtime {

// Rule files, fingerprint, then what the rules look up: calendars and tables. (A state of the time before those were
// stored ends at the fingerprint.)
std::string encode_rules(const rule::RuleSet& rules) {
  std::string out;
  Writer w(out);
  const auto is_rules = [](const rule::SourceFile& f) { return f.kind == rule::SourceFile::Kind::kRules; };
  const auto count = static_cast<size_t>(std::ranges::count_if(rules.files(), is_rules));
  w.varint(count);
  for (const rule::SourceFile& f : rules.files()) {
    if (!is_rules(f)) continue;
    w.str(f.path);
    w.str(f.text);
  }
  w.fixed64(rules.fingerprint());
  w.varint(rules.files().size() - count);
  for (const rule::SourceFile& f : rules.files()) {
    if (is_rules(f)) continue;
    w.u8(static_cast<uint8_t>(f.kind));
    for (const std::string* s : {&f.name, &f.path, &f.text}) w.str(*s);
  }
  return out;
}

Result<StoredRules> decode_rules(std::string_view bytes) {
  Reader in(bytes);
  StoredRules stored;
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    rule::SourceFile& f = stored.files.emplace_back();
    f.path = in.str();
    f.text = in.str();
  }
  stored.fingerprint = in.fixed64();
  for (uint64_t n = in.at_end() ? 0 : in.varint(); n > 0 && in.ok(); --n) {
    rule::SourceFile& f = stored.files.emplace_back();
    f.kind = static_cast<rule::SourceFile::Kind>(in.u8());
    for (std::string* s : {&f.name, &f.path, &f.text}) *s = in.str();
  }
  if (!in.ok()) return corrupt("the rules stored in the state directory do not decode");
  return stored;
}

}  // namespace tocsin::runtime
