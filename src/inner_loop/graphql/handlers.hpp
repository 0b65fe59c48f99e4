// MLflow's /graphql (POST and GET), at the bare root and below /workspaces/{workspace}. Each field is answered by the
// REST endpoint of the same thing, called as its own route: with that route's action and that route's rules, judged for
// the caller of the query. So a query never shows more than REST would.
#pragma once

#include <functional>

#include "inner_loop/graphql/execute.hpp"
#include "platform/http/router.hpp"

namespace ciclo::graphql {

// Answers a request of this program to itself.
using Dispatch = std::function<Result<http::Response>(http::Request&)>;

// By the routes of `router`, each admitted by `guard` (null: none asked; for tests). Both must outlive the answer.
Dispatch through(const http::Router& router, http::Guard* guard);

Result<void> add_graphql_routes(http::Router& router, Dispatch dispatch);

}  // namespace ciclo::graphql
