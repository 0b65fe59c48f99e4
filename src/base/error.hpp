// One failure type for the whole product.
//
// Every function that can fail for a reason outside the program returns Result<T>. Exceptions are caught at the
// seam to the library that throws them and become an Error there; none crosses a module boundary.
//
// Codes are neutral: HTTP, MLflow's error_code and the Open Inference Protocol's form are each mapped in one place.
//
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ciclo {

enum class ErrorCode : std::uint8_t {
  invalid,          // the request or file is wrong; sending it again cannot help
  unauthenticated,  // no caller, or a credential that is not valid
  denied,           // the caller is known and may not do this
  not_found,
  already_exists,
  conflict,     // the state changed or does not allow this (stale etag, write to a deleted run)
  too_large,    // a body, file or batch over its limit
  quota,        // too many requests, or a budget is used up
  unsupported,  // well formed, but not offered
  timeout,
  unavailable,  // a part this needs cannot be reached now; trying again may help
  internal,     // a bug, or a broken environment (disk full, corrupt file)
};

// The code's name as it appears in JSON answers ("not_found").
std::string_view name_of(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  // What went wrong, in one sentence for a person; no secret, no stack, no trailing full stop.
  std::string message;
  // What it is about: a JSON pointer ("/jobs/train/compute"), "file.yml:12:5", or a resource ("models/weather:3").
  std::string target;
  // What to do about it, for example the nearest valid value. May be empty.
  std::string hint;
  // Further failures of the same request. Empty when there is one.
  std::vector<Error> details;

  // Puts what was being done before the message: "cannot read x.yml: …".
  Error& add_context(std::string_view doing);
  // "target: message (hint)": the form for logs and terminals.
  std::string text() const;
};

// A value or an Error. Discarding one is a compile error.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

using Failure = std::unexpected<Error>;

// return fail(ErrorCode::not_found, "there is no model 'x'", "models/x", "the nearest is 'y'");
[[nodiscard]] Failure fail(ErrorCode code, std::string message, std::string target = {}, std::string hint = {});

#define CICLO_CONCAT_(a, b) a##b
#define CICLO_CONCAT(a, b) CICLO_CONCAT_(a, b)

// CICLO_TRY(const auto row, store.get(key)): declares `row`, or returns the Error from the enclosing function.
#define CICLO_TRY(declaration, ...) CICLO_TRY_(CICLO_CONCAT(ciclo_result_, __COUNTER__), declaration, __VA_ARGS__)
#define CICLO_TRY_(result, declaration, ...)                                      \
  auto result = (__VA_ARGS__);                                                    \
  if (!result) return std::unexpected<::ciclo::Error>(std::move(result).error()); \
  declaration = *std::move(result)

// Returns the Error of a Result from the enclosing function, or goes on; a value is dropped.
#define CICLO_CHECK(...) CICLO_CHECK_(CICLO_CONCAT(ciclo_check_, __COUNTER__), __VA_ARGS__)
#define CICLO_CHECK_(result, ...)                                                                                \
  do {                                                                                                           \
    if (auto result = (__VA_ARGS__); !result) return std::unexpected<::ciclo::Error>(std::move(result).error()); \
  } while (false)

}  // namespace ciclo
