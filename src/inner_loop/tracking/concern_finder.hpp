// Finds the experiments and registered models that a request of MLflow's API concerns (concerns.hpp), for callers with
// roles on single ones: a few indexed queries at most.
//
// Fields are read by the same functions of Arguments as the handlers', so that both mean the same thing.
//
// Thread safety: safe from any thread once built.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "inner_loop/tracking/arguments.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"

namespace ciclo::tracking {

class MlflowConcerns final : public resources::ConcernFinder {
 public:
  struct Question {
    sql::Session& session;
    const std::string& workspace;
    const http::Request& request;
    const Arguments& arguments;
    const http::Concern& concern;
  };
  // Everything found; each with the error for what is not there. `action` is filled in afterwards.
  using Finder = std::function<Result<std::vector<resources::Concerned>>(const Question&)>;

  explicit MlflowConcerns(sql::Database& database);
  // A further word for http::Concern::what, such as "trace".
  void add(std::string what, Finder finder) { finders_.insert_or_assign(std::move(what), std::move(finder)); }

  Result<std::vector<resources::Concerned>> find(const http::Route& route, const http::Request& request,
                                                 const std::string& workspace) override;

 private:
  sql::Database& database_;
  std::map<std::string, Finder, std::less<>> finders_;
};

// "experiment/3".
std::string experiment_subject(std::int64_t id);
// What finders answer: the experiment of that id, there or not; and what is said when something is not there.
resources::Concerned experiment_named(std::int64_t id);
Error not_there(std::string message);

}  // namespace ciclo::tracking
