#include "event/likeness_words.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tocsin {
namespace {

// clang-format off
// By bytes, ascending.
constexpr auto kPhrases = std::to_array<std::string_view>({
    "一下", "一个", "一些", "一点", "一直", "上午", "下午", "不了", "不得", "不知", "不能", "不过", "业主", "严重",
    "为了", "主任", "举报", "之中", "之前", "之后", "书记", "了解", "事件", "事情", "于是", "人民", "什么", "今天",
    "今年", "仍然", "他们", "以前", "以及", "以后", "以来", "但是", "位于", "作为", "你们", "你好", "依然", "先生",
    "公民", "关于", "关心", "关注", "其中", "其他", "其它", "再次", "凌晨", "几次", "出现", "分钟", "别人", "前天",
    "力度", "加大", "加强", "加快", "区长", "十分", "协调", "单位", "即使", "去年", "县长", "及时", "反应", "反映",
    "反馈", "发展", "发现", "发生", "可以", "可是", "可能", "号码", "同志", "同时", "告知", "周边", "呼吁", "咨询",
    "哪些", "哪里", "回复", "回应", "因为", "国家", "地址", "地方", "城市", "处理", "处置", "多少", "多年", "多次",
    "多谢", "大家", "大家好", "女士", "她们", "如今", "如何", "如果", "存在", "完善", "导致", "尊敬", "小时",
    "尽快", "尽早", "局长", "居民", "属于", "工作", "左右", "已经", "市民", "市民来电", "市长", "希望", "帮助",
    "帮忙", "并且", "应当", "应该", "建议", "建设", "开始", "强烈", "当前", "影响", "很多", "必须", "怎么", "怎样",
    "恳求", "恳请", "您好", "情况", "感激", "感谢", "我们", "所以", "投诉", "抽空", "按照", "推动", "推进", "提出",
    "提升", "提高", "支持", "政府", "敬爱", "敬礼", "旁边", "无法", "早上", "早日", "时间", "明天", "昨天", "昨日",
    "是否", "晚上", "最近", "有关", "服务", "期间", "本人", "村民", "来电", "查处", "核实", "根据", "此致", "求助",
    "没有", "然后", "特别", "现在", "现象", "理解", "生活", "由于", "电话", "百姓", "百忙", "目前", "相关", "盼复",
    "看到", "真的", "督促", "知道", "社会", "立即", "答复", "管理", "经过", "群众", "老百姓", "而且", "能否",
    "能够", "自己", "至今", "落实", "虽然", "表示", "要求", "规定", "觉得", "解决", "认为", "许多", "诉求", "请教",
    "请求", "请问", "调查", "谢谢", "近日", "近期", "这个", "这些", "这样", "这种", "这里", "进行", "通过", "造成",
    "那个", "那些", "那样", "那里", "部门", "重视", "镇长", "长期", "问题", "附近", "需要", "非常", "领导", "马上"});
constexpr auto kWords = std::to_array<std::string_view>({
    "about", "after", "again", "all", "also", "and", "any", "anyone", "are", "ask", "because", "been", "before",
    "being", "both", "but", "can", "cannot", "complain", "complaint", "concerning", "could", "day", "dear", "did",
    "doe", "does", "don", "done", "during", "each", "even", "every", "everyone", "for", "from", "get", "got", "ha",
    "had", "has", "have", "having", "help", "her", "here", "hi", "him", "his", "hour", "how", "into", "issue", "it",
    "its", "just", "like", "madam", "many", "may", "more", "most", "much", "must", "need", "new", "not", "now",
    "off", "office", "old", "one", "only", "other", "our", "out", "over", "own", "people", "per", "person",
    "please", "problem", "regarding", "report", "reported", "reporting", "request", "resident", "said", "same",
    "say", "see", "several", "she", "should", "since", "sir", "some", "still", "such", "than", "thank", "that",
    "the", "their", "them", "then", "there", "these", "they", "thi", "thing", "this", "those", "time", "today",
    "too", "until", "use", "very", "wa", "was", "were", "what", "when", "where", "which", "while", "who", "why",
    "will", "with", "without", "would", "year", "you", "your"});
// By code point, ascending.
constexpr std::u32string_view kIdeographs =
    U"万上下不与且个中为之也了于些从他以们件会但位你使元其内再几分则到前去又及可号各名后向吗吧呀呢和啊啦嘛"
    U"因在多太她如它对将少就年并很得您我或所把日时是更最月有条来某次此每没点由的着种秒第等给而能若被要让该"
    U"请过还这那都里";
// clang-format on

constexpr size_t kLongestPhrase = 12, kIdeographBytes = 3;

constexpr bool ascending(const auto& list) { return std::is_sorted(list.begin(), list.end()); }
static_assert(ascending(kPhrases) && ascending(kWords) && ascending(kIdeographs));

// A set of the unified ideographs.
class IdeographSet {
 public:
  constexpr void add(char32_t c) { bits_[(c - kFirst) / 64] |= uint64_t{1} << ((c - kFirst) % 64); }
  constexpr bool has(char32_t c) const {
    return c - kFirst < kCount && (bits_[(c - kFirst) / 64] >> ((c - kFirst) % 64) & 1) != 0;
  }

 private:
  static constexpr char32_t kFirst = 0x4E00, kCount = 0x5200;
  std::array<uint64_t, kCount / 64> bits_{};
};

constexpr char32_t ideograph_at(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
}

constexpr IdeographSet kCommon = [] {
  IdeographSet set;
  for (const char32_t c : kIdeographs) set.add(c);
  return set;
}();
constexpr IdeographSet kBeginPhrases = [] {
  IdeographSet set;
  for (const std::string_view phrase : kPhrases) set.add(ideograph_at(phrase));
  return set;
}();

}  // namespace

size_t common_phrase(std::string_view text) {
  if (text.size() < 2 * kIdeographBytes || !kBeginPhrases.has(ideograph_at(text))) return 0;
  for (size_t n = std::min(kLongestPhrase, text.size() / kIdeographBytes * kIdeographBytes); n >= 2 * kIdeographBytes;
       n -= kIdeographBytes) {
    if (std::binary_search(kPhrases.begin(), kPhrases.end(), text.substr(0, n))) return n;
  }
  return 0;
}

bool is_common_ideograph(char32_t c) { return kCommon.has(c); }

bool is_common_word(std::string_view word) { return std::binary_search(kWords.begin(), kWords.end(), word); }

}  // namespace tocsin
