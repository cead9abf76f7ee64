#pragma once
// What the commands that talk to a running service share: where it is, who asks, and its answers.
#include <string>
#include <string_view>

#include "base/status.h"
#include "connectors/cli/command_line.h"
#include "connectors/http/client.h"

namespace tocsin::cli {

struct Remote {
  std::string url = "http://127.0.0.1:8080", token, format = "text";
};
// --token (or TOCSIN_TOKEN).
void add_token(Command& command, std::string& token);
// --url, --token, --format.
void add_remote(Command& command, Remote& remote);
Result<http::Client> open_client(const Remote& remote);
// For a path or a query: all but letters, digits, "-", "." and "_" as "%4E".
std::string encoded(std::string_view text);
// What the service answered to a JSON body, whatever its status.
Result<http::Answer> post(const Remote& remote, const std::string& target, const std::string& body);
// The body of a 2xx answer. 404 is kNotFound with `missing` where it is given; 401 and 403 say what to do about the
// token; else the problem's own words, in a Chinese terminal after what its status means.
Result<std::string> taken(Result<http::Answer> answer, const std::string& missing = {});
Result<std::string> fetch(const Remote& remote, const std::string& target, const std::string& missing = {});
Result<std::string> send(const Remote& remote, const std::string& target, const std::string& body);

}  // namespace tocsin::cli
