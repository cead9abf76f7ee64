#pragma once
// Values of params from outside the file (LoadOptions::set_params, backtest's --set): what is wrong with them.
#include <map>
#include <string>
#include <vector>

#include "expr/value.h"
#include "rule/diagnostic.h"

namespace tocsin::rule {

// Names of the params, by rule.
using ParamNames = std::map<std::string, std::vector<std::string>>;

// Appends a fault for each name of `set` that is not RULE.PARAM of a rule that has that param.
void check_set_names(const std::map<std::string, std::string>& set, const ParamNames& known,
                     std::vector<Diagnostic>& out);
// Gives `value`, as read from the text `given`, the type of the file's own value: a whole number where numbers are due
// becomes one. Any other difference is a fault. `own` of type null (a fault already) is left alone.
bool fit_set_value(const std::string& name, std::string_view given, const expr::Value& own, expr::Value& value,
                   std::vector<Diagnostic>& out);

}  // namespace tocsin::rule
