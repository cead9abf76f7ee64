// tocsin scorecard: areas and posts over a span of days, from files, a state directory or a running service.
#include <unistd.h>

#include <iostream>
#include <memory>

#include "connectors/cli/alert_line.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "connectors/cli/remote.h"
#include "connectors/cli/scorecard_text.h"
#include "event/area_table.h"
#include "runtime/pipeline.h"
#include "runtime/stored_score.h"
#include "score/asking.h"

namespace tocsin::cli {
namespace {

struct ScorecardOptions {
  RuleInputs rules;
  std::vector<std::string> inputs, areas;
  std::string state, url = "http://127.0.0.1:8080", token, feed, lateness = "10m", format = "text";
  std::string tier, area, from, to, channel, category, sort;
  bool places = false;
  size_t limit = 0, skip = 0, width = 0;
};

constexpr size_t kRows = 100;
constexpr size_t kRowsOfService = 1000;  // that it answers at once

// Names of areas for files and states: of the tables given, else of those that Tocsin ships.
score::NameOf names_of(const ScorecardOptions& o, AreaTable& table) {
  for (const std::string& path : area_tables(o.areas)) {
    const auto text = read_text(path);
    if (text) (void)table.load_csv(*text, path);  // without a name the code stands there
  }
  return [&table](std::string_view code) { return std::string(table.name(code)); };
}

Status read_day(const std::string& option, const std::string& text, std::optional<int64_t>& out) {
  if (text.empty()) return {};
  out = score::parse_day(text);
  return out ? Status() : invalid(option + ": \"" + text + "\" is not a day; write 2025-06-01");
}

Result<std::string> ask_places(const ScorecardOptions& o, const score::Keeper& keeper, const score::NameOf& names) {
  score::PlacesQuestion question;
  if (auto s = read_day("--from", o.from, question.from); !s) return s.error();
  if (auto s = read_day("--to", o.to, question.to); !s) return s.error();
  question.usual_days = 0;
  question.cut.area = o.area;
  question.cut.category = o.category;
  question.cut.limit = o.limit == 0 ? kRows : o.limit;
  return score::answer(keeper, question, names);
}

Result<std::string> ask(const ScorecardOptions& o, const score::Keeper& keeper) {
  AreaTable table;
  const score::NameOf names = names_of(o, table);
  if (o.places) return ask_places(o, keeper, names);
  score::CardQuestion question;
  if (auto s = read_day("--from", o.from, question.from); !s) return s.error();
  if (auto s = read_day("--to", o.to, question.to); !s) return s.error();
  question.usual_days = 0;
  question.cut.area = o.area;
  question.cut.channel = o.channel;
  question.cut.category = o.category;
  if (score::Tier tier{}; !o.tier.empty()) {
    if (!score::parse(o.tier, tier)) {
      return invalid("--tier: \"" + o.tier + "\" is none of " + score::tier_names());
    }
    question.cut.tier = tier;
  }
  if (!o.sort.empty() && !score::parse(o.sort, question.cut.order)) {
    return invalid("--sort: \"" + o.sort + "\" is none of " + score::order_names());
  }
  question.first = o.skip;
  question.limit = o.limit == 0 ? kRows : o.limit;
  return score::answer(keeper, question, names);
}

Result<std::string> of_files(ScorecardOptions o) {
  auto zone = TimeZone::load(o.rules.zone);
  if (!zone) return zone.error();
  auto lateness = parse_duration(o.lateness);
  if (!lateness) return lateness.error();
  auto input = FileInput::open(
      o.inputs, {.feed = o.feed, .zone = *zone, .lateness = *lateness, .key = privacy_key_or_trial(), .areas = o.areas},
      false);
  if (!input) return input.error();
  o.rules.lateness = (*input)->decoder(0)->lateness();
  std::shared_ptr<const rule::RuleSet> rules;
  if (o.rules.paths.empty()) {
    std::vector<rule::Diagnostic> none;
    rules = rule::RuleSet::load({}, {}, none);
    if (rules == nullptr) return internal("no rules at all do not load");
  } else {
    auto loaded = load_rules(o.rules);
    if (!loaded) return loaded.error();
    rules = *loaded;
  }
  runtime::Engine::Options options;
  options.zone = *zone;
  options.score = true;
  auto engine = runtime::Engine::open(options, rules, nullptr, nullptr);
  if (!engine) return engine.error();
  runtime::Publisher publisher(**engine);
  runtime::Pipeline pipeline(**engine, publisher, runtime::Pipeline::Options{}, nullptr);
  pipeline.add((*input)->source(), [&](uint32_t partition) { return (*input)->decoder(partition); });
  if (auto s = pipeline.open(); !s) return s.error();
  if (auto s = (*input)->read_headers(); !s) return s.error();
  for (;;) {
    auto state = pipeline.step();
    if (!state) return state.error();
    if (*state == runtime::Pipeline::State::kEnd) break;
  }
  if (auto s = pipeline.finish(0); !s) return s.error();
  for (const std::string& d : pipeline.damage()) std::cerr << "tocsin: error: " << d << '\n';
  if ((*engine)->score()->span().first < 0) return not_found("there is no event in the input");
  return ask(o, *(*engine)->score());
}

Result<std::string> of_state(const ScorecardOptions& o) {
  auto store = state::open_rocksdb_read_only(o.state);
  if (!store) return store.error();
  auto keeper = runtime::read_score(**store);
  if (!keeper) return keeper.error();
  return ask(o, **keeper);
}

Result<std::string> of_service(const ScorecardOptions& o) {
  if (o.limit > kRowsOfService) {
    return invalid(
        "--limit: a service answers at most 1000 rows at once; --skip 1000 gives the next ones, and --state "
        "all of them");
  }
  std::string target = o.places ? "/api/v1/scorecard/places" : "/api/v1/scorecard";
  char separator = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    target.append(1, separator).append(name).append("=").append(encoded(value));
    separator = '&';
  };
  add("area", o.area);
  add("from", o.from);
  add("to", o.to);
  add("category", o.category);
  if (!o.places) {
    add("tier", o.tier);
    add("channel", o.channel);
    add("sort", o.sort);
    if (o.skip != 0) add("cursor", std::to_string(o.skip));
  }
  if (o.limit != 0) add("limit", std::to_string(o.limit));
  return fetch({.url = o.url, .token = o.token, .format = o.format}, target);
}

int scorecard(const ScorecardOptions& o) {
  auto json = !o.inputs.empty() ? of_files(o) : !o.state.empty() ? of_state(o) : of_service(o);
  if (!json) return fail(json.error());
  if (o.format == "json") {
    std::cout << *json << '\n';
    return kWell;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(*json).get(answer) != simdjson::SUCCESS) return fail(kCannotGoOn, "the answer does not parse");
  const size_t columns = o.width != 0 ? o.width : std::max<size_t>(terminal_width(STDOUT_FILENO), 80);
  std::cout << (o.places ? places_text(answer, language(), columns) : card_text(answer, language(), columns));
  return kWell;
}

}  // namespace

void add_scorecard(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("scorecard", "How areas and posts did over a span of days: rates, times, alerts",
                                     "各区域、岗位一段日子的办理情况：比率、用时、告警");
  auto o = std::make_shared<ScorecardOptions>();
  auto* input =
      command->add_option("--input", o->inputs, "count these files: plain, gzip or zstd; - is standard input");
  auto* state = command->add_option("--state", o->state, "ask a state directory, also beside its service");
  auto* url = command->add_option("--url", o->url, "ask a running service")->capture_default_str();
  add_token(*command, o->token);
  input->excludes(state)->excludes(url);
  state->excludes(url);
  command->add_option(
      "--tier", o->tier,
      "rows by city, town, village, grid or duty (default: the tier below --area or the token's area; of "
      "the whole county its towns)");
  command->add_option("--area", o->area, "only this area code and what lies under it");
  command->add_option("--from", o->from, "first day, 2025-06-01 (default: the first that was counted)");
  command->add_option("--to", o->to, "last day (default: the last)");
  command->add_option("--channel", o->channel, "only what this source reported");
  command->add_option("--category", o->category, "only this category and what lies under it");
  command->add_option("--sort", o->sort,
                      "rank by disposal_rate (default), on_time_rate, reopened_rate, repeat_rate, response, closing, "
                      "satisfaction, events or first_reports");
  command->add_flag("--places", o->places, "list the places that suffer the same again and again");
  command->add_option("--limit", o->limit, "at most so many rows (default 100)")->between(1, 100'000);
  command->add_option("--skip", o->skip, "begin after so many rows");
  command->add_option("--rules", o->rules.paths, "with --input: also raise and count the alerts of these rules");
  command->add_option("--feed", o->feed, "with --input: how records become events (default: canonical events)");
  command->add_option("--calendar", o->rules.calendar, "with --rules: calendar of working time");
  command->add_option("--lateness", o->lateness, "with --input: allowed lateness")->capture_default_str();
  command->add_option("--areas", o->areas, "CSV files of area codes and names (default: those shipped)");
  command->add_option("--zone", o->rules.zone, "with --input: civil time zone of the days")->capture_default_str();
  command->add_option("--width", o->width, "columns of the text (default: the terminal's, else 80)");
  add_format(*command, o->format);
  command->callback([o, &exit_code] { exit_code = scorecard(*o); });
}

}  // namespace tocsin::cli
