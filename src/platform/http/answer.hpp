// Internal to this folder: the bytes of an answer's head.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"

namespace ciclo::http {

enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct AnswerHead {
  int status = 200;
  const Headers* headers = nullptr;
  std::string_view date;
  std::string_view request_id;
  Framing framing = Framing::none;
  std::uint64_t length = 0;
  bool keep_alive = true;
  bool http_1_0 = false;
  bool over_tls = false;
};

// Framing, connection and date are the server's own: what a handler set of them is left out. Control characters in
// values are replaced by blanks, so that no handler can be made to split an answer.
//
// Every answer carries the headers that keep a browser from using it for what it is not (OWASP Secure Headers): no
// guessing of types, no frames, no referrer, nothing loaded by other sites; and a content security policy under which
// nothing runs. A handler that serves pages sets those of its own, each in place of the one here.
void append_head(std::string& out, const AnswerHead& head);
bool may_have_body(int status);

}  // namespace ciclo::http
