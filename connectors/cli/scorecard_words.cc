#include "connectors/cli/scorecard_words.h"

namespace tocsin::cli {
namespace {

struct Row {
  Word kind;
  std::string_view name, en, zh;
};

constexpr Row kWords[] = {
    {Word::kTier, "city", "city", "市"},
    {Word::kTier, "town", "town", "镇（街道）"},
    {Word::kTier, "village", "village", "村（社区）"},
    {Word::kTier, "grid", "grid", "网格"},
    {Word::kTier, "duty", "duty post", "岗位"},
    {Word::kSource, "grid", "grid", "网格"},
    {Word::kSource, "police110", "police 110", "110 警情"},
    {Word::kSource, "cityops", "city operations", "城市运行"},
    {Word::kSource, "hotline12345", "hotline 12345", "12345 热线"},
    {Word::kSource, "mediation", "mediation", "人民调解"},
    {Word::kSource, "visit", "petition visit", "信访"},
    {Word::kSource, "sensor", "sensor", "传感器"},
    {Word::kSource, "other", "other", "其他"},
    {Word::kCategory, "water", "water", "水务"},
    {Word::kCategory, "dispute", "disputes", "纠纷"},
    {Word::kCategory, "safety", "safety", "安全"},
    {Word::kCategory, "noise", "noise", "噪音"},
    {Word::kCategory, "city", "city facilities", "市政"},
    {Word::kCategory, "environment", "environment", "环境"},
    {Word::kCategory, "traffic", "traffic", "交通"},
    {Word::kCategory, "people", "residents’ services", "民生"},
    {Word::kCategory, "missing", "missing persons", "走失"},
    {Word::kCategory, "brawl", "brawls", "斗殴"},
    {Word::kCategory, "fraud", "fraud", "诈骗"},
    {Word::kCategory, "other", "other", "其他"},
    {Word::kRanking, "disposal_rate", "disposal", "办结率"},
    {Word::kRanking, "on_time_rate", "on time", "按期率"},
    {Word::kRanking, "reopened_rate", "reopened", "重开率"},
    {Word::kRanking, "repeat_rate", "repeat", "重复率"},
    {Word::kRanking, "response", "first response", "首次响应"},
    {Word::kRanking, "closing", "closing", "办结用时"},
    {Word::kRanking, "satisfaction", "satisfaction", "满意度"},
    {Word::kRanking, "events", "reports", "上报"},
    {Word::kRanking, "first_reports", "first reports", "首报"},
};

}  // namespace

std::string word(Word kind, std::string_view name, rule::Language language) {
  const size_t first = kind == Word::kCategory ? name.find('.') : std::string_view::npos;
  const std::string rest(first == std::string_view::npos ? "" : name.substr(first));
  for (const Row& row : kWords) {
    if (row.kind != kind || row.name != name.substr(0, first)) continue;
    return std::string(language == rule::Language::kChinese ? row.zh : row.en) + rest;
  }
  return std::string(name);
}

}  // namespace tocsin::cli
