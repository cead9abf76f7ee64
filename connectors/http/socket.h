#pragma once
// A connection's bytes, plain or under TLS: an AsyncStream of Asio and Beast. Not to be moved while an operation is
// under way.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <memory>
#include <string>
#include <utility>

#include "connectors/http/connection.h"

namespace tocsin::http {

class Socket {
 public:
  using ErrorCode = boost::system::error_code;
  using executor_type = tcp::socket::executor_type;

  // `tls` null: plain. Outlives the socket.
  Socket(tcp::socket socket, net::ssl::context* tls) {
    if (tls == nullptr) {
      plain_ = std::make_unique<tcp::socket>(std::move(socket));
    } else {
      tls_ = std::make_unique<net::ssl::stream<tcp::socket>>(std::move(socket), *tls);
    }
  }

  executor_type get_executor() { return tcp_layer().get_executor(); }
  bool secure() const { return tls_ != nullptr; }
  // Before the first byte; done at once where there is no TLS.
  template <typename Handler>
  void async_handshake(Handler&& handler) {
    if (tls_ == nullptr) return net::post(get_executor(), [h = std::forward<Handler>(handler)]() mutable { h({}); });
    tls_->async_handshake(net::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_ != nullptr) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_->async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_ != nullptr) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_->async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

  tcp::socket& tcp_layer() { return tls_ != nullptr ? tls_->next_layer() : *plain_; }
  // Ends the operations under way, with an error.
  void cancel() {
    ErrorCode ignored;
    tcp_layer().cancel(ignored);
  }
  // Says that nothing more will be sent.
  void finish() {
    ErrorCode ignored;
    tcp_layer().shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() {
    ErrorCode ignored;
    tcp_layer().shutdown(tcp::socket::shutdown_both, ignored);
    tcp_layer().close(ignored);
  }
  // The other end's address, or empty when it is gone.
  std::string peer() {
    ErrorCode error;
    const auto end = tcp_layer().remote_endpoint(error);
    return error ? std::string() : end.address().to_string();
  }

 private:
  std::unique_ptr<tcp::socket> plain_;
  std::unique_ptr<net::ssl::stream<tcp::socket>> tls_;
};

// How Beast's WebSocket ends a connection of ours.
inline void beast_close_socket(Socket& socket) { socket.close(); }
inline void teardown(boost::beast::role_type, Socket& socket, Socket::ErrorCode& error) {
  socket.close();
  error = {};
}
template <typename Handler>
void async_teardown(boost::beast::role_type, Socket& socket, Handler&& handler) {
  socket.close();
  net::post(socket.get_executor(),
            boost::beast::bind_front_handler(std::forward<Handler>(handler), Socket::ErrorCode()));
}

}  // namespace tocsin::http
