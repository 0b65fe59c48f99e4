// Logged models of MLflow 3: model folders beside the runs' artifacts, with parameters, tags and metrics of their own.
//
// Thread safety: LoggedModelStore is stateless and works in the session it is handed; LoggedModelService is safe from
// any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "inner_loop/tracking/types.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

struct ModelRef {
  std::string workspace;
  std::string model_id;
};

struct ModelOrder {
  std::string field;  // "creation_timestamp", "metrics.accuracy"
  bool ascending = true;
  Dataset dataset;  // with a name: the metric on this data set
};

struct ModelSearch {
  std::string workspace;
  std::vector<std::int64_t> experiment_ids;
  std::string filter;
  // Metrics in the filter and the order are those on one of these data sets; none: on any.
  std::vector<Dataset> datasets;
  std::vector<ModelOrder> order_by;
  std::size_t max_results = 50;
  std::string page_token;
};

class LoggedModelStore {
 public:
  Result<LoggedModel> create_in(sql::Session& session, LoggedModel model) const;
  // Deleted ones are not found.
  Result<std::optional<LoggedModel>> find(sql::Session& session, const ModelRef& ref) const;
  Result<LoggedModel> get(sql::Session& session, const ModelRef& ref) const;
  // The one of that name that a run wrote, the newest first; for runs:/<run>/<name>.
  Result<std::optional<LoggedModel>> find_of_run(sql::Session& session, const std::string& workspace,
                                                 const std::string& run_id, const std::string& name) const;
  Result<void> finalize_in(sql::Session& session, const ModelRef& ref, ModelStatus status, std::int64_t now) const;
  Result<void> delete_in(sql::Session& session, const ModelRef& ref, std::int64_t now) const;
  Result<void> set_tags_in(sql::Session& session, const ModelRef& ref, const std::vector<Tag>& tags) const;
  Result<void> delete_tag_in(sql::Session& session, const ModelRef& ref, const std::string& key) const;
  // Parameters never change: the same value again is nothing new, another one is invalid.
  Result<void> log_params_in(sql::Session& session, const ModelRef& ref, const std::vector<Param>& params) const;
  Result<Page<LoggedModel>> search(sql::Session& session, const ModelSearch& request) const;
};

class LoggedModelService {
 public:
  LoggedModelService(sql::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Gives it an id, an artifact URI and, when it has none, a name.
  Result<LoggedModel> create(LoggedModel request);
  Result<LoggedModel> get(const ModelRef& ref);
  Result<LoggedModel> finalize(const ModelRef& ref, ModelStatus status);
  Result<void> remove(const ModelRef& ref);
  Result<void> set_tags(const ModelRef& ref, const std::vector<Tag>& tags);
  Result<void> delete_tag(const ModelRef& ref, const std::string& key);
  Result<void> log_params(const ModelRef& ref, const std::vector<Param>& params);
  Result<Page<LoggedModel>> search(const ModelSearch& request);

 private:
  sql::Database& database_;
  const Clock& clock_;
  LoggedModelStore store_;
};

}  // namespace ciclo::tracking
