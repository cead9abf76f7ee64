// Codes of places in rules: the form that their level has, and whether there is such a place.
#include <algorithm>
#include <array>

#include "rule/vocabulary.h"

namespace tocsin::rule {
namespace {

using expr::Node;

struct Level {
  std::string_view field;
  tocsin::AreaLevel level;
  std::string_view en, zh, example;
};
constexpr std::array<Level, 3> kLevels = {
    {{"area.city", tocsin::AreaLevel::kCity, "a county or city has a code of 6 digits", "县（市、区）用 6 位代码",
      "330282"},
     {"area.town", tocsin::AreaLevel::kTown, "a town has a code of 9 digits", "镇（街道）用 9 位代码", "330282004"},
     {"area.village", tocsin::AreaLevel::kVillage, "a village has a code of 12 digits", "村（社区）用 12 位代码",
      "330282004201"}}};

std::string list_of(const std::vector<std::string>& codes) {
  std::string out;
  for (const std::string& code : codes) out += (out.empty() ? "" : ", ") + code;
  return out;
}

}  // namespace

std::optional<AreaFault> area_fault(std::string_view field, std::string_view code, const AreaTable& areas) {
  const auto* level = std::ranges::find(kLevels, field, &Level::field);
  if (level == kLevels.end() || code.empty()) return std::nullopt;
  const std::string typed(code);
  if (is_area_code(code, level->level)) {
    if (areas.may_exist(code)) return std::nullopt;
    return AreaFault{"there is no `" + typed + "` in the area table", "区划表中没有 `" + typed + "`",
                     "look the code up in the table of areas; with --areas FILE in another one",
                     "请核对区划表；另有区划表时用 --areas 指定"};
  }
  AreaFault fault{"`" + typed + "` is no code of `" + std::string(field) + "`",
                  "`" + typed + "` 不是 `" + std::string(field) + "` 的代码",
                  std::string(level->en) + ", as " + std::string(level->example),
                  std::string(level->zh) + "，如 " + std::string(level->example)};
  if (const auto codes = areas.codes_named(code, level->level); !codes.empty()) {
    fault.hint_en = "`" + typed + "` is " + list_of(codes);
    fault.hint_zh = "`" + typed + "` 是 " + list_of(codes);
  } else if (const std::string_view name = areas.name(code); !name.empty()) {
    fault.hint_en += "; `" + typed + "` is " + std::string(name);
    fault.hint_zh += "；`" + typed + "` 是" + std::string(name);
  }
  return fault;
}

bool check_areas(const yaml::Reader& reader, const Expression& e, const Node& root, const Vocabulary& vocabulary) {
  bool good = true;
  const auto check = [&](const Node& field, const Node& literal) {
    const auto fault = area_fault(dotted(field), literal.text_literal().value_or(""), vocabulary.areas);
    if (!fault) return;
    report(reader, e.place, literal, {"bad-area", fault->en, fault->zh, fault->hint_en, fault->hint_zh});
    good = false;
  };
  walk(&root, [&](const Node& n) {
    if (n.kind != Node::Kind::kCall || n.args.size() != 2) return true;
    if (n.text == "_==_" || n.text == "_!=_") {
      check(*n.args[0], *n.args[1]);
      check(*n.args[1], *n.args[0]);
    } else if (n.text == "@in" && n.args[1]->kind == Node::Kind::kList) {
      for (const Node* item : n.args[1]->args) check(*n.args[0], *item);
    }
    return true;
  });
  return good;
}

}  // namespace tocsin::rule
