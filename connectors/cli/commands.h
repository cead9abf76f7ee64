#pragma once
// Each command registers its options and, when it is called, does its work and sets the exit code.
#include <span>

namespace CLI {
class App;
}

namespace tocsin::cli {

using AddCommand = void (*)(CLI::App& app, int& exit_code);

void add_run(CLI::App& app, int& exit_code);
void add_replay(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_test(CLI::App& app, int& exit_code);
void add_backtest(CLI::App& app, int& exit_code);
void add_simulate(CLI::App& app, int& exit_code);
void add_eval(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);
void add_alerts(CLI::App& app, int& exit_code);
void add_tail(CLI::App& app, int& exit_code);
void add_top(CLI::App& app, int& exit_code);
void add_silence(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_scorecard(CLI::App& app, int& exit_code);
void add_dlq(CLI::App& app, int& exit_code);
void add_state(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);

std::span<const AddCommand> commands();

}  // namespace tocsin::cli
