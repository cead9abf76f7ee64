#include "connectors/cli/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>

namespace tocsin::cli::log {
namespace {

void line(spdlog::level::level_enum level, Parts parts) {
  if (!spdlog::should_log(level)) return;
  std::string text;
  for (const std::string_view part : parts) text += part;
  spdlog::default_logger_raw()->log(spdlog::source_loc{}, level, spdlog::string_view_t(text));
}

}  // namespace

void open() {
  auto logger = std::make_shared<spdlog::logger>("tocsin", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
  spdlog::set_default_logger(logger);
}

void error(Parts parts) { line(spdlog::level::err, parts); }
void warn(Parts parts) { line(spdlog::level::warn, parts); }
void info(Parts parts) { line(spdlog::level::info, parts); }
void debug(Parts parts) { line(spdlog::level::debug, parts); }

std::string decimals(double v, int n) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", n, v);
  return text;
}

}  // namespace tocsin::cli::log
