#include "connectors/http/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <istream>

namespace tocsin::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

struct Client::Impl {
  std::string host, port;
  asio::io_context io;
  asio::ip::tcp::socket socket{io};
  beast::flat_buffer buffer;

  Status connect() {
    error_code ec;
    asio::ip::tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, port, ec);
    if (!ec) {
      socket = asio::ip::tcp::socket(io);
      asio::connect(socket, found, ec);
    }
    if (ec)
      return unavailable("http://" + host + ":" + port + " does not answer (" + ec.message() +
                         "); is `tocsin run` up?");
    buffer.clear();
    return {};
  }

  beast::http::request<beast::http::string_body> request(beast::http::verb verb, const std::string& target) const {
    beast::http::request<beast::http::string_body> r{verb, target, 11};
    r.set(beast::http::field::host, host + ":" + port);
    r.set(beast::http::field::user_agent, "tocsin");
    return r;
  }

  Result<Answer> exchange(const beast::http::request<beast::http::string_body>& request) {
    error_code ec;
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (!socket.is_open() || attempt > 0) {
        if (auto s = connect(); !s) return s.error();
      }
      beast::http::write(socket, request, ec);
      if (ec) continue;
      beast::http::response_parser<beast::http::string_body> response;
      response.body_limit(256u << 20);
      beast::http::read(socket, buffer, response, ec);
      if (ec) continue;
      if (!response.get().keep_alive()) socket.close(ec);
      return Answer{static_cast<int>(response.get().result_int()), std::move(response.get().body())};
    }
    return unavailable("http://" + host + ":" + port + ": " + ec.message());
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::parse(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const Error wrong = invalid("\"" + url + "\" is not an address such as http://127.0.0.1:8080");
  if (!url.starts_with(kScheme)) return wrong;
  std::string rest = url.substr(kScheme.size());
  if (const size_t slash = rest.find('/'); slash != std::string::npos) rest.resize(slash);
  auto impl = std::make_unique<Impl>();
  const size_t colon = rest.rfind(':');
  impl->host = rest.substr(0, colon);
  impl->port = colon == std::string::npos ? "80" : rest.substr(colon + 1);
  if (impl->host.empty() || impl->port.empty()) return wrong;
  return Client(std::move(impl));
}

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
  beast::http::write(impl_->socket, request, ec);
  beast::http::response_parser<beast::http::buffer_body> parser;
  parser.body_limit(boost::none);
  if (!ec) beast::http::read_header(impl_->socket, impl_->buffer, parser, ec);
  if (ec) return unavailable("the stream could not be opened: " + ec.message());
  if (parser.get().result_int() != 200)
    return unavailable("the stream was refused: " + std::to_string(parser.get().result_int()));
  std::string text, id, data;
  char piece[16 * 1024];
  while (!parser.is_done()) {
    parser.get().body().data = piece;
    parser.get().body().size = sizeof piece;
    beast::http::read_some(impl_->socket, impl_->buffer, parser, ec);
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
