#include "connectors/cli/config_alerts.h"

#include <algorithm>

#include "connectors/delivery/post.h"

namespace tocsin::cli {
namespace {

using rule::yaml::Fields;
using rule::yaml::Node;
using rule::yaml::Reader;

constexpr std::string_view kAlertKeys[] = {"kafka", "file", "webhook", "alertmanager", "shadow"};
constexpr std::string_view kKafkaAlertKeys[] = {"topic", "settings"};
constexpr std::string_view kWebhookKeys[] = {"name", "url", "secret", "headers", "timeout", "ca", "group"};
constexpr std::string_view kAlertmanagerKeys[] = {"name", "urls", "headers", "timeout", "ca", "resend", "console"};
constexpr std::string_view kGroupKeys[] = {"wait", "most"};
constexpr size_t kLongestName = 40;

// Reads one receiver.
class ReceiverReader {
 public:
  ReceiverReader(const Reader& read, AlertsConfig& out) : read_(read), out_(out) {}

  void kafka(const Node& n) {
    out_.kind = AlertsConfig::Kind::kKafka;
    const Fields f(read_, n, kKafkaAlertKeys, "a Kafka receiver");
    if (f.require("topic") != nullptr) f.read("topic", out_.target);
    if (const Node* m = f.get("settings")) read_settings(read_, *m, out_.settings);
  }

  void webhook(const Node& n) {
    out_.kind = AlertsConfig::Kind::kWebhook;
    const Fields f(read_, n, kWebhookKeys, "a webhook");
    if (f.require("name") != nullptr) f.read("name", out_.target);
    if (const Node* url = f.require("url")) {
      out_.urls.emplace_back();
      if (read_.read(*url, out_.urls.back())) address(*url, out_.urls.back());
    }
    f.read("secret", out_.secret);
    door(f);
    if (const Node* m = f.get("group")) {
      const Fields g(read_, *m, kGroupKeys, "group");
      duration(g, "wait", 0, 600'000, out_.group_wait);
      if (const Node* most = g.get("most")) read_.read_integer(*most, 1, 1000, out_.group_most);
    }
  }

  void alertmanager(const Node& n) {
    out_.kind = AlertsConfig::Kind::kAlertmanager;
    out_.target = "default";
    const Fields f(read_, n, kAlertmanagerKeys, "an Alertmanager");
    f.read("name", out_.target);
    if (const Node* urls = f.require("urls")) {
      f.read("urls", out_.urls);
      for (const std::string& url : out_.urls) address(*urls, url);
      if (out_.urls.empty()) fault(*urls, "no-address", "name at least one address", "至少写一个地址");
    }
    door(f);
    duration(f, "resend", 1'000, kHourMs, out_.resend);
    f.read("console", out_.console);
  }

 private:
  void fault(const Node& n, std::string code, std::string en, std::string zh) {
    read_.fault(n, {std::move(code), std::move(en), std::move(zh), "", ""});
  }

  void duration(const Fields& f, std::string_view key, DurationMs least, DurationMs most, DurationMs& out) {
    const Node* n = f.get(key);
    if (n == nullptr || !read_.read_duration(*n, out)) return;
    if (out >= least && out <= most) return;
    const std::string bounds = std::to_string(least / 1000) + "s … " + std::to_string(most / 1000) + "s";
    fault(*n, "out-of-range", std::string(key) + " lies in " + bounds, std::string(key) + " 须在 " + bounds + " 之间");
  }

  void address(const Node& n, const std::string& url) {
    if (const Status s = delivery::check_url(url); !s) {
      fault(n, "address", s.error().message, "须为 https://主机:端口/路径 形式的地址，其中不写用户名和密码");
    }
  }

  // What all that knock at HTTP doors have in common.
  void door(const Fields& f) {
    static constexpr auto kAllowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (const Node* n = f.get("name"); n != nullptr && (out_.target.empty() || out_.target.size() > kLongestName ||
                                                        !std::ranges::all_of(out_.target, kAllowed))) {
      fault(*n, "receiver-name", "a name is made of a-z, 0-9, - and _, 40 at most: it is a metric's label",
            "名称由 a-z、0-9、- 和 _ 组成，最长 40 个字符（用作指标标签）");
    }
    if (const Node* m = f.get("headers")) {
      Settings headers;
      read_settings(read_, *m, headers);
      for (const auto& [name, value] : headers) {
        const std::string line = name + ": " + value;
        if (std::ranges::any_of(line, [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
          fault(*m, "header", "a header is one line", "一个请求头只能是一行");
          continue;
        }
        out_.headers.push_back(line);
      }
    }
    duration(f, "timeout", 1'000, 300'000, out_.timeout);
    f.read("ca", out_.ca_file);
  }

  const Reader& read_;
  AlertsConfig& out_;
};

}  // namespace

void read_settings(const Reader& read, const Node& map, Settings& out) {
  if (!read.expect_map(map, "settings")) return;
  for (size_t i = 0; i < map.keys.size(); ++i) {
    std::string value;
    if (read.read(map.items[i], value)) out[map.keys[i].value] = value;
  }
}

void read_receiver(const Reader& read, const Node& item, std::vector<AlertsConfig>& all) {
  const Fields f(read, item, kAlertKeys, "a receiver of alerts");
  AlertsConfig a;
  f.read("shadow", a.shadow);
  const auto kinds = std::ranges::count_if(std::span(kAlertKeys).first(4), [&](auto k) { return f.get(k) != nullptr; });
  if (kinds != 1) {
    read.fault(item, {"alerts-kind", "a receiver of alerts is exactly one of kafka, file, webhook and alertmanager",
                      "告警去处须是 kafka、file、webhook、alertmanager 四者之一", "", ""});
    return;
  }
  ReceiverReader receiver(read, a);
  if (const Node* n = f.get("kafka")) receiver.kafka(*n);
  if (const Node* n = f.get("webhook")) receiver.webhook(*n);
  if (const Node* n = f.get("alertmanager")) receiver.alertmanager(*n);
  f.read("file", a.target);
  const bool twice =
      std::ranges::any_of(all, [&](const AlertsConfig& b) { return b.kind == a.kind && b.target == a.target; });
  if (twice) {
    read.fault(item, {"receiver-twice", "another receiver has this name; the state keeps under it how far delivery is",
                      "已有同名的告警去处；状态按名称记录送达进度", "", ""});
  }
  all.push_back(std::move(a));
}

}  // namespace tocsin::cli
