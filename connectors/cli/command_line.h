#pragma once
// The command line as the commands see it: a front of CLI11, whose templates are compiled once behind it. Its words are
// CLI11's own; in a Chinese terminal the headings and the commands' own lines are Chinese. Everything that is answered
// lives as long as the program's Command at the root.
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tocsin::cli {

class Option {
 public:
  explicit Option(CLI::Option* raw) : raw_(raw) {}
  Option* required();
  Option* capture_default_str();  // --help tells the value as it now is
  Option* envname(const std::string& name);
  Option* delimiter(char separator);
  Option* excludes(Option* other);
  Option* among(const std::vector<std::string>& values);
  Option* between(int64_t least, int64_t most);
  Option* optional_value();  // alone it means the default that capture_default_str() took
  bool given() const;        // once the command line was read

 private:
  CLI::Option* raw_;
};

class Command {
 public:
  explicit Command(CLI::App& app) : app_(app) {}
  // The variables are filled when the command line is read, and must live until then.
  Option* add_option(const std::string& name, std::string& value, const std::string& help);
  Option* add_option(const std::string& name, std::vector<std::string>& value, const std::string& help);
  Option* add_option(const std::string& name, std::vector<uint64_t>& value, const std::string& help);
  Option* add_option(const std::string& name, uint64_t& value, const std::string& help);
  Option* add_option(const std::string& name, uint32_t& value, const std::string& help);
  Option* add_option(const std::string& name, int& value, const std::string& help);
  Option* add_option(const std::string& name, int64_t& value, const std::string& help);
  Option* add_flag(const std::string& name, bool& value, const std::string& help);
  // `zh`: the help in a Chinese terminal; empty: the English one stands there too.
  Command* add_subcommand(const std::string& name, const std::string& help, const std::string& zh = {});
  void require_subcommand(int n);
  // Called when the command was given.
  void callback(std::function<void()> f);

 private:
  Option* keep(CLI::Option* raw);
  CLI::App& app_;
  std::deque<Command> subcommands_;
  std::deque<Option> options_;
};

}  // namespace tocsin::cli
