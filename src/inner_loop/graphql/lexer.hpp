// The words of a GraphQL document. Internal to this folder.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace ciclo::graphql {

struct Token {
  enum class Kind : std::uint8_t { end, punctuator, name, integer, real, string } kind = Kind::end;
  std::string text;  // a string's value; "..." is one punctuator
  std::size_t at = 0;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Result<Token> next();
  // An Error that says where.
  Failure error(std::size_t at, std::string_view what) const;

 private:
  void skip_ignored();
  Result<Token> read_number();
  Result<Token> read_string();
  Result<Token> read_block_string();
  Result<std::string> read_escape();
  Result<std::uint32_t> read_hex4();
  bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace ciclo::graphql
