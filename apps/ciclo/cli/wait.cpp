#include "cli/wait.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include "base/text.hpp"
#include "cli/resource_path.hpp"

namespace ciclo::cli {
namespace {

using namespace std::chrono_literals;

// How often the server is asked again: quickly at first, then less so.
class Pace {
 public:
  void pause() {
    std::this_thread::sleep_for(next_);
    next_ = std::min<std::chrono::milliseconds>(next_ * 3 / 2, 1000ms);
  }
  void reset() { next_ = 50ms; }

 private:
  std::chrono::milliseconds next_ = 50ms;
};

bool has_ended(const std::string& status) {
  return status == "Completed" || status == "Failed" || status == "Canceled";
}

// Prints what a log file has beyond `offset`; moves it on. True when there was something.
Result<bool> print_new(Context& context, const std::string& job_path, std::size_t& offset) {
  CICLO_TRY(const auto answer,
            context.session.raw({.method = http::Method::get,
                                 .url = context.session.url(
                                     fmt::format("{}/logs/user_logs/std_log.txt?offset={}", job_path, offset))}));
  if (answer.status == 404) return false;  // it has not written anything yet
  if (answer.status >= 400) return Failure(error_of(answer));
  if (answer.body.empty()) return false;
  offset += answer.body.size();
  std::cout << answer.body << std::flush;
  return true;
}

std::string error_text(const Json& job) {
  const Json& error = member(job, "error");
  if (error.is_string()) return error.get<std::string>();
  return text_or(error, "message");
}

// Follows the jobs that have something to say: the steps of a pipeline, or the job itself.
class Follower {
 public:
  explicit Follower(Context& context) : context_(context) {}

  // Prints what is new: the status as long as it runs, its output, and its end after all of its output.
  Result<bool> follow(const Json& job) {
    const std::string status = text_or(job, "status");
    if (status == "NotStarted" || status == "Queued") return false;
    Seen& seen = seen_[text_or(job, "name")];
    if (!has_ended(status)) announce(job, seen);
    bool moved = false;
    while (true) {
      CICLO_TRY(const bool more, print_new(context_, path_of(job), seen.offset));
      if (!more) break;
      moved = true;
    }
    if (has_ended(status)) announce(job, seen);
    return moved;
  }

 private:
  struct Seen {
    std::string status;
    std::size_t offset = 0;
  };

  static void announce(const Json& job, Seen& seen) {
    const std::string status = text_or(job, "status");
    if (status == seen.status) return;
    seen.status = status;
    const bool reused = member(job, "reused_from").is_string();
    std::cout << fmt::format("[{}] {}{}\n", text_or(job, "display_name", text_or(job, "name")), status,
                             reused ? " (reused: the same step ran before)" : "");
    if (const std::string text = error_text(job); has_ended(status) && !text.empty()) std::cout << text << "\n";
    std::cout << std::flush;
  }

  Context& context_;
  std::map<std::string, Seen> seen_;
};

}  // namespace

std::string path_of(const Json& answer) {
  return "/api/v1" + text_or(answer, "id");
}

Result<Json> wait_until_provisioned(Context& context, const Json& answer) {
  Json now = answer;
  Pace pace;
  while (true) {
    const std::string state = text_or(now, "provisioning_state", "Succeeded");
    if (state == "Succeeded") return now;
    if (state == "Failed") {
      const Json& error = member(now, "error");
      return fail(ErrorCode::conflict,
                  fmt::format("'{}' could not be provisioned: {}", text_or(now, "name"),
                              text_or(error, "message", "see its logs")),
                  {}, text_or(error, "hint"));
    }
    pace.pause();
    CICLO_TRY(now, context.session.get(path_of(answer)));
  }
}

Result<void> wait_until_gone(Context& context, const std::string& path) {
  Pace pace;
  while (true) {
    const auto answer = context.session.get(path);
    if (!answer) return answer.error().code == ErrorCode::not_found ? Result<void>() : Failure(answer.error());
    pace.pause();
  }
}

Result<void> give_all_traffic(Context& context, const Json& deployment) {
  const resources::Kind& endpoint = needed_kind(context, "online-endpoint");
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  const std::string path =
      fmt::format("{}/{}/{}", workspace, endpoint.plural, http::percent_encode(text_or(deployment, "endpoint_name")));
  CICLO_TRY(const Json before, context.session.get(path));
  Json traffic = Json::object();
  for (const auto& [name, share] : member(before, "traffic").items()) traffic[name] = nullptr;
  traffic[text_or(deployment, "name")] = 100;
  CICLO_TRY(const Json after, context.session.call(http::Method::patch, path, {{"traffic", traffic}}));
  CICLO_CHECK(wait_until_provisioned(context, after));
  return {};
}

Result<int> stream_job(Context& context, const Json& job) {
  const std::string path = path_of(job);
  std::cout << fmt::format("Job: {}\n", text_or(job, "name"));
  if (const Json& web = at_pointer(job, "/services/Studio/endpoint"); web.is_string())
    std::cout << fmt::format("Where to see it: {}\n", web.get<std::string>());
  std::cout << std::flush;
  Follower follower(context);
  CICLO_TRY(const std::string workspace, context.session.workspace_path());
  const std::string children =
      fmt::format("{}/jobs?order=asc&owner={}", workspace, http::percent_encode(text_or(job, "name")));
  const bool is_pipeline = text_or(job, "type") == "pipeline";
  Pace pace;
  while (true) {
    CICLO_TRY(const Json now, context.session.get(path));
    bool moved = false;
    if (is_pipeline) {
      CICLO_TRY(const Json steps, context.session.get_all(children));
      for (const Json& step : steps) {
        CICLO_TRY(const bool step_moved, follower.follow(step));
        moved = moved || step_moved;
      }
    } else {
      CICLO_TRY(moved, follower.follow(now));
    }
    const std::string status = text_or(now, "status");
    if (has_ended(status)) {
      std::cout << fmt::format("Job {}: {}\n", text_or(now, "name"), status) << std::flush;
      if (status != "Completed") {
        if (const std::string text = error_text(now); !text.empty()) std::cerr << text << "\n";
        return 1;
      }
      return 0;
    }
    if (moved) pace.reset();
    pace.pause();
  }
}

}  // namespace ciclo::cli
