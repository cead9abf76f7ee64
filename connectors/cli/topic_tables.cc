#include "connectors/cli/topic_tables.h"

#include <algorithm>

#include "connectors/cli/clocks.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/log.h"

namespace tocsin::cli {
namespace {

constexpr size_t kMostTables = 64;
constexpr uint64_t kShare = 20;  // versions take at most one part in so many of the engine's time
constexpr std::string_view kFromTopic = "kafka:";

std::string named(const rule::SourceFile& declaration) {
  return "the table `" + rule::name_of_table(declaration.text) + "` (" + declaration.path + "), topic " +
         rule::topic_of(declaration.text);
}

rule::SourceFile rows_file(const kafka::TopicTable& table, std::string text, const std::string& declaration) {
  return {std::string(kFromTopic) + table.topic(), std::move(text), rule::SourceFile::Kind::kRows, declaration};
}

}  // namespace

kafka::TopicTable::Text TopicTables::stored_rows(const rule::SourceFile& declaration) {
  if (!stored_) stored_ = of_.stored ? of_.stored() : std::vector<rule::SourceFile>();
  using Kind = rule::SourceFile::Kind;
  for (const rule::SourceFile& table : *stored_) {
    if (table.kind != Kind::kTable || table.text != declaration.text) continue;
    for (const rule::SourceFile& rows : *stored_) {
      const bool of_table = rows.kind == Kind::kRows && rows.name == table.path;
      if (of_table && rows.path.starts_with(kFromTopic)) return std::make_shared<const std::string>(rows.text);
    }
  }
  return nullptr;
}

Result<std::shared_ptr<kafka::TopicTable>> TopicTables::follow(const rule::SourceFile& declaration) {
  const std::lock_guard lock(mutex_);
  auto& table = tables_[declaration.text];
  if (table != nullptr) return table;
  if (tables_.size() > kMostTables) {
    tables_.erase(declaration.text);
    return exhausted("at most " + std::to_string(kMostTables) + " tables may come from topics");
  }
  kafka::TopicTableOptions o;
  o.settings = of_.settings;
  o.topic = rule::topic_of(declaration.text);
  o.declaration = declaration;
  o.zone = of_.zone;
  o.refresh = of_.refresh;
  o.log = log_kafka_line;
  table = std::make_shared<kafka::TopicTable>(std::move(o), stored_rows(declaration));
  return table;
}

Result<rule::SourceFile> TopicTables::rows_of(const rule::SourceFile& declaration) {
  auto table = follow(declaration);
  if (!table) return table.error();
  const Status whole = (*table)->wait(patience_);
  const auto text = (*table)->text();
  if (!whole && text == nullptr) {
    const bool away = whole.error().code == Code::kUnavailable;
    return Error{whole.error().code, named(declaration) + ": " + whole.error().message +
                                         (away ? "; start the broker, or correct `kafka:` in the config" : "")};
  }
  if (!whole) {
    log::warn({"tables table=\"", rule::name_of_table(declaration.text), "\" rows=stored reason=\"",
               whole.error().message, "\""});
  }
  return rows_file(**table, *text, declaration.path);
}

// The texts in force, with rows that are newer; nothing where there are none.
std::optional<std::vector<rule::SourceFile>> TopicTables::newer(const rule::RuleSet& rules) {
  std::map<std::string, kafka::TopicTable::Text> now;
  std::map<std::string, std::shared_ptr<kafka::TopicTable>> tables;
  {
    const std::lock_guard lock(mutex_);
    tables = tables_;
  }
  for (const auto& [declaration, table] : tables) now[declaration] = table->text();
  if (now == looked_at_) return std::nullopt;
  looked_at_ = now;
  std::vector<rule::SourceFile> files = rules.files();
  bool changed = false;
  for (rule::SourceFile& rows : files) {
    if (rows.kind != rule::SourceFile::Kind::kRows || !rows.path.starts_with(kFromTopic)) continue;
    const auto declaration = std::ranges::find_if(files, [&](const rule::SourceFile& f) {
      return f.kind == rule::SourceFile::Kind::kTable && f.path == rows.name;
    });
    const auto text = declaration == files.end() ? now.end() : now.find(declaration->text);
    if (text == now.end() || text->second == nullptr || *text->second == rows.text) continue;
    rows.text = *text->second;
    changed = true;
  }
  return changed ? std::optional(std::move(files)) : std::nullopt;
}

Status TopicTables::bring(runtime::Engine& engine, const rule::LoadOptions& load,
                          std::span<const rule::SourceFile> files) const {
  auto rules = recompile(load)(files);
  if (!rules) return rules.error();
  return engine.swap_rules(*rules, nullptr);
}

bool TopicTables::step(runtime::Engine& engine, const rule::LoadOptions& load) {
  const uint64_t began = steady_ns();
  if (began < not_before_) return false;
  const auto files = newer(engine.rules());
  if (!files) {  // after a refusal this is asked anew: then what was refused is gone
    const std::lock_guard lock(mutex_);
    trouble_.clear();
    return false;
  }
  const Status s = bring(engine, load, *files);
  const uint64_t took = steady_ns() - began;
  not_before_ = began + took + std::max(took * kShare, static_cast<uint64_t>(of_.refresh) * 1'000'000);
  if (s) {
    log::info({"tables result=applied pause=", log::decimals(static_cast<double>(took) / 1e9, 3)});
  } else {
    log::error({"tables result=refused reason=\"", s.error().message, "\"; the rows before stay in force"});
    looked_at_.clear();  // it is tried again
  }
  const std::lock_guard lock(mutex_);
  trouble_ = s ? std::string() : s.error().message;
  return s.is_ok();
}

void TopicTables::reloaded(const rule::RuleSet& rules) {
  looked_at_.clear();
  std::vector<std::shared_ptr<kafka::TopicTable>> ended;  // their threads end without the lock
  const std::lock_guard lock(mutex_);
  trouble_.clear();
  for (auto it = tables_.begin(); it != tables_.end();) {
    const bool used =
        std::ranges::any_of(rules.files(), [&](const rule::SourceFile& f) { return f.text == it->first; });
    if (!used) ended.push_back(std::move(it->second));
    it = used ? std::next(it) : tables_.erase(it);
  }
}

std::string TopicTables::health() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [declaration, table] : tables_) {
    const std::string trouble = table->figures().trouble;
    if (!trouble.empty()) return named(table->declaration()) + ": " + trouble;
  }
  return trouble_;
}

std::vector<metrics::TableMetrics> TopicTables::figures() const {
  std::vector<metrics::TableMetrics> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [declaration, table] : tables_) {
    const auto f = table->figures();
    out.push_back({rule::name_of_table(declaration), static_cast<uint64_t>(f.rows), f.rejected});
  }
  return out;
}

}  // namespace tocsin::cli
