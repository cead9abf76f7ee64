#include "connectors/http/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <istream>
#include <optional>

namespace tocsin::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

struct Client::Impl {
  std::string host, port, token;
  bool secure = false;
  asio::io_context io;
  asio::ip::tcp::socket socket{io};
  asio::ssl::context tls{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> secured;
  beast::flat_buffer buffer;

  std::string place() const { return (secure ? "https://" : "http://") + host + ":" + port; }

  // Calls f with the stream that carries the bytes.
  template <typename F>
  void with_stream(F&& f) {
    if (secured) {
      f(*secured);
    } else {
      f(socket);
    }
  }

  void handshake(error_code& ec) {
    secured.reset();
    if (!secure || ec) return;
    tls.set_default_verify_paths(ec);
    secured.emplace(socket, tls);
    secured->set_verify_mode(asio::ssl::verify_peer, ec);
    secured->set_verify_callback(asio::ssl::host_name_verification(host), ec);
    SSL_set_tlsext_host_name(secured->native_handle(), host.c_str());
    secured->handshake(asio::ssl::stream_base::client, ec);
  }

  Status connect() {
    error_code ec;
    asio::ip::tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, port, ec);
    if (!ec) {
      socket = asio::ip::tcp::socket(io);
      asio::connect(socket, found, ec);
    }
    handshake(ec);
    if (ec) return unavailable(place() + " does not answer (" + ec.message() + "); is `tocsin run` up?");
    buffer.clear();
    return {};
  }

  beast::http::request<beast::http::string_body> request(beast::http::verb verb, const std::string& target) const {
    beast::http::request<beast::http::string_body> r{verb, target, 11};
    r.set(beast::http::field::host, host + ":" + port);
    r.set(beast::http::field::user_agent, "tocsin");
    if (!token.empty()) r.set(beast::http::field::authorization, "Bearer " + token);
    return r;
  }

  Result<Answer> exchange(const beast::http::request<beast::http::string_body>& request) {
    error_code ec;
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (!socket.is_open() || attempt > 0) {
        if (auto s = connect(); !s) return s.error();
      }
      with_stream([&](auto& stream) { beast::http::write(stream, request, ec); });
      if (ec) continue;
      beast::http::response_parser<beast::http::string_body> response;
      response.body_limit(256u << 20);
      with_stream([&](auto& stream) { beast::http::read(stream, buffer, response, ec); });
      if (ec) continue;
      if (!response.get().keep_alive()) socket.close(ec);
      return Answer{static_cast<int>(response.get().result_int()), std::move(response.get().body())};
    }
    return unavailable(place() + ": " + ec.message());
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::parse(const std::string& url) {
  const Error wrong = invalid("\"" + url + "\" is not an address such as http://127.0.0.1:8080");
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return wrong;
  std::string rest = url.substr(secure ? 8 : 7);
  if (const size_t slash = rest.find('/'); slash != std::string::npos) rest.resize(slash);
  auto impl = std::make_unique<Impl>();
  impl->secure = secure;
  const size_t colon = rest.rfind(':');
  impl->host = rest.substr(0, colon);
  impl->port = colon == std::string::npos ? (secure ? "443" : "80") : rest.substr(colon + 1);
  if (impl->host.empty() || impl->port.empty()) return wrong;
  return Client(std::move(impl));
}

void Client::set_token(std::string token) { impl_->token = std::move(token); }

Result<Answer> Client::get(const std::string& target) {
  return impl_->exchange(impl_->request(beast::http::verb::get, target));
}

Result<Answer> Client::post(const std::string& target, std::string_view content_type, std::string_view body) {
  auto request = impl_->request(beast::http::verb::post, target);
  request.set(beast::http::field::content_type, beast::string_view(content_type.data(), content_type.size()));
  request.body() = body;
  request.prepare_payload();
  return impl_->exchange(request);
}

Status Client::stream(const std::string& target, const std::string& last_id,
                      const std::function<bool(std::string_view, std::string_view)>& event) {
  if (auto s = impl_->connect(); !s) return s;
  auto request = impl_->request(beast::http::verb::get, target);
  request.set(beast::http::field::accept, "text/event-stream");
  if (!last_id.empty()) request.set("Last-Event-ID", last_id);
  error_code ec;
  impl_->with_stream([&](auto& carrier) { beast::http::write(carrier, request, ec); });
  beast::http::response_parser<beast::http::buffer_body> parser;
  parser.body_limit(UINT64_MAX);  // none is taken for 0 in Boost 1.74
  if (!ec) impl_->with_stream([&](auto& carrier) { beast::http::read_header(carrier, impl_->buffer, parser, ec); });
  if (ec) return unavailable("the stream could not be opened: " + ec.message());
  if (parser.get().result_int() == 401) return invalid("the service wants a token: give --token, or set TOCSIN_TOKEN");
  if (parser.get().result_int() != 200)
    return unavailable("the stream was refused: " + std::to_string(parser.get().result_int()));
  std::string text, id, data;
  char piece[16 * 1024];
  while (!parser.is_done()) {
    parser.get().body().data = piece;
    parser.get().body().size = sizeof piece;
    impl_->with_stream([&](auto& carrier) { beast::http::read_some(carrier, impl_->buffer, parser, ec); });
    if (ec == beast::http::error::need_buffer) ec = {};
    if (ec) return unavailable("the stream ended: " + ec.message());
    text.append(piece, sizeof piece - parser.get().body().size);
    size_t at = 0;
    for (size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string_view line(text.data() + at, end - at);
      if (line.starts_with("id:")) id = line.substr(line.starts_with("id: ") ? 4 : 3);
      if (line.starts_with("data:")) data = line.substr(line.starts_with("data: ") ? 6 : 5);
      if (!line.empty() || data.empty()) continue;
      if (!event(id, data)) return {};
      data.clear();
    }
    text.erase(0, at);
  }
  return unavailable("the service closed the stream");
}

}  // namespace tocsin::http
