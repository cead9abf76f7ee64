// tocsin test: the unit tests that rule packs carry, each on an engine of its own in memory.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "rule/rule_tests.h"

namespace tocsin::cli {
namespace {

struct Ran {
  const rule::RuleTest* test;
  rule::TestOutcome outcome;
};

// Feeds the given events in the order of the file, then lets time go on to `by`; answers what was published.
Result<std::vector<std::string>> publish(const rule::RuleTest& test, std::shared_ptr<const rule::RuleSet> rules,
                                         const TimeZone& zone, runtime::Decoder& decoder) {
  runtime::Engine::Options options;
  options.zone = zone;
  auto engine = runtime::Engine::open(options, std::move(rules), nullptr, nullptr);
  if (!engine) return engine.error();
  const uint32_t partition = (*engine)->add_partition("test", 0);
  std::vector<std::string> published;
  const auto commit = [&]() -> Status {
    auto out = (*engine)->commit();
    if (!out) return out.error();
    for (const runtime::Outgoing& o : *out) published.emplace_back(o.json);
    return {};
  };
  Arena arena(16 * 1024);
  std::string padded;
  for (size_t i = 0; i < test.given.size(); ++i) {
    arena.reset();
    padded.assign(test.given[i]).append(64, '\0');
    Event event;
    runtime::Rejection why;
    if (!decoder.decode({padded.data(), test.given[i].size()}, arena, event, why)) {
      return invalid("given event " + std::to_string(i + 1) + " is not an event: " + why.message);
    }
    (*engine)->accept(event, partition, i + 1, kNoTime);
    if (auto s = commit(); !s) return s.error();
  }
  (*engine)->advance_to(test.start + test.by + 1);
  if (auto s = commit(); !s) return s.error();
  return published;
}

bool opened(const std::vector<std::string>& published, const std::string& rule) {
  return std::ranges::any_of(published, [&](const std::string& json) {
    return json.find("\"rule\":\"" + rule + "\"") != std::string::npos &&
           json.find("tocsin.alert.opened") != std::string::npos;
  });
}

struct Bench {
  std::span<const rule::SourceFile> files;
  rule::LoadOptions options;
  std::shared_ptr<const rule::RuleSet> rules;
  runtime::Decoder& decoder;
};

// How near the rule came: the first of its weaker conditions under which it opens an alert.
std::string nearest(const rule::RuleTest& test, const Bench& bench) {
  for (const rule::NearMiss& miss : rule::near_misses(bench.files, test.rule, test.given)) {
    rule::LoadOptions options = bench.options;
    options.fire_instead[test.rule] = miss.fire;
    if (miss.steps) options.steps_instead[test.rule] = *miss.steps;
    std::vector<rule::Diagnostic> ignored;
    auto weaker = rule::RuleSet::load(bench.files, options, ignored);
    if (weaker == nullptr) continue;
    auto published = publish(test, weaker, bench.options.zone, bench.decoder);
    if (published && opened(*published, test.rule)) {
      return language() == rule::Language::kChinese ? miss.text_zh : miss.text;
    }
  }
  return {};
}

rule::TestOutcome run_one(const rule::RuleTest& test, const Bench& bench);

// Under the rows that the test itself gives its tables.
rule::TestOutcome run_with_tables(rule::RuleTest test, const Bench& bench) {
  auto files = rule::with_tables(bench.files, test);
  if (!files) return {false, "  " + files.error().message + "\n"};
  std::vector<rule::Diagnostic> faults;
  auto rules = rule::RuleSet::load(*files, bench.options, faults);
  if (rules == nullptr) {
    std::string text;
    for (const rule::Diagnostic& d : faults) text += rule::render(d, language(), false);
    return {false, text};
  }
  test.tables.clear();
  return run_one(test, {*files, bench.options, std::move(rules), bench.decoder});
}

rule::TestOutcome run_one(const rule::RuleTest& test, const Bench& bench) {
  if (!test.tables.empty()) return run_with_tables(test, bench);
  auto published = publish(test, bench.rules, bench.options.zone, bench.decoder);
  if (!published) return {false, "  " + published.error().message + "\n"};
  rule::TestOutcome outcome = rule::judge(test, *published, {}, language());
  if (outcome.passed || opened(*published, test.rule)) return outcome;
  return rule::judge(test, *published, nearest(test, bench), language());
}

int report(const std::vector<Ran>& ran, bool json) {
  size_t failed = 0;
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("tests").begin_array();
  for (const Ran& r : ran) {
    failed += r.outcome.passed ? 0 : 1;
    w.begin_object().field("rule", r.test->rule).field("name", r.test->name).field("file", r.test->file);
    w.key("line").integer(r.test->line).key("passed").boolean(r.outcome.passed);
    if (!r.outcome.passed) w.field("difference", r.outcome.text);
    w.end_object();
    if (!json && !r.outcome.passed) {
      std::cout << (language() == rule::Language::kChinese ? "未通过 " : "FAIL ") << r.test->rule << ": "
                << r.test->name << " (" << r.test->file << ':' << r.test->line << ")\n"
                << r.outcome.text;
    }
  }
  w.end_array().key("passed").unsigned_integer(ran.size() - failed).key("failed").unsigned_integer(failed).end_object();
  if (json)
    std::cout << out << '\n';
  else if (language() == rule::Language::kChinese)
    std::cout << "通过 " << ran.size() - failed << " 个，未通过 " << failed << " 个\n";
  else
    std::cout << ran.size() - failed << " passed, " << failed << " failed\n";
  return failed == 0 ? kWell : kFound;
}

int test(const RuleInputs& inputs, const std::string& only, bool json) {
  auto found = rule_sources(inputs);
  if (!found) return fail(found.error());
  const std::vector<rule::SourceFile>& sources = *found;
  auto zone = TimeZone::load(inputs.zone);
  if (!zone) return fail(zone.error());
  if (sources.empty())
    return fail(kUsage, "no rule file (a YAML file with the key `rules:`) in what was named",
                "所给路径中没有规则文件（顶层键为 `rules:` 的 YAML 文件）");
  auto options = load_options(inputs);
  if (!options) return fail(options.error());
  options->include_off = true;
  options->vocabulary = std::make_shared<const rule::Vocabulary>();  // of no names: a test has the faults of a check
  std::vector<rule::Diagnostic> diagnostics;
  const auto rules = rule::RuleSet::load(sources, *options, diagnostics);
  if (rules == nullptr) {
    print(diagnostics);
    return fail(kFound, "the rules have faults; `tocsin check` shows them all",
                "规则有错误；`tocsin check` 可列出全部");
  }
  const std::vector<rule::RuleTest> tests = rule::read_rule_tests(sources, *zone, diagnostics);
  if (print(diagnostics) > 0) return fail(kFound, "the tests have faults", "测试有错误");
  auto decoder = make_decoder({.zone = *zone, .key = privacy_key_or_trial()});
  if (!decoder) return fail(decoder.error());
  const Bench bench{sources, *options, rules, **decoder};
  std::vector<Ran> ran;
  for (const rule::RuleTest& t : tests) {
    if (!only.empty() && t.rule != only) continue;
    ran.push_back({&t, run_one(t, bench)});
  }
  if (ran.empty()) return fail(kUsage, "no test in the rules given: nothing was tested", "所给规则没有测试，未作测试");
  return report(ran, json);
}

}  // namespace

void add_test(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("test", "Run the tests that stand beside the rules", "运行规则旁的测试");
  struct Options {
    RuleInputs inputs;
    std::string format = "text", only;
  };
  auto o = std::make_shared<Options>();
  command->add_option("PATH", o->inputs.paths, "rule files and folders")->required();
  command->add_option("--rule", o->only, "only this rule's tests");
  command->add_option("--calendar", o->inputs.calendar, "calendar of working time: a name or a file");
  command->add_option("--zone", o->inputs.zone, "civil time zone")->capture_default_str();
  add_format(*command, o->format);
  command->callback([o, &exit_code] { exit_code = test(o->inputs, o->only, o->format == "json"); });
}

}  // namespace tocsin::cli
