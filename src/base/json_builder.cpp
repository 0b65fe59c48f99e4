#include "base/json_builder.hpp"

namespace ciclo {

std::optional<std::size_t> JsonObjectBuilder::find(const std::string& key) const {
  if (members_.size() >= indexed_from_) {
    const auto found = index_.find(key);
    return found == index_.end() ? std::nullopt : std::optional(found->second);
  }
  for (std::size_t place = 0; place < members_.size(); ++place)
    if (members_[place].first == key) return place;
  return std::nullopt;
}

std::size_t JsonObjectBuilder::add(std::string key, Json value) {
  const std::size_t place = members_.size();
  members_.emplace_back(std::move(key), std::move(value));
  if (members_.size() == indexed_from_) {
    for (std::size_t i = 0; i < members_.size(); ++i) index_.emplace(members_[i].first, i);
  } else if (members_.size() > indexed_from_) {
    index_.emplace(members_.back().first, place);
  }
  return place;
}

Json JsonObjectBuilder::take() {
  Json object = Json::object();
  Json::object_t::Container& members = object.get_ref<Json::object_t&>();
  members.reserve(members_.size());
  for (auto& [key, value] : members_) members.emplace_back(std::move(key), std::move(value));
  members_.clear();
  index_.clear();
  return object;
}

}  // namespace ciclo
