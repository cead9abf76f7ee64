#pragma once
// Each command registers its options and, when it is called, does its work and sets the exit code.
#include <span>

#include "connectors/cli/command_line.h"

namespace tocsin::cli {

using AddCommand = void (*)(Command& app, int& exit_code);

void add_run(Command& app, int& exit_code);
void add_replay(Command& app, int& exit_code);
void add_check(Command& app, int& exit_code);
void add_test(Command& app, int& exit_code);
void add_backtest(Command& app, int& exit_code);
void add_simulate(Command& app, int& exit_code);
void add_eval(Command& app, int& exit_code);
void add_schema(Command& app, int& exit_code);
void add_alerts(Command& app, int& exit_code);
void add_tail(Command& app, int& exit_code);
void add_top(Command& app, int& exit_code);
void add_acts(Command& app, int& exit_code);  // ack, assign, comment, close
void add_silence(Command& app, int& exit_code);
void add_reload(Command& app, int& exit_code);
void add_explain(Command& app, int& exit_code);
void add_scorecard(Command& app, int& exit_code);
void add_dlq(Command& app, int& exit_code);
void add_state(Command& app, int& exit_code);
void add_doctor(Command& app, int& exit_code);

std::span<const AddCommand> commands();

}  // namespace tocsin::cli
