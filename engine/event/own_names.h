#pragma once
// The names of a record's own persons (who reports, whom it concerns, a respondent who is a person), sought in its
// texts. Exact: a name of letters or digits (ASCII) is not found inside a longer such word. Where two begin at one
// place, the longer counts. Linear in the text.
#include <absl/container/inlined_vector.h>

#include <span>
#include <string_view>

#include "base/arena.h"
#include "event/privacy.h"

namespace tocsin {

class OwnNames {
 public:
  static constexpr size_t kMost = 16;  // of more that stand in one text the first ones count
  // Raw identities, which outlive it: names of 2 characters to 128 bytes, several in one parted by 、，；/ or, Chinese
  // ones, a blank. Numbers of up to four digits and words that name nobody (市民, 匿名 …) are left.
  explicit OwnNames(std::span<const std::string_view> identities);
  bool empty() const { return names_.empty(); }

  // `text` with each of them replaced by "[name]", or by a number's mark where the name is a number; `text` itself when
  // none stands in it, else in `arena`.
  std::string_view mask(std::string_view text, Arena& arena) const;
  // The same with each one's token in its place, so that what differed by the name alone still differs: for what a text
  // is told by (`place`, `attrs`). Names of organisations, which places are called by, are left.
  std::string_view tokenise(std::string_view text, const Tokenizer& tokenizer, Arena& arena) const;

 private:
  struct Hits;
  template <typename Wanted>
  void find_all(std::string_view text, Hits& hits, Wanted wanted) const;
  absl::InlinedVector<std::string_view, 4> names_;
};

}  // namespace tocsin
