// Answers that are made after the handlers of all requests that arrived at the same moment have run, so that what they
// all need can be done in one go (scoring joins their rows into one run of the model). A request that is alone is not
// held up.
//
// Thread safety: `make` runs once, on the thread of the handler that returned it; the handler's Request lives until
// then.
#pragma once

#include <functional>

#include "platform/http/message.hpp"

namespace ciclo::http {

using LaterAnswer = std::function<Response()>;

// What a handler returns to be asked again. It travels as the stream of a Response.
Response answer_later(LaterAnswer make);
// The function within such a Response, or null for any other.
const LaterAnswer* later_answer(const Response& response);

}  // namespace ciclo::http
