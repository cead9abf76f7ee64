#pragma once
// RocksDB behind the store's port, for those who need more than open_rocksdb(): tests that inject a failing disk.
#include <memory>
#include <string>

#include "base/status.h"
#include "state/store.h"

namespace rocksdb {
class Env;
}

namespace tocsin::state {

struct RocksOptions {
  bool read_only = false;
  rocksdb::Env* env = nullptr;  // not owned; nullptr: the operating system
};

Result<std::unique_ptr<Store>> open_rocksdb_with(const std::string& directory, const RocksOptions& options);

}  // namespace tocsin::state
