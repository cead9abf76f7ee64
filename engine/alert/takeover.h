#pragma once
// One version of a rule takes over a key from another: what becomes of the alerts that people know. The new version's
// state was warmed up from the log, so it has alerts of its own that nobody was told of; the same episode has the same
// id in both (alert_id()). A pure function of the two versions' records.
//
//   new \ former   lives                  resolved               closed by a person   unknown
//   lives          goes on: amended       reopened               stays closed         opened
//   pending        resolved by end()      –                      –                    –
//   ended, filed   resolved by end()      –                      stays closed         never told
//   none           resolved by end(); filed, so that people can still close it
//
// What is told at once has the reason `rule`. Sequences of an alert go on; one that nobody was told of has seq 0, and
// the first thing that is ever told of it is `opened` (DetectorKey::publish).
#include <vector>

#include "alert/record.h"

namespace tocsin::alert {

struct Takeover {
  std::string id;  // of the record that is to be told
  Change change;
  std::string before;  // kAmended: what the former version said, as JSON
};

// `records` and `filed` of the new version take over what people know of `former`, the records that the former
// version's end() has answered; what is left of those is filed. Answers what is to be told, in the order of `records`.
// `now` is the time of the change, kept behind what was told before.
std::vector<Takeover> take_over(std::vector<Record>& records, std::vector<Record>& filed, std::vector<Record> former,
                                TimeMs now);

// Filed alerts of a key that still take people's actions; past it the one that ended first is forgotten.
inline constexpr size_t kMaxFiled = 256;
// Puts it in its place among `filed`, by the time of its end.
void put_filed(std::vector<Record>& filed, Record r);

}  // namespace tocsin::alert
