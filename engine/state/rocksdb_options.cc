#include "state/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include <array>

namespace tocsin::state {
namespace {

constexpr size_t kMiB = 1u << 20;

// Deltas live until the next checkpoint only: most die in the memtable, and compressing them would cost the hot path's
// core. The rest is JSON and encoded state, which lz4 halves for little.
rocksdb::ColumnFamilyOptions family(Table table, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions o;
  const bool delta = table == Table::kDelta;
  const bool stream = delta || table == Table::kOutbox || table == Table::kLog;
  o.write_buffer_size = delta ? 32 * kMiB : stream ? 8 * kMiB : 4 * kMiB;
  o.max_write_buffer_number = 2;
  o.compression = delta || table == Table::kMeta ? rocksdb::kNoCompression : rocksdb::kLZ4Compression;
  o.target_file_size_base = stream ? 32 * kMiB : 8 * kMiB;
  o.max_bytes_for_level_base = stream ? 256 * kMiB : 64 * kMiB;
  o.level_compaction_dynamic_level_bytes = false;
  rocksdb::BlockBasedTableOptions t;
  t.block_cache = cache;
  t.cache_index_and_filter_blocks = true;
  t.pin_l0_filter_and_index_blocks_in_cache = true;
  t.block_size = stream ? 32 * 1024 : 8 * 1024;
  if (table == Table::kState || table == Table::kAlerts) t.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(t));
  return o;
}

// RocksDB's own recovery from a full disk looks every five seconds and refuses ours meanwhile; the next write is
// sooner.
class RecoverOnWrite final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* automatic) override {
    *automatic = false;
  }
};

}  // namespace

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions o;
  o.create_if_missing = true;
  o.create_missing_column_families = true;
  o.db_write_buffer_size = kMemtableBytes;
  o.max_total_wal_size = 256 * kMiB;
  o.max_background_jobs = 2;
  o.bytes_per_sync = kMiB;
  // A torn last record is a commit that nobody was told of; damage anywhere else must not be passed over in silence.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  o.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  o.keep_log_file_num = 2;
  o.max_log_file_size = kMiB;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.listeners.push_back(std::make_shared<RecoverOnWrite>());
  return o;
}

std::array<rocksdb::ColumnFamilyOptions, kTables> family_options() {
  const auto cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  std::array<rocksdb::ColumnFamilyOptions, kTables> all;
  for (size_t i = 0; i < all.size(); ++i) all[i] = family(static_cast<Table>(i), cache);
  return all;
}

}  // namespace tocsin::state
