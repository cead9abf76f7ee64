// tocsin schema: JSON Schema of what people write and programs read, and the table of metrics, generated from the
// code's own tables.
#include <iostream>
#include <memory>

#include "alert/alert_schema.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/config.h"
#include "connectors/cli/exit_code.h"
#include "connectors/feed/feed.h"
#include "connectors/metrics/metrics.h"
#include "event/event_schema.h"
#include "rule/rule_keys.h"
#include "rule/table.h"

namespace tocsin::cli {

void add_schema(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("schema", "Print a JSON Schema", "打印 JSON Schema");
  auto what = std::make_shared<std::string>();
  command->add_option("WHAT", *what, "config, feed, rule, table, event or alert; metrics: their table, as Markdown")
      ->required()
      ->among({"config", "feed", "rule", "table", "event", "alert", "metrics"});
  command->callback([what, &exit_code] {
    if (*what == "config") std::cout << config_json_schema();
    if (*what == "feed") std::cout << feed::feed_json_schema();
    if (*what == "rule") std::cout << rule::rule_json_schema();
    if (*what == "table") std::cout << rule::table_json_schema();
    if (*what == "event") std::cout << event_json_schema();
    if (*what == "alert") std::cout << alert::alert_json_schema();
    if (*what == "metrics")
      std::cout << metrics::markdown();
    else
      std::cout << '\n';
    exit_code = kWell;
  });
}

}  // namespace tocsin::cli
