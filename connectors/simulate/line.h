#pragma once
// Writes matters as canonical events (contract, "Event"): names, phone numbers, addresses and texts are made up here
// from the numbers that a matter carries. Appends to the caller's string; not thread-safe.
#include <string>
#include <vector>

#include "civil.h"
#include "geography.h"
#include "profile.h"

namespace tocsin::simulate {

// How cases and households read in the feed. Cases are numbered by a permutation, so that neighbours in time do not
// look it.
void append_case(uint64_t case_no, std::string& out);
void append_household(uint32_t household, std::string& out);

class LineWriter {
 public:
  // Both must outlive the writer.
  LineWriter(const Profile& profile, const Geography& geography);
  // The matter's first record, or with revision > 0 its correction.
  void report(const Matter& m, TimeMs arrival, int revision, std::string& out) const;
  // The record that takes it back, at m.at.
  void withdrawal(const Matter& m, TimeMs arrival, std::string& out) const;
  // Its step number `i`.
  void transition(const Matter& m, size_t i, TimeMs arrival, std::string& out) const;

  void append_id(const Matter& m, std::string& out) const;
  void append_step_id(const Matter& m, size_t i, std::string& out) const;
  void append_place(const Matter& m, std::string& out) const;
  void append_company(uint32_t number, const Category& category, std::string& out) const;
  const Civil& civil() const { return civil_; }
  bool in_town(const Matter& m, uint16_t town) const { return p_.villages[g_.grid(m.grid).village].town == town; }

 private:
  void head(const Matter& m, std::string_view kind, TimeMs at, TimeMs arrival, std::string& out) const;
  void append_person(uint32_t number, std::string& out) const;
  void append_name(uint32_t number, std::string& out) const;
  void append_phone(uint32_t number, std::string& out) const;
  void append_id_card(uint32_t number, std::string& out) const;
  void append_text(const Matter& m, std::string& out) const;
  void append_slot(Slot slot, const Matter& m, std::string& out) const;
  void append_area(const Matter& m, std::string& out) const;
  void append_location(const Matter& m, std::string& out) const;
  void append_parties(const Matter& m, std::string& out) const;
  void append_flags(const Matter& m, std::string& out) const;
  void append_values(const Matter& m, std::string& out) const;
  void append_attrs(const Matter& m, std::string& out) const;
  void append_duty(const Matter& m, uint8_t desk, std::string& out) const;
  const Category& category_of(const Matter& m) const { return p_.categories[m.category]; }

  const Profile& p_;
  const Geography& g_;
  Civil civil_;
  std::vector<std::string> areas_;     // by grid, JSON up to the micro-grid's two digits
  std::vector<std::string> villages_;  // short names
  uint16_t rain_, level_;
};

}  // namespace tocsin::simulate
