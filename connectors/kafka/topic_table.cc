#include "connectors/kafka/topic_table.h"

#include <chrono>
#include <optional>

#include "base/log_level.h"
#include "connectors/kafka/kafka_source.h"

namespace tocsin::kafka {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kAtOnce = 4096;  // records
constexpr DurationMs kPoll = 100;
constexpr size_t kTold = 20;  // refused records that the log names, between two texts

}  // namespace

// One attempt: the rows as this topic tells them from its beginning.
class TopicTable::Reading {
 public:
  Reading(TopicTable& table, std::unique_ptr<KafkaSource> source, rule::TableRows rows)
      : table_(table), source_(std::move(source)), rows_(std::move(rows)), moved_(Clock::now()) {}

  Result<Left> run() {
    const auto partitions = static_cast<uint32_t>(source_->partitions().size());
    if (auto s = source_->seek({}); !s) return s.error();
    while (!table_.pause(0)) {
      if (!source_->new_partitions().empty()) return Left::kGrown;
      std::vector<runtime::Record> records;
      auto polled = source_->poll(kAtOnce, kPoll, records);
      if (!polled) return polled.error();
      for (const runtime::Record& r : records) take(r);
      if (!records.empty()) moved_ = Clock::now();
      if (!whole_) {
        bool end = true;
        for (uint32_t p = 0; p < partitions && end; ++p) end = source_->at_head(p);
        if (!end && Clock::now() - moved_ > milliseconds(table_.options_.stalled)) {
          const std::string health = source_->health();
          return unavailable(health.empty() ? "it brings nothing more, though its end is not reached" : health);
        }
        whole_ = end;
        changed_ = changed_ || end;
      }
      note();
      const bool due = !told_at_ || Clock::now() - *told_at_ >= milliseconds(table_.options_.refresh);
      if (whole_ && changed_ && due) tell();
    }
    return Left::kEnd;
  }

 private:
  void take(const runtime::Record& r) {
    const auto value = r.deletion ? std::nullopt : std::optional<std::string_view>(r.payload);
    auto taken = r.fault.empty() ? rows_.take(r.key, value, {r.partition, r.timestamp})
                                 : Result<bool>(invalid("the record is larger than 1 MiB"));
    if (taken) {
      changed_ = changed_ || *taken;
      return;
    }
    ++rejected_;
    if (refused_++ >= kTold || !table_.options_.log) return;
    table_.options_.log(log_level::kWarning,
                        "table " + rule::name_of_table(table_.options_.declaration.text) + ": " +
                            source_->place(r.partition, r.offset) +
                            " does not fit, and its row stays as it was: " + taken.error().message);
  }

  void note() {
    const std::string health = source_->health();
    const std::lock_guard lock(table_.mutex_);
    table_.figures_.rows = rows_.rows();
    table_.figures_.rejected += rejected_;
    table_.figures_.trouble = health;
    rejected_ = 0;
  }

  void tell() {
    table_.publish(rows_);
    told_at_ = Clock::now();
    changed_ = false;
    refused_ = 0;
  }

  TopicTable& table_;
  const std::unique_ptr<KafkaSource> source_;
  rule::TableRows rows_;
  Clock::time_point moved_;
  std::optional<Clock::time_point> told_at_;
  bool whole_ = false, changed_ = false;
  uint64_t rejected_ = 0;  // not noted yet
  size_t refused_ = 0;     // since the last text
};

TopicTable::TopicTable(TopicTableOptions options, Text until_read)
    : options_(std::move(options)), text_(std::move(until_read)), thread_([this] { run(); }) {}

TopicTable::~TopicTable() {
  end();
  thread_.join();
}

void TopicTable::end() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

bool TopicTable::over() const {
  const std::lock_guard lock(mutex_);
  return over_;
}

bool TopicTable::pause(DurationMs most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, milliseconds(most), [this] { return stop_; });
  return stop_;
}

void TopicTable::run() {
  DurationMs again = 0;
  while (!pause(again)) {
    const auto left = read();
    again = left ? 0 : options_.again;
    if ((left && *left == Left::kEnd) || pause(0)) break;
    const std::string why =
        left ? "it has more partitions now, and is read anew; where a key stands in two, the younger record counts"
             : left.error().message;
    if (!left) fail(left.error());
    if (options_.log) options_.log(log_level::kWarning, "topic " + options_.topic + " as a table: " + why);
  }
  const std::lock_guard lock(mutex_);
  over_ = true;
}

void TopicTable::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    ++failures_;
    last_failure_ = error;
    figures_.trouble = error.message;
  }
  changed_.notify_all();
}

Result<TopicTable::Left> TopicTable::read() {
  KafkaSourceOptions o;
  o.settings = options_.settings;
  o.settings.erase("auto.offset.reset");  // always from the beginning
  o.topics = {options_.topic};
  o.connect_wait = options_.connect_wait;
  o.give_up = [this] { return pause(0); };
  o.keys = true;
  o.log = options_.log;
  auto source = KafkaSource::open(std::move(o));
  if (!source) return source.error();
  auto rows = rule::TableRows::of(options_.declaration, options_.zone, (*source)->partitions().size());
  if (!rows) return rows.error();
  return Reading(*this, *std::move(source), *std::move(rows)).run();
}

void TopicTable::publish(const rule::TableRows& rows) {
  auto text = std::make_shared<const std::string>(rows.text());
  {
    const std::lock_guard lock(mutex_);
    if (text_ == nullptr || *text_ != *text) text_ = std::move(text);
    whole_ = true;
  }
  changed_.notify_all();
}

Status TopicTable::wait(DurationMs most) const {
  std::unique_lock lock(mutex_);
  const bool over = changed_.wait_for(lock, milliseconds(most), [this] { return whole_ || failures_ > 0 || stop_; });
  if (whole_) return {};
  if (stop_) return unavailable("topic " + options_.topic + " is no longer followed");
  if (over) return last_failure_;
  return exhausted("topic " + options_.topic + " was not read to its end in " + std::to_string(most / 1000) + " s");
}

TopicTable::Text TopicTable::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

TopicTable::Figures TopicTable::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

}  // namespace tocsin::kafka
