#pragma once
// A certificate made for one test, and a blocking client that speaks TLS and trusts anybody.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <optional>
#include <string>

namespace tocsin::http {

class Certificate {
 public:
  Certificate() {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    X509* x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    EXPECT_GT(X509_sign(x, key, EVP_sha256()), 0);
    write(path(), [&](FILE* to) { return PEM_write_X509(to, x); });
    write(key_path(), [&](FILE* to) { return PEM_write_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(x);
    EVP_PKEY_free(key);
  }
  ~Certificate() {
    std::filesystem::remove(path());
    std::filesystem::remove(key_path());
  }
  std::string path() const { return base_ + ".crt"; }
  std::string key_path() const { return base_ + ".key"; }

 private:
  template <typename F>
  static void write(const std::string& path, F&& f) {
    FILE* to = std::fopen(path.c_str(), "w");
    ASSERT_NE(to, nullptr);
    EXPECT_EQ(f(to), 1);
    std::fclose(to);
  }
  const std::string base_ = testing::TempDir() + "tocsin-http-" + std::to_string(::getpid());
};

class TlsClient {
 public:
  explicit TlsClient(uint16_t port) {
    stream_.next_layer().connect({boost::asio::ip::address_v4::loopback(), port});
    const timeval limit{20, 0};
    setsockopt(stream_.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    stream_.handshake(boost::asio::ssl::stream_base::client);
  }
  void send(const std::string& text) { boost::asio::write(stream_, boost::asio::buffer(text)); }
  // Up to and without `end`, which is consumed; nothing at the end of the stream.
  std::optional<std::string> until(const std::string& end) {
    size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) {
      char piece[4096];
      boost::system::error_code error;
      const size_t n = stream_.read_some(boost::asio::buffer(piece), error);
      if (error) return std::nullopt;
      buffer_.append(piece, n);
    }
    std::string out = buffer_.substr(0, at);
    buffer_.erase(0, at + end.size());
    return out;
  }
  // Says that nothing more comes, and waits until the other end says so too; the connection below stays open meanwhile.
  void end() {
    boost::system::error_code ignored;
    stream_.shutdown(ignored);
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ssl::context context_{boost::asio::ssl::context::tls_client};
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_{io_, context_};
  std::string buffer_;
};

}  // namespace tocsin::http
