// A statement put together from constant pieces and bound values: the only way that tracking builds SQL, so no text
// from outside ever becomes part of a statement.
//
// Thread safety: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/sql/database.hpp"

namespace ciclo::tracking {

struct Statement {
  std::string text;
  std::vector<sql::Value> parameters;

  // Appends a piece that stands in this program.
  Statement& add(std::string_view piece) {
    text += piece;
    return *this;
  }
  // Appends `?` and its value.
  Statement& bind(sql::Value value) {
    text += '?';
    parameters.push_back(std::move(value));
    return *this;
  }
  Statement& add(const Statement& other) {
    text += other.text;
    parameters.insert(parameters.end(), other.parameters.begin(), other.parameters.end());
    return *this;
  }
  // "(?, ?, ?)". Padded by repeating the last value to a few lengths, so that the same statements are prepared once.
  Statement& bind_list(const std::vector<std::int64_t>& values);
  Statement& bind_list(const std::vector<std::string>& values);

  Result<std::vector<sql::Row>> query(sql::Session& session) const { return session.query(text, parameters); }
  Result<void> scan(sql::Session& session, const sql::TakeRow& take) const {
    return session.scan(text, parameters, take);
  }
  Result<std::int64_t> execute(sql::Session& session) const { return session.execute(text, parameters); }
};

// Longest list that bind_list takes in one statement; longer ones are the caller's to split.
inline constexpr std::size_t max_bound_list = 512;

// "(column IN (…) OR column IN (…))" for a list of any length that is not empty.
Statement one_of(std::string_view column, const std::vector<std::int64_t>& values);

}  // namespace ciclo::tracking
