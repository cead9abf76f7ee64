#pragma once
// How RocksDB is set up: the tables' families and the memory they may take.
#include <rocksdb/options.h>

#include "state/store.h"

namespace tocsin::state {

// All memtables and the block cache together stay below 128 MiB.
inline constexpr size_t kMemtableBytes = 80u << 20;
inline constexpr size_t kBlockCacheBytes = 16u << 20;

rocksdb::DBOptions database_options();
// One set per table; the block cache is shared by all sets of one call.
std::array<rocksdb::ColumnFamilyOptions, kTables> family_options();

}  // namespace tocsin::state
