#pragma once
// A compacted topic as a reference table: read whole up to its end, then followed, on a thread of its own. What it says
// is handed out as the text of the table's rows (rule/table_rows.h).
//
// Records that do not fit the table are counted and told, and leave the row as it was. A topic that cannot be read any
// further (made anew, cut before what was read), or that has got more partitions, is read whole again; until that is
// done the last text stands. The topic must keep the last record of each key (cleanup.policy=compact): what is gone
// when it is read is no row.
//
// A key stands in one partition, the one that its producers choose by it. More partitions move keys, and what stood in
// the former ones stays there: then, of the partitions' last records of a key, the one with the greatest timestamp
// counts, of equal ones that of the greater partition (rule/table_rows.h). That does not depend on the order of
// reading, nor on when it was begun. Only the topic can forget: once it has dropped a record without a value, which it
// does after `delete.retention.ms`, an older one in another partition counts again at the next reading.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "connectors/kafka/client.h"
#include "rule/table_rows.h"

namespace tocsin::kafka {

struct TopicTableOptions {
  Settings settings = {};  // bootstrap.servers and any other of librdkafka's
  std::string topic = {};
  rule::SourceFile declaration = {};
  TimeZone zone = TimeZone::utc();
  DurationMs connect_wait = 10'000;  // how long a broker is waited for
  DurationMs stalled = 30'000;       // so long reading whole may bring nothing new
  DurationMs again = 5'000;          // between attempts
  DurationMs refresh = 10'000;       // a text is no more often made anew
  LogFunction log = {};              // librdkafka's lines, and records that were refused (level 4)
};

// Thread-safe.
class TopicTable {
 public:
  using Text = std::shared_ptr<const std::string>;
  struct Figures {
    size_t rows = 0;        // as read so far
    uint64_t rejected = 0;  // records that did not fit, since the start
    std::string trouble;    // why it cannot be read, for people; empty: all is well
  };

  // Begins to read. `until_read`: the text that stands until the topic was read whole; null: none.
  explicit TopicTable(TopicTableOptions options, Text until_read = nullptr);
  // end(), and waits for the thread: some seconds at most, while no broker answers.
  ~TopicTable();

  // It need not be followed any more. Returns at once; over() tells when the thread has ended, and the destructor need
  // not wait.
  void end();
  bool over() const;

  // Until the topic was read whole once, or an attempt to has failed, which is the error. kExhausted: not in `most`.
  Status wait(DurationMs most) const;
  // Null: it was never read whole. Another pointer than before: there may be other rows.
  Text text() const;
  Figures figures() const;
  const std::string& topic() const { return options_.topic; }
  const rule::SourceFile& declaration() const { return options_.declaration; }

 private:
  class Reading;
  enum class Left : uint8_t { kEnd, kGrown };  // why a reading was left: told to end; there are more partitions now
  void run();
  Result<Left> read();
  void publish(const rule::TableRows& rows);
  void fail(const Error& error);
  bool pause(DurationMs most);  // true: it ends

  const TopicTableOptions options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stop_ = false;  // guarded by mutex_, like all below
  bool over_ = false;
  bool whole_ = false;     // read to the end once
  uint64_t failures_ = 0;  // attempts
  Error last_failure_;
  Text text_;
  Figures figures_;
  std::thread thread_;
};

}  // namespace tocsin::kafka
