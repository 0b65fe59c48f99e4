// Registered models and versions put into a running MLflow server. Numbers of versions are kept where they are free.
//
// Thread safety: one thread.
#pragma once

#include <map>
#include <string>

#include "base/error.hpp"
#include "portability/rest_client.hpp"
#include "portability/sink.hpp"

namespace ciclo::portability {

// A run or logged model in the target.
struct Made {
  std::string id;
  std::string artifact_uri;
};
using MadeById = std::map<std::string, Made>;  // by their ids in the source

class RestRegistrySink {
 public:
  // All must outlive it.
  RestRegistrySink(RestClient& client, const MadeById& runs, const MadeById& models)
      : client_(client), runs_(runs), models_(models) {}

  Result<Outcome> put_model(const Json& item);
  Result<Outcome> put_version(const Json& item);

 private:
  Result<Json> call(std::string_view endpoint, const Json& body);
  std::string new_source(const std::string& source) const;
  Result<std::string> make_version(const Json& item, const std::string& source);
  Result<void> dress_version(const Json& item, const std::string& version, Outcome& outcome);

  RestClient& client_;
  const MadeById& runs_;
  const MadeById& models_;
};

}  // namespace ciclo::portability
