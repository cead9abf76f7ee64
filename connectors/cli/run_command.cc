// tocsin run: the service.
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <iostream>
#include <memory>

#include "connectors/cli/check_names.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/log.h"
#include "connectors/cli/service.h"

namespace tocsin::cli {
namespace {

Service* running = nullptr;

// Consoles and streams are a file each: takes as many as the machine allows, whatever the shell's own limit.
void allow_open_files() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    log::warn({"files limit=unchanged reason=\"", std::strerror(errno), "\""});
}

int run(const std::string& path) {
  auto text = read_text(path);
  if (!text) return fail(text.error());
  std::vector<rule::Diagnostic> diagnostics;
  const auto config = parse_config(*text, path, diagnostics);
  print(diagnostics);
  if (!config) return fail(kUsage, path + " cannot be used");
  diagnostics.clear();
  check_accounts(*config, *text, diagnostics);
  print(diagnostics);
  if (!diagnostics.empty()) return fail(kUsage, path + " cannot be used");
  log::open();
  allow_open_files();
  auto service = Service::open(*config);
  if (!service) return fail(service.error());
  running = service->get();
  std::signal(SIGTERM, [](int) { running->stop(); });
  std::signal(SIGINT, [](int) { running->stop(); });
  std::signal(SIGHUP, [](int) { running->reload(); });
  const Status s = (*service)->run();
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_DFL);
  return s ? kWell : fail(kCannotGoOn, s.error().message);
}

}  // namespace

void add_run(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("run", "Run the service: sources, rules, alerts, API, page, metrics",
                                     "运行服务：数据源、规则、告警、API、页面、指标");
  auto path = std::make_shared<std::string>();
  command->add_option("--config", *path, "the service's config")->required();
  command->callback([path, &exit_code] { exit_code = run(*path); });
}

}  // namespace tocsin::cli
