#pragma once
// Texts with values in them: "{{last(place)}} 周边 {{distinct(place):0}} 处积水". An expression of the aggregate scope
// between braces, a format after the last colon: a number of decimals (`:1`), `:time` (HH:MM), `:date`, `:datetime`,
// `:duration`.
#include <memory>
#include <string>
#include <vector>

#include "expr/program.h"
#include "time/format.h"

namespace tocsin::rule {

class Template {
 public:
  struct Part {
    std::string literal;                         // before the value
    std::shared_ptr<const expr::Program> value;  // null in the last part
    std::string format;
  };
  Template() = default;
  // `chinese`: durations as 7天7小时45分, else as 7d7h45m.
  explicit Template(std::vector<Part> parts, bool chinese = false) : parts_(std::move(parts)), chinese_(chinese) {}
  bool empty() const { return parts_.empty(); }
  // Renders with the values of `vars`; a value that is an error renders as "?". Times in `zone`.
  std::string render(const expr::Activation& vars, const TimeZone& zone) const;

 private:
  std::vector<Part> parts_;
  bool chinese_ = false;
};

// Whole minutes from a minute on, whole seconds below: 7d7h45m, in Chinese 7天7小时45分.
void append_duration(std::string& out, DurationMs d, bool chinese);

}  // namespace tocsin::rule
