#include "rule/table.h"

#include <array>
#include <charconv>

namespace tocsin::rule {
namespace {

constexpr std::array<std::string_view, 8> kColumnTypes = {"string", "int",  "double", "bool",
                                                          "date",   "time", "point",  "area"};

constexpr std::array<std::string_view, 2> kFormats = {"json", "csv"};

}  // namespace

std::span<const std::string_view> column_type_names() { return kColumnTypes; }
std::span<const std::string_view> row_format_names() { return kFormats; }

expr::Type type_of(ColumnType type) {
  using Kind = expr::Type::Kind;
  switch (type) {
    case ColumnType::kString:
    case ColumnType::kArea:
      return expr::Type::of(Kind::kString);
    case ColumnType::kInt:
      return expr::Type::of(Kind::kInt);
    case ColumnType::kDouble:
      return expr::Type::of(Kind::kDouble);
    case ColumnType::kBool:
      return expr::Type::of(Kind::kBool);
    case ColumnType::kDate:
    case ColumnType::kTime:
      return expr::Type::of(Kind::kTimestamp);
    case ColumnType::kPoint:
      return expr::Type::of(Kind::kPoint);
  }
  return {};
}

int Table::column(std::string_view name) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int64_t Table::find(const expr::Value& key) const {
  std::array<char, 24> digits{};
  std::string_view text;
  if (key.is(expr::Tag::kString)) {
    text = key.str();
  } else if (key.is(expr::Tag::kInt)) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), key.i).ptr;
    text = {digits.data(), static_cast<size_t>(end - digits.data())};
  } else {
    return -1;
  }
  const auto it = index_.find(text);
  return it == index_.end() ? -1 : int64_t{it->second};
}

std::string table_json_schema() {
  std::string types;
  for (const std::string_view name : kColumnTypes) types += (types.empty() ? "\"" : ",\"") + std::string(name) + "\"";
  const std::string word = R"({"type":"string","pattern":"^[a-z][a-z0-9_]*$"})";
  return R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Tocsin reference table","type":"object",)"
         R"("additionalProperties":false,"required":["table"],"properties":{"table":{"type":"object",)"
         R"("additionalProperties":false,"required":["name","key","columns"],"anyOf":[{"required":["file"]},{"required":["topic"]}],"properties":{)"
         R"("name":)" +
         word +
         R"(,"version":{"type":"integer","minimum":1},"title":{},"file":{"type":"string"},"topic":{"type":"string"},"format":{"enum":["json","csv"]},"key":)" +
         word + R"(,"columns":{"type":"object","maxProperties":64,"propertyNames":)" + word +
         R"(,"additionalProperties":{"oneOf":[{"enum":[)" + types +
         R"(]},{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"enum":[)" +
         types + R"(]},"values":{"type":"array","items":{"type":"string"}},"note":{}}}]}}}}}})";
}

}  // namespace tocsin::rule
