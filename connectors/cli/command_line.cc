#include "connectors/cli/command_line.h"

#include <CLI/CLI.hpp>

#include "connectors/cli/alert_line.h"

namespace tocsin::cli {

Option* Option::required() {
  raw_->required();
  return this;
}
Option* Option::capture_default_str() {
  raw_->capture_default_str();
  return this;
}
Option* Option::envname(const std::string& name) {
  raw_->envname(name);
  return this;
}
Option* Option::delimiter(char separator) {
  raw_->delimiter(separator);
  return this;
}
Option* Option::excludes(Option* other) {
  raw_->excludes(other->raw_);
  return this;
}
Option* Option::among(const std::vector<std::string>& values) {
  raw_->check(CLI::IsMember(values));
  return this;
}
Option* Option::between(int64_t least, int64_t most) {
  raw_->check(CLI::Range(least, most));
  return this;
}

Option* Option::optional_value() {
  raw_->expected(0, 1);
  return this;
}
bool Option::given() const { return raw_->count() > 0; }

Option* Command::keep(CLI::Option* raw) { return &options_.emplace_back(raw); }

Option* Command::add_option(const std::string& name, std::string& value, const std::string& help) {
  return keep(app_.add_option(name, value, help));
}
Option* Command::add_option(const std::string& name, std::vector<std::string>& value, const std::string& help) {
  return keep(app_.add_option(name, value, help));
}
Option* Command::add_option(const std::string& name, std::vector<uint64_t>& value, const std::string& help) {
  return keep(app_.add_option(name, value, help));
}
Option* Command::add_option(const std::string& name, uint64_t& value, const std::string& help) {
  return keep(app_.add_option(name, value, help));
}
Option* Command::add_option(const std::string& name, uint32_t& value, const std::string& help) {
  return keep(app_.add_option(name, value, help));
}
Option* Command::add_option(const std::string& name, int& value, const std::string& help) {
  return keep(app_.add_option(name, value, help));
}
Option* Command::add_option(const std::string& name, int64_t& value, const std::string& help) {
  return keep(app_.add_option(name, value, help));
}
Option* Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return keep(app_.add_flag(name, value, help));
}

Command* Command::add_subcommand(const std::string& name, const std::string& help, const std::string& zh) {
  return &subcommands_.emplace_back(*app_.add_subcommand(name, zh.empty() ? help : say(help, zh)));
}

void Command::require_subcommand(int n) { app_.require_subcommand(n); }

void Command::callback(std::function<void()> f) { app_.callback(std::move(f)); }

}  // namespace tocsin::cli
