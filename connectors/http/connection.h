#pragma once
// What sessions and streams share: their registry, so that a stop finds them all, and their deadline.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace tocsin::http {

namespace net = boost::asio;
using tcp = net::ip::tcp;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;
  // Closes the socket and the timers; pending operations end soon after. Idempotent.
  virtual void stop() = 0;
};

// The live connections. Does not own them: their pending operations do.
class Connections {
 public:
  // Keeps their number in `count`.
  explicit Connections(uint64_t& count) : count_(count) {}
  void add(const std::shared_ptr<Connection>& c) {
    all_[c.get()] = c;
    count_ = all_.size();
  }
  void remove(const Connection* c) {
    all_.erase(c);
    count_ = all_.size();
  }
  size_t size() const { return all_.size(); }
  void stop_all() {
    std::vector<std::shared_ptr<Connection>> live;
    for (const auto& [key, weak] : all_) {
      if (auto c = weak.lock()) live.push_back(std::move(c));
    }
    for (const auto& c : live) c->stop();
  }

 private:
  uint64_t& count_;
  std::unordered_map<const Connection*, std::weak_ptr<Connection>> all_;
};

// One deadline at a time; setting a new one or clearing it makes the old one not happen, even when it is due already.
class Deadline {
 public:
  explicit Deadline(const net::any_io_executor& executor) : timer_(executor) {}
  // `f` may hold the owner: it is dropped when the deadline is over, cleared or set anew.
  void set(DurationMs after, std::function<void()> f) {
    const uint64_t generation = ++generation_;
    timer_.expires_after(std::chrono::milliseconds(after));
    timer_.async_wait([this, generation, f = std::move(f)](const boost::system::error_code& error) {
      if (!error && generation == generation_) f();
    });
  }
  void clear() {
    ++generation_;
    timer_.cancel();
  }

 private:
  net::steady_timer timer_;
  uint64_t generation_ = 0;
};

}  // namespace tocsin::http
