#include "connectors/cli/rule_desk.h"

#include <algorithm>
#include <iterator>

#include "base/json_writer.h"
#include "connectors/cli/check_names.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/ingest.h"
#include "connectors/file/log_span_source.h"
#include "rule/rule_tests.h"
#include "rule/yaml_file.h"

namespace tocsin::cli {
namespace {

using Kind = rule::SourceFile::Kind;
constexpr size_t kTrialsWaiting = 1;
constexpr char kUnnamed[] = "rule.yaml";

// Leaves out what lies outside a span of event time.
class SpanDecoder final : public runtime::Decoder {
 public:
  SpanDecoder(runtime::Decoder& inner, TimeMs from, TimeMs until) : inner_(inner), from_(from), until_(until) {}
  bool decode(std::string_view payload, Arena& arena, Event& out, runtime::Rejection& why) override {
    if (!inner_.decode(payload, arena, out, why)) return false;
    if (out.occurred_at >= from_ && out.occurred_at < until_) return true;
    why = {"skipped", ""};
    return false;
  }
  std::string masked(std::string_view payload) const override { return inner_.masked(payload); }
  DurationMs lateness() const override { return inner_.lateness(); }
  std::string_view source_name() const override { return inner_.source_name(); }

 private:
  runtime::Decoder& inner_;
  const TimeMs from_, until_;
};

std::vector<std::string> ids_of(const std::string& text) {
  std::vector<std::string> out;
  std::vector<rule::Diagnostic> ignored;
  const auto document = rule::yaml::Document::parse(kUnnamed, text, ignored);
  const rule::yaml::Node* list = document == nullptr ? nullptr : document->root().find("rules");
  if (list == nullptr) return out;
  for (const rule::yaml::Node& node : list->items) {
    if (const auto* id = node.find("id"); id != nullptr && id->is_scalar()) out.push_back(id->value);
  }
  return out;
}

std::string diagnostic_json(const rule::Diagnostic& d, bool chinese) {
  std::string out;
  JsonWriter w(out);
  const auto in = [&](const std::string& zh, const std::string& en) { return chinese && !zh.empty() ? zh : en; };
  w.begin_object().field("severity", d.level == rule::Diagnostic::Level::kError ? "error" : "warning");
  w.field("code", d.code).field("message", in(d.zh, d.en)).field("file", d.file);
  w.field("line", int64_t{d.line}).field("column", int64_t{d.column}).field("length", int64_t{d.length});
  w.field("snippet", d.snippet).field("hint", in(d.hint_zh, d.hint_en)).end_object();
  return out;
}

Error faulty(const std::vector<rule::Diagnostic>& diagnostics, bool chinese) {
  for (const rule::Diagnostic& d : diagnostics) {
    if (d.level != rule::Diagnostic::Level::kError) continue;
    return invalid(d.file + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) + ": " +
                   (chinese && !d.zh.empty() ? d.zh : d.en));
  }
  return invalid("the rules have faults");
}

rule::Diagnostic not_rules(const std::string& path) {
  rule::Diagnostic d;
  d.file = path;
  d.line = d.column = 1;
  d.code = "no-rules";
  d.en = "this is no rule file: its top key must be `rules` (or `policies`)";
  d.zh = "这不是规则文件：顶层键应为 rules（或 policies）";
  return d;
}

bool has_faults(const std::vector<rule::Diagnostic>& diagnostics, const std::string& path) {
  return std::ranges::any_of(diagnostics, [&](const rule::Diagnostic& d) {
    return d.level == rule::Diagnostic::Level::kError && d.file == path;
  });
}

// A fault that a text makes in another file, told at the text's beginning.
rule::Diagnostic broken_elsewhere(rule::Diagnostic d, const std::string& path) {
  const std::string where = d.file + ":" + std::to_string(d.line);
  d.en = "this breaks " + where + ": " + d.en;
  d.zh = "这会使 " + where + " 出错：" + d.zh;
  d.file = path;
  d.line = d.column = d.length = 1;
  d.snippet.clear();
  return d;
}

bool is_in(const std::vector<rule::SourceFile>& files, const std::string& path) {
  return std::ranges::any_of(files, [&](const auto& f) { return f.kind == Kind::kRules && f.path == path; });
}

// The texts in force with this one in the place of the file of its name; where there is none, beside those that define
// none of its rules.
std::vector<rule::SourceFile> with_text(const std::vector<rule::SourceFile>& files, const rule::SourceFile& file) {
  std::vector<rule::SourceFile> out;
  const bool known = is_in(files, file.path);
  if (!known) out.push_back(file);
  const std::vector<std::string> own = known ? std::vector<std::string>() : ids_of(file.text);
  for (const rule::SourceFile& other : files) {
    if (other.kind != Kind::kRules) {
      out.push_back(other);
    } else if (known) {
      out.push_back(other.path == file.path ? file : other);
    } else if (std::ranges::find_first_of(own, ids_of(other.text)) == own.end()) {
      out.push_back(other);
    }
  }
  return out;
}

}  // namespace

RuleDesk::RuleDesk(Setup setup, Worker& worker) : setup_(std::move(setup)), worker_(worker), trials_(kTrialsWaiting) {
  for (const std::string& path : setup_.areas) {
    if (const auto text = read_text(path)) static_cast<void>(area_names_.load_csv(*text, path).is_ok());
  }
  std::vector<rule::Diagnostic> ignored;  // `tocsin check` tells them
  vocabulary_ = std::make_shared<const rule::Vocabulary>(known_names({}, ignored));
}

RuleDesk::~RuleDesk() { stopping_ = true; }

void RuleDesk::set_rules(std::shared_ptr<const rule::RuleSet> rules) {
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
}

std::shared_ptr<const rule::RuleSet> RuleDesk::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

// A feed has a lateness of its own, which is part of what a rule is: the same as `tocsin backtest` takes.
Result<rule::LoadOptions> RuleDesk::options() const {
  RuleInputs inputs = setup_.inputs;
  if (!setup_.backtest.feed.empty()) {
    const auto decoder = make_decoder({.feed = setup_.backtest.feed, .zone = setup_.zone, .key = setup_.key});
    if (!decoder) return decoder.error();
    inputs.lateness = (*decoder)->lateness();
  }
  return load_options(inputs);
}

void RuleDesk::check_with_others(const rule::SourceFile& file, const rule::LoadOptions& load,
                                 std::vector<rule::Diagnostic>& found) const {
  const auto in_force = rules();  // a reload may put others in their place meanwhile
  const auto& files = in_force->files();
  std::vector<rule::Diagnostic> all;
  (void)rule::RuleSet::load(with_text(files, file), load, all);
  const auto elsewhere = [&](const rule::Diagnostic& d) { return d.file != file.path; };
  const auto breaks = [&](const rule::Diagnostic& d) {
    return elsewhere(d) && d.level == rule::Diagnostic::Level::kError;
  };
  std::ranges::remove_copy_if(all, std::back_inserter(found), elsewhere);
  (void)rule::read_rule_tests({&file, 1}, load.zone, found, vocabulary_.get());
  // What others miss for a fault of the text itself goes with that fault. A text that is nobody's file may define again
  // some rules of several files: what others miss then says nothing of it.
  if (!is_in(files, file.path) || has_faults(found, file.path) || std::ranges::none_of(all, breaks)) return;
  std::vector<rule::Diagnostic> before;
  (void)rule::RuleSet::load(files, load, before);
  for (const rule::Diagnostic& d : all) {
    const auto same = [&](const rule::Diagnostic& o) {
      return o.file == d.file && o.line == d.line && o.code == d.code && o.en == d.en;
    };
    if (breaks(d) && std::ranges::none_of(before, same)) found.push_back(broken_elsewhere(d, file.path));
  }
}

Result<std::string> RuleDesk::check_now(const http::RuleText& text) const {
  const rule::SourceFile file{text.file.empty() ? kUnnamed : text.file, text.text};
  std::vector<rule::Diagnostic> found;
  const FileKind kind = kind_of(text.text);
  if (kind != FileKind::kRules && kind != FileKind::kPolicies) {
    found.push_back(not_rules(file.path));
  } else {
    auto load = options();
    if (!load) return load.error();
    load->vocabulary = vocabulary_;
    check_with_others(file, *load, found);
  }
  std::string out;
  JsonWriter w(out);
  const auto faults = std::ranges::count(found, rule::Diagnostic::Level::kError, &rule::Diagnostic::level);
  w.begin_object().key("faults").integer(faults).key("diagnostics").begin_array();
  for (const rule::Diagnostic& d : found) w.raw(diagnostic_json(d, text.chinese));
  w.end_array().end_object();
  return out;
}

void RuleDesk::check(http::RuleText text, http::Completion<std::string> done) {
  const bool taken = worker_.submit([this, text = std::move(text), done](bool cancelled) {
    done(cancelled ? Result<std::string>(unavailable("the service is stopping")) : check_now(text));
  });
  if (!taken) done(exhausted("as much as can be checked at once is waiting; try again in a moment"));
}

void RuleDesk::backtest(http::BacktestRequest request, http::Completion<std::string> done) {
  const bool taken = trials_.submit([this, request = std::move(request), done](bool cancelled) {
    done(cancelled ? Result<std::string>(unavailable("the service is stopping")) : run(request));
  });
  if (!taken) done(exhausted("one backtest runs and one waits; try again when they are done"));
}

Result<backtest::Trial> RuleDesk::trial(const http::BacktestRequest& request, const rule::LoadOptions& load) const {
  std::vector<rule::Diagnostic> diagnostics;
  auto sources = rules()->files();
  if (!request.text.empty()) sources = with_text(sources, {kUnnamed, request.text});
  auto set = rule::RuleSet::load(sources, load, diagnostics);
  if (set == nullptr && !request.text.empty() && !has_faults(diagnostics, kUnnamed)) {
    // Others miss rules that the text leaves out: it is tried without them.
    std::erase_if(sources, [](const rule::SourceFile& f) { return f.kind == Kind::kRules && f.path != kUnnamed; });
    diagnostics.clear();
    set = rule::RuleSet::load(sources, load, diagnostics);
  }
  if (set == nullptr) return faulty(diagnostics, request.chinese);
  if (!request.set.empty()) {
    const auto sweep = backtest::parse_sweep(request.set);
    if (!sweep) return sweep.error();
    if (request.against && sweep->values.size() > 1) return invalid("against compares two versions: set one value");
    diagnostics.clear();
    auto swept = backtest::sweep(sources, load, *sweep, diagnostics);
    return swept || diagnostics.empty() ? std::move(swept) : faulty(diagnostics, request.chinese);
  }
  auto whole = backtest::trial_of(set);
  if (!request.rule.empty()) {
    whole = backtest::only(whole, request.rule);
    if (whole.columns.empty()) return not_found("there is no rule " + request.rule);
  } else if (!request.text.empty()) {
    whole = backtest::only(whole, ids_of(request.text));
    if (whole.columns.empty()) return not_found("no rule is switched on in the text");
  }
  return whole;
}

Result<std::optional<backtest::Labels>> RuleDesk::labels() const {
  std::string text;
  if (!setup_.backtest.labels.empty()) {
    auto file = read_text(setup_.backtest.labels);
    if (!file) return file.error();
    text = *std::move(file);
    if (!text.empty() && text.back() != '\n') text += '\n';
  }
  text += setup_.outcomes();
  std::optional<backtest::Labels> out;
  if (text.empty()) return out;
  auto parsed = backtest::Labels::parse(text, setup_.backtest.labels, setup_.zone);
  if (!parsed) return parsed.error();
  out = *std::move(parsed);
  return out;
}

Result<backtest::Ran> RuleDesk::run_once(const backtest::Trial& trial, const http::BacktestRequest& request,
                                         const backtest::Labels* labels, bool keep_events) const {
  DecoderRequest reading{.feed = setup_.backtest.feed,
                         .zone = setup_.zone,
                         .lateness = setup_.inputs.lateness,
                         .key = setup_.key,
                         .sources = setup_.known_sources,
                         .trusted = setup_.backtest.input.empty(),
                         .areas = setup_.areas};
  std::unique_ptr<FileInput> input;
  std::unique_ptr<file::LogSpanSource> kept;
  std::vector<std::unique_ptr<runtime::Decoder>> decoders;
  backtest::Log log;
  if (setup_.backtest.input.empty()) {
    reading.feed.clear();
    auto made = make_decoder(reading);
    if (!made) return made.error();
    decoders.push_back(std::make_unique<IngestDecoder>(std::move(*made), setup_.inputs.lateness));
    kept = std::make_unique<file::LogSpanSource>(setup_.log, kIngestTopic);
    log.source = kept.get();
    log.decoder = [&](uint32_t) { return decoders.front().get(); };
  } else {
    auto opened = FileInput::open(setup_.backtest.input, reading, false);
    if (!opened) return opened.error();
    input = std::move(*opened);
    log.source = &input->source();
    log.decoder = [&](uint32_t partition) { return input->decoder(partition); };
    log.before_reading = [&] { return input->read_headers(); };
  }
  if (request.from != kNoTime || request.until != kNever) {
    log.decoder = [&, inner = log.decoder](uint32_t partition) {
      decoders.push_back(std::make_unique<SpanDecoder>(*inner(partition), request.from, request.until));
      return decoders.back().get();
    };
  }
  backtest::RunOptions options;
  options.zone = setup_.zone;
  options.keep_events = keep_events;
  options.go_on = [&](uint64_t) { return !stopping_ && !(request.gone != nullptr && *request.gone); };
  auto ran = backtest::run(trial, log, labels, options);
  if (ran && ran->stopped) return unavailable("the backtest was stopped");
  return ran;
}

Result<std::string> RuleDesk::run(const http::BacktestRequest& request) const {
  auto load = options();
  if (!load) return load.error();
  auto here = trial(request, *load);
  if (!here) return here.error();
  auto truth = labels();
  if (!truth) return truth.error();
  const backtest::Labels* known = *truth ? &**truth : nullptr;
  auto ran = run_once(*here, request, known, request.against);
  if (!ran) return ran.error();
  const backtest::Report report = backtest::report(here->columns, ran->stories, ran->days(), known);
  backtest::Telling telling{*here, *ran, report, known};
  telling.areas = &area_names_;
  telling.zone = setup_.zone;
  backtest::Difference difference;
  std::optional<backtest::Trial> there;
  std::optional<backtest::Ran> other;
  if (request.against) {
    std::vector<std::string> compared;
    for (const backtest::Column& c : here->columns) compared.push_back(c.rule);
    there = backtest::only(backtest::trial_of(rules()), compared);
    auto second = run_once(*there, request, known, true);
    if (!second) return second.error();
    other = *std::move(second);
    difference = backtest::compare(here->columns, ran->stories, there->columns, other->stories);
    telling.difference = &difference;
    telling.against = "in force";
  }
  return backtest::to_json(telling);
}

}  // namespace tocsin::cli
