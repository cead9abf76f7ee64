#include "event/privacy.h"

// The low-level SHA-256 functions are deprecated in OpenSSL 3 in favour of EVP, which cannot start from a saved state
// without an allocation; they use the processor's SHA instructions all the same.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace tocsin {
namespace {

constexpr size_t kBlock = 64;
constexpr size_t kOneBlockMessage = 55;  // with the 0x80 and the length it fills one block

void store_be32(uint8_t* p, uint32_t v) {
  v = __builtin_bswap32(v);
  std::memcpy(p, &v, sizeof v);
}
void store_be64(uint8_t* p, uint64_t v) {
  v = __builtin_bswap64(v);
  std::memcpy(p, &v, sizeof v);
}

void compress(std::array<uint32_t, 8>& state, const uint8_t* block) {
  SHA256_CTX ctx;
  std::memcpy(ctx.h, state.data(), sizeof ctx.h);
  SHA256_Transform(&ctx, block);
  std::memcpy(state.data(), ctx.h, sizeof ctx.h);
}

std::array<uint32_t, 8> initial() {
  SHA256_CTX ctx;
  SHA256_Init(&ctx);
  std::array<uint32_t, 8> state{};
  std::memcpy(state.data(), ctx.h, sizeof ctx.h);
  return state;
}

// The last block or blocks of a message of which `done` bytes went before: the rest, 0x80, zeros, length in bits.
void finish(std::array<uint32_t, 8>& state, std::string_view rest, size_t done) {
  const uint64_t bits = (done + rest.size()) * 8;
  for (; rest.size() >= kBlock; rest.remove_prefix(kBlock)) {
    compress(state, reinterpret_cast<const uint8_t*>(rest.data()));
  }
  uint8_t block[kBlock] = {};
  if (!rest.empty()) std::memcpy(block, rest.data(), rest.size());
  block[rest.size()] = 0x80;
  if (rest.size() > kOneBlockMessage) {
    compress(state, block);
    std::memset(block, 0, sizeof block);
  }
  store_be64(block + 56, bits);
  compress(state, block);
}

constexpr std::string_view kNoBreak = "\u00a0", kFullWidth = "\u3000";

bool is_ascii_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Bytes of the blank that `s` begins or ends with; 0: none.
size_t blank_before(std::string_view s) {
  if (s.empty()) return 0;
  if (is_ascii_blank(s.front())) return 1;
  if (s.front() == kNoBreak.front()) return s.starts_with(kNoBreak) ? kNoBreak.size() : 0;
  return s.starts_with(kFullWidth) ? kFullWidth.size() : 0;
}
size_t blank_behind(std::string_view s) {
  if (s.empty()) return 0;
  if (is_ascii_blank(s.back())) return 1;
  if (s.back() == kNoBreak.back()) return s.ends_with(kNoBreak) ? kNoBreak.size() : 0;
  return s.ends_with(kFullWidth) ? kFullWidth.size() : 0;
}

}  // namespace

std::string_view trimmed(std::string_view s) {
  while (const size_t n = blank_before(s)) s.remove_prefix(n);
  while (const size_t n = blank_behind(s)) s.remove_suffix(n);
  return s;
}

Tokenizer::Tokenizer(std::string_view key) {
  uint8_t pad[kBlock] = {};
  if (key.size() <= kBlock) {
    if (!key.empty()) std::memcpy(pad, key.data(), key.size());
  } else {
    SHA256(reinterpret_cast<const uint8_t*>(key.data()), key.size(), pad);
  }
  for (uint8_t& b : pad) b ^= 0x36;
  inner_ = initial();
  compress(inner_, pad);
  for (uint8_t& b : pad) b ^= 0x36 ^ 0x5c;
  outer_ = initial();
  compress(outer_, pad);
}

Tokenizer::State Tokenizer::digest(std::string_view message) const {
  State state = inner_;
  finish(state, message, kBlock);
  uint8_t block[kBlock] = {};
  for (size_t i = 0; i < state.size(); ++i) store_be32(block + i * 4, state[i]);
  block[32] = 0x80;
  store_be64(block + 56, (kBlock + 32) * 8);
  State out = outer_;
  compress(out, block);
  return out;
}

std::array<uint8_t, 32> Tokenizer::hmac(std::string_view message) const {
  const State state = digest(message);
  std::array<uint8_t, 32> out{};
  for (size_t i = 0; i < state.size(); ++i) store_be32(out.data() + i * 4, state[i]);
  return out;
}

void Tokenizer::write_token(std::string_view identity, char* out) const {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const State state = digest(trimmed(identity));
  const uint64_t high = static_cast<uint64_t>(state[0]) << 32 | state[1];
  uint64_t low = static_cast<uint64_t>(state[2]) << 32 | state[3];
  out[0] = 'p';
  out[1] = ':';
  // 128 bits as 21 digits of 6 bits and a last one of 2 bits, most significant first.
  for (int i = 0; i < 10; ++i) out[2 + i] = kAlphabet[high >> (58 - 6 * i) & 63];
  out[12] = kAlphabet[(high & 15) << 2 | low >> 62];
  low <<= 2;
  for (int i = 0; i < 10; ++i) out[13 + i] = kAlphabet[low >> (58 - 6 * i) & 63];
  out[23] = kAlphabet[(low >> 2 & 3) << 4];
}

std::string_view Tokenizer::token(std::string_view identity, Arena& arena) const {
  if (trimmed(identity).empty()) return {};
  char* out = arena.array<char>(kTokenBytes);
  write_token(identity, out);
  return {out, kTokenBytes};
}

}  // namespace tocsin
