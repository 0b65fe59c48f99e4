// Which identity of the provider is which user.
#include "cli/command.hpp"

namespace ciclo::cli {

std::vector<Command> identity_link_commands() {
  return {
      {"identity-link",
       "list",
       "List who of the identity provider is which user.",
       {},
       [](Context& context) -> Result<int> {
         CICLO_TRY(const Json links, context.session.get_all("/api/v1/identity-links"));
         CICLO_CHECK(context.print(
             links, {{"USER", "user"}, {"STATE", "state"}, {"SUBJECT", "subject"}, {"ISSUER", "issuer"}}));
         return 0;
       }},
      {"identity-link",
       "delete",
       "Part a user and an identity of the provider: its holder is new here then.",
       {{{"name", "n"}, Takes::one, "The user."}},
       [](Context& context) -> Result<int> {
         CICLO_TRY(const std::string name, context.options.needed("name"));
         CICLO_CHECK(context.session.call(http::Method::del, "/api/v1/identity-links/" + http::percent_encode(name)));
         return 0;
       }}};
}

}  // namespace ciclo::cli
