#include "platform/http/later.hpp"

namespace ciclo::http {
namespace {

struct LaterSource {
  LaterAnswer make;
  // Reached only where nothing asks for later_answer(): then the stream gives no body.
  Result<std::string> operator()() const { return std::string(); }
};

}  // namespace

Response answer_later(LaterAnswer make) {
  Response response;
  response.stream = LaterSource{std::move(make)};
  return response;
}

const LaterAnswer* later_answer(const Response& response) {
  const auto* source = response.stream.target<LaterSource>();
  return source ? &source->make : nullptr;
}

}  // namespace ciclo::http
