#include "registry/promotion.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "data_estate/locations.hpp"

namespace ciclo::registry {
namespace {

constexpr std::size_t piece_bytes = 1U << 20U;

Result<void> copy_blob(blobs::BlobStore& blobs, const std::string& from, const std::string& to) {
  CICLO_TRY(const auto info, blobs.stat(from));
  CICLO_TRY(const auto reader, blobs.open(from));
  CICLO_TRY(const auto writer, blobs.create(to));
  for (;;) {
    CICLO_TRY(const auto piece, reader->read(piece_bytes));
    if (piece.empty()) break;
    CICLO_CHECK(writer->append(piece));
  }
  const auto expected = info.sha256.empty() ? std::nullopt : std::optional(info.sha256);
  CICLO_TRY(std::ignore, writer->commit(expected));
  return {};
}

}  // namespace

Result<CopiedModel> Promoter::copy(const std::string& from_workspace, const std::string& reference,
                                   const std::string& to_workspace) {
  CopiedModel copied;
  CICLO_TRY(copied.source, RegistryLocator(resources_, blobs_).locate(from_workspace, reference));
  copied.to_workspace = to_workspace;
  const std::string folder = fmt::format("promoted/{}", new_uid());
  CICLO_TRY(copied.blob_key, data_estate::datastore_key(to_workspace, data_estate::default_datastore, folder));
  const std::string& from = copied.source.blob_key;
  // The last segment of the source stays, so that a single file keeps its name.
  const std::string last = from.substr(from.rfind('/') + 1);
  copied.path = fmt::format("azureml://datastores/{}/paths/{}/{}", data_estate::default_datastore, folder, last);
  const std::string to = copied.blob_key + "/" + last;
  if (copied.source.is_file) {
    CICLO_CHECK(copy_blob(blobs_, from, to));
    return copied;
  }
  CICLO_TRY(const auto files, blobs_.walk(from));
  for (const blobs::BlobInfo& file : files) {
    auto done = copy_blob(blobs_, file.key, to + file.key.substr(from.size()));
    if (done) continue;
    std::ignore = discard(copied);
    return Failure(std::move(done).error().add_context("cannot copy the model " + copied.source.key.subject()));
  }
  return copied;
}

Result<resources::Resource> Promoter::promote_in(sql::Session& session, const resources::Caller& caller,
                                                 const CopiedModel& copied, const PromotionRequest& request) {
  const auto& store = resources_.parts().store;
  CICLO_TRY(const auto source, store.get(session, copied.source.key));
  resources::CreateRequest create;
  create.workspace = copied.to_workspace;
  create.kind = "model";
  create.document = {{"name", request.name.empty() ? source.key.name : request.name},
                     {"path", copied.path},
                     {"type", copied.source.type}};
  for (const char* field : {"description", "display_name", "properties"})
    if (const Json& value = member(source.spec, field); !value.is_null()) create.document[field] = value;
  for (const Json* tags : {&source.tags, &request.tags})
    for (const auto& [key, value] : tags->items()) create.document["tags"][key] = value;
  create.status = {{"metrics", copied.source.metrics}, {"promoted_from", source.key.path()}};
  for (const char* field : {"data", "code"})  // the run that knows lies in the other workspace
    if (const Json& value = member(source.status, field); !value.is_null()) create.status[field] = value;
  CICLO_TRY(auto promoted, resources_.create_in(session, caller, std::move(create)));
  std::vector<resources::Link> links = request.links;
  links.push_back({.from = source.key.path(), .to = {}, .relation = "promoted_from"});
  for (resources::Link& link : links)
    if (link.to.empty()) link.to = promoted.key.path();
  CICLO_CHECK(store.link(session, links));
  for (const std::string& label : request.labels) {
    CICLO_CHECK(store.set_label(session, promoted.key, label));
    events::Event event;
    event.type = "ciclo.model.labelled";
    event.source = "/workspaces/" + promoted.key.workspace;
    event.subject = promoted.key.subject();
    event.workspace = promoted.key.workspace;
    event.actor = caller.principal;
    event.data = {{"kind", "model"}, {"name", promoted.key.name}, {"version", promoted.key.version}, {"label", label}};
    CICLO_CHECK(resources_.parts().events.append(session, std::move(event)));
  }
  return promoted;
}

Result<void> Promoter::discard(const CopiedModel& copied) {
  return blobs_.remove_tree(copied.blob_key);
}

}  // namespace ciclo::registry
