// tocsin doctor: whether what a config needs is there, one line each.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/check_names.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/config.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/machine_figures.h"
#include "connectors/cli/receivers.h"
#include "time/format.h"

namespace tocsin::cli {
namespace fs = std::filesystem;
namespace {

constexpr TimeMs kThisWasWritten = 1'767'225'600'000;  // 2026-01-01: a clock before it was never set

struct Finding {
  std::string name;
  bool ok;
  std::string text;
  bool warning = false;  // worth a look, but no fault
};

// The directory itself, or the nearest one above it that exists.
fs::path existing(const std::string& directory) {
  std::error_code ec;
  fs::path p = fs::absolute(directory, ec);
  while (!fs::exists(p, ec) && p.has_parent_path() && p != p.parent_path()) p = p.parent_path();
  return p;
}

Finding check_disk(const std::string& directory) {
  std::error_code ec;
  const auto space = fs::space(existing(directory), ec);
  if (ec) return {"disk", false, directory + ": " + ec.message()};
  // A checkpoint writes what changed before it drops the old: room for twice the state.
  constexpr double kGib = 1u << 30;
  const metrics::DiskMetrics disk = disk_figures(directory);
  const double state = std::isnan(disk.state_bytes) ? 0 : disk.state_bytes;
  const double needed = std::max(2 * kGib, 2 * state);
  const bool enough = static_cast<double>(space.available) >= needed;
  std::string text = std::to_string(space.available >> 30) + " GiB free for " + directory;
  if (!enough) {
    text +=
        "; at least " + std::to_string(static_cast<uint64_t>(needed / kGib)) + " are needed (2, and twice the state)";
  }
  return {"disk", enough, text};
}

// Files of the state, and a socket for each console and stream.
Finding check_open_files() {
  constexpr rlim_t kWanted = 4096;
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {"open files", true, std::strerror(errno), true};
  const std::string shown = std::to_string(limit.rlim_max) + " may be open at once";  // `run` takes all that it may
  if (limit.rlim_max >= kWanted) return {"open files", true, shown};
  return {"open files", true, shown + "; set LimitNOFILE=65536 in the unit, or ulimit -n", true};
}

// Whether a Prometheus can scrape it, and from where.
Finding check_metrics(const Config& config) {
  if (!config.http) {
    return {"metrics", true,
            "http is off, so nothing tells how the service does; http.address and http.port switch it on", true};
  }
  const std::string url = "http://" + config.http_address + ":" + std::to_string(config.http_port) + "/metrics";
  const bool local = config.http_address.starts_with("127.") || config.http_address == "::1";
  return {"metrics", true,
          "Prometheus scrapes " + url + (local ? ", from this machine alone" : "") + "; its rules: deploy/prometheus"};
}

// Writes a file where the state is or will be, and takes it away again.
Finding check_rights(const std::string& directory) {
  const fs::path folder = existing(directory);
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) return {"rights", false, folder.string() + " is not a directory"};
  const fs::path probe = folder / (".tocsin-doctor-" + std::to_string(::getpid()));
  std::ofstream out(probe);
  out << "probe\n";
  out.close();
  const bool written = out.good();
  fs::remove(probe, ec);
  return {"rights", written, (written ? "can write in " : "cannot write in ") + folder.string()};
}

// A clock that stands before the last thing that was written here would hold live deadlines back.
Finding check_clock(const std::string& directory) {
  const TimeMs now = SystemClock().now();
  const std::string shown = format_time(now);
  if (now < kThisWasWritten) return {"clock", false, "it says " + shown + ", which is past; set it"};
  std::error_code ec;
  const auto written = fs::last_write_time(directory, ec);
  if (!ec && written > fs::file_time_type::clock::now() + std::chrono::minutes(1)) {
    return {"clock", false, "it says " + shown + ", but " + directory + " was written later than that"};
  }
  return {"clock", true, shown};
}

// A service of its own, or whoever else holds the directory; and whether the key is the one that its tokens are under.
void check_state(const std::string& directory, const Result<std::string>& key, std::vector<Finding>& findings) {
  std::error_code ec;
  if (!fs::exists(directory + "/CURRENT", ec)) return;
  {
    const auto mine = state::open_rocksdb(directory);
    findings.push_back(
        {"state", mine.is_ok(), mine ? directory + " is there, and nobody uses it" : mine.error().message});
  }
  const auto store = state::open_rocksdb_read_only(directory);
  if (!store || !key) return;
  if (const Status s = check_key(**store, *key, directory); !s) {
    findings.push_back({"privacy key of the state", false, s.error().message});
  }
}

Finding check_port(const Config& config) {
  const std::string place = config.http_address + ":" + std::to_string(config.http_port);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(config.http_port));
  if (::inet_pton(AF_INET, config.http_address.c_str(), &address.sin_addr) != 1) {
    return {"port", true, place + " (not tried: not an IPv4 address)"};
  }
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {"port", false, place + ": " + std::strerror(errno)};
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int fault = errno;
  ::close(fd);
  if (bound) return {"port", true, place + " is free"};
  const bool used = fault == EADDRINUSE;
  return {"port", false,
          place + (used ? " is in use; is the service running already?" : std::string(": ") + std::strerror(fault))};
}

void check_rules(const Config& config, std::vector<Finding>& findings) {
  RuleInputs inputs;
  inputs.paths = config.rules;
  inputs.calendar = config.calendar;
  inputs.zone = config.zone;
  const auto rules = load_rules(inputs);
  findings.push_back(
      {"rules", rules.is_ok(), rules ? std::to_string((*rules)->rules().size()) + " rules" : rules.error().message});
  if (!rules) return;
  bool open = false;
  const std::set<std::string> fed = fed_by(config, open);
  for (const std::string& gap : source_gaps(**rules, fed, open)) findings.push_back({"sources", true, gap, true});
}

std::vector<Finding> examine(const Config& config) {
  std::vector<Finding> findings = {check_disk(config.state), check_rights(config.state), check_clock(config.state),
                                   check_open_files(), check_metrics(config)};
  if (config.http) findings.push_back(check_port(config));
  const auto key = privacy_key();
  findings.push_back(
      {"privacy key", key.is_ok(), key ? std::string(kPrivacyKeyVariable) + " is set" : key.error().message});
  check_state(config.state, key, findings);
  check_rules(config, findings);
  for (const SourceConfig& s : config.sources) {
    if (!s.feed.empty()) {
      const auto decoder = make_decoder({.feed = s.feed, .key = "0123456789abcdef"});
      findings.push_back({"feed " + s.feed, decoder.is_ok(), decoder ? "can be used" : decoder.error().message});
    }
    for (const std::string& path : s.paths) {
      std::error_code ec;
      const bool there = path == "-" || fs::exists(path, ec);
      findings.push_back({"file " + path, there, there ? "is there" : "is not there"});
    }
  }
  for (auto& [name, status] : check_kafka(config)) {
    findings.push_back({name, status.is_ok(), status ? "answers" : status.error().message});
  }
  for (auto& [name, status] : check_receivers(config)) {
    findings.push_back({name, status.is_ok(), status ? "is there" : status.error().message});
  }
  return findings;
}

int doctor(const std::string& path, bool json) {
  auto text = read_text(path);
  if (!text) return fail(text.error());
  std::vector<rule::Diagnostic> diagnostics;
  const auto config = parse_config(*text, path, diagnostics);
  print(diagnostics);
  if (!config) return fail(kUsage, path + " cannot be used");
  bool well = true;
  std::string out;
  JsonWriter w(out);
  w.begin_array();
  for (const Finding& f : examine(*config)) {
    well = well && f.ok;
    w.begin_object().field("check", f.name).key("ok").boolean(f.ok).field("text", f.text);
    if (f.warning) w.key("warning").boolean(true);
    w.end_object();
    if (!json) std::cout << (f.warning ? "warn  " : f.ok ? "ok    " : "FAIL  ") << f.name << ": " << f.text << '\n';
  }
  w.end_array();
  if (json) std::cout << out << '\n';
  return well ? kWell : kFound;
}

}  // namespace

void add_doctor(Command& app, int& exit_code) {
  auto* command =
      app.add_subcommand("doctor", "Check what a config needs: disk, rights, clock, port, key, rules, broker");
  struct Options {
    std::string path, format = "text";
  };
  auto o = std::make_shared<Options>();
  command->add_option("--config", o->path, "the service's config")->required();
  add_format(*command, o->format);
  command->callback([o, &exit_code] { exit_code = doctor(o->path, o->format == "json"); });
}

}  // namespace tocsin::cli
