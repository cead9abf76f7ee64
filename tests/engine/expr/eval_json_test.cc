#include "expr/eval_json.h"

#include <gtest/gtest.h>

namespace tocsin::expr {
namespace {

TEST(EvalRequest, Answers) {
  EXPECT_EQ(eval_request(R"({"expr": "1 + 2"})"), R"({"int":3})");
  EXPECT_EQ(eval_request(R"({"expr": "x + 1", "bindings": {"x": {"int": 41}}})"), R"({"int":42})");
  EXPECT_EQ(eval_request(R"({"expr": "1 == 1.0", "untyped": true, "name": "passed over"})"), R"({"bool":true})");
  EXPECT_EQ(eval_request(R"({"expr": "1 == 1.0"})"), R"({"error":"`==` does not take int and double."})");
  EXPECT_EQ(eval_request(R"({"expr": "1 / 0"})"), R"({"error":"division by zero"})");
}

TEST(EvalRequest, BadRequests) {
  EXPECT_EQ(eval_request("nonsense"), R"({"error":"the request is not a JSON object"})");
  EXPECT_EQ(eval_request("[]"), R"({"error":"the request is not a JSON object"})");
  EXPECT_EQ(eval_request(""), R"({"error":"the request is not a JSON object"})");
  EXPECT_EQ(eval_request("{}"), R"({"error":"the request has no text `expr`"})");
  EXPECT_EQ(eval_request(R"({"expr": 1})"), R"({"error":"the request has no text `expr`"})");
  EXPECT_EQ(eval_request(R"({"expr": "x", "bindings": 1})"), R"({"error":"the bindings are not a JSON object"})");
  EXPECT_EQ(eval_request(R"({"expr": "x", "bindings": {"x": {"int": "a"}}})"),
            R"({"error":"binding `x`: an int is a whole number of 64 bits"})");
  EXPECT_EQ(eval_request(R"({"expr": "x", "bindings": {"x": {"timestamp": {"seconds": 1, "nanos": 2000000000}}}})"),
            R"({"error":"binding `x`: nanos are under a second"})");
}

TEST(EvalRequest, EveryTagGoesThroughUnchanged) {
  for (const char* value :
       {R"({"null":null})", R"({"bool":false})", R"({"int":-5})", R"({"uint":18446744073709551615})",
        R"({"double":2.5})", R"({"double":"NaN"})", R"({"string":"慈溪"})", R"({"bytes":"AP8="})",
        R"({"bytes":"AQ=="})", R"({"bytes":""})", R"({"list":[{"int":1},{"string":"a"}]})",
        R"({"map":[[{"int":1},{"bool":true}]]})", R"({"timestamp":{"seconds":-5,"nanos":7}})",
        R"({"duration":{"seconds":-5,"nanos":-7}})", R"({"type":"int"})", R"({"point":{"lon":121.5,"lat":30.5}})"}) {
    EXPECT_EQ(eval_request(R"({"expr": "x", "bindings": {"x": )" + std::string(value) + "}}"), value);
  }
}

TEST(EvaluateExpression, PlainBindings) {
  EvalInput input;
  input.expression = "row.depth > limit && 'x' in row.tags && row.name == 'n'";
  input.bindings = R"({"row": {"depth": 2.5, "tags": ["x"], "name": "n"}, "limit": 2})";
  const EvalOutcome out = evaluate_expression(input);
  EXPECT_EQ(out.json, R"({"bool":true})");
  EXPECT_TRUE(out.ok);
}

TEST(EvaluateExpression, OverAnEvent) {
  Event event;
  event.id = "1";
  event.source = "grid";
  event.category = "water.flooding";
  event.occurred_at = 0;
  EvalInput input;
  input.event = &event;
  input.zone = *TimeZone::load("Asia/Shanghai");
  input.bindings = R"({"params.places": 3})";
  input.expression = "[category, string(hour(occurred_at)), string(params.places)]";
  EXPECT_EQ(evaluate_expression(input).json, R"({"list":[{"string":"water.flooding"},{"string":"8"},{"string":"3"}]})");
}

TEST(EvaluateExpression, HandsFaultsOn) {
  EvalInput input;
  input.expression = "foo > 1 && bar > 2";
  const EvalOutcome out = evaluate_expression(input);
  EXPECT_FALSE(out.ok);
  EXPECT_EQ(out.json, R"({"error":"There is no name `foo` here."})");
  EXPECT_EQ(out.faults.size(), 2U);
}

}  // namespace
}  // namespace tocsin::expr
