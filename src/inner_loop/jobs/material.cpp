#include "inner_loop/jobs/material.hpp"

#include <fmt/format.h>

#include <fstream>
#include <system_error>
#include <utility>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "inner_loop/jobs/identity.hpp"
#include "inner_loop/jobs/plan.hpp"
#include "inner_loop/tracking/artifacts.hpp"
#include "platform/http/fetch.hpp"

namespace ciclo::inner_loop {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 1U << 20U;
constexpr std::uint64_t largest_download = std::uint64_t{10} << 30U;

std::string asset_kind(ValueType type) {
  return type == ValueType::mlflow_model || type == ValueType::custom_model || type == ValueType::triton_model ? "model"
                                                                                                               : "data";
}

Failure cannot(const char* what, const fs::path& path, const std::error_code& error) {
  return fail(ErrorCode::internal, fmt::format("cannot {} {}: {}", what, path.string(), error.message()), {},
              error == std::errc::no_space_on_device ? "free some space on the disk" : "");
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return cannot("create", folder, error);
  return {};
}

}  // namespace

std::optional<JobOutputReference> parse_job_output(std::string_view reference) {
  constexpr std::string_view prefix = "azureml://jobs/";
  if (!reference.starts_with(prefix)) return std::nullopt;
  const std::vector<std::string> parts = split(reference.substr(prefix.size()), '/');
  if (parts.size() < 3 || parts[1] != "outputs") return std::nullopt;
  JobOutputReference found{parts[0], parts[2], {}};
  if (parts.size() > 3 && parts[3] == "paths")
    found.path = join(std::vector<std::string>(parts.begin() + 4, parts.end()), "/");
  return found;
}

Result<data_estate::Location> Material::locate(const std::string& reference, ValueType type) const {
  std::string target = reference;
  if (const auto output = parse_job_output(reference)) {
    const resources::ResourceKey key{
        .workspace = workspace_, .kind = "job", .parent = {}, .name = output->job, .version = {}};
    CICLO_TRY(const auto job, parts_.database().read([&](sql::Session& session) {
      return parts_.service.parts().store.find(session, key);
    }));
    // An output that was placed elsewhere: its job knows where.
    const std::string placed = job ? text_or(member(member(job->status, "outputs"), output->output), "path") : "";
    if (!placed.empty() && placed != job_output_uri(output->job, output->output)) {
      target = placed;
      if (!output->path.empty()) target += (parse_job_output(placed) ? "/paths/" : "/") + output->path;
    }
  }
  return parts_.locations.resolve({caller_, workspace_, target, asset_kind(type)});
}

Result<std::vector<OutputPlace>> Material::output_places(const resources::Resource& job) const {
  std::vector<OutputPlace> places;
  CICLO_TRY(const OutputBindings outputs, read_outputs(member(job.spec, "outputs"), "/outputs"));
  for (const auto& [name, binding] : outputs) {
    if (name == "artifacts" && binding.path.empty()) continue;  // the run's artifacts have a place of their own
    OutputPlace place{name, binding, binding.path.empty() ? job_output_uri(job.key.name, name) : binding.path, {}};
    place.uri = replace_all(place.uri, "${{name}}", job.key.name);
    place.uri = replace_all(place.uri, "${{default_datastore}}", std::string(data_estate::default_datastore));
    auto location = parts_.locations.resolve({caller_, workspace_, place.uri, "data"});
    if (!location) {
      location.error().target = "/outputs/" + escape_pointer_token(name);
      return std::unexpected(std::move(location).error());
    }
    if (location->place != data_estate::Place::blobs || !location->asset.empty())
      return fail(ErrorCode::unsupported, fmt::format("output '{}' cannot be written to {}", name, place.uri),
                  "/outputs/" + escape_pointer_token(name), "use azureml://datastores/<datastore>/paths/<path>");
    CICLO_CHECK(resources::require(parts_.service.parts().access, caller_, "storage/write", location->workspace));
    place.key = location->key;
    places.push_back(std::move(place));
  }
  return places;
}

Result<std::string> Material::content_of(const data_estate::Location& location) const {
  if (location.place == data_estate::Place::remote) return sha256_hex("remote:" + location.url);
  if (const auto one = parts_.blobs.stat(location.key)) return one->sha256;
  CICLO_TRY(const auto blobs, parts_.blobs.walk(location.key));
  Json list = Json::array();
  for (const blobs::BlobInfo& blob : blobs) {
    std::string sha256 = blob.sha256;
    if (sha256.empty()) {
      CICLO_TRY(const blobs::BlobInfo known, parts_.blobs.stat(blob.key));
      sha256 = known.sha256;
    }
    list.push_back({blob.key.substr(location.key.size()), sha256});
  }
  return sha256_hex(to_text(list));
}

Result<fs::path> Material::fetch(const FoundInput& input, const fs::path& folder, const std::stop_token& stop) const {
  const std::string& url = input.location.url;
  const std::string target = "/inputs/" + escape_pointer_token(input.name);
  if (parts_.downloads == nullptr || !(url.starts_with("http://") || url.starts_with("https://")))
    return fail(ErrorCode::unsupported, fmt::format("input '{}': this server cannot download {}", input.name, url),
                target, "leave the mode out: then the step gets the address itself");
  if (input.binding.type != ValueType::uri_file)
    return fail(ErrorCode::unsupported,
                fmt::format("input '{}': only a single file can be downloaded from an http address", input.name),
                target, "set the type to uri_file");
  CICLO_CHECK(make_folder(folder / input.name));
  const fs::path file = folder / input.name / http::file_name_of(url);
  auto fetched = http::fetch_file(*parts_.downloads, {url, file, largest_download, stop});
  if (fetched) return file;
  fetched.error().add_context(fmt::format("cannot download input '{}'", input.name)).target = target;
  return Failure(std::move(fetched).error());
}

Result<fs::path> Material::provide(const FoundInput& input, const fs::path& folder, const std::stop_token& stop) const {
  if (input.location.place == data_estate::Place::remote)
    return input.binding.mode == "download" ? fetch(input, folder, stop) : fs::path(input.location.url);
  const std::string& key = input.location.key;
  const bool file = is_blob(key);
  if (!file && input.binding.type == ValueType::uri_file)
    return fail(ErrorCode::not_found, fmt::format("input '{}': there is no file at {}", input.name, input.binding.path),
                "/inputs/" + escape_pointer_token(input.name));
  CICLO_TRY(const auto entries, file ? Result<std::vector<blobs::Listed>>() : parts_.blobs.list(key));
  const bool writes = input.binding.mode == "download" || input.binding.mode == "rw_mount";
  const auto local = parts_.blobs.local_path(key);
  if (local && !writes && (file || !entries.empty())) return *local;
  fs::path target = folder / input.name;
  if (file) target /= fs::path(key).filename();
  if (!file) CICLO_CHECK(make_folder(target));
  CICLO_CHECK(copy_out(key, target));
  return target;
}

Result<void> Material::copy_out(const std::string& key, const fs::path& target) const {
  CICLO_CHECK(make_folder(target.parent_path()));
  if (is_blob(key)) {
    CICLO_TRY(const auto reader, parts_.blobs.open(key));
    std::ofstream out(target, std::ios::binary | std::ios::trunc);
    while (true) {
      CICLO_TRY(const std::string piece, reader->read(piece_bytes));
      if (piece.empty()) break;
      out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    }
    out.close();
    if (!out) return cannot("write", target, std::error_code(errno, std::generic_category()));
    return {};
  }
  CICLO_CHECK(make_folder(target));
  CICLO_TRY(const auto blobs, parts_.blobs.walk(key));
  for (const blobs::BlobInfo& blob : blobs) CICLO_CHECK(copy_out(blob.key, target / blob.key.substr(key.size() + 1)));
  return {};
}

Result<void> Material::collect(const fs::path& from, const std::string& key) const {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(from, error))) return {};
  if (fs::is_directory(from, error) && fs::is_empty(from, error)) return {};
  return parts_.blobs.put_tree(key, from);
}

Result<void> Material::duplicate(const std::string& from, const std::string& to, const fs::path& scratch) const {
  if (from == to) return {};
  if (const auto local = parts_.blobs.local_path(from)) return collect(*local, to);
  CICLO_CHECK(copy_out(from, scratch));
  CICLO_CHECK(collect(scratch, to));
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  return {};
}

}  // namespace ciclo::inner_loop
