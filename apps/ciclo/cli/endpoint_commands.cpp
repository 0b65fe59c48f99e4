// What endpoints and deployments can do beyond the common verbs.
#include <fmt/format.h>

#include <iostream>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/document.hpp"
#include "cli/resource_path.hpp"

namespace ciclo::cli {
namespace {

const Option name_option = {{"name", "n"}, Takes::one, "The endpoint's name."};

Result<std::string> endpoint_path(Context& context) {
  return item_path(context, needed_kind(context, "online-endpoint"));
}

// The request goes straight to the endpoint, as any of its users' would, with its key.
Result<int> run_invoke(Context& context) {
  CICLO_TRY(const std::string path, endpoint_path(context));
  CICLO_TRY(const Json endpoint, context.session.get(path));
  CICLO_TRY(const Json keys, context.session.get(path + "/keys"));
  CICLO_TRY(const std::string file, context.options.needed("request-file"));
  CICLO_TRY(const std::string body, read_text_file(file, 64U << 20U));
  const std::string uri = text_or(endpoint, "scoring_uri");
  if (uri.empty())
    return fail(ErrorCode::conflict, fmt::format("the endpoint '{}' serves nothing yet", text_or(endpoint, "name")), {},
                "create a deployment: ciclo online-deployment create --all-traffic …");
  http::Client client({.timeout = std::chrono::minutes(2)});
  http::ClientRequest request{.method = http::Method::post, .url = uri, .body = body};
  request.headers.set("content-type", "application/json");
  request.headers.set("authorization", "Bearer " + text_or(keys, "primaryKey"));
  if (const auto deployment = context.options.find("deployment-name"))
    request.headers.set("azureml-model-deployment", *deployment);
  CICLO_TRY(const auto response, client.send(request));
  if (response.status >= 400) {
    Error error = error_of(response);
    error.add_context(fmt::format("the endpoint answered {}", response.status));
    return Failure(std::move(error));
  }
  const auto json = parse_json(response.body);
  if (!json) {
    std::cout << response.body << "\n";
    return 0;
  }
  // An answer of scores is one line, as it came; --query and -o reshape it.
  if (!context.output.query && context.output.format == Format::json) std::cout << to_text(*json) << "\n";
  else CICLO_CHECK(context.print(*json));
  return 0;
}

Result<int> run_credentials(Context& context) {
  CICLO_TRY(const std::string path, endpoint_path(context));
  CICLO_TRY(const Json keys, context.session.get(path + "/keys"));
  CICLO_CHECK(context.print(keys));
  return 0;
}

Result<int> run_regenerate(Context& context) {
  CICLO_TRY(const std::string path, endpoint_path(context));
  const std::string type = context.options.find("key-type").value_or("primary");
  CICLO_CHECK(context.session.call(http::Method::post, path + "/regenerate-keys", {{"key_type", type}}));
  return 0;
}

Result<int> run_logs(Context& context) {
  CICLO_TRY(const std::string path, item_path(context, needed_kind(context, "online-deployment")));
  CICLO_TRY(const auto response,
            context.session.raw({.method = http::Method::get,
                                 .url = context.session.url(fmt::format(
                                     "{}/logs?lines={}", path, context.options.find("lines").value_or("100")))}));
  if (response.status >= 400) return Failure(error_of(response));
  std::cout << response.body;
  return 0;
}

}  // namespace

std::vector<Command> endpoint_commands() {
  return {{"online-endpoint",
           "invoke",
           "Send a request to an endpoint and print its answer.",
           {name_option,
            {{"request-file", "r"}, Takes::one, "The file with the request's JSON body."},
            {{"deployment-name", "d"}, Takes::one, "Ask this deployment, whatever its share of the traffic."}},
           run_invoke},
          {"online-endpoint", "get-credentials", "Show an endpoint's keys.", {name_option}, run_credentials},
          {"online-endpoint",
           "regenerate-keys",
           "Replace an endpoint's key.",
           {name_option, {{"key-type"}, Takes::one, "primary or secondary."}},
           run_regenerate},
          {"online-deployment",
           "get-logs",
           "Show a deployment's last log lines.",
           {{{"name", "n"}, Takes::one, "The deployment's name."},
            {{"endpoint-name", "e"}, Takes::one, "The endpoint it belongs to."},
            {{"lines", "l"}, Takes::one, "How many lines (default 100)."}},
           run_logs}};
}

}  // namespace ciclo::cli
