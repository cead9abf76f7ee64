// Records to events by a feed: rows of cells or JSON objects, expressions over them, and the common intake.
#include <algorithm>

#include "base/csv.h"
#include "base/json_writer.h"
#include "base/nearest.h"
#include "connectors/feed/feed_impl.h"
#include "connectors/feed/field_value.h"
#include "connectors/feed/json_row.h"
#include "event/mask.h"

namespace tocsin::feed {
namespace {

using expr::MapEntry;
using expr::Value;

IntakeOptions intake_of(const Feed::Impl& feed, IntakeOptions given) {
  given.zone = feed.zone;
  given.crs = feed.crs;
  given.sources.clear();
  return given;
}

std::string_view without_line_end(std::string_view record) {
  if (record.starts_with("\xEF\xBB\xBF")) record.remove_prefix(3);
  if (record.ends_with('\n')) record.remove_suffix(1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

// From a row (slot 0 and, for CSV, the columns) to an event: what both formats share.
class RowDecoder : public FeedDecoder {
 public:
  RowDecoder(std::shared_ptr<const Feed> feed, DecoderOptions options)
      : feed_(std::move(feed)),
        spec_(feed_->impl()),
        intake_(intake_of(spec_, std::move(options.intake))),
        builder_(spec_.zone),
        values_(1 + spec_.columns.size()) {}

  bool decode(std::string_view payload, Arena& arena, Event& out, runtime::Rejection& why) final {
    Refusal refusal;
    if (payload.size() > kMaxRecordBytes) {
      refuse(refusal, Reason::kOversized, "the record is over 1 MiB");
    } else if (read_row(payload, arena, refusal) && map(arena, out, refusal)) {
      return true;
    }
    why.reason = name_of(refusal.reason);
    why.message = std::move(refusal.message);
    return false;
  }
  DurationMs lateness() const final { return spec_.lateness; }
  std::string_view source_name() const final { return spec_.name; }

 protected:
  // Fills values_. False: `why` is set.
  virtual bool read_row(std::string_view payload, Arena& arena, Refusal& why) = 0;

  std::shared_ptr<const Feed> feed_;
  const Feed::Impl& spec_;
  Intake intake_;
  EventBuilder builder_;
  std::vector<Value> values_;

 private:
  static bool skip(Refusal& why) { return refuse(why, Reason::kSkipped, {}); }

  // True when the condition holds for the row; an error sets `failed`.
  static bool holds(const expr::Program& condition, const expr::Activation& row, Arena& arena, Refusal& why,
                    bool& failed) {
    const Value v = condition.evaluate(row, arena);
    if (v.is(expr::Tag::kBool)) return v.b;
    failed = true;
    return refuse(why, Reason::kBadValue,
                  "where or skip gave no condition" + (v.is_error() ? ": " + error_text(v, {}) : std::string()));
  }

  bool map(Arena& arena, Event& out, Refusal& why) {
    const expr::SpanActivation row(values_);
    bool failed = false;
    if (spec_.where && !holds(*spec_.where, row, arena, why, failed)) return failed ? false : skip(why);
    if (spec_.skip && holds(*spec_.skip, row, arena, why, failed)) return skip(why);
    if (failed) return false;
    out = Event();
    out.source = spec_.name;
    builder_.begin(out, spec_.crs);
    for (const Mapping& m : spec_.mappings) {
      if (!builder_.set(m, m.program->evaluate(row, arena), arena, why)) return false;
    }
    builder_.finish(arena);
    return intake_.admit(out, spec_.crs, arena, why, spec_.respondent);
  }
};

class JsonDecoder final : public RowDecoder {
 public:
  using RowDecoder::RowDecoder;
  Status set_header(std::string_view /*record*/) override { return Status::ok(); }
  std::string masked(std::string_view payload) const override {
    return mask_payload(payload, {.keys = spec_.identity_keys});
  }

 private:
  bool read_row(std::string_view payload, Arena& arena, Refusal& why) override {
    if (payload.find_first_not_of(" \t\r\n") == std::string_view::npos) return refuse(why, Reason::kSkipped, {});
    return row_.read(payload, arena, values_[0], why);
  }
  JsonRow row_;
};

class CsvDecoder final : public RowDecoder {
 public:
  CsvDecoder(std::shared_ptr<const Feed> feed, DecoderOptions options)
      : RowDecoder(std::move(feed), std::move(options)), text_(spec_.encoding) {
    if (!spec_.header.empty()) {
      names_ = spec_.header;
      fault_ = bind();
    }
  }

  Status set_header(std::string_view record) override {
    Arena arena(4096);
    header_ = std::string(without_line_end(record));
    names_.clear();
    std::string_view text;
    std::string wrong;
    if (!text_.convert(header_, arena, text)) {
      fault_ = "the header is not in the feed's encoding";
    } else if (!parse_csv_record(text, spec_.delimiter, arena, cells_, wrong)) {
      fault_ = "in the header " + wrong;
    } else {
      names_.assign(cells_.begin(), cells_.end());
      fault_ = bind();
    }
    if (fault_.empty()) return Status::ok();
    return invalid(spec_.name + ": " + fault_);
  }

  std::string masked(std::string_view payload) const override {
    Arena arena;
    std::string_view text;
    std::vector<std::string_view> cells;
    std::string wrong;
    const std::string_view record = without_line_end(payload);
    if (!text_.convert(record, arena, text)) return mask_payload(record, {.keys = spec_.identity_keys});
    if (!parse_csv_record(text, spec_.delimiter, arena, cells, wrong) || cells.size() != names_.size())
      return mask_broken(text);
    std::vector<std::string_view> identities;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (is_identity(names_[i])) identities.push_back(cells[i]);
    }
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (size_t i = 0; i < cells.size() && out.size() <= kMaxMaskedBytes; ++i) {
      const bool hidden = is_identity(names_[i]) && !cells[i].empty();
      w.field(names_[i], hidden ? "[hidden]" : mask_payload(cells[i], {.texts = identities}));
    }
    w.end_object();
    return mask_payload(out);
  }

 private:
  // Where the columns of the expressions are among names_; what is wrong with the header, or empty.
  std::string bind() {
    place_.assign(spec_.columns.size(), -1);
    std::vector<std::string_view> known(names_.begin(), names_.end());
    for (size_t i = 0; i < place_.size(); ++i) {
      const Column& c = spec_.columns[i];
      const auto it = std::find(names_.begin(), names_.end(), c.name);
      if (it != names_.end()) {
        place_[i] = static_cast<int>(it - names_.begin());
      } else if (!c.guarded) {
        const std::string near(nearest_word(c.name, known));
        return "the header has no column \"" + c.name + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?");
      }
    }
    return {};
  }

  bool is_identity(std::string_view name) const {
    return std::find(spec_.identity_keys.begin(), spec_.identity_keys.end(), name) != spec_.identity_keys.end();
  }

  // A row that is not cut into cells as the header says: no cell can be told from another, so where the feed has
  // identities only the row's size is told.
  std::string mask_broken(std::string_view text) const {
    if (spec_.identity_keys.empty()) return mask_payload(text);
    return "[hidden: a row of " + std::to_string(text.size()) + " bytes that does not fit its header]";
  }

  bool read_row(std::string_view payload, Arena& arena, Refusal& why) override {
    const std::string_view record = without_line_end(payload);
    if (record.empty() || record == header_) return refuse(why, Reason::kSkipped, {});
    if (names_.empty() && fault_.empty()) {
      const Status s = set_header(record);
      return s ? refuse(why, Reason::kSkipped, {}) : refuse(why, Reason::kMalformed, fault_);
    }
    if (!fault_.empty()) return refuse(why, Reason::kMalformed, fault_);
    std::string_view text;
    if (!text_.convert(record, arena, text)) {
      return refuse(why, Reason::kNotUtf8,
                    text_.encoding() == Encoding::kGbk ? "the row is not GBK" : "the row is not UTF-8");
    }
    std::string wrong;
    if (!parse_csv_record(text, spec_.delimiter, arena, cells_, wrong))
      return refuse(why, Reason::kMalformed, std::move(wrong));
    if (cells_.size() != names_.size()) {
      return refuse(
          why, Reason::kMalformed,
          "the row has " + std::to_string(cells_.size()) + " cells, the header " + std::to_string(names_.size()));
    }
    for (size_t i = 0; i < place_.size(); ++i) {
      values_[1 + i] = place_[i] < 0 ? Value::null() : Value::string(cells_[static_cast<size_t>(place_[i])]);
    }
    if (spec_.whole_row) values_[0] = whole_row(arena);
    return true;
  }

  Value whole_row(Arena& arena) const {
    auto* const entries = arena.array<MapEntry>(cells_.size());
    for (size_t i = 0; i < cells_.size(); ++i) {
      entries[i] = {Value::string(names_[i]), Value::string(cells_[i])};
    }
    return Value::of(new (arena.array<expr::Map>(1)) expr::Map{{entries, cells_.size()}});
  }

  ToUtf8 text_;
  std::string header_;              // its bytes, to know it again
  std::vector<std::string> names_;  // of the columns, in the order of the cells
  std::string fault_;               // of the header
  std::vector<int> place_;          // cell of each column of the expressions, -1: not there
  std::vector<std::string_view> cells_;
};

}  // namespace

std::unique_ptr<FeedDecoder> make_decoder(std::shared_ptr<const Feed> feed, DecoderOptions options) {
  if (feed->format() == Format::kCsv) return std::make_unique<CsvDecoder>(std::move(feed), std::move(options));
  return std::make_unique<JsonDecoder>(std::move(feed), std::move(options));
}

}  // namespace tocsin::feed
