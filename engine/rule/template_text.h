#pragma once
// Phase between read and compile for templates: the text cut into literals and expressions.
#include <vector>

#include "rule/scope.h"
#include "rule/template.h"

namespace tocsin::rule {

struct TemplateText {
  struct Piece {
    std::string literal;  // before the expression
    Expression value;     // null in the last piece
    std::string format;
    uint32_t format_at = 0;  // offset in the text
  };
  std::vector<Piece> pieces;
};

// Warns of a format that changes nothing of a value of this type: `{{count():datetime}}`.
void tell_idle_format(const yaml::Reader& reader, const TemplateText::Piece& piece, const std::string& format,
                      const expr::Type& type);

// Cuts "…{{expression:format}}…" and parses the expressions. False after a fault.
bool parse_template(const yaml::Reader& reader, const yaml::Node& node, TemplateText& out);

}  // namespace tocsin::rule
