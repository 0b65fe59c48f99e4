// A GraphQL document of operations and fragments, read from text: the executable part of the language (specification of
// October 2021, chapter 2) without subscriptions. Schemas are no part of it.
//
// Limits: 64 KiB of text, 32 levels of nesting. Failures are ErrorCode::invalid and say line and column.
//
// Thread safety: plain values, a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::graphql {

// A literal, or a variable, anywhere within lists and objects.
struct Value {
  enum class Kind : std::uint8_t { literal, variable, list, object } kind = Kind::literal;
  Json literal;                   // enum values as texts
  std::string variable;           // without '$'
  std::vector<Value> items;       // of a list or an object
  std::vector<std::string> keys;  // of an object, one an item
};

struct Argument {
  std::string name;
  Value value;
};

struct Directive {
  std::string name;
  std::vector<Argument> arguments;
};

struct Selection {
  enum class Kind : std::uint8_t { field, spread, inline_fragment } kind = Kind::field;
  std::string alias;      // of a field; empty without one
  std::string name;       // of the field or the fragment
  std::string condition;  // the type of an inline fragment; empty for none
  std::vector<Argument> arguments;
  std::vector<Directive> directives;
  std::vector<Selection> selections;  // empty for a field without {…}
};

struct Variable {
  std::string name;
  std::string type;  // "MlflowGetRunInput!", "[String]"
  std::optional<Json> otherwise;
};

struct Operation {
  bool is_mutation = false;
  std::string name;  // may be empty
  std::vector<Variable> variables;
  std::vector<Selection> selections;
};

struct Fragment {
  std::string name;
  std::string condition;
  std::vector<Selection> selections;
};

struct Document {
  std::vector<Operation> operations;
  std::vector<Fragment> fragments;
  const Fragment* find_fragment(std::string_view name) const;  // null when there is none
};

Result<Document> parse_document(std::string_view text);

}  // namespace ciclo::graphql
