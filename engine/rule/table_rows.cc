#include "rule/table_rows.h"

#include <simdjson.h>

#include <algorithm>
#include <tuple>

#include "base/csv.h"
#include "expr/utf8.h"
#include "rule/table_cell.h"

namespace tocsin::rule {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// [lon, lat] or {"lon": , "lat": } as a cell; empty: neither.
std::string point_text(element value) {
  element lon, lat;
  if (value.is_array()) {
    const simdjson::dom::array pair = value;
    if (pair.size() != 2 || pair.at(0).get(lon) != simdjson::SUCCESS || pair.at(1).get(lat) != simdjson::SUCCESS)
      return {};
  } else if (value["lon"].get(lon) != simdjson::SUCCESS || value["lat"].get(lat) != simdjson::SUCCESS) {
    return {};
  }
  return lon.is_number() && lat.is_number() ? simdjson::minify(lon) + " " + simdjson::minify(lat) : std::string();
}

// False: a value of this kind stands in no cell of that type.
bool cell_text(element value, ColumnType type, std::string& out) {
  switch (value.type()) {
    case element_type::NULL_VALUE:
      out.clear();
      return true;
    case element_type::STRING:
      out = std::string_view(value);
      return true;
    case element_type::BOOL:
      out = bool(value) ? "true" : "false";
      return type == ColumnType::kBool;
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      out = simdjson::minify(value);  // "23" as an area's code, or as a text, is written as a text
      return type == ColumnType::kInt || type == ColumnType::kDouble;
    case element_type::ARRAY:
    case element_type::OBJECT:
      out = type == ColumnType::kPoint ? point_text(value) : std::string();
      return !out.empty();
  }
  return false;
}

Error not_of_type(const Table::Column& column) {
  const std::string type(column_type_names()[static_cast<size_t>(column.type)]);
  const std::string example = example_of(column.type);
  return invalid("what stands in `" + column.name + "` is no " + type + (example.empty() ? "" : ": " + example));
}

Error wrong_cell(const Table::Column& column, CellFault fault) {
  if (fault == CellFault::kWrongType) return not_of_type(column);
  if (fault == CellFault::kUnknownValue)
    return invalid("what stands in `" + column.name + "` is none of the values that the table declares");
  return invalid("in `" + column.name + "` stands what looks like a phone's, a card's or a plate's number");
}

}  // namespace

Result<TableRows> TableRows::of(const SourceFile& declaration, const TimeZone& zone, size_t partitions) {
  SourceFile header{declaration.path, {}, SourceFile::Kind::kRows, declaration.path};
  for (const std::string& name : columns_of(declaration.text)) header.text += (header.text.empty() ? "" : ",") + name;
  header.text += '\n';
  std::vector<Diagnostic> faults;
  auto table = parse_table(declaration, &header, zone, faults);
  if (table == nullptr) return invalid("the table in " + declaration.path + " has faults; `tocsin check` shows them");
  return TableRows(std::move(table), zone, partitions);
}

TableRows::TableRows(std::shared_ptr<const Table> table, const TimeZone& zone, size_t partitions)
    : table_(std::move(table)),
      zone_(zone),
      several_(partitions > 1),
      cells_(table_->columns().size()),
      arena_(std::make_unique<Arena>(size_t{4096})) {
  for (const Table::Column& c : table_->columns()) header_ += (header_.empty() ? "" : ",") + c.name;
  header_ += '\n';
  bytes_ = header_.size();
}

Status TableRows::read_json(std::string_view value) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(value.data(), value.size()).get(root) != simdjson::SUCCESS || !root.is_object())
    return invalid("the value is no JSON object");
  for (size_t c = 0; c < cells_.size(); ++c) {
    const Table::Column& column = table_->columns()[c];
    cells_[c].clear();
    element member;
    if (root[column.name].get(member) != simdjson::SUCCESS) continue;
    if (!cell_text(member, column.type, cells_[c])) return not_of_type(column);
  }
  return {};
}

Status TableRows::read_csv(std::string_view value) {
  const size_t end = csv_record_end(value, true);
  if (end != std::string_view::npos && end < value.size()) return invalid("the value is more than one CSV record");
  std::vector<std::string_view> cells;
  std::string fault;
  if (!parse_csv_record(value, ',', *arena_, cells, fault)) return invalid("the value is no CSV record: " + fault);
  if (cells.size() != cells_.size()) {
    return invalid("the value has " + std::to_string(cells.size()) + " cells, and the table " +
                   std::to_string(cells_.size()) + " columns");
  }
  for (size_t c = 0; c < cells.size(); ++c) cells_[c] = cells[c];
  return {};
}

// The cells at hand, each as its column asks, under this key.
Result<std::string> TableRows::record(std::string_view key) {
  std::string out;
  for (size_t c = 0; c < cells_.size(); ++c) {
    const Table::Column& column = table_->columns()[c];
    const bool is_key = c == table_->key_column();
    if (!cells_[c].empty() || !is_key) {
      const Cell cell = read_cell(column, cells_[c], zone_, *arena_);
      if (cell.fault != CellFault::kNone) return wrong_cell(column, cell.fault);
      if (is_key && key_text(cell.value) != key)
        return invalid("`" + column.name + "` in the value is not the record's key");
    }
    if (c > 0) out += ',';
    append_csv_cell(out, is_key ? key : std::string_view(cells_[c]));
  }
  return out + '\n';
}

// The row when this partition's last record says this.
TableRows::Row TableRows::with(const Row& row, Word word) {
  Row out{std::move(word), row.hidden};
  const uint32_t partition = out.counts.place.partition;
  std::erase_if(out.hidden, [&](const Word& w) { return w.place.partition == partition; });
  if (row.counts.place.partition != partition) out.hidden.push_back(row.counts);
  const auto rank = [](const Word& w) { return std::tuple(w.place.at, w.place.partition); };
  for (Word& other : out.hidden) {
    if (rank(other) > rank(out.counts)) std::swap(other, out.counts);
  }
  return out;
}

TableRows::Size TableRows::hidden_in(const std::string& key, const Row& row) {
  Size size;
  for (const Word& w : row.hidden) size.bytes += w.record.size();
  size.words = row.hidden.size();
  if (row.counts.record.empty()) ++size.words, size.bytes += key.size();
  return size;
}

Result<bool> TableRows::put(const std::string& key, Word word) {
  const auto known = rows_.find(key);
  Row next = known == rows_.end() ? Row{std::move(word), {}} : with(known->second, std::move(word));
  const std::string before = known == rows_.end() ? std::string() : known->second.counts.record;
  const std::string& after = next.counts.record;
  if (before.empty() && !after.empty() && count_ >= kMaxTableRows)
    return exhausted("a table has at most " + std::to_string(kMaxTableRows) + " rows");
  if (bytes_ - before.size() + after.size() > kMaxTableBytes) return exhausted("a table has at most 64 MiB");
  const bool changed = before != after;
  bytes_ = bytes_ - before.size() + after.size();
  count_ = count_ - (before.empty() ? 0U : 1U) + (after.empty() ? 0U : 1U);
  if (known != rows_.end()) hidden_ -= hidden_in(key, known->second);
  if (after.empty() && !several_) {  // no other record of this key is there to be hidden
    if (known != rows_.end()) rows_.erase(known);
    return changed;
  }
  hidden_ += hidden_in(key, next);
  rows_.insert_or_assign(key, std::move(next));
  if (hidden_.words > kMaxTableRows || hidden_.bytes > kMaxTableBytes) forget();
  return changed;
}

// The older half of what is hidden.
void TableRows::forget() {
  std::vector<TimeMs> times;
  for (const auto& [key, row] : rows_) {
    for (const Word& w : row.hidden) times.push_back(w.place.at);
    if (row.counts.record.empty()) times.push_back(row.counts.place.at);
  }
  const auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  const auto old = [until = *middle](const Word& w) { return w.place.at <= until; };
  hidden_ = {};
  for (auto it = rows_.begin(); it != rows_.end();) {
    std::erase_if(it->second.hidden, old);
    const Word& counts = it->second.counts;
    if (counts.record.empty() && it->second.hidden.empty() && old(counts)) {
      it = rows_.erase(it);
    } else {
      hidden_ += hidden_in(it->first, it->second);
      ++it;
    }
  }
}

Result<bool> TableRows::take(std::string_view key, std::optional<std::string_view> value, RecordPlace place) {
  arena_->reset();
  if (key.empty()) return invalid("the record has no key");
  if (!expr::is_utf8(key) || (value && !expr::is_utf8(*value))) return invalid("the record is not UTF-8");
  const Table::Column& column = table_->columns()[table_->key_column()];
  const Cell cell = read_cell(column, key, zone_, *arena_);
  if (cell.fault != CellFault::kNone) return wrong_cell(column, cell.fault);
  const std::string name = key_text(cell.value);
  if (!value) return put(name, {place, {}});
  if (auto s = table_->format() == RowFormat::kJson ? read_json(*value) : read_csv(*value); !s) return s.error();
  auto row = record(name);
  if (!row) return row.error();
  return put(name, {place, *std::move(row)});
}

std::string TableRows::text() const {
  std::string out;
  out.reserve(bytes_);
  out += header_;
  for (const auto& [key, row] : rows_) out += row.counts.record;
  return out;
}

}  // namespace tocsin::rule
