// tocsin eval: one expression, or a batch of requests, for people and tests.
#include <fstream>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "expr/eval_json.h"

namespace tocsin::cli {
namespace {

struct EvalOptions {
  std::string expr, bindings, event, batch;
};

int run_batch(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return fail(kUsage, path + ": " + std::strerror(errno));
  }
  std::istream& in = path == "-" ? std::cin : file;
  size_t lines = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    ++lines;
    std::cout << expr::eval_request(line) << '\n';
  }
  return lines == 0 ? fail(kUsage, path + ": no request in it") : kWell;
}

int run_one(const EvalOptions& o) {
  expr::EvalInput input;
  input.expression = o.expr;
  input.bindings = o.bindings;
  auto zone = TimeZone::load("Asia/Shanghai");
  if (zone) input.zone = *zone;
  Event event;
  Arena arena(16 * 1024);
  std::string text;
  if (!o.event.empty()) {
    auto read = read_text(o.event == "-" ? "/dev/stdin" : o.event);
    if (!read) return fail(read.error());
    text = std::move(*read);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    const size_t size = text.size();
    text.append(64, '\0');
    auto decoder = make_decoder({.zone = input.zone, .key = privacy_key_or_trial()});
    if (!decoder) return fail(decoder.error());
    runtime::Rejection why;
    if (!(*decoder)->decode({text.data(), size}, arena, event, why)) return fail(kUsage, o.event + ": " + why.message);
    input.event = &event;
  }
  const expr::EvalOutcome answer = expr::evaluate_expression(input);
  std::cout << answer.json << '\n';
  for (const expr::Fault& f : answer.faults) {
    std::cerr << "1:" << f.begin + 1 << ": error: " << (language() == rule::Language::kChinese ? f.zh : f.en);
    if (!f.hint.empty()) std::cerr << " (" << f.hint << ')';
    std::cerr << '\n';
  }
  return answer.ok ? kWell : kFound;
}

}  // namespace

void add_eval(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("eval", "Evaluate an expression", "计算一个表达式");
  auto o = std::make_shared<EvalOptions>();
  auto* expr = command->add_option("--expr", o->expr, "the expression");
  command->add_option("--bindings", o->bindings, "JSON object: variable → tagged value, e.g. {\"x\": {\"int\": 1}}");
  command->add_option("--event", o->event, "a file with one canonical event: its fields are variables");
  auto* batch = command->add_option("--batch", o->batch, "requests, one JSON object a line; - is standard input");
  expr->excludes(batch);
  command->callback([o, &exit_code] {
    if (o->expr.empty() && o->batch.empty()) {
      exit_code = fail(kUsage, "eval needs --expr or --batch");
      return;
    }
    exit_code = o->batch.empty() ? run_one(*o) : run_batch(o->batch);
  });
}

}  // namespace tocsin::cli
