#pragma once
// A fake HTTP receiver on loopback: answers each POST as it was told to, and keeps what it got.
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tocsin::test {

class Receiver {
 public:
  struct Got {
    std::string target, body;
    std::map<std::string, std::string> headers;  // names in lower case
  };
  struct Answer {
    int status = 200;
    std::string body = {};
    int retry_after = 0;
  };
  Receiver() : acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}) {
    port_ = acceptor_.local_endpoint().port();
    thread_ = std::thread([this] { run(); });
  }
  ~Receiver() { close(); }

  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  // The next answers, in order; then 200.
  void answers(std::deque<Answer> next) {
    const std::scoped_lock lock(mutex_);
    next_ = std::move(next);
  }
  // As by `f` for each request, instead of a list.
  void answers(std::function<Answer(const Got&)> f) {
    const std::scoped_lock lock(mutex_);
    judge_ = std::move(f);
  }
  // Waits for so many requests and answers them; a failure after ten seconds.
  std::vector<Got> wait(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return got_.size() >= count; }))
        << got_.size() << " requests, wanted " << count;
    return got_;
  }
  std::vector<Got> got() const {
    const std::scoped_lock lock(mutex_);
    return got_;
  }
  // Nobody answers any more.
  void close() {
    if (!thread_.joinable()) return;
    stop_ = true;
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket knock(io);
    boost::system::error_code ec;
    knock.connect({boost::asio::ip::make_address("127.0.0.1"), port_}, ec);
    thread_.join();
    acceptor_.close(ec);
  }

 private:
  // One connection a request: simple, and a client that keeps them is served all the same.
  void run() {
    while (!stop_) {
      boost::asio::ip::tcp::socket socket(io_);
      boost::system::error_code ec;
      acceptor_.accept(socket, ec);
      if (ec || stop_) continue;
      boost::beast::flat_buffer buffer;
      boost::beast::http::request<boost::beast::http::string_body> request;
      boost::beast::http::read(socket, buffer, request, ec);
      if (ec) continue;
      Got got{std::string(request.target()), request.body(), {}};
      for (const auto& field : request) {
        std::string name(field.name_string());
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        got.headers[name] = std::string(field.value());
      }
      const Answer answer = keep(std::move(got));
      boost::beast::http::response<boost::beast::http::string_body> response;
      response.result(static_cast<unsigned>(answer.status));
      if (answer.retry_after > 0) response.set("Retry-After", std::to_string(answer.retry_after));
      response.body() = answer.body;
      response.keep_alive(false);
      response.prepare_payload();
      boost::beast::http::write(socket, response, ec);
    }
  }
  Answer keep(Got got) {
    const std::scoped_lock lock(mutex_);
    Answer answer;
    if (judge_) {
      answer = judge_(got);
    } else if (!next_.empty()) {
      answer = next_.front();
      next_.pop_front();
    }
    got_.push_back(std::move(got));
    changed_.notify_all();
    return answer;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Answer> next_;
  std::function<Answer(const Got&)> judge_;
  std::vector<Got> got_;
  std::thread thread_;
};

}  // namespace tocsin::test
