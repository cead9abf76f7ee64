#include "connectors/http/server.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <thread>

#include "connectors/http/api.h"
#include "connectors/http/session.h"
#include "connectors/http/stream.h"

namespace tocsin::http {
namespace {

using ErrorCode = boost::system::error_code;

constexpr DurationMs kAcceptAgainMs = 100;  // after accepting failed (no file descriptors)
// The answer to a connection that is one too many.
const std::string& full_answer() {
  static const std::string kAnswer = [] {
    const Response response = problem(unavailable("As many connections as are kept are open."), "/");
    return "HTTP/1.1 503 Service Unavailable\r\nServer: tocsin\r\nContent-Type: " + response.content_type +
           "\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: " + std::to_string(response.body.size()) +
           "\r\n\r\n" + response.body;
  }();
  return kAnswer;
}

// What other threads may still hold when the server is gone: tasks posted then go nowhere.
struct Loop {
  net::io_context io{1};
  std::atomic<bool> pump_posted{false};
};

Error bind_error(const ErrorCode& error, const Options& options) {
  const std::string where = "port " + std::to_string(options.port) + " of " + options.address;
  if (error == net::error::address_in_use) {
    return conflict("Cannot serve HTTP: " + where +
                    " is in use by another program. Stop it, or choose another port with http.port in the "
                    "configuration (0 takes any free one).");
  }
  if (error == net::error::access_denied) {
    return invalid("Cannot serve HTTP: no right to listen on " + where + "; ports below 1024 need it.");
  }
  return invalid("Cannot serve HTTP on " + where + ": " + error.message() + ".");
}

}  // namespace

Status check_address(const std::string& address, bool has_accounts) {
  ErrorCode error;
  const auto ip = net::ip::make_address(address, error);
  if (error) {
    return invalid("http.address '" + printable(address) +
                   "' is not an IP address; 127.0.0.1 keeps the "
                   "service to this machine.");
  }
  if (ip.is_loopback() || has_accounts) return {};
  return invalid("Cannot serve HTTP on " + address +
                 " without tokens: whoever reaches it could do everything. Name them under http.tokens in the "
                 "configuration, or keep http.address at 127.0.0.1.");
}

class Server::Impl {
 public:
  Impl(Backend& backend, const metrics::MetricsSource& metrics, Options options)
      : options_(std::move(options)),
        backend_(backend),
        api_(backend, metrics, options_, poster(), counters_, sessions_),
        hub_(backend, options_, connections_, counters_, sessions_, loop_->io.get_executor()),
        acceptor_(loop_->io),
        accept_again_(loop_->io.get_executor()) {}
  ~Impl() { stop(); }

  Status start();
  void stop();
  uint16_t port() const { return port_; }

 private:
  Post poster() {
    return [weak = std::weak_ptr(loop_)](std::function<void()> task) {
      if (const auto loop = weak.lock()) net::post(loop->io, std::move(task));
    };
  }
  Status listen();
  Status open_tls();
  void listen_to_commits();
  void accept();
  void take(tcp::socket socket);

  const Options options_;
  Backend& backend_;
  std::shared_ptr<Loop> loop_ = std::make_shared<Loop>();
  Counters counters_;
  Connections connections_{counters_.connections};
  EndedSessions sessions_;
  Api api_;
  StreamHub hub_;
  std::optional<net::ssl::context> tls_;
  Serving serving_{options_, api_, hub_, connections_, counters_};
  tcp::acceptor acceptor_;
  Deadline accept_again_;
  std::thread thread_;
  uint16_t port_ = 0;
};

Status Server::Impl::listen() {
  if (auto s = check_address(options_.address, !options_.accounts.empty()); !s) return s;
  ErrorCode error;
  const auto address = net::ip::make_address(options_.address, error);
  serving_.loopback = address.is_loopback();
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return bind_error(error, options_);
  return {};
}

Status Server::Impl::open_tls() {
  if (options_.certificate.empty()) return {};
  tls_.emplace(net::ssl::context::tls_server);
  ErrorCode error;
  tls_->set_options(net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1, error);
  if (!error) tls_->use_certificate_chain_file(options_.certificate, error);
  if (error) return invalid("http.tls.certificate " + options_.certificate + " cannot be used: " + error.message());
  tls_->use_private_key_file(options_.key, net::ssl::context::pem, error);
  if (error) {
    return invalid("http.tls.key " + options_.key + " cannot be used with the certificate: " + error.message());
  }
  serving_.tls = &*tls_;
  return {};
}

// Called from the engine's thread: at most one task a time waits on the loop, however many commits there are.
void Server::Impl::listen_to_commits() {
  backend_.set_listener([weak = std::weak_ptr(loop_), this](uint64_t) {
    const auto loop = weak.lock();
    if (!loop || loop->pump_posted.exchange(true)) return;
    net::post(loop->io, [this, raw = loop.get()] {
      raw->pump_posted.store(false);
      hub_.committed();
    });
  });
}

Status Server::Impl::start() {
  if (const Status status = open_tls(); !status) return status;
  if (const Status status = listen(); !status) return status;
  if (const Status status = hub_.open(); !status) return status;
  sessions_.set_listener([this] { hub_.end_with_sessions(); });
  listen_to_commits();
  hub_.committed();  // what was committed between the two
  accept();
  thread_ = std::thread([loop = loop_.get()] { loop->io.run(); });
  return {};
}

void Server::Impl::stop() {
  if (!thread_.joinable()) return;
  backend_.set_listener({});
  net::post(loop_->io, [this] {
    ErrorCode ignored;
    acceptor_.close(ignored);
    accept_again_.clear();
    hub_.stop();
    connections_.stop_all();
  });
  thread_.join();
}

void Server::Impl::accept() {
  acceptor_.async_accept([this](const ErrorCode& error, tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) return accept_again_.set(kAcceptAgainMs, [this] { accept(); });
    take(std::move(socket));
    accept();
  });
}

void Server::Impl::take(tcp::socket socket) {
  if (connections_.size() < options_.max_connections) {
    std::make_shared<Session>(std::move(socket), serving_)->start();
    return;
  }
  ++counters_.requests[503];
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  if (!tls_) socket.write_some(net::buffer(full_answer()), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

Server::Server(Backend& backend, const metrics::MetricsSource& metrics, Options options)
    : impl_(std::make_unique<Impl>(backend, metrics, std::move(options))) {}
Server::~Server() = default;
Status Server::start() { return impl_->start(); }
void Server::stop() { impl_->stop(); }
uint16_t Server::port() const { return impl_->port(); }

}  // namespace tocsin::http
