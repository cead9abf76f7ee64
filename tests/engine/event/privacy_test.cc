#include "event/privacy.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

namespace tocsin {
namespace {

std::array<uint8_t, 32> reference(const std::string& key, const std::string& message) {
  std::array<uint8_t, 32> out{};
  unsigned n = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), out.data(), &n);
  return out;
}

TEST(Tokenizer, IsHmacSha256ForEveryLength) {
  for (const size_t key_size : {1, 20, 63, 64, 65, 200}) {
    const std::string key(key_size, 'k');
    const Tokenizer t(key);
    for (size_t n = 0; n < 300; ++n) {
      std::string message;
      for (size_t i = 0; i < n; ++i) message.push_back(static_cast<char>(i * 7 + n));
      ASSERT_EQ(t.hmac(message), reference(key, message)) << key_size << " " << n;
    }
  }
}

TEST(Tokenizer, TokenIsTheFirst128BitsInBase64Url) {
  const auto mac = reference("secret", "张三");
  unsigned char base64[32];
  EVP_EncodeBlock(base64, mac.data(), 16);
  std::string expected = "p:" + std::string(reinterpret_cast<char*>(base64), 22);
  for (char& c : expected) c = c == '+' ? '-' : c == '/' ? '_' : c;
  Arena arena;
  const Tokenizer t("secret");
  EXPECT_EQ(t.token("张三", arena), expected);
  EXPECT_EQ(t.token("  张三 \t", arena), expected);
  EXPECT_EQ(t.token("\u3000张三\u00a0 \u3000", arena), expected);
  EXPECT_EQ(t.token("\r\n张三\n", arena), expected);
  EXPECT_EQ(t.token("\u3000\u00a0", arena), "");
  EXPECT_NE(t.token("张\u3000三", arena), expected);
  EXPECT_NE(t.token("\u3001张三", arena), expected);  // that begins as the blank does
  EXPECT_EQ(t.token("", arena), "");
  EXPECT_EQ(t.token("  ", arena), "");
  EXPECT_NE(Tokenizer("other").token("张三", arena), expected);
  for (int i = 0; i < 1000; ++i) {
    const auto m = reference("secret", std::to_string(i));
    EVP_EncodeBlock(base64, m.data(), 16);
    std::string e = "p:" + std::string(reinterpret_cast<char*>(base64), 22);
    for (char& c : e) c = c == '+' ? '-' : c == '/' ? '_' : c;
    ASSERT_EQ(t.token(std::to_string(i), arena), e);
  }
}

}  // namespace
}  // namespace tocsin
