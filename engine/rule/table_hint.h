#pragma once
// Where reference tables are looked for, in both languages: the hint of a table that is not there.

namespace tocsin::rule {

inline constexpr struct {
  const char *en, *zh;
} kWhereTablesLie = {
    "tables are read from the folder `tables` beside the rule files or above them, as rules/tables is to rules/packs",
    "表从规则文件旁边或其上级目录中的 `tables` 文件夹读取，如 rules/tables 之于 rules/packs"};

}  // namespace tocsin::rule
