// Regular expressions in SQL: `column ~ ?` in PostgreSQL, `column REGEXP ?` in SQLite, which has the operator but no
// function behind it. Here the function is RE2: time linear in the text, memory bounded, no backtracking.
//
// A pattern from outside is checked first, so that a wrong one is the user's error and not the database's. What RE2
// and PostgreSQL both take means the same in both: literals, classes, repetition, alternation, groups, anchors.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "base/error.hpp"

struct sqlite3;

namespace ciclo::sql {

// Fails with invalid when it is no regular expression, is longer than 1000 bytes, or uses a syntax that only one of the
// engines knows or that they read differently ("(?", "\b", "\p", "\C", "\Q").
Result<void> check_pattern(std::string_view pattern);

// Makes REGEXP work on the connection. Texts over 1 MiB match by their first 1 MiB.
void add_pattern_function(sqlite3* connection);

}  // namespace ciclo::sql
