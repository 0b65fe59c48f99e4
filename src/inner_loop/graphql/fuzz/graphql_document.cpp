// The reader of GraphQL documents, and the count of what they ask for, on any bytes.
#include <cstddef>
#include <cstdint>

#include "inner_loop/graphql/document.hpp"
#include "inner_loop/graphql/execute.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = ciclo::graphql::parse_document({reinterpret_cast<const char*>(data), size});
  if (!document) return 0;
  const auto none = [](const ciclo::graphql::Ask&) -> ciclo::Result<ciclo::Json> { return ciclo::Json::object(); };
  (void)ciclo::graphql::execute(*document, {.variables = ciclo::Json::object(), .operation_name = {}}, none);
  return 0;
}
