#include "rule/policy_text.h"

#include <algorithm>
#include <map>

#include "rule/rule_keys.h"
#include "rule/rule_text.h"

namespace tocsin::rule {
namespace {

using yaml::Fields;

constexpr size_t kMaxGroup = 4, kMaxPolicies = 1000, kMaxSilences = 200;

Diagnostic place_of(const yaml::Reader& reader, const yaml::Node& at) {
  return reader.document().at(at.begin, static_cast<uint32_t>(at.value.size()));
}

class PolicyReader {
 public:
  PolicyReader(const yaml::Reader& reader, const TimeZone& zone) : reader_(reader), zone_(zone) {}

  void read(const yaml::Node& node, PolicyText& out) {
    const Fields fields(reader_, node, {"rules", "group", "inhibits", "inhibited_by", "silences"}, "a policy");
    if (!node.is_map()) return;
    names(fields, "rules", out, out.rules);
    names(fields, "inhibits", out, out.inhibits);
    names(fields, "inhibited_by", out, out.inhibited_by);
    if (const yaml::Node* group = fields.get("group")) read_group(reader_, *group, out.group);
    if (const yaml::Node* list = fields.get("silences");
        list != nullptr && reader_.expect_list(*list, "a list of silences")) {
      if (list->items.size() > kMaxSilences) {
        reader_.fault(*list, {"out-of-range", "a policy has at most 200 silences", "一条策略最多 200 个静默", {}, {}});
        return;
      }
      for (const yaml::Node& item : list->items) silence(item, out);
    }
    const bool says = fields.get("group") != nullptr || fields.get("inhibits") != nullptr ||
                      fields.get("inhibited_by") != nullptr || fields.get("silences") != nullptr;
    if (!says) {
      reader_.fault(node, {"empty-policy", "the policy sets nothing", "这条策略什么也没有设置",
                           "it takes group, inhibits, inhibited_by and silences",
                           "可写 group、inhibits、inhibited_by、silences"});
    }
  }

 private:
  void names(const Fields& fields, std::string_view key, PolicyText& out, std::vector<std::string>& into) {
    const yaml::Node* list = fields.get(key);
    if (list == nullptr || !reader_.read(*list, into)) return;
    for (size_t i = 0; i < into.size(); ++i) {
      const yaml::Node& at = list->is_list() ? list->items[i] : *list;
      out.names.push_back({into[i], place_of(reader_, at)});
    }
  }

  void time(const Fields& fields, std::string_view key, TimeMs& out) {
    const yaml::Node* node = fields.get(key);
    std::string text;
    if (node == nullptr || !reader_.read(*node, text)) return;
    const auto t = parse_time(text, zone_);
    if (t) {
      out = *t;
      return;
    }
    reader_.fault(*node, {"bad-time", "`" + text + "` is not a time", "`" + text + "` 不是时间",
                          "write 2026-06-01T08:00:00+08:00", "写法：2026-06-01T08:00:00+08:00"});
  }

  void silence(const yaml::Node& node, PolicyText& out) {
    const Fields fields(reader_, node, {"id", "by", "reason", "from", "until", "area", "severity"}, "a silence");
    if (!node.is_map()) return;
    Silence s;
    s.in_file = true;
    s.rules = out.rules;
    const std::pair<std::string_view, std::string*> needed[] = {{"id", &s.id}, {"by", &s.by}, {"reason", &s.reason}};
    bool good = true;
    for (const auto& [key, text] : needed) {
      const yaml::Node* at = fields.require(key);
      good = at != nullptr && reader_.read(*at, *text) && good;
    }
    fields.read("area", s.area);
    time(fields, "from", s.from);
    if (const yaml::Node* until = fields.require("until")) {
      const size_t faults = reader_.diagnostics().size();
      time(fields, "until", s.until);
      if (reader_.diagnostics().size() == faults && s.from != kNoTime && s.until <= s.from) {
        reader_.fault(*until, {"out-of-range", "the silence ends before it begins", "静默在开始之前就结束", {}, {}});
      }
    }
    size_t index = 0;
    if (const yaml::Node* severity = fields.get("severity");
        severity != nullptr && reader_.read_choice(*severity, severity_names(), index)) {
      detect::parse_severity(severity_names()[index], s.at_most);
    }
    if (!good) return;
    out.silences.push_back(std::move(s));
    out.silence_places.push_back(place_of(reader_, *fields.get("id")));
  }

  const yaml::Reader& reader_;
  const TimeZone& zone_;
};

}  // namespace

void read_group(const yaml::Reader& reader, const yaml::Node& node, std::vector<std::string>& out) {
  if (!reader.read(node, out)) return;
  if (out.empty() || out.size() > kMaxGroup) {
    reader.fault(node, {"out-of-range", "a group has 1 to 4 parts", "group 应有 1 到 4 项", {}, {}});
  }
  for (size_t i = 0; i < out.size(); ++i) {
    size_t index = 0;
    reader.read_choice(node.is_list() ? node.items[i] : node, group_names(), index);
  }
}

void read_policies(const yaml::Reader& reader, const yaml::Node& list, const TimeZone& zone,
                   std::vector<PolicyText>& out) {
  if (!reader.expect_list(list, "a list of policies")) return;
  PolicyReader policies(reader, zone);
  for (const yaml::Node& node : list.items) {
    if (out.size() >= kMaxPolicies) {
      reader.fault(node, {"out-of-range", "there are more than 1000 policies", "策略超过 1000 条", {}, {}});
      return;
    }
    policies.read(node, out.emplace_back());
  }
}

void check_silences(const std::vector<PolicyText>& policies, std::vector<Diagnostic>& out) {
  std::map<std::string, Diagnostic> seen;
  for (const PolicyText& p : policies) {
    for (size_t i = 0; i < p.silences.size(); ++i) {
      const auto [it, fresh] = seen.insert({p.silences[i].id, p.silence_places[i]});
      if (fresh) continue;
      Diagnostic d = p.silence_places[i];
      const std::string first = it->second.file + ":" + std::to_string(it->second.line);
      d.code = "duplicate-id";
      d.en = "the silence `" + p.silences[i].id + "` is there already, in " + first;
      d.zh = "静默 `" + p.silences[i].id + "` 已在 " + first + " 定义";
      out.push_back(std::move(d));
    }
  }
}

}  // namespace tocsin::rule
