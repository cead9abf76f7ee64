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
  explicit Template(std::vector<Part> parts) : parts_(std::move(parts)) {}
  bool empty() const { return parts_.empty(); }
  // Renders with the values of `vars`; a value that is an error renders as "?". Times in `zone`.
  std::string render(const expr::Activation& vars, const TimeZone& zone) const;

 private:
  std::vector<Part> parts_;
};

}  // namespace tocsin::rule
