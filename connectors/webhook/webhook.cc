#include "connectors/webhook/webhook.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <utility>

#include "base/hash.h"

namespace tocsin::webhook {
namespace {

constexpr std::string_view kKeyPrefix = "whsec_";

std::string base64(const unsigned char* bytes, size_t size) {
  std::string out((size + 2) / 3 * 4, '\0');
  ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  return out;
}

Result<std::string> key_of(const std::string& secret) {
  if (!secret.starts_with(kKeyPrefix)) return secret;
  const std::string text = secret.substr(kKeyPrefix.size());
  std::string key(text.size() / 4 * 3, '\0');
  const int size = text.empty() ? -1
                                : ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                                    reinterpret_cast<const unsigned char*>(text.data()),
                                                    static_cast<int>(text.size()));
  if (size < 0) return invalid("secret: after whsec_ stands base64, as in `openssl rand -base64 32`");
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  key.resize(static_cast<size_t>(size) - padding);
  return key;
}

class WebhookFormat final : public delivery::Format {
 public:
  WebhookFormat(WebhookOptions options, std::string key) : options_(std::move(options)), key_(std::move(key)) {}

  delivery::Request pack(std::span<const delivery::Message> group, TimeMs now) const override {
    delivery::Request request;
    request.urls = {options_.url};
    const bool batch = options_.courier.group_most > 1;
    if (batch) request.body = "[";
    for (size_t i = 0; i < group.size(); ++i) {
      if (i > 0) request.body += ",";
      request.body += group[i].json;
    }
    if (batch) request.body += "]";
    const Hash128 hash = hash128(request.body);
    const std::string id = "tocsin-" + hex(hash.hi) + hex(hash.lo);
    const std::string seconds = std::to_string(now / 1000);
    request.headers = options_.headers;
    request.headers.push_back(std::string("Content-Type: application/cloudevents") + (batch ? "-batch" : "") +
                              "+json; charset=utf-8");
    request.headers.push_back("webhook-id: " + id);
    request.headers.push_back("webhook-timestamp: " + seconds);
    if (!key_.empty()) {
      request.headers.push_back("webhook-signature: v1," + signature(id + "." + seconds + "." + request.body));
    }
    return request;
  }

 private:
  std::string signature(const std::string& text) const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    return base64(digest.data(), size);
  }
  const WebhookOptions options_;
  const std::string key_;
};

}  // namespace

Result<std::unique_ptr<delivery::Courier>> make_webhook(WebhookOptions options, const Clock& clock) {
  if (auto s = delivery::check_url(options.url); !s) return invalid("url: " + s.error().message);
  auto key = key_of(options.secret);
  if (!key) return key.error();
  delivery::CourierOptions courier = options.courier;
  return std::make_unique<delivery::Courier>(
      std::move(courier), std::make_unique<WebhookFormat>(std::move(options), std::move(*key)), clock);
}

}  // namespace tocsin::webhook
