// tocsin state and dlq: operators' work on the state directory of a service that is stopped, or beside one.
#include <filesystem>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/config.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/privacy_key.h"
#include "connectors/cli/requeue.h"
#include "runtime/engine.h"

namespace tocsin::cli {
namespace {

int inspect(const std::string& directory, bool json) {
  auto store = state::open_rocksdb_read_only(directory);
  if (!store) return fail(store.error());
  auto bytes = (*store)->get(state::Table::kMeta, "progress");
  if (!bytes)
    return fail(bytes.error().code == Code::kNotFound ? Error(not_found(directory + " holds no progress yet"))
                                                      : bytes.error());
  auto progress = runtime::Progress::decode(*bytes);
  if (!progress) return fail(progress.error());
  std::map<std::string, uint64_t> keys;
  const Status s = (*store)->scan(state::Table::kState, "", "", [&](std::string_view key, std::string_view) {
    ++keys[std::string(key.substr(0, key.find('\0')))];
    return true;
  });
  if (!s) return fail(s.error());
  const std::string watermark = progress->watermark == kNoTime ? "none" : format_time(progress->watermark);
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("directory", directory).field("watermark", watermark);
  w.key("commit").unsigned_integer(progress->commit).key("checkpoint").unsigned_integer(progress->checkpoint);
  w.key("transitions")
      .unsigned_integer(progress->outbox)
      .key("bytes_on_disk")
      .unsigned_integer((*store)->bytes_on_disk());
  w.key("partitions").begin_object();
  for (const auto& [name, p] : progress->partitions) {
    w.key(name);
    if (p.next_offset == UINT64_MAX)
      w.null();
    else
      w.unsigned_integer(p.next_offset);
  }
  w.end_object().key("sinks").begin_object();
  for (const auto& [name, n] : progress->sinks) w.key(name).unsigned_integer(n);
  w.end_object().key("keys_at_checkpoint").begin_object();
  for (const auto& [rule, n] : keys) w.key(rule).unsigned_integer(n);
  w.end_object().end_object();
  if (json) {
    std::cout << out << '\n';
    return kWell;
  }
  std::cout << directory << ": commit " << progress->commit << " (checkpoint at " << progress->checkpoint
            << "), watermark " << watermark << ", " << progress->outbox << " transitions, "
            << (*store)->bytes_on_disk() / 1024 << " KiB\n";
  for (const auto& [name, p] : progress->partitions) {
    const bool begun = p.next_offset != UINT64_MAX;
    std::cout << "  reads " << name << " from " << (begun ? "offset " + std::to_string(p.next_offset) : "the beginning")
              << '\n';
  }
  for (const auto& [name, n] : progress->sinks) std::cout << "  told " << name << " up to transition " << n << '\n';
  for (const auto& [rule, n] : keys) std::cout << "  " << rule << ": " << n << " keys\n";
  return kWell;
}

int checkpoint(const std::string& directory, const std::string& to) {
  auto store = state::open_rocksdb_read_only(directory);
  if (!store) return fail(store.error());
  if (auto s = (*store)->checkpoint(to); !s) return fail(s.error());
  std::cout << "checkpoint of " << directory << " written to " << to << '\n';
  return kWell;
}

int restore(const std::string& from, const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code ec;
  if (fs::exists(directory, ec) && !fs::is_empty(directory, ec)) {
    return fail(kUsage, directory + " is not empty; move it away first, so that nothing is overwritten");
  }
  {
    auto store = state::open_rocksdb_read_only(from);
    if (!store) return fail(store.error());
  }
  fs::create_directories(directory, ec);
  if (!ec) fs::copy(from, directory, fs::copy_options::recursive, ec);
  if (ec) return fail(kCannotGoOn, "copying " + from + " to " + directory + ": " + ec.message());
  std::cout << from << " restored to " << directory << '\n';
  return kWell;
}

int new_key(const std::string& directory) {
  auto key = privacy_key();
  if (!key) return fail(key.error());
  if (auto there = state::open_rocksdb_read_only(directory); !there) return fail(there.error());  // it makes none
  auto store = state::open_rocksdb(directory);
  if (!store) return fail(store.error());
  const auto kept = kept_key(**store, *key);
  if (!kept) return fail(kept.error());
  if (*kept == KeptKey::kThis) {
    std::cout << directory << " is under this key already\n";
    return kWell;
  }
  if (auto s = keep_key(**store, *key); !s) return fail(s.error());
  std::cout << directory
            << (*kept == KeptKey::kNone
                    ? " kept no key until now; it is under this one from now on\n"
                    : " is under another key from now on: tokens from before stay, and match nobody who reports now\n");
  return kWell;
}

int list_dead(const std::string& directory, size_t limit, bool json) {
  auto store = state::open_rocksdb_read_only(directory);
  if (!store) return fail(store.error());
  size_t n = 0;
  Status fault;
  const Status s = (*store)->scan(state::Table::kDead, "", "", [&](std::string_view key, std::string_view value) {
    auto letter = runtime::decode_dead_letter(value);
    if (!letter) {
      fault = letter.error();
      return false;
    }
    const uint64_t number = state::from_big_endian(key);
    if (json) {
      std::string out;
      JsonWriter w(out);
      w.begin_object().key("number").unsigned_integer(number).field("source", letter->source);
      w.field("place", letter->place)
          .field("partition", letter->partition)
          .key("offset")
          .unsigned_integer(letter->offset);
      w.field("reason", letter->reason).field("message", letter->message).field("masked", letter->masked).end_object();
      std::cout << out << '\n';
    } else {
      std::cout << number << "  " << letter->place << "  " << letter->source << "  " << letter->reason << ": "
                << letter->message << "\n      " << letter->masked.substr(0, 160) << '\n';
    }
    return ++n < limit;
  });
  if (!s) return fail(s.error());
  if (!fault) return fail(fault.error());
  if (n == 0 && !json) std::cout << "no rejected record\n";
  return kWell;
}

}  // namespace

void add_state(Command& app, int& exit_code) {
  auto* command =
      app.add_subcommand("state", "Look at, copy and restore a state directory", "查看、复制、恢复状态目录");
  command->require_subcommand(1);
  struct Options {
    std::string directory, other, format = "text";
  };
  auto o = std::make_shared<Options>();
  auto* look = command->add_subcommand("inspect", "What a state directory holds", "状态目录里有什么");
  look->add_option("DIR", o->directory, "state directory")->required();
  add_format(*look, o->format);
  look->callback([o, &exit_code] { exit_code = inspect(o->directory, o->format == "json"); });
  auto* copy = command->add_subcommand("checkpoint", "Write a consistent copy, also beside a running service",
                                       "写一份一致的副本，服务运行时也可以");
  copy->add_option("DIR", o->directory, "state directory")->required();
  copy->add_option("TO", o->other, "a new directory")->required();
  copy->callback([o, &exit_code] { exit_code = checkpoint(o->directory, o->other); });
  auto* back = command->add_subcommand("restore", "Make a state directory from a checkpoint", "由副本恢复状态目录");
  back->add_option("FROM", o->other, "checkpoint")->required();
  back->add_option("DIR", o->directory, "a new or empty state directory")->required();
  back->callback([o, &exit_code] { exit_code = restore(o->other, o->directory); });
  auto* key = command->add_subcommand("new-key", "Go on under another privacy key, where the former one is lost",
                                      "原隐私密钥丢失时换一个继续");
  key->add_option("DIR", o->directory, "state directory of the service, which must be stopped")->required();
  key->callback([o, &exit_code] { exit_code = new_key(o->directory); });
}

void add_dlq(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("dlq", "Rejected records: list them, put them back", "被拒的记录：列出、重新读入");
  command->require_subcommand(1);
  struct Options {
    std::string directory, format = "text";
    size_t limit = 1000;
    Requeue requeue;
  };
  auto o = std::make_shared<Options>();
  auto* list = command->add_subcommand("list", "Rejected records, oldest first, with masked copies",
                                       "被拒的记录，最早的在前，附遮盖后的副本");
  list->add_option("--state", o->directory, "state directory")->required();
  list->add_option("--limit", o->limit, "at most so many")->capture_default_str();
  add_format(*list, o->format);
  list->callback([o, &exit_code] { exit_code = list_dead(o->directory, o->limit, o->format == "json"); });
  auto* back =
      command->add_subcommand("requeue", "Read rejected records from their log again, with the feed as it now is",
                              "按现在的映射，从日志重新读取被拒的记录");
  back->add_option("--state", o->requeue.directory, "state directory of the service, which must be stopped")
      ->required();
  back->add_option("--feed", o->requeue.feed,
                   "the mended feed: a name or a file (default: the one in the config, else canonical events)");
  back->add_option("--number", o->requeue.numbers, "only these (default: all)");
  back->add_option("--config", o->requeue.config,
                   "the service's config: zone, areas, accept, feeds, and Kafka for records that came by it");
  back->callback([o, &exit_code] { exit_code = requeue(o->requeue); });
}

}  // namespace tocsin::cli
