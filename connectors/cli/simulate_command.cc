// tocsin simulate: a synthetic feed on standard output, or played into a running service at a visible pace.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <thread>

#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/speed.h"
#include "connectors/http/client.h"
#include "connectors/simulate/simulate.h"

namespace tocsin::cli {
namespace {

struct SimulateOptions {
  std::string profile = "cixi", labels, start, speed = "max", post, token;
  int64_t events = 0, days = 0;
  uint64_t seed = 1;
};

// Lines to standard output, in large writes.
class Printer final : public simulate::EventSink {
 public:
  explicit Printer(double speed) : pace_(speed) {}
  Status event(TimeMs arrival, std::string_view line) override {
    if (pace_.ahead(arrival)) {
      if (auto s = flush(); !s) return s;
      pace_.wait(arrival);
    }
    buffer_ += line;
    return buffer_.size() < (1u << 20) ? Status() : flush();
  }
  Status flush() {
    const size_t n = std::fwrite(buffer_.data(), 1, buffer_.size(), stdout);
    const bool fine = n == buffer_.size() && std::fflush(stdout) == 0;
    buffer_.clear();
    return fine ? Status() : Status(unavailable("standard output was closed or is full"));
  }

 private:
  Pace pace_;
  std::string buffer_;
};

// Lines to a service's ingest, those of one step together.
class Poster final : public simulate::EventSink {
 public:
  Poster(http::Client& client, double speed) : client_(client), pace_(speed) {}
  Status event(TimeMs arrival, std::string_view line) override {
    if (pace_.ahead(arrival) || buffer_.size() > (1u << 20)) {
      if (auto s = flush(); !s) return s;
      pace_.wait(arrival);
    }
    buffer_ += line;
    return {};
  }
  Status flush() {
    if (buffer_.empty()) return {};
    auto answer = client_.post("/api/v1/events", "application/x-ndjson", buffer_);
    buffer_.clear();
    if (!answer) return answer.error();
    if (answer->status == 401 || answer->status == 403)
      return invalid("the service does not take events from you; give --token, or set TOCSIN_TOKEN: " + answer->body);
    if (answer->status != 202)
      return unavailable("the service answered " + std::to_string(answer->status) + ": " + answer->body);
    return {};
  }

 private:
  http::Client& client_;
  Pace pace_;
  std::string buffer_;
};

class LabelFile final : public simulate::LabelSink {
 public:
  explicit LabelFile(FILE* file) : file_(file) {}
  Status label(std::string_view line) override {
    if (file_ != nullptr && std::fwrite(line.data(), 1, line.size(), file_) != line.size()) {
      return exhausted("the labels could not be written: " + std::string(std::strerror(errno)));
    }
    return {};
  }

 private:
  FILE* file_;
};

int simulate_to(const SimulateOptions& o, const simulate::Profile& profile, const simulate::Options& options,
                FILE* labels) {
  LabelFile label_sink(labels);
  auto speed = parse_speed(o.speed);
  if (!speed) return fail(speed.error());
  if (o.post.empty()) {
    Printer printer(*speed);
    auto done = simulate::simulate(options, profile, printer, label_sink);
    if (!done) return fail(done.error());
    if (auto s = printer.flush(); !s) return fail(s.error());
    return kWell;
  }
  auto client = http::Client::parse(o.post);
  if (!client) return fail(client.error());
  client->set_token(o.token);
  Poster poster(*client, *speed);
  auto done = simulate::simulate(options, profile, poster, label_sink);
  if (!done) return fail(done.error());
  if (auto s = poster.flush(); !s) return fail(s.error());
  std::cerr << done->lines << " events sent to " << o.post << '\n';
  return kWell;
}

int run_simulate(const SimulateOptions& o) {
  auto path = resolve(o.profile, "profiles");
  if (!path) return fail(path.error());
  auto profile = simulate::load_profile(*path);
  if (!profile) return fail(profile.error());
  simulate::Options options;
  options.events = o.events;
  options.days = o.days;
  options.seed = o.seed;
  if (!o.start.empty()) {
    auto zone = TimeZone::load("Asia/Shanghai");
    const auto t = parse_time(o.start, zone ? *zone : TimeZone::utc());
    if (!t) return fail(kUsage, "--start: \"" + o.start + "\" is not an RFC 3339 time");
    options.start = *t;
  }
  std::unique_ptr<FILE, int (*)(FILE*)> labels(nullptr, std::fclose);
  if (!o.labels.empty()) {
    labels.reset(std::fopen(o.labels.c_str(), "w"));
    if (labels == nullptr) return fail(kUsage, o.labels + ": " + std::strerror(errno));
  }
  return simulate_to(o, *profile, options, labels.get());
}

}  // namespace

void add_simulate(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("simulate", "Write a synthetic feed of a county, with planted risks",
                                     "生成一个县市的模拟数据，内含预设风险");
  auto o = std::make_shared<SimulateOptions>();
  command->add_option("--profile", o->profile, "a name in rules/profiles, or a file")->capture_default_str();
  command->add_option("--events", o->events, "grid reports (default: the profile's figure)");
  command->add_option("--days", o->days, "length (default: the profile's)");
  command->add_option("--seed", o->seed, "same seed, same bytes")->capture_default_str();
  command->add_option("--start", o->start, "first day, RFC 3339 (default: the profile's)");
  command->add_option("--labels", o->labels, "write the planted risks here, one JSON object a line");
  command->add_option("--speed", o->speed, "max, or a multiple of real time such as 60x")->capture_default_str();
  command->add_option("--post", o->post, "play into a running service, e.g. http://127.0.0.1:8080");
  command->add_option("--token", o->token, "with --post: of an admin, where the service has tokens (or TOCSIN_TOKEN)")
      ->envname("TOCSIN_TOKEN");
  command->callback([o, &exit_code] { exit_code = run_simulate(*o); });
}

}  // namespace tocsin::cli
