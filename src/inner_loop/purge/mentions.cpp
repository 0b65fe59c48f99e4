#include "inner_loop/purge/mentions.hpp"

#include <array>

#include "base/text.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "resources/scan.hpp"

namespace ciclo::purge {
namespace {

constexpr std::size_t page = 500;
constexpr std::size_t longest_name = 256;  // of runs and logged models

std::string first_segment(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path.substr(0, path.find('/')));
}

// What follows `marker` in `text` up to the next '/'; empty when it is not there.
std::string segment_after(std::string_view text, std::string_view marker) {
  const auto at = text.find(marker);
  return at == std::string_view::npos ? std::string() : first_segment(text.substr(at + marker.size()));
}

// Calls `take(field, text)` with every text in a JSON value; resources' documents are bounded in depth.
template <class Take>
void for_texts(const Json& value, const std::string& field, const Take& take) {
  if (value.is_string()) {
    take(field, value.get_ref<const std::string&>());
  } else if (value.is_structured()) {
    for (const auto& [key, item] : value.items()) for_texts(item, value.is_object() ? key : field, take);
  }
}

bool names_a_thing(const std::string& field) {
  static constexpr std::array<std::string_view, 4> fields = {"run_id", "training_run_id", "model_id", "job_name"};
  return std::ranges::find(fields, field) != fields.end();
}

// "/workspaces/dev/model/weather:3"; an empty kind when it is none.
resources::ResourceKey key_of_path(std::string_view path) {
  constexpr std::string_view head = "/workspaces/";
  if (!path.starts_with(head)) return {};
  const std::string_view rest = path.substr(head.size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  return resources::parse_subject(rest.substr(0, slash), rest.substr(slash + 1));
}

std::string shown(const std::string& own_workspace, const std::string& workspace, const std::string& subject) {
  return workspace == own_workspace ? subject : "a resource of another workspace";
}

}  // namespace

Result<Mentions> Mentions::read(const resources::ResourceService& service) {
  Mentions mentions;
  for (;;) {
    CICLO_TRY(const auto made, service.parts().database.read([&](sql::Session& session) {
      return resources::made_after(session, mentions.last_sequence_, page);
    }));
    for (const resources::Resource& resource : made) mentions.add(resource);
    if (made.size() < page) return mentions;
  }
}

Result<void> Mentions::add_newer_in(sql::Session& session) {
  for (;;) {
    CICLO_TRY(const auto made, resources::made_after(session, last_sequence_, page));
    for (const resources::Resource& resource : made) add(resource);
    if (made.size() < page) return {};
  }
}

void Mentions::add(const resources::Resource& resource) {
  last_sequence_ = std::max(last_sequence_, resource.sequence);
  for (const Json* document : {&resource.spec, &resource.status}) {
    for_texts(*document, "", [&](const std::string& field, const std::string& text) {
      if (names_a_thing(field)) add_name(resource, resource.key.workspace, text);
      add_text(resource, text);
    });
  }
}

void Mentions::add_name(const resources::Resource& resource, const std::string& workspace, const std::string& name) {
  if (name.empty() || name.size() > longest_name) return;
  names_.try_emplace({workspace, name}, User{resource.key.workspace, resource.key.subject()});
}

void Mentions::add_text(const resources::Resource& resource, const std::string& text) {
  const std::string& own = resource.key.workspace;
  if (text.starts_with("runs:/")) return add_name(resource, own, first_segment(text.substr(6)));
  if (text.starts_with("models:/m-")) return add_name(resource, own, first_segment(text.substr(8)));
  const User user{own, resource.key.subject()};
  if (text.starts_with("mlflow-artifacts:")) {
    if (const auto key = tracking::artifact_key(own, text)) keys_.try_emplace(*key, user);
    return;
  }
  if (text.starts_with("azureml://")) {
    const std::string named = segment_after(text, "/workspaces/");
    return add_name(resource, named.empty() ? own : named, segment_after(text, "/jobs/"));
  }
  const auto slash = text.find('/');
  if (slash != std::string::npos && slash > 0 && text.compare(slash, 8, "/mlflow/") == 0 &&
      text.find('\n') == std::string::npos) {
    keys_.try_emplace(text, user);
  }
}

std::optional<Mentions::User> Mentions::user_of_folder(const std::string& key) const {
  if (key.empty()) return std::nullopt;
  // The folder itself or something in it; or a folder that it lies in.
  for (const std::string& from : {key, key + "/"}) {
    const auto found = keys_.lower_bound(from);
    if (found != keys_.end() && (found->first == key || found->first.starts_with(key + "/"))) return found->second;
  }
  for (auto slash = key.rfind('/'); slash != std::string::npos && slash > 0; slash = key.rfind('/', slash - 1)) {
    const auto found = keys_.find(key.substr(0, slash));
    if (found != keys_.end()) return found->second;
  }
  return std::nullopt;
}

Result<std::optional<std::string>> Mentions::user_in(sql::Session& session, const resources::ResourceStore& store,
                                                     const tracking::Purge& thing) const {
  const std::string& own = thing.workspace;
  if (const auto user = user_of_folder(thing.blob_key)) return shown(own, user->workspace, user->subject);
  if (thing.kind == tracking::PurgeKind::experiment) return std::nullopt;
  if (const auto found = names_.find({own, thing.name}); found != names_.end())
    return shown(own, found->second.workspace, found->second.subject);
  if (thing.kind != tracking::PurgeKind::run) return std::nullopt;
  const resources::ResourceKey job{.workspace = own, .kind = "job", .parent = {}, .name = thing.name, .version = {}};
  if (thing.is_managed) {
    CICLO_TRY(const auto found, store.find(session, job));
    if (found) return found->key.subject();
  }
  resources::ResourceKey run = job;
  run.kind = "run";
  const std::string from = thing.is_managed ? job.path() : run.path();
  CICLO_TRY(const auto links, store.lineage(session, from, resources::ResourceStore::Direction::downstream, 100));
  for (const resources::Link& link : links) {
    if (link.from != from) continue;
    const auto to = key_of_path(link.to);
    if (to.kind.empty()) continue;
    CICLO_TRY(const auto found, store.find(session, to));
    if (found) return shown(own, to.workspace, to.subject());
  }
  return std::nullopt;
}

}  // namespace ciclo::purge
