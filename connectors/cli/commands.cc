#include "connectors/cli/commands.h"

namespace tocsin::cli {

std::span<const AddCommand> commands() {
  static constexpr AddCommand kCommands[] = {add_run,       add_replay,  add_check,  add_test,    add_backtest,
                                             add_simulate,  add_eval,    add_schema, add_alerts,  add_tail,
                                             add_top,       add_explain, add_acts,   add_silence, add_reload,
                                             add_scorecard, add_dlq,     add_state,  add_doctor};
  return kCommands;
}

}  // namespace tocsin::cli
