#include "connectors/cli/remote.h"

#include <algorithm>
#include <cctype>

#include "connectors/cli/alert_line.h"
#include "connectors/cli/format_option.h"
#include "connectors/cli/json.h"

namespace tocsin::cli {
namespace {

// What a status means, for who reads no English: the API's own sentences are English.
struct Meaning {
  int status;
  std::string_view zh;
};
constexpr Meaning kMeanings[] = {{400, "请求有误"},     {401, "令牌缺失或无效"},  {403, "此令牌无权这样做"},
                                 {404, "服务中没有"},   {409, "与现状冲突"},      {413, "内容过大"},
                                 {415, "内容格式不对"}, {422, "规则有错误"},      {429, "请求过多，请稍后再试"},
                                 {500, "服务内部出错"}, {503, "服务暂时不能处理"}};

// The sentences that people meet most, beside the names that end them.
struct Sentence {
  std::string_view en, zh;
};
constexpr Sentence kSentences[] = {
    {"there is no alert ", "没有这条告警："},
    {"there is no silence ", "没有这条静默："},
    {"There is no such area here.", "没有这个区域"},
    {"the alert is closed", "告警已关闭"},
    {"the alert ended more than 30 days ago; nothing more can be done to it", "告警已结束超过 30 天，不能再操作"},
    {"the silence stands in a file of the rules; change it there", "该静默写在规则文件中，请改文件"}};

// The sentence for a Chinese terminal: what the status means, then what it is about.
std::string in_chinese(int status, const std::string& detail) {
  const auto known = std::ranges::find_if(kSentences, [&](const Sentence& s) { return detail.starts_with(s.en); });
  if (known != std::end(kSentences)) return std::string(known->zh) + detail.substr(known->en.size());
  const auto meaning = std::ranges::find(kMeanings, status, &Meaning::status);
  if (meaning == std::end(kMeanings)) return detail;
  return std::string(meaning->zh) + "：" + detail;
}

// A problem document's own sentence, or the body.
std::string words_of(const http::Answer& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  if (parser.parse(answer.body).get(e) == simdjson::SUCCESS) {
    if (const std::string detail(text_at(e, "/detail")); !detail.empty()) {
      return say(detail, in_chinese(answer.status, detail));
    }
  }
  return std::to_string(answer.status) + " " + answer.body;
}

}  // namespace

std::string encoded(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto b = static_cast<unsigned char>(c);
    if (std::isalnum(b) != 0 || c == '-' || c == '.' || c == '_') {
      out += c;
    } else {
      out += {'%', kHex[b >> 4], kHex[b & 15]};
    }
  }
  return out;
}

Result<std::string> taken(Result<http::Answer> answer, const std::string& missing) {
  if (!answer) {
    if (answer.error().code != Code::kUnavailable) return answer.error();
    return unavailable(say(answer.error().message, "服务没有应答（" + answer.error().message + "）"));
  }
  if (answer->status >= 200 && answer->status < 300) return std::move(answer->body);
  if (answer->status == 401)
    return invalid(say("the service wants a token: give --token, or set TOCSIN_TOKEN (" + words_of(*answer) + ")",
                       "服务需要令牌：请加 --token，或设 TOCSIN_TOKEN（" + words_of(*answer) + "）"));
  if (answer->status == 404) return not_found(missing.empty() ? words_of(*answer) : missing);
  if (answer->status < 500 && answer->status != 429) return invalid(words_of(*answer));
  return unavailable(say("the service answered " + std::to_string(answer->status) + ": " + words_of(*answer),
                         words_of(*answer) + "（" + std::to_string(answer->status) + "）"));
}

void add_token(Command& command, std::string& token) {
  command.add_option("--token", token, "who asks, where the service has tokens (or TOCSIN_TOKEN)")
      ->envname("TOCSIN_TOKEN");
}

void add_remote(Command& command, Remote& remote) {
  command.add_option("--url", remote.url, "the running service")->envname("TOCSIN_URL")->capture_default_str();
  add_token(command, remote.token);
  add_format(command, remote.format);
}

Result<http::Client> open_client(const Remote& remote) {
  auto client = http::Client::parse(remote.url);
  if (client) client->set_token(remote.token);
  return client;
}

Result<std::string> fetch(const Remote& remote, const std::string& target, const std::string& missing) {
  auto client = open_client(remote);
  if (!client) return client.error();
  return taken(client->get(target), missing);
}

Result<http::Answer> post(const Remote& remote, const std::string& target, const std::string& body) {
  auto client = open_client(remote);
  if (!client) return client.error();
  return client->post(target, "application/json", body);
}

Result<std::string> send(const Remote& remote, const std::string& target, const std::string& body) {
  return taken(post(remote, target, body));
}

}  // namespace tocsin::cli
