// A table's two texts: the declaration in YAML, the rows in CSV.
#include <algorithm>

#include "base/csv.h"
#include "rule/table.h"
#include "rule/table_cell.h"
#include "rule/yaml_file.h"

namespace tocsin::rule {
namespace {

constexpr size_t kMaxRowFaults = 20;

bool is_word(std::string_view s) {
  return !s.empty() && s[0] >= 'a' && s[0] <= 'z' &&
         s.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

int characters(std::string_view s) {
  return static_cast<int>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Where cell `n` of a record begins.
size_t cell_begin(std::string_view record, size_t n) {
  bool quoted = false;
  for (size_t i = 0; i < record.size() && n > 0; ++i) {
    if (record[i] == '"') quoted = !quoted;
    if (record[i] == ',' && !quoted && --n == 0) return i + 1;
  }
  return 0;
}

// A word of the declaration, without a fault where it is none.
std::string plain_word(std::string_view declaration, std::string_view key) {
  std::vector<Diagnostic> ignored;
  const auto document = yaml::Document::parse({}, std::string(declaration), ignored);
  const yaml::Node* table = document == nullptr ? nullptr : document->root().find("table");
  const yaml::Node* node = table == nullptr || !table->is_map() ? nullptr : table->find(key);
  return node != nullptr && node->is_scalar() ? node->value : std::string();
}

}  // namespace

class Table::Reader {
 public:
  Reader(Table& table, const TimeZone& zone, std::vector<Diagnostic>& out) : table_(table), zone_(zone), out_(out) {}

  void declaration(const yaml::Reader& read, const yaml::Node& node, const SourceFile* rows) {
    const yaml::Fields f(read, node, {"name", "version", "title", "file", "topic", "format", "key", "columns"},
                         "a table");
    if (const yaml::Node* n = f.require("name");
        n != nullptr && read.read(*n, table_.name_) && !is_word(table_.name_)) {
      read.fault(*n,
                 {"bad-name", "`" + table_.name_ + "` cannot be a table's name", "`" + table_.name_ + "` 不能作表名",
                  "lower-case letters, digits and _, a letter first", "用小写字母、数字和下划线，以字母开头"});
    }
    int64_t version = 1;
    if (const yaml::Node* n = f.get("version"); n != nullptr && read.read_integer(*n, 1, 1'000'000'000, version)) {
      table_.version_ = static_cast<int>(version);
    }
    if (const yaml::Node* n = f.require("columns"); n != nullptr && read.expect_map(*n, "columns")) columns(read, *n);
    if (const yaml::Node* n = f.require("key")) key(read, *n);
    source(read, node, f, rows);
  }

  void rows(const SourceFile& file) {
    if (file.text.size() > kMaxTableBytes)
      return tell(file, "", 0, 1, "too-large", "a table has at most 64 MiB", "一张表最多 64 MiB");
    std::string_view rest = file.text;
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    if (!utf8(file, rest)) return;
    std::vector<std::string_view> cells;
    std::string wrong;
    bool header = true;
    while (!rest.empty() && faults_ < kMaxRowFaults) {
      const std::string_view record = rest.substr(0, csv_record_end(rest, true));
      rest.remove_prefix(record.size());
      const int line = line_;
      line_ += static_cast<int>(std::count(record.begin(), record.end(), '\n'));
      if (record.find_first_not_of("\r\n") == std::string_view::npos) continue;
      at_ = line;
      if (!parse_csv_record(record, ',', table_.arena_, cells, wrong)) {
        tell(file, record, 0, record.size(), "bad-row", wrong, "这一行不是合法的 CSV");
      } else if (header) {
        if (!names(file, record, cells)) return;
        header = false;
      } else {
        row(file, record, cells);
      }
    }
    if (header && faults_ == 0) {
      tell(file, "", 0, 1, "no-header", "the first line must name the columns", "第一行应为列名");
    }
    for (size_t i = 0; i < table_.rows(); ++i) index(i);
  }

 private:
  // False and one fault at the first byte that is no UTF-8, as a Chinese Excel writes its plain CSV (GBK).
  bool utf8(const SourceFile& file, std::string_view text) {
    size_t at = 0, n = 1;
    while (at < text.size() && (n = yaml::utf8_length(text, at)) > 0) at += n;
    if (at >= text.size()) return true;
    const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
    at_ = 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), '\n'));
    tell(file, text.substr(begin, text.find('\n', at) - begin), at - begin, 1, "not-utf8",
         "this byte is not valid UTF-8", "此处不是合法的 UTF-8",
         "save the table as UTF-8; in Excel: Save As, CSV UTF-8 (comma delimited)",
         "请把表另存为 UTF-8；在 Excel 中选“另存为”，类型“CSV UTF-8（逗号分隔）”");
    return false;
  }

  void source(const yaml::Reader& read, const yaml::Node& node, const yaml::Fields& f, const SourceFile* rows) {
    const yaml::Node *file = f.get("file"), *topic = f.get("topic"), *format = f.get("format");
    if (file == nullptr && topic == nullptr) {
      read.fault(node, {"missing-key", "a table needs `file`, or `topic`", "表缺少 `file`，或 `topic`",
                        "file: NAME.csv beside this file, or topic: NAME, a compacted Kafka topic",
                        "file: 本文件旁的 CSV，或 topic: 压缩的 Kafka 主题"});
    }
    std::string path, name;
    if (topic != nullptr) (void)read.read(*topic, name);
    if (file != nullptr && read.read(*file, path) && rows == nullptr) {
      read.fault(*file, {"no-file", "the file `" + path + "` cannot be read", "文件 `" + path + "` 无法读取",
                         "it lies beside the table's declaration", "它应与表的声明放在一起"});
    }
    size_t i = 0;
    if (format != nullptr && read.read_choice(*format, row_format_names(), i)) {
      table_.format_ = static_cast<RowFormat>(i);
    }
    if (format == nullptr || topic != nullptr) return;
    read.fault(*format, {"format-of-topic", "`format` says how a topic's records are written, and there is no `topic`",
                         "`format` 说明主题记录的写法，而此表没有 `topic`", "a file is always CSV", "文件总是 CSV"});
  }

  void columns(const yaml::Reader& read, const yaml::Node& map) {
    if (map.items.empty() || map.items.size() > kMaxTableColumns) {
      read.fault(map, {"out-of-range", "a table has 1 to 64 columns", "一张表有 1 到 64 列", {}, {}});
      return;
    }
    for (size_t i = 0; i < map.items.size(); ++i) {
      Column column;
      column.name = map.keys[i].value;
      if (!is_word(column.name)) {
        read.fault(map.keys[i],
                   {"bad-name", "`" + column.name + "` cannot be a column's name", "`" + column.name + "` 不能作列名",
                    "lower-case letters, digits and _, a letter first", "用小写字母、数字和下划线，以字母开头"});
      }
      const yaml::Node& node = map.items[i];
      size_t type = 0;
      if (node.is_map()) {
        const yaml::Fields f(read, node, {"type", "values", "note"}, "a column");
        if (const yaml::Node* n = f.require("type"); n != nullptr && read.read_choice(*n, column_type_names(), type)) {
          column.type = static_cast<ColumnType>(type);
        }
        if (const yaml::Node* n = f.get("values")) read.read(*n, column.values);
      } else if (read.read_choice(node, column_type_names(), type)) {
        column.type = static_cast<ColumnType>(type);
      }
      table_.columns_.push_back(std::move(column));
    }
  }

  void key(const yaml::Reader& read, const yaml::Node& node) {
    std::string name;
    if (!read.read(node, name) || table_.columns_.empty()) return;
    const int column = table_.column(name);
    if (column < 0) {
      const std::string near = nearest_column(name);
      read.fault(node,
                 {"unknown-column", "the table has no column `" + name + "`", "表中没有 `" + name + "` 列",
                  near.empty() ? "" : "did you mean `" + near + "`?", near.empty() ? "" : "是否想写 `" + near + "`？"});
      return;
    }
    table_.key_ = static_cast<size_t>(column);
    const ColumnType type = table_.columns_[table_.key_].type;
    if (type == ColumnType::kString || type == ColumnType::kInt || type == ColumnType::kArea) return;
    read.fault(
        node,
        {"type-mismatch", "a key column is of type string, int or area", "主键列应为 string、int 或 area", {}, {}});
  }

  std::string nearest_column(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const Column& c : table_.columns_) names.push_back(c.name);
    return nearest(name, names);
  }

  // The header: every declared column once, and no other.
  bool names(const SourceFile& file, std::string_view record, const std::vector<std::string_view>& cells) {
    place_.assign(cells.size(), -1);
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string name(cells[i]);
      const int column = table_.column(name);
      if (column >= 0 && std::ranges::find(place_, column) == place_.end()) {
        place_[i] = column;
        continue;
      }
      const std::string near = column >= 0 ? std::string() : nearest_column(name);
      const size_t begin = cell_begin(record, i);
      if (column >= 0) {
        tell(file, record, begin, name.size(), "column-twice", "the column `" + name + "` is there twice",
             "`" + name + "` 列出现了两次");
      } else {
        tell(file, record, begin, name.size(), "undeclared-column",
             "the table does not declare the column `" + name + "`", "表的声明里没有 `" + name + "` 列",
             near.empty() ? "declare it, or take it out: what no rule needs is not to be stored"
                          : "did you mean `" + near + "`?",
             near.empty() ? "请声明它，或从文件中删去：规则用不到的不应保存" : "是否想写 `" + near + "`？");
      }
    }
    for (size_t c = 0; c < table_.columns_.size(); ++c) {
      if (std::ranges::find(place_, static_cast<int>(c)) != place_.end() || faults_ > 0) continue;
      const std::string& name = table_.columns_[c].name;
      tell(file, record, 0, record.size(), "missing-column", "the column `" + name + "` is missing",
           "缺少 `" + name + "` 列");
    }
    return faults_ == 0;
  }

  void row(const SourceFile& file, std::string_view record, const std::vector<std::string_view>& cells) {
    if (cells.size() != place_.size()) {
      tell(file, record, 0, record.size(), "bad-row",
           "the row has " + std::to_string(cells.size()) + " cells, the header " + std::to_string(place_.size()),
           "这一行有 " + std::to_string(cells.size()) + " 格，表头有 " + std::to_string(place_.size()) + " 格");
      return;
    }
    if (table_.rows() >= kMaxTableRows) {
      faults_ = kMaxRowFaults;
      return tell(file, record, 0, 1, "too-many-rows", "a table has at most 200000 rows", "一张表最多 200000 行");
    }
    const size_t first = table_.cells_.size();
    table_.cells_.resize(first + table_.columns_.size());
    for (size_t i = 0; i < cells.size(); ++i) {
      const auto column = static_cast<size_t>(place_[i]);
      const size_t begin = cell_begin(record, i);
      table_.cells_[first + column] = cell(file, record, begin, table_.columns_[column], cells[i]);
      if (column == table_.key_) known_.push_back({line_at(), begin, record, std::string_view(cells[i])});
    }
    if (table_.cells_[first + table_.key_].is(expr::Tag::kNull) && cells_good_) {
      tell(file, record, 0, record.size(), "no-key", "the row has no `" + table_.columns_[table_.key_].name + "`",
           "这一行没有 `" + table_.columns_[table_.key_].name + "`");
    }
    file_ = &file;
  }

  int line_at() const { return at_; }

  expr::Value cell(const SourceFile& file, std::string_view record, size_t begin, const Column& column,
                   std::string_view text) {
    const Cell read = read_cell(column, text, zone_, table_.arena_);
    cells_good_ = read.fault == CellFault::kNone;
    if (cells_good_) return read.value;
    const std::string_view type = column_type_names()[static_cast<size_t>(column.type)];
    if (read.fault == CellFault::kPersonalNumber) {
      tell(file, record.substr(0, begin), begin, 1, "personal-number",
           "this looks like a phone's, a card's or a plate's number, which a table must not hold",
           "这像是电话、证件、银行卡或车牌号码，表中不得保存");
      return {};
    }
    std::string all;
    std::vector<std::string_view> allowed;
    for (const std::string& v : column.values) {
      all += (all.empty() ? "" : ", ") + v;
      allowed.push_back(v);
    }
    const std::string near = nearest(text, allowed);
    const bool listed = read.fault == CellFault::kUnknownValue;
    tell(file, record, begin, text.size(), listed ? "unknown-value" : "wrong-type",
         listed ? "`" + column.name + "` is never `" + std::string(text) + "`"
                : "`" + std::string(text) + "` is no " + std::string(type) + ", as `" + column.name + "` must be",
         listed ? "`" + column.name + "` 没有 `" + std::string(text) + "` 这个值"
                : "`" + column.name + "` 应为 " + std::string(type) + "，`" + std::string(text) + "` 不是",
         !listed        ? example_of(column.type)
         : near.empty() ? "it is one of " + all
                        : "did you mean `" + near + "`?",
         !listed        ? example_of(column.type)
         : near.empty() ? "可用的值：" + all
                        : "是否想写 `" + near + "`？");
    return {};
  }

  void index(size_t row) {
    const expr::Value& key = table_.at(row, table_.key_);
    if (key.is(expr::Tag::kNull)) return;
    const std::string_view text = key.is(expr::Tag::kString) ? key.str() : table_.arena_.copy(key_text(key));
    const auto [it, fresh] = table_.index_.emplace(text, static_cast<uint32_t>(row));
    if (fresh || file_ == nullptr || row >= known_.size() || faults_ >= kMaxRowFaults) return;
    const Known& k = known_[row];
    at_ = k.line;
    const std::string first = std::to_string(known_[it->second].line);
    tell(*file_, k.record, k.begin, k.text.size(), "duplicate-key",
         "the key `" + std::string(text) + "` is there already, in line " + first,
         "主键 `" + std::string(text) + "` 在第 " + first + " 行已有");
  }

  void tell(const SourceFile& file, std::string_view record, size_t begin, size_t length, const char* code,
            std::string en, std::string zh, std::string hint_en = {}, std::string hint_zh = {}) {
    ++faults_;
    Diagnostic d;
    d.file = file.path;
    d.line = at_;
    const std::string_view before = record.substr(0, std::min(begin, record.size()));
    // A cell that spans lines is shown by the line on which it begins.
    const size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    d.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    d.column = characters(before.substr(line_begin)) + 1;
    std::string_view line = record.substr(line_begin);
    line = line.substr(0, line.find_first_of("\r\n"));
    const size_t shown = begin - line_begin < line.size() ? line.size() - (begin - line_begin) : 0;
    d.length = std::max(1, characters(line.substr(std::min(begin - line_begin, line.size()), std::min(length, shown))));
    for (size_t i = 0; i < line.size() && d.snippet.size() < 4096;) {
      const size_t n = yaml::utf8_length(line, i);
      if (n > 1 || (n == 1 && static_cast<unsigned char>(line[i]) >= 0x20)) {
        d.snippet.append(line.substr(i, n));
      } else {
        d.snippet.push_back(n == 0 ? '?' : ' ');
      }
      i += std::max<size_t>(n, 1);
    }
    d.code = code;
    d.en = std::move(en);
    d.zh = std::move(zh);
    d.hint_en = std::move(hint_en);
    d.hint_zh = std::move(hint_zh);
    out_.push_back(std::move(d));
  }

  struct Known {  // where a row's key stands
    int line;
    size_t begin;
    std::string_view record, text;
  };
  Table& table_;
  const TimeZone& zone_;
  std::vector<Diagnostic>& out_;
  std::vector<int> place_;  // column by cell
  std::vector<Known> known_;
  const SourceFile* file_ = nullptr;
  size_t faults_ = 0;
  int line_ = 1, at_ = 1;
  bool cells_good_ = true;
};

std::shared_ptr<const Table> parse_table(const SourceFile& declaration, const SourceFile* rows, const TimeZone& zone,
                                         std::vector<Diagnostic>& out) {
  const size_t before = out.size();
  auto table = std::make_shared<Table>();
  Table::Reader reader(*table, zone, out);
  const auto document = yaml::Document::parse(declaration.path, declaration.text, out);
  if (document == nullptr) return nullptr;
  const yaml::Reader read(*document, out);
  const yaml::Fields top(read, document->root(), {"table"}, "a table file");
  if (const yaml::Node* node = top.require("table")) reader.declaration(read, *node, rows);
  if (out.size() == before && rows != nullptr) reader.rows(*rows);
  return out.size() == before ? table : nullptr;
}

std::string name_of_table(std::string_view declaration) { return plain_word(declaration, "name"); }

std::vector<std::string> columns_of(std::string_view declaration) {
  std::vector<Diagnostic> ignored;
  const auto document = yaml::Document::parse({}, std::string(declaration), ignored);
  const yaml::Node* table = document == nullptr ? nullptr : document->root().find("table");
  const yaml::Node* columns = table == nullptr || !table->is_map() ? nullptr : table->find("columns");
  std::vector<std::string> out;
  if (columns == nullptr || !columns->is_map()) return out;
  for (const yaml::Node& name : columns->keys) out.push_back(name.value);
  return out;
}

std::string rows_of(std::string_view declaration) { return plain_word(declaration, "file"); }
std::string topic_of(std::string_view declaration) { return plain_word(declaration, "topic"); }

}  // namespace tocsin::rule
