#include "event/fields.h"

#include <array>

namespace tocsin {
namespace {

using F = Field;
using T = FieldType;

constexpr std::array<FieldInfo, static_cast<size_t>(Field::kCount_)> kFields = {{
    {F::kId, "id", T::kString, true, "记录在其来源内的稳定编号", "Identity of the record, stable within its source"},
    {F::kRevision, "revision", T::kInt, false, "修订号，高者取代低者",
     "Revision, 0 and up; a higher one replaces a lower one"},
    {F::kSource, "source", T::kString, true, "来源（接入通道）名称", "Name of the feed that it came by"},
    {F::kKind, "kind", T::kString, false, "记录种类，缺省为 report", "What the record is; report when missing"},
    {F::kCase, "case", T::kString, false, "事项编号，多渠道同一事项相同",
     "The matter that events of several channels belong to"},
    {F::kOccurredAt, "occurred_at", T::kTime, true, "发生时间，窗口与期限以此为准",
     "Event time: windows and deadlines use it"},
    {F::kReportedAt, "reported_at", T::kTime, false, "渠道得知的时间", "When the channel learned of it"},
    {F::kCategory, "category", T::kString, true, "类别路径，如 water.flooding.road",
     "Dotted path, e.g. water.flooding.road"},
    {F::kSourceCategory, "source_category", T::kString, false, "来源系统自己的类别码", "The feed's own category code"},
    {F::kGrade, "grade", T::kInt, false, "处置层级：1 网格 2 村社 3 镇街 4 市",
     "The tier that must handle it: 1 grid, 2 village, 3 town, 4 city"},
    {F::kStage, "stage", T::kString, false, "流转环节：受理、交办、督办、处置、反馈、办结、评价、重开、退单",
     "Stage of the matter that this transition enters"},
    {F::kDueAt, "due_at", T::kTime, false, "本环节期限", "The stage's own deadline"},
    {F::kAreaCity, "area.city", T::kString, false, "县（市、区）代码，6 位", "County or city, 6 digits of GB/T 2260"},
    {F::kAreaTown, "area.town", T::kString, false, "镇（街道）代码，9 位", "Town or sub-district, 9 digits"},
    {F::kAreaVillage, "area.village", T::kString, false, "村（社区）代码，12 位", "Village or community, 12 digits"},
    {F::kAreaGrid, "area.grid", T::kString, false, "网格编号", "Grid"},
    {F::kAreaMicrogrid, "area.microgrid", T::kString, false, "微网格编号", "Micro-grid"},
    {F::kLocation, "location", T::kLocation, false, "位置（WGS-84）", "Where it is, WGS-84"},
    {F::kLocationLon, "location.lon", T::kDouble, false, "经度（WGS-84，度）", "Longitude, WGS-84 degrees"},
    {F::kLocationLat, "location.lat", T::kDouble, false, "纬度（WGS-84，度）", "Latitude, WGS-84 degrees"},
    {F::kLocationAccuracy, "location.accuracy_m", T::kDouble, false, "位置精度（米）",
     "Accuracy of the location, metres"},
    {F::kPlace, "place", T::kString, false, "地点标识，缺省为经纬度（六位小数）",
     "Identity of the place; by default the coordinates rounded to six decimals"},
    {F::kReporter, "reporter", T::kString, false, "上报人（密钥令牌）", "Who reports, as a keyed token"},
    {F::kSubject, "subject", T::kString, false, "所涉及的人（密钥令牌）", "Whom it concerns, as a keyed token"},
    {F::kRespondent, "respondent", T::kString, false, "被反映的人（令牌）或单位",
     "Whom it is about: a person as a keyed token, an organisation by name"},
    {F::kDuty, "duty", T::kString, false, "责任岗位或部门", "The post or department that owes the work"},
    {F::kPeople, "people", T::kInt, false, "涉及人数", "How many people are involved"},
    {F::kText, "text", T::kString, false, "正文，号码已遮盖", "Free text with numbers of people masked"},
    {F::kFlags, "flags", T::kStringList, false, "标记：threat、weapon、injury、minor、group、trapped 等",
     "Marks: threat, weapon, injury, minor, group, trapped …"},
    {F::kSatisfaction, "satisfaction", T::kInt, false, "满意度 1–5", "Satisfaction, 1 to 5"},
    {F::kValues, "values", T::kNumberMap, false, "数值：读数、深度、金额",
     "Numbers by name: readings, depths, amounts"},
    {F::kAttrs, "attrs", T::kStringMap, false, "其他属性", "Anything else, text by name"},
}};

constexpr bool in_order() {
  for (size_t i = 0; i < kFields.size(); ++i) {
    if (static_cast<size_t>(kFields[i].field) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::span<const FieldInfo> event_fields() { return kFields; }

}  // namespace tocsin
