// Any bytes as a rule file: faults or rules, never a crash; every fault stands at a place of the file.
#include <cstdlib>
#include <string>

#include "rule/rule_tests.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin;
  using namespace tocsin::rule;
  static const LoadOptions options = [] {
    LoadOptions o;
    o.calendar = std::make_shared<const WorkingTime>(WorkingTime::Spec{});
    return o;
  }();
  const SourceFile file{"fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size)};
  std::vector<Diagnostic> diagnostics;
  const auto set = RuleSet::load({&file, 1}, options, diagnostics);
  if (set == nullptr && diagnostics.empty()) std::abort();  // refused without a word
  read_rule_tests({&file, 1}, options.zone, diagnostics);
  for (const Diagnostic& d : diagnostics) {
    if (d.line < 1 || d.column < 1 || d.length < 1) std::abort();
    render(d, Language::kChinese, true);
    std::string json;
    append_json(json, d);
  }
  return 0;
}
