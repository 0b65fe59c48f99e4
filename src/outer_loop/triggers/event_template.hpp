// Puts parts of an event into what a trigger makes: ${{event.data.feature}}, where what follows `event.` is JMESPath
// over the CloudEvent. Other expressions (${{inputs.x}}) are a job's own and stay.
//
// A text that is one expression and nothing else becomes the value itself, a number for example; inside a longer text
// the value is written out. What an event holds may come from outside (a column's name in a scoring request), and
// job fields end in shell commands: for TemplateUse::job only letters, digits and _.:/@=+,- may come in, outside of
// description, display_name and tags.
//
// Thread safety: pure functions.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/events/event_log.hpp"

namespace ciclo::outer_loop {

enum class TemplateUse : std::uint8_t { text, job };

// Fails with invalid for an expression that is malformed or that the event has nothing for.
Result<Json> fill_template(const Json& value, const events::Event& event, TemplateUse use);

}  // namespace ciclo::outer_loop
