// Builds an object of a document from outside. Json's own insertion looks at every member before, which for an object
// of a million keys takes hours; this keeps an index as soon as an object is large.
//
// Thread safety: none; one builder belongs to one parser.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace ciclo {

class JsonObjectBuilder {
 public:
  // Where the member is, when there is one.
  std::optional<std::size_t> find(const std::string& key) const;
  // Adds a member that `find` does not know and returns its place.
  std::size_t add(std::string key, Json value);
  Json& at(std::size_t place) { return members_[place].second; }
  std::size_t size() const { return members_.size(); }
  // The finished object; the builder is empty afterwards.
  Json take();

 private:
  static constexpr std::size_t indexed_from_ = 32;

  std::vector<std::pair<std::string, Json>> members_;
  std::unordered_map<std::string, std::size_t> index_;  // filled from indexed_from_ members on
};

}  // namespace ciclo
