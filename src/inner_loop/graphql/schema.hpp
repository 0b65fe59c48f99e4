// MLflow's GraphQL schema (of 3.18) as a table: what may be asked for, and which endpoint of its REST API answers it.
// The names of fields are those of the REST answer in camelCase.
//
// Thread safety: constant after the first call.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.hpp"

namespace ciclo::graphql {

struct Field {
  std::string name;  // "runName"
  std::string key;   // "run_name": in the REST answer
  std::string type;  // "String", "Float", "Long" (as text), "Boolean", an enum or an object type
  bool is_list = false;
};

struct ObjectType {
  std::string name;
  std::vector<Field> fields;
  const Field* find(std::string_view field) const;  // null when it has none
};

// A field of Query or Mutation.
struct RootField {
  std::string_view name;
  std::string_view type;
  http::Method method = http::Method::get;
  std::string_view endpoint;  // below …/api/2.0/mlflow/; empty for `test`
  std::string_view inputs;    // fields of `input`, in REST's names
  bool in_query = true;
  bool in_mutation = false;
};

const ObjectType* find_type(std::string_view name);  // null for scalars and enums
std::string_view first_value_of_enum(
    std::string_view name);  // what protobuf gives for one that is not set; "" for no enum
const RootField* find_root_field(std::string_view name, bool is_mutation);

// "runUuid" → "run_uuid".
std::string snake_case(std::string_view name);

}  // namespace ciclo::graphql
