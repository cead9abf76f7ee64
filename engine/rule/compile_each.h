#pragma once
// Compiling `each:` of an absence: the population, what its rows owe, and whose an event is.
#include "rule/each.h"
#include "rule/scope.h"

namespace tocsin::rule {

// Before any expression of the rule is compiled: finds the table and makes its columns known in event scope as
// `row.COLUMN`. False after a fault.
bool open_each(const yaml::Reader& reader, const LoadOptions& options, const RuleText& text, EventScope& events,
               detect::Duties& duties, Each& each);

// Compiles `each.where`, `key` and `expect` over the table's rows into `duties` and `each`, and the roles and their
// needs into the rule; `identity` gets what the state depends on. `where` is the rule's own condition, resolved, or
// null. Owners' packed rows are left to fill_owners. False after a fault.
bool compile_each(const yaml::Reader& reader, RuleText& text, EventScope& events, const Expression& where,
                  detect::Duties& duties, Each& each, std::vector<std::string>& identity);

// After all cells of the rule are known: packs each owner's row with the cells that texts and conditions read.
void fill_owners(const Rule& rule, const Each& each, detect::Duties& duties);

}  // namespace tocsin::rule
