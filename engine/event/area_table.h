#pragma once
// Area codes: GB/T 2260 (city, 6 digits) and the statistical codes below it (town 9, village 12), each beginning with
// the code above it. What is not digits of that length, or of no province, does not exist; beyond that a table of the
// known codes of a city may be loaded, and then a code of that city that the table lacks does not exist either.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace tocsin {

enum class AreaLevel : uint8_t { kCity, kTown, kVillage };

// True when `code` has the level's length, is all digits, and begins with a province of GB/T 2260.
bool is_area_code(std::string_view code, AreaLevel level);

// Six, nine or twelve digits: the form of a code, without asking whether there is such a place.
bool is_level_code(std::string_view code);
// `code` is `area` or lies under it: begins with it where `area` is a code of digits (a province 2, a prefecture 4,
// city, town, village), and is equal to it otherwise (grids need not be named by their village). All lies under the
// empty area.
bool lies_under(std::string_view code, std::string_view area);

// Immutable after loading; lookups are thread-safe.
class AreaTable {
 public:
  // Adds the rows of a CSV text with a header: columns `code` and `name`, and optionally `town_code` and `town`; codes
  // of 6, 9 or 12 digits. Of a city, only levels of which the table has some code are checked. At most 1,000,000 codes.
  Status load_csv(std::string_view text, std::string_view path);
  // False: the table covers this level of the code's city and lacks the code. Precondition: is_area_code.
  bool may_exist(std::string_view code) const;
  // The code's name, or empty.
  std::string_view name(std::string_view code) const;
  // The codes of this level that have this name, or (where none has) whose name begins with it; ascending, at most 5.
  std::vector<std::string> codes_named(std::string_view name, AreaLevel level) const;
  size_t size() const { return codes_.size(); }
  bool empty() const { return codes_.empty(); }

 private:
  struct Entry {
    uint64_t code;  // the digits as a number: levels differ in magnitude
    std::string name;
  };
  const Entry* find(uint64_t code) const;
  void add(std::string_view code, std::string_view name);
  std::vector<Entry> codes_;       // ascending
  std::vector<uint64_t> covered_;  // city * 4 + level, ascending
};

}  // namespace tocsin
