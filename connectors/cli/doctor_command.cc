// tocsin doctor: whether what a config needs is there, one line each.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/alert_line.h"
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

enum class Verdict : uint8_t { kOk, kWarning, kFault };  // a warning is worth a look, but no fault

struct Finding {
  std::string name;
  Verdict verdict;
  std::string text;
  std::string zh = {};  // empty: the text stands in both languages
};

Verdict ok_or_fault(bool ok) { return ok ? Verdict::kOk : Verdict::kFault; }

// What is looked at, in Chinese; in JSON and in English it is its own name.
std::string chinese_name(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"disk", "磁盘"},
      {"open files", "打开文件数"},
      {"metrics", "指标"},
      {"rights", "写权限"},
      {"clock", "时钟"},
      {"state", "状态目录"},
      {"privacy key of the state", "状态的隐私密钥"},
      {"port", "端口"},
      {"rules", "规则"},
      {"sources", "数据源"},
      {"account", "账号"},
      {"privacy key", "隐私密钥"}};
  const auto known = std::ranges::find(kNames, name, &std::pair<std::string_view, std::string_view>::first);
  return std::string(known == std::end(kNames) ? name : known->second);
}

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
  if (ec) return {"disk", Verdict::kFault, directory + ": " + ec.message()};
  // A checkpoint writes what changed before it drops the old: room for twice the state.
  constexpr double kGib = 1u << 30;
  const metrics::DiskMetrics disk = disk_figures(directory);
  const double state = std::isnan(disk.state_bytes) ? 0 : disk.state_bytes;
  const double needed = std::max(2 * kGib, 2 * state);
  const bool enough = static_cast<double>(space.available) >= needed;
  const std::string free = std::to_string(space.available >> 30);
  const std::string least = std::to_string(static_cast<uint64_t>(needed / kGib));
  std::string text = free + " GiB free for " + directory, zh = directory + " 可用 " + free + " GiB";
  if (!enough) {
    text += "; at least " + least + " are needed (2, and twice the state)";
    zh += "；至少需要 " + least + " GiB（2 GiB，且为状态的两倍）";
  }
  return {"disk", ok_or_fault(enough), text, zh};
}

// Files of the state, and a socket for each console and stream.
Finding check_open_files() {
  constexpr rlim_t kWanted = 8192;
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {"open files", Verdict::kWarning, std::strerror(errno)};
  const std::string most = std::to_string(limit.rlim_max);  // `run` takes all that it may
  const std::string text = most + " may be open at once", zh = "最多可同时打开 " + most + " 个";
  if (limit.rlim_max >= kWanted) return {"open files", Verdict::kOk, text, zh};
  return {"open files", Verdict::kWarning, text + "; set LimitNOFILE=65536 in the unit, or ulimit -n",
          zh + "；请在服务单元中设 LimitNOFILE=65536，或用 ulimit -n"};
}

// Whether a Prometheus can scrape it, and from where.
Finding check_metrics(const Config& config) {
  if (!config.http) {
    return {"metrics", Verdict::kWarning,
            "http is off, so nothing tells how the service does; http.address and http.port switch it on",
            "http 已关闭，无从得知服务状况；用 http.address 与 http.port 打开"};
  }
  const std::string url = "http://" + config.http_address + ":" + std::to_string(config.http_port) + "/metrics";
  const bool local = config.http_address.starts_with("127.") || config.http_address == "::1";
  return {"metrics", Verdict::kOk,
          "Prometheus scrapes " + url + (local ? ", from this machine alone" : "") + "; its rules: deploy/prometheus",
          "Prometheus 抓取 " + url + (local ? "，仅限本机" : "") + "；其规则在 deploy/prometheus"};
}

// Writes a file where the state is or will be, and takes it away again.
Finding check_rights(const std::string& directory) {
  const fs::path folder = existing(directory);
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    return {"rights", Verdict::kFault, folder.string() + " is not a directory", folder.string() + " 不是目录"};
  }
  const fs::path probe = folder / (".tocsin-doctor-" + std::to_string(::getpid()));
  std::ofstream out(probe);
  out << "probe\n";
  out.close();
  const bool written = out.good();
  fs::remove(probe, ec);
  return {"rights", ok_or_fault(written), (written ? "can write in " : "cannot write in ") + folder.string(),
          (written ? "可写入 " : "不能写入 ") + folder.string()};
}

// A clock that stands before the last thing that was written here would hold live deadlines back.
Finding check_clock(const std::string& directory) {
  const TimeMs now = SystemClock().now();
  const std::string shown = format_time(now);
  if (now < kThisWasWritten) {
    return {"clock", Verdict::kFault, "it says " + shown + ", which is past; set it",
            "时钟为 " + shown + "，已是过去；请校准"};
  }
  std::error_code ec;
  const auto written = fs::last_write_time(directory, ec);
  if (!ec && written > fs::file_time_type::clock::now() + std::chrono::minutes(1)) {
    return {"clock", Verdict::kFault, "it says " + shown + ", but " + directory + " was written later than that",
            "时钟为 " + shown + "，但 " + directory + " 的写入时间比它晚"};
  }
  return {"clock", Verdict::kOk, shown};
}

// A service of its own, or whoever else holds the directory; and whether the key is the one that its tokens are under.
void check_state(const std::string& directory, const Result<std::string>& key, std::vector<Finding>& findings) {
  std::error_code ec;
  if (!fs::exists(directory + "/CURRENT", ec)) return;
  {
    const auto mine = state::open_rocksdb(directory);
    findings.push_back(mine ? Finding{"state", Verdict::kOk, directory + " is there, and nobody uses it",
                                      directory + " 已存在，无人使用"}
                            : Finding{"state", Verdict::kFault, mine.error().message});
  }
  const auto store = state::open_rocksdb_read_only(directory);
  if (!store || !key) return;
  if (const Status s = check_key(**store, *key, directory); !s) {
    findings.push_back({"privacy key of the state", Verdict::kFault, s.error().message});
  }
}

Finding check_port(const Config& config) {
  const std::string place = config.http_address + ":" + std::to_string(config.http_port);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(config.http_port));
  if (::inet_pton(AF_INET, config.http_address.c_str(), &address.sin_addr) != 1) {
    return {"port", Verdict::kOk, place + " (not tried: not an IPv4 address)", place + "（未尝试：不是 IPv4 地址）"};
  }
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {"port", Verdict::kFault, place + ": " + std::strerror(errno)};
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int fault = errno;
  ::close(fd);
  if (bound) return {"port", Verdict::kOk, place + " is free", place + " 空闲"};
  if (fault != EADDRINUSE) return {"port", Verdict::kFault, place + ": " + std::strerror(fault)};
  return {"port", Verdict::kFault, place + " is in use; is the service running already?",
          place + " 已被占用；服务是否已在运行？"};
}

void check_rules(const Config& config, std::vector<Finding>& findings) {
  RuleInputs inputs;
  inputs.paths = config.rules;
  inputs.calendar = config.calendar;
  inputs.zone = config.zone;
  const auto rules = load_rules(inputs);
  const std::string n = rules ? std::to_string((*rules)->rules().size()) : std::string();
  findings.push_back(rules ? Finding{"rules", Verdict::kOk, n + " rules", n + " 条规则"}
                           : Finding{"rules", Verdict::kFault, rules.error().message});
  if (!rules) return;
  bool open = false;
  const std::set<std::string> fed = fed_by(config, open);
  for (const std::string& gap : source_gaps(**rules, fed, open))
    findings.push_back({"sources", Verdict::kWarning, gap});
}

// Accounts of an area that the tables do not have, a finding each.
void check_areas_of_accounts(const Config& config, const std::string& text, std::vector<Finding>& findings) {
  std::vector<rule::Diagnostic> faults;
  check_accounts(config, text, faults);
  for (const rule::Diagnostic& d : faults) {
    findings.push_back({"account", Verdict::kFault, d.en + "; " + d.hint_en, d.zh + "；" + d.hint_zh});
  }
}

Finding told(const std::string& name, const Status& status, const char* well, const char* zh) {
  return status ? Finding{name, Verdict::kOk, well, zh} : Finding{name, Verdict::kFault, status.error().message};
}

Finding key_finding(const Result<std::string>& key) {
  const std::string variable = kPrivacyKeyVariable;
  if (key) return {"privacy key", Verdict::kOk, variable + " is set", "已设 " + variable};
  const bool missing = key.error().code == Code::kNotFound;
  return {"privacy key", Verdict::kFault, key.error().message,
          missing
              ? "请把 " + variable + " 设为至少 16 字节的密钥，例如取自 `openssl rand -hex 32`：身份信息据此变为代号"
              : variable + " 不足 16 字节"};
}

std::vector<Finding> examine(const Config& config, const std::string& text) {
  std::vector<Finding> findings = {check_disk(config.state), check_rights(config.state), check_clock(config.state),
                                   check_open_files(), check_metrics(config)};
  if (config.http) findings.push_back(check_port(config));
  const auto key = privacy_key();
  findings.push_back(key_finding(key));
  check_state(config.state, key, findings);
  check_rules(config, findings);
  check_areas_of_accounts(config, text, findings);
  for (const SourceConfig& s : config.sources) {
    if (!s.feed.empty()) {
      const auto decoder = make_decoder({.feed = s.feed, .key = "0123456789abcdef"});
      findings.push_back(told("feed " + s.feed, decoder ? Status() : Status(decoder.error()), "can be used", "可用"));
    }
    for (const std::string& path : s.paths) {
      std::error_code ec;
      const bool there = path == "-" || fs::exists(path, ec);
      findings.push_back(
          {"file " + path, ok_or_fault(there), there ? "is there" : "is not there", there ? "存在" : "不存在"});
    }
  }
  for (auto& [name, status] : check_kafka(config)) {
    findings.push_back(told(name, status, "answers", "有应答"));
  }
  for (auto& [name, status] : check_receivers(config)) {
    findings.push_back(told(name, status, "is there", "存在"));
  }
  return findings;
}

int doctor(const std::string& path, bool json) {
  auto text = read_text(path);
  if (!text) return fail(text.error());
  std::vector<rule::Diagnostic> diagnostics;
  const auto config = parse_config(*text, path, diagnostics);
  print(diagnostics);
  if (!config) return fail(kUsage, path + " cannot be used", path + " 不能使用");
  bool well = true;
  std::string out;
  JsonWriter w(out);
  w.begin_array();
  static constexpr std::string_view kWords[] = {"ok    ", "warn  ", "FAIL  "},
                                    kInChinese[] = {"正常  ", "注意  ", "失败  "};
  for (const Finding& f : examine(*config, *text)) {
    well = well && f.verdict != Verdict::kFault;
    w.begin_object().field("check", f.name).key("ok").boolean(f.verdict != Verdict::kFault).field("text", f.text);
    if (f.verdict == Verdict::kWarning) w.key("warning").boolean(true);
    w.end_object();
    if (json) continue;
    const auto verdict = static_cast<size_t>(f.verdict);
    std::cout << say(kWords[verdict], kInChinese[verdict]) << say(f.name, chinese_name(f.name)) << say(": ", "：")
              << say(f.text, f.zh.empty() ? f.text : f.zh) << '\n';
  }
  w.end_array();
  if (json) std::cout << out << '\n';
  return well ? kWell : kFound;
}

}  // namespace

void add_doctor(Command& app, int& exit_code) {
  auto* command =
      app.add_subcommand("doctor", "Check what a config needs: disk, rights, clock, port, key, rules, broker",
                         "检查配置所需：磁盘、权限、时钟、端口、密钥、规则、消息队列");
  struct Options {
    std::string path, format = "text";
  };
  auto o = std::make_shared<Options>();
  command->add_option("--config", o->path, "the service's config")->required();
  add_format(*command, o->format);
  command->callback([o, &exit_code] { exit_code = doctor(o->path, o->format == "json"); });
}

}  // namespace tocsin::cli
