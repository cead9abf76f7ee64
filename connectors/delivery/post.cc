#include "connectors/delivery/post.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tocsin::delivery {
namespace {

constexpr size_t kReadOfAnswer = 4096;
constexpr size_t kShown = 160;

void init_once() {
  static const CURLcode kDone = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)kDone;
}

size_t keep(char* data, size_t size, size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  body.append(data, std::min(size * count, kReadOfAnswer - std::min(body.size(), kReadOfAnswer)));
  return size * count;
}

int go_on(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

// One line of an answer, printable.
std::string shown(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }, ' ');
  if (text.size() > kShown) {
    size_t end = kShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;  // whole characters
    text.resize(end);
  }
  return text;
}

}  // namespace

Status check_url(const std::string& url) {
  init_once();
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(::curl_url(), ::curl_url_cleanup);
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    if (::curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::string();
    std::string out = text;
    ::curl_free(text);
    return out;
  };
  if (::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      (part(CURLUPART_SCHEME) != "http" && part(CURLUPART_SCHEME) != "https")) {
    return invalid("it is not an address such as https://host:port/path");
  }
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) {
    return invalid("a user or password does not belong into the address, which logs show; use `headers`");
  }
  return {};
}

struct Poster::Impl {
  PostOptions options;
  std::unique_ptr<CURL, void (*)(CURL*)> curl{nullptr, ::curl_easy_cleanup};
};

Poster::Poster(PostOptions options) : impl_(std::make_unique<Impl>()) {
  init_once();
  impl_->options = std::move(options);
  impl_->curl.reset(::curl_easy_init());
}
Poster::~Poster() = default;

Reply Poster::post(const std::string& url, const std::vector<std::string>& headers, const std::string& body,
                   const std::atomic<bool>& stop) {
  CURL* curl = impl_->curl.get();
  if (curl == nullptr) return {0, "libcurl could not be started", 0};
  ::curl_easy_reset(curl);  // options go, connections stay
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> list(nullptr, ::curl_slist_free_all);
  std::vector<std::string> lines = headers;
  lines.emplace_back("Expect:");  // no wait for 100 Continue
  for (const std::string& h : lines) {
    curl_slist* longer = ::curl_slist_append(list.get(), h.c_str());
    if (longer == nullptr) return {0, "out of memory", 0};
    (void)list.release();
    list.reset(longer);
  }
  std::array<char, CURL_ERROR_SIZE> error{};
  std::string answer;
  ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
  ::curl_easy_setopt(curl, CURLOPT_POST, 1L);
  ::curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  ::curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  ::curl_easy_setopt(curl, CURLOPT_USERAGENT, "tocsin");
  ::curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(impl_->options.timeout));
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error.data());
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  ::curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, go_on);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
  if (!impl_->options.ca_file.empty()) ::curl_easy_setopt(curl, CURLOPT_CAINFO, impl_->options.ca_file.c_str());
  if (const CURLcode done = ::curl_easy_perform(curl); done != CURLE_OK) {
    return {0, error[0] != '\0' ? std::string(error.data()) : std::string(::curl_easy_strerror(done)), 0};
  }
  long status = 0;
  curl_off_t retry_after = 0;
  ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  ::curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
  constexpr curl_off_t kLongest = 86'400;
  return {static_cast<int>(status), shown(std::move(answer)), std::clamp<curl_off_t>(retry_after, 0, kLongest) * 1000};
}

}  // namespace tocsin::delivery
