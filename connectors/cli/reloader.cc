#include "connectors/cli/reloader.h"

#include "connectors/cli/clocks.h"
#include "connectors/cli/log.h"
#include "connectors/cli/rule_edits.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

rule::Diagnostic warning(const rule::Rule& rule, std::string code, std::string en, std::string zh) {
  rule::Diagnostic d;
  d.level = rule::Diagnostic::Level::kWarning;
  d.file = rule.file;
  d.line = rule.line;
  d.code = std::move(code);
  d.en = std::move(en);
  d.zh = std::move(zh);
  return d;
}

}  // namespace

void tell_warm_up(const RuleWarmUp& warm_up, const rule::RuleSet& rules, std::vector<rule::Diagnostic>& out) {
  const RuleWarmUp::Figures& f = warm_up.figures();
  const std::string& trouble = warm_up.trouble();
  const std::string since = f.back_to == kNoTime ? "nothing" : format_time(f.back_to);
  if (trouble.empty()) {
    log::info({"warm_up rules=", std::to_string(rules.rules().size()), " seconds=", log::decimals(f.seconds, 2),
               " records=", std::to_string(f.records), " keys=", std::to_string(f.keys), " since=", since,
               " whole=", f.whole ? "true" : "false"});
  } else {
    log::warn({"warm_up rules=", std::to_string(rules.rules().size()), " result=failed reason=\"", trouble,
               "\"; they begin anew"});
  }
  for (const rule::Rule& r : rules.rules()) {
    if (!trouble.empty()) {
      out.push_back(warning(r, "begins-anew",
                            "`" + r.id + "` knows nothing of what was before: the log could not be read: " + trouble,
                            "`" + r.id + "` 不知道此前发生的事：日志未能读取：" + trouble));
    } else if (!f.whole) {
      out.push_back(
          warning(r, "short-past",
                  "`" + r.id + "` knows the log only since " + since +
                      ", less than it looks back on; give more time by limits.warm_up in the config",
                  "`" + r.id + "` 只读到 " + since + " 以来的日志，比它要看的短；可在配置中放宽 limits.warm_up"));
    }
  }
}

void Reloader::request(http::Completion<http::ReloadResult> done) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(done));
}

void Reloader::step(std::atomic<bool>& signalled) {
  const uint64_t began = steady_ns();
  if (reload_) {
    reload_->step_began = began;
    go_on();
  } else {
    bool requested = signalled.exchange(false);
    {
      const std::lock_guard lock(mutex_);
      requested = requested || !requests_.empty();
    }
    if (!requested) return;
    reload_ = Reload{};
    reload_->step_began = began;
    begin();
  }
  if (reload_) reload_->paused += steady_ns() - began;
}

void Reloader::begin() {
  std::vector<http::Completion<http::ReloadResult>> requests;
  {
    const std::lock_guard lock(mutex_);
    requests.swap(requests_);
  }
  reload_->over = [this, requests = std::move(requests)](const Status& status, uint64_t paused_ns) {
    answer(status, paused_ns, requests);
  };
  auto rules = compile_rules(parts_.inputs, reload_->diagnostics);
  if (!rules) return end(rules.error());
  warn_of_edits(parts_.engine.rules(), **rules, reload_->diagnostics);
  go_over_to(*std::move(rules));
}

void Reloader::bring(std::shared_ptr<const rule::RuleSet> rules, Over over) {
  reload_ = Reload{};
  reload_->step_began = steady_ns();
  reload_->over = std::move(over);
  go_over_to(std::move(rules));
  reload_->paused += steady_ns() - reload_->step_began;
}

void Reloader::go_over_to(std::shared_ptr<const rule::RuleSet> rules) {
  const auto fresh = parts_.engine.to_warm_up(*rules);
  reload_->rules = std::move(rules);
  if (fresh != nullptr) reload_->warm_up = parts_.warm_up(fresh);
  if (reload_->warm_up == nullptr) return prepare();
  reload_->warm_up->start();
}

// What has changed since the last checkpoint goes with the next commit, as it would before long; the swap is left with
// what changes meanwhile.
void Reloader::prepare() {
  parts_.engine.request_checkpoint();
  reload_->prepared = true;
}

void Reloader::go_on() {
  if (reload_->warm_up == nullptr) return end(parts_.engine.swap_rules(reload_->rules, nullptr));
  RuleWarmUp& warm_up = *reload_->warm_up;
  if (!warm_up.done()) return warm_up.stand_at(parts_.engine);
  if (!reload_->prepared && warm_up.trouble().empty()) {
    prepare();
    warm_up.stand_at(parts_.engine);
    return warm_up.start();
  }
  const auto warm = warm_up.finish(parts_.engine);
  if (warm == nullptr && warm_up.trouble().empty()) return warm_up.start();
  tell_warm_up(warm_up, *parts_.engine.to_warm_up(*reload_->rules), reload_->diagnostics);
  end(parts_.engine.swap_rules(reload_->rules, warm.get()));
}

void Reloader::end(const Status& status) {
  const Over over = std::move(reload_->over);
  over(status, reload_->paused + steady_ns() - reload_->step_began);
  reload_.reset();
}

void Reloader::answer(const Status& status, uint64_t paused_ns,
                      const std::vector<http::Completion<http::ReloadResult>>& requests) {
  http::ReloadResult result;
  result.applied = status.is_ok();
  if (!status && reload_->diagnostics.empty()) {  // no fault of a rule: the files, or the engine
    rule::Diagnostic d;
    d.code = "reload";
    d.en = d.zh = status.error().message;
    reload_->diagnostics.push_back(std::move(d));
  }
  result.diagnostics = diagnostics_json(reload_->diagnostics);
  result.rules = parts_.engine.rules().rules().size();
  if (result.applied) {
    log::info({"reload rules=", std::to_string(result.rules),
               " result=applied pause=", log::decimals(static_cast<double>(paused_ns) / 1e9, 3)});
  } else {
    log::error(
        {"reload result=refused rules=", std::to_string(result.rules), " reason=\"", status.error().message, "\""});
  }
  parts_.finished(result);
  for (const auto& done : requests) done(result);
}

}  // namespace tocsin::cli
