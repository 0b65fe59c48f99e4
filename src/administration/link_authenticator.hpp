// Who asked for the link that a request comes by (platform/tokens/signed_link.hpp). What the link's maker may do is
// judged anew by the Guard: a link ends with the rights it was made with.
//
// Thread safety: safe from any thread.
#pragma once

#include <functional>

#include "administration/authenticator.hpp"
#include "base/clock.hpp"
#include "platform/tokens/signed_link.hpp"

namespace ciclo::administration {

class LinkAuthenticator final : public Authenticator {
 public:
  // Whether somebody is barred from everything: disabled, or gone.
  using IsBarred = std::function<bool(const std::string& principal)>;
  LinkAuthenticator(const tokens::LinkKey& key, IsBarred is_barred, const Clock& clock)
      : key_(key), is_barred_(std::move(is_barred)), clock_(clock) {}

  // Nothing for a request without a link. One with a link and any other query is refused.
  Result<std::optional<resources::Caller>> authenticate(const http::Request& request) override;

 private:
  const tokens::LinkKey& key_;
  const IsBarred is_barred_;
  const Clock& clock_;
};

}  // namespace ciclo::administration
