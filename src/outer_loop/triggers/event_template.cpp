#include "outer_loop/triggers/event_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/jmespath.hpp"
#include "base/text.hpp"

namespace ciclo::outer_loop {
namespace {

constexpr std::array<std::string_view, 3> kForPeople{"description", "display_name", "tags"};

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_.:/@=+,-").find(c) != std::string_view::npos;
  });
}

class Filler {
 public:
  explicit Filler(const events::Event& event) : root_({{"event", events::to_cloud_event(event)}}) {}

  Result<Json> fill(const Json& value, bool must_be_plain) const {
    if (value.is_string()) return fill_text(value.get_ref<const std::string&>(), must_be_plain);
    if (value.is_array()) {
      Json filled = Json::array();
      for (const Json& item : value) {
        CICLO_TRY(Json one, fill(item, must_be_plain));
        filled.push_back(std::move(one));
      }
      return filled;
    }
    if (!value.is_object()) return value;
    Json filled = Json::object();
    for (const auto& [key, item] : value.items()) {
      const bool for_people = std::ranges::find(kForPeople, key) != kForPeople.end();
      CICLO_TRY(filled[key], fill(item, must_be_plain && !for_people));
    }
    return filled;
  }

 private:
  Result<Json> value_of(std::string_view expression, bool must_be_plain) const {
    CICLO_TRY(const JmesPath path, JmesPath::compile(expression));
    CICLO_TRY(Json value, path.search(root_));
    if (value.is_null()) {
      return fail(ErrorCode::invalid, fmt::format("the event has nothing for ${{{{{}}}}}", expression));
    }
    const std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
    if (must_be_plain && (value.is_structured() || !is_plain(text))) {
      return fail(ErrorCode::invalid,
                  fmt::format("what the event has for ${{{{{}}}}} cannot go into a job: only letters, digits and "
                              "_.:/@=+,- can",
                              expression));
    }
    return value;
  }

  Result<Json> fill_text(const std::string& text, bool must_be_plain) const {
    std::string filled;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t begin = text.find("${{", at);
      const std::size_t end = begin == std::string::npos ? begin : text.find("}}", begin);
      if (end == std::string::npos) break;
      const std::string_view inner = trim(std::string_view(text).substr(begin + 3, end - begin - 3));
      const std::size_t next = end + 2;
      if (inner == "event" || inner.starts_with("event.")) {
        CICLO_TRY(Json value, value_of(inner, must_be_plain));
        if (begin == 0 && next == text.size()) return value;
        filled.append(text, at, begin - at);
        filled += value.is_string() ? value.get<std::string>() : to_text(value);
      } else {
        filled.append(text, at, next - at);
      }
      at = next;
    }
    return Json(filled + text.substr(at));
  }

  Json root_;
};

}  // namespace

Result<Json> fill_template(const Json& value, const events::Event& event, TemplateUse use) {
  return Filler(event).fill(value, use == TemplateUse::job);
}

}  // namespace ciclo::outer_loop
