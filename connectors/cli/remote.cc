#include "connectors/cli/remote.h"

#include "connectors/cli/alert_line.h"
#include "connectors/cli/format_option.h"
#include "connectors/cli/json.h"

namespace tocsin::cli {
namespace {

// A problem document's own sentence, or the body.
std::string words_of(const http::Answer& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  if (parser.parse(answer.body).get(e) == simdjson::SUCCESS) {
    if (const auto detail = text_at(e, "/detail"); !detail.empty()) return std::string(detail);
  }
  return std::to_string(answer.status) + " " + answer.body;
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
  return unavailable("the service answered " + std::to_string(answer->status) + ": " + words_of(*answer));
}

}  // namespace

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

Result<std::string> send(const Remote& remote, const std::string& target, const std::string& body) {
  auto client = open_client(remote);
  if (!client) return client.error();
  return taken(client->post(target, "application/json", body), {});
}

}  // namespace tocsin::cli
