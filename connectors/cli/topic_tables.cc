#include "connectors/cli/topic_tables.h"

#include <algorithm>

#include "connectors/cli/clocks.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/log.h"

namespace tocsin::cli {
namespace {

constexpr size_t kMostTables = 64;
constexpr uint64_t kMs = 1'000'000;  // nanoseconds
constexpr uint64_t kTend = 1'000 * kMs;
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
  auto& [table, asked] = tables_[declaration.text];
  asked = steady_ns();
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
    const std::string then = whole.error().code == Code::kUnavailable
                                 ? "; start the broker, or correct `kafka:` in the config"
                             : whole.error().code == Code::kExhausted ? "; it is read on: try again in a moment"
                                                                      : "";
    return Error{whole.error().code, named(declaration) + ": " + whole.error().message + then};
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
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [declaration, followed] : tables_) now[declaration] = followed.table->text();
  }
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

std::shared_ptr<const rule::RuleSet> TopicTables::step(const rule::RuleSet& in_force, const rule::LoadOptions& load) {
  const uint64_t began = steady_ns();
  if (began - tended_ >= kTend) {
    tended_ = began;
    let_go(in_force, of_.kept);
  }
  if (began < not_before_) return nullptr;
  const auto files = newer(in_force);
  if (!files) {  // after a refusal this is asked anew: then what was refused is gone
    const std::lock_guard lock(mutex_);
    trouble_.clear();
    return nullptr;
  }
  auto rules = recompile(load)(*files);
  compiling_ = steady_ns() - began;
  if (rules) return *std::move(rules);
  brought(rules.error(), 0);
  return nullptr;
}

void TopicTables::brought(const Status& status, uint64_t paused_ns) {
  const uint64_t took = compiling_ + paused_ns;
  not_before_ = steady_ns() + std::max(took * kShare, static_cast<uint64_t>(of_.refresh) * kMs);
  if (status) {
    log::info({"tables result=applied pause=", log::decimals(static_cast<double>(took) / 1e9, 3)});
  } else {
    log::error({"tables result=refused reason=\"", status.error().message, "\"; the rows before stay in force"});
    looked_at_.clear();  // it is tried again
  }
  const std::lock_guard lock(mutex_);
  trouble_ = status ? std::string() : status.error().message;
}

void TopicTables::reloaded(const rule::RuleSet& in_force) {
  looked_at_.clear();
  let_go(in_force, 0);
  const std::lock_guard lock(mutex_);
  trouble_.clear();
}

void TopicTables::let_go(const rule::RuleSet& in_force, DurationMs kept) {
  std::erase_if(leaving_, [](const auto& table) { return table->over(); });
  const uint64_t now = steady_ns();
  const std::lock_guard lock(mutex_);
  std::erase_if(tables_, [&](const auto& entry) {
    const auto& followed = entry.second;
    const auto is_it = [&entry](const rule::SourceFile& f) { return f.text == entry.first; };
    if (std::ranges::any_of(in_force.files(), is_it)) return false;
    if (now - followed.asked < static_cast<uint64_t>(kept) * kMs) return false;
    followed.table->end();
    leaving_.push_back(followed.table);
    return true;
  });
}

void TopicTables::end() {
  const std::lock_guard lock(mutex_);
  for (const auto& [declaration, followed] : tables_) followed.table->end();
}

std::string TopicTables::health() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [declaration, followed] : tables_) {
    const std::string trouble = followed.table->figures().trouble;
    if (!trouble.empty()) return named(followed.table->declaration()) + ": " + trouble;
  }
  return trouble_;
}

std::vector<metrics::TableMetrics> TopicTables::figures() const {
  std::vector<metrics::TableMetrics> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [declaration, followed] : tables_) {
    const auto f = followed.table->figures();
    out.push_back({rule::name_of_table(declaration), static_cast<uint64_t>(f.rows), f.rejected});
  }
  return out;
}

}  // namespace tocsin::cli
