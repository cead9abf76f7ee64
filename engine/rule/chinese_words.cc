// The one table of what people write in Chinese where a file wants a word: fields, keys, values.
#include <algorithm>
#include <array>

#include "rule/yaml_slips.h"

namespace tocsin::rule::yaml {
namespace {

struct Word {
  std::string_view chinese, english;
};
// A Chinese word may stand for several: the one that is known where it is written counts.
constexpr Word kWords[] = {
    // fields of an event
    {"编号", "id"},
    {"来源", "source"},
    {"数据源", "source"},
    {"渠道", "source"},
    {"种类", "kind"},
    {"事项", "case"},
    {"事件编号", "case"},
    {"案件", "case"},
    {"时间", "occurred_at"},
    {"发生时间", "occurred_at"},
    {"上报时间", "reported_at"},
    {"类别", "category"},
    {"类型", "category"},
    {"分类", "category"},
    {"等级", "grade"},
    {"层级", "grade"},
    {"级别", "grade"},
    {"环节", "stage"},
    {"状态", "stage"},
    {"阶段", "stage"},
    {"期限", "due_at"},
    {"截止时间", "due_at"},
    {"县市", "area.city"},
    {"县", "area.city"},
    {"市", "area.city"},
    {"镇街", "area.town"},
    {"乡镇", "area.town"},
    {"街道", "area.town"},
    {"镇", "area.town"},
    {"村社", "area.village"},
    {"村", "area.village"},
    {"社区", "area.village"},
    {"网格", "area.grid"},
    {"微网格", "area.microgrid"},
    {"区域", "area"},
    {"位置", "location"},
    {"坐标", "location"},
    {"经度", "location.lon"},
    {"纬度", "location.lat"},
    {"地点", "place"},
    {"地址", "place"},
    {"上报人", "reporter"},
    {"反映人", "reporter"},
    {"投诉人", "reporter"},
    {"当事人", "subject"},
    {"对象", "subject"},
    {"被反映人", "respondent"},
    {"责任人", "duty"},
    {"责任岗位", "duty"},
    {"岗位", "duty"},
    {"部门", "duty"},
    {"人数", "people"},
    {"正文", "text"},
    {"内容", "text"},
    {"描述", "text"},
    {"标记", "flags"},
    {"标签", "flags"},
    {"满意度", "satisfaction"},
    {"数值", "values"},
    {"属性", "attrs"},
    // keys of a rule and of its tests
    {"版本", "version"},
    {"名称", "name"},
    {"负责", "owner"},
    {"归属", "owner"},
    {"模式", "mode"},
    {"条件", "where"},
    {"半径", "radius"},
    {"时间窗口", "within"},
    {"窗口", "within"},
    {"参数", "params"},
    {"阈值", "params"},
    {"触发", "fire"},
    {"颜色", "severity"},
    {"严重程度", "severity"},
    {"解除", "resolve"},
    {"摘要", "summary"},
    {"建议", "advice"},
    {"测试", "tests"},
    {"日历", "calendar"},
    {"步骤", "steps"},
    {"默认", "default"},
    {"覆盖", "override"},
    {"预期", "expect"},
    {"给定", "given"},
    // values
    {"红", "red"},
    {"红色", "red"},
    {"橙", "orange"},
    {"橙色", "orange"},
    {"黄", "yellow"},
    {"黄色", "yellow"},
    {"蓝", "blue"},
    {"蓝色", "blue"},
    {"网格", "grid"},
    {"村社", "village"},
    {"村", "village"},
    {"社区", "village"},
    {"镇街", "town"},
    {"乡镇", "town"},
    {"街道", "town"},
    {"镇", "town"},
    {"市", "city"},
    {"县", "city"},
    {"生效", "active"},
    {"启用", "active"},
    {"试运行", "shadow"},
    {"停用", "off"},
    {"无", "none"},
    {"打开", "opened"},
    {"解除", "resolved"},
    {"升级", "escalated"},
    {"窗口", "window"},
    {"聚集", "cluster"},
    {"聚类", "cluster"},
    {"序列", "sequence"},
    {"缺失", "absence"},
    {"逾期", "absence"},
    {"基线", "baseline"},
    {"静默", "silence"},
    {"相似", "similar"},
    {"上报", "report"},
    {"流转", "transition"},
    {"走访", "visit"},
    {"受理", "accepted"},
    {"交办", "assigned"},
    {"督办", "supervised"},
    {"处置", "processing"},
    {"反馈", "feedback"},
    {"办结", "closed"},
    {"已办结", "closed"},
    {"评价", "evaluated"},
    {"重开", "reopened"},
    {"退单", "returned"},
    {"退回", "returned"},
};

struct Form {
  std::string_view what, written;
};
constexpr std::array<Form, 11> kForms = {{{"resolve", "{quiet: 2h}"},
                                          {"update", "{every: 1h}"},
                                          {"params", "{people: 3}"},
                                          {"a pause", "{from: …, to: …}"},
                                          {"settled", "{by: …, undone: …}"},
                                          {"an extension", "{when: …, until: due_at}"},
                                          {"against", "{hour_of_week: 8w}"},
                                          {"ingest", "{}"},
                                          {"a Kafka source", "{topics: [NAME]}"},
                                          {"a file source", "{paths: [FILE]}"},
                                          {"a webhook", "{url: URL}"}}};

}  // namespace

std::string_view meant_word(std::string_view chinese, std::span<const std::string_view> known) {
  for (const Word& word : kWords) {
    if (word.chinese == chinese && std::ranges::find(known, word.english) != known.end()) return word.english;
  }
  return {};
}

std::string_view form_of(std::string_view what) {
  const auto* found = std::ranges::find(kForms, what, &Form::what);
  return found == kForms.end() ? std::string_view() : found->written;
}

}  // namespace tocsin::rule::yaml
