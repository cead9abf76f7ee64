// Which areas there are, as far as the tables tell.
#include "connectors/http/area_names.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

TEST(AreaNames, WhatTheTablesLackIsNoArea) {
  const AreaNames names =
      read_area_names(R"({"330282":"慈溪市","330282107":"观海卫镇","330282107212":"某村","330281001":"某镇"})");
  for (const char* known : {"", "33", "3302", "330282", "330282107", "330282107212", "330281001", "330281",
                            "330281001001",  // of that city they have no villages
                            "330282107212001", "g-7", "观海卫镇", "7"}) {
    EXPECT_TRUE(knows_area(names, known)) << known;
  }
  for (const char* unknown :
       {"999999", "34", "3303", "330282101", "330282107213", "330283001", "3302821", "33028210721"}) {
    EXPECT_FALSE(knows_area(names, unknown)) << unknown;
  }
  EXPECT_TRUE(knows_area({}, "999999")) << "without tables nobody knows";
}

}  // namespace
}  // namespace tocsin::http
