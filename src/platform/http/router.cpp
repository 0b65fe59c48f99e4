#include "platform/http/router.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t method_count = 7;
constexpr std::size_t max_segments = 128;

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) {
  return is_parameter(segment) && segment[segment.size() - 2] == '*';
}

std::string_view parameter_name(std::string_view segment) {
  return segment.substr(1, segment.size() - (is_rest(segment) ? 3 : 2));
}

Failure malformed(const std::string& pattern, std::string why) {
  return fail(ErrorCode::invalid, "the route pattern '" + pattern + "' is malformed: " + std::move(why), pattern);
}

// A name that a path may hold: no control characters, and no way up, however it was encoded.
bool is_safe(std::string_view decoded) {
  if (std::ranges::any_of(decoded, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return false;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = decoded.find_first_of("/\\", start);
    const std::string_view part = decoded.substr(start, end == std::string_view::npos ? end : end - start);
    if (part == "." || part == "..") return false;
    if (end == std::string_view::npos) return true;
    start = end + 1;
  }
}

bool prefix_matches(std::string_view prefix, std::string_view path) {
  if (prefix.empty()) return true;
  const std::vector<std::string> wanted = split(prefix.substr(1), '/');
  const std::vector<std::string> given = split(path.empty() ? path : path.substr(1), '/');
  if (given.size() < wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (!is_parameter(wanted[i]) && wanted[i] != given[i]) return false;
  return true;
}

}  // namespace

// One node for each segment of the patterns. A literal child is tried before the parameter, and that before the rest.
struct Router::Node {
  struct Target {
    const Route* route = nullptr;
    std::vector<std::string> names;  // of the parameters, from left to right
  };

  std::map<std::string, Node, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::array<Target, method_count> targets;
};

namespace {

// The decoded segments of a path, and for each where the rest that begins with it starts.
struct Segments {
  std::vector<std::string> names;
  std::string decoded;  // the whole path
  std::vector<std::size_t> starts;
};

std::optional<Segments> segments_of(std::string_view raw_path) {
  if (raw_path.empty() || raw_path.front() != '/') return std::nullopt;
  Segments segments;
  std::size_t start = 1;
  while (true) {
    const std::size_t end = raw_path.find('/', start);
    auto name = percent_decode(raw_path.substr(start, end == std::string_view::npos ? end : end - start));
    if (!name || !is_safe(*name) || segments.names.size() == max_segments) return std::nullopt;
    segments.decoded.push_back('/');
    segments.starts.push_back(segments.decoded.size());
    segments.decoded.append(*name);
    segments.names.push_back(*std::move(name));
    if (end == std::string_view::npos) return segments;
    start = end + 1;
  }
}

template <class Node>
struct Search {
  const Segments& segments;
  Method method;
  Router::Match& match;
  std::vector<std::string_view> values;

  // True once a route with the method is found; until then it gathers what other methods the path has.
  bool walk(const Node& node, std::size_t depth) {
    if (depth == segments.names.size()) return take(node);
    const std::string& name = segments.names[depth];
    if (const auto child = node.literals.find(name); child != node.literals.end() && walk(child->second, depth + 1))
      return true;
    if (node.parameter && !name.empty()) {
      values.push_back(name);
      if (walk(*node.parameter, depth + 1)) return true;
      values.pop_back();
    }
    if (!node.rest) return false;
    values.push_back(std::string_view(segments.decoded).substr(segments.starts[depth]));
    if (take(*node.rest)) return true;
    values.pop_back();
    return false;
  }

  bool take(const Node& node) {
    const auto* target = &node.targets[static_cast<std::size_t>(method)];
    if (!target->route && method == Method::head) target = &node.targets[static_cast<std::size_t>(Method::get)];
    if (target->route) {
      match.route = target->route;
      match.path_exists = true;
      for (std::size_t i = 0; i < values.size(); ++i) match.parameters[target->names[i]] = std::string(values[i]);
      return true;
    }
    for (std::size_t i = 0; i < method_count; ++i) {
      if (!node.targets[i].route) continue;
      match.path_exists = true;
      allow(static_cast<Method>(i));
      if (static_cast<Method>(i) == Method::get) allow(Method::head);
    }
    return false;
  }

  void allow(Method allowed) {
    if (std::ranges::find(match.allowed, allowed) == match.allowed.end()) match.allowed.push_back(allowed);
  }
};

}  // namespace

Result<void> Router::add(Route route) {
  const std::string& pattern = route.pattern;
  if (pattern.empty() || pattern.front() != '/') return malformed(pattern, "it does not start with '/'");
  if (!route.handler) return fail(ErrorCode::invalid, "the route has no handler", pattern);
  if (!root_) root_ = std::make_shared<Node>();
  Node* node = root_.get();
  std::vector<std::string> names;
  const std::vector<std::string> segments = split(std::string_view(pattern).substr(1), '/');
  for (const std::string& segment : segments) {
    if (!is_parameter(segment)) {
      if (segment.find_first_of("{}") != std::string::npos)
        return malformed(pattern, "'" + segment + "' mixes text and a parameter, or has an empty name");
      node = &node->literals[segment];
      continue;
    }
    const std::string name(parameter_name(segment));
    if (name.empty() || name.find_first_of("{}*") != std::string::npos)
      return malformed(pattern, "a parameter has no proper name");
    if (std::ranges::find(names, name) != names.end()) return malformed(pattern, "'" + name + "' appears twice");
    if (is_rest(segment) && &segment != &segments.back())
      return malformed(pattern, "'" + segment + "' is not at the end");
    names.push_back(name);
    auto& child = is_rest(segment) ? node->rest : node->parameter;
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  Node::Target& target = node->targets[static_cast<std::size_t>(route.method)];
  if (target.route)
    return fail(ErrorCode::already_exists,
                std::string(name_of(route.method)) + " " + pattern + " is taken by " + target.route->pattern, pattern);
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  target = {.route = routes_.back().get(), .names = std::move(names)};
  return {};
}

Router::Match Router::find(Method method, std::string_view raw_path) const {
  Match match;
  const auto segments = segments_of(raw_path);
  if (!segments || !root_) return match;
  Search<Node> search{.segments = *segments, .method = method, .match = match, .values = {}};
  if (search.walk(*root_, 0)) match.allowed.clear();
  return match;
}

void Router::set_fallback(std::string prefix, ErrorRenderer renderer) {
  while (prefix.ends_with('/')) prefix.pop_back();
  fallbacks_.emplace_back(std::move(prefix), std::move(renderer));
}

Response Router::render_unrouted(std::string_view raw_path, const Error& error) const {
  const std::pair<std::string, ErrorRenderer>* best = nullptr;
  for (const auto& fallback : fallbacks_) {
    if (!prefix_matches(fallback.first, raw_path)) continue;
    if (!best || fallback.first.size() > best->first.size()) best = &fallback;
  }
  return best ? best->second(error) : error_response(error);
}

}  // namespace ciclo::http
