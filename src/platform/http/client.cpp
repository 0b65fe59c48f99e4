#include "platform/http/client.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include "platform/http/client_connection.hpp"
#include "platform/http/parser.hpp"
#include "platform/http/url.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t max_kept_connections = 32;  // of one Client

struct Address {
  bool tls = false;
  std::string host;
  std::string port;
  std::string target;
  std::string origin;  // "http://host:port"
};

Result<Address> address_of(const std::string& url) {
  const auto parsed = parse_url(url);
  // What is malformed may hold a password in a place where it is not found.
  const auto invalid = [&url] {
    const std::string shown = url.find('@') == std::string::npos ? "'" + url.substr(0, 200) + "'" : "the address";
    return fail(ErrorCode::invalid, shown + " is no URL of a server", {},
                "give one such as http://127.0.0.1:8080/path");
  };
  if (parsed && parsed->has_userinfo())
    return fail(ErrorCode::invalid, "the address holds a name or password", {}, "send credentials in a header");
  if (!parsed || parsed->encoded_host().empty()) return invalid();
  if (parsed->scheme() != "http" && parsed->scheme() != "https") return invalid();
  Address address;
  address.tls = parsed->scheme() == "https";
  address.host = parsed->host_address();
  const std::string_view given_port(parsed->port().data(), parsed->port().size());
  address.port = !given_port.empty() ? std::string(given_port) : address.tls ? "443" : "80";
  const auto path = parsed->encoded_path();
  address.target = path.empty() ? "/" : std::string(path.data(), path.size());
  if (parsed->has_query()) {
    const auto query = parsed->encoded_query();
    address.target.append("?").append(query.data(), query.size());
  }
  const auto host = parsed->encoded_host();
  address.origin =
      std::string(address.tls ? "https://" : "http://") + std::string(host.data(), host.size()) + ":" + address.port;
  return address;
}

Failure unreachable(const Address& address, const error_code& failure) {
  if (failure == asio::error::timed_out)
    return fail(ErrorCode::unavailable, "cannot reach " + address.origin + ": no answer in time", address.origin,
                "check the address, and that the server is running");
  const std::string why = failure == asio::error::connection_refused ? "connection refused" : failure.message();
  return fail(ErrorCode::unavailable, "cannot reach " + address.origin + ": " + why, "",
              address.tls && failure.category() != boost::system::system_category()
                  ? "check the server's certificate, and the certificate authority that is trusted"
                  : "check that the server is running");
}

Failure broken(const Address& address, const error_code& failure) {
  if (failure == asio::error::timed_out) return fail(ErrorCode::timeout, address.origin + " did not answer in time");
  return fail(ErrorCode::unavailable, "the connection to " + address.origin + " broke: " + failure.message(), "",
              "check that the server is running");
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool may_repeat(const ClientRequest& request) {
  return !request.body_stream && request.method != Method::post && request.method != Method::patch;
}

bool sends_length_always(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

Result<std::string> head_of(const ClientRequest& request, const Address& address, const Headers& defaults) {
  std::string head(name_of(request.method));
  const std::size_t host = address.origin.find("//") + 2;
  head.append(" ").append(address.target).append(" HTTP/1.1\r\nhost: ").append(address.origin, host).append("\r\n");
  if (request.body_stream && !request.body_length) {
    head.append("transfer-encoding: chunked\r\n");
  } else if (request.body_stream || !request.body.empty() || sends_length_always(request.method)) {
    const std::uint64_t length = request.body_stream ? *request.body_length : request.body.size();
    head.append("content-length: ").append(std::to_string(length)).append("\r\n");
  }
  const auto add = [&head](const auto& fields, const Headers* unless) -> Result<void> {
    for (const auto& [name, value] : fields) {
      if (unless && unless->find(name)) continue;
      if (has_line_break(name) || has_line_break(value))
        return fail(ErrorCode::invalid, "a header field has a line break in it", "headers");
      head.append(name).append(": ").append(value).append("\r\n");
    }
    return {};
  };
  CICLO_CHECK(add(request.headers.fields(), nullptr));
  CICLO_CHECK(add(defaults.fields(), &request.headers));
  if (!request.headers.find("user-agent") && !defaults.find("user-agent")) head.append("user-agent: ciclo\r\n");
  head.append("\r\n");
  return head;
}

}  // namespace

class Client::Impl {
 public:
  explicit Impl(ClientSettings settings) : settings_(std::move(settings)) {}

  Result<ClientResponse> send(const ClientRequest& request) {
    CICLO_TRY(const Address address, address_of(request.url));
    CICLO_TRY(const std::string head, head_of(request, address, settings_.default_headers));
    if (auto kept = take(address.origin)) {
      bool answered = false;
      auto response = converse(*kept, {request, address, head, answered});
      if (response || answered || !may_repeat(request) || response.error().code != ErrorCode::unavailable)
        return keep(address.origin, std::move(kept), std::move(response));
    }
    CICLO_TRY(auto connection, connect(address));
    bool answered = false;
    auto response = converse(*connection, {request, address, head, answered});
    return keep(address.origin, std::move(connection), std::move(response));
  }

 private:
  struct Kept {
    std::string origin;
    std::unique_ptr<ClientConnection> connection;
  };
  struct Conversation {
    const ClientRequest& request;
    const Address& address;
    const std::string& head;
    bool& answered;  // set once a byte of the answer came
  };
  struct Outcome {
    ClientResponse response;
    bool reusable = false;
  };

  std::unique_ptr<ClientConnection> take(const std::string& origin) {
    while (true) {
      std::unique_ptr<ClientConnection> connection;
      {
        const std::lock_guard lock(mutex_);
        const auto found =
            std::find_if(kept_.rbegin(), kept_.rend(), [&](const Kept& kept) { return kept.origin == origin; });
        if (found == kept_.rend()) return nullptr;
        connection = std::move(found->connection);
        kept_.erase(std::next(found).base());
      }
      if (!connection->has_news()) return connection;
    }
  }

  Result<ClientResponse> keep(const std::string& origin, std::unique_ptr<ClientConnection> connection,
                              Result<Outcome> outcome) {
    if (!outcome) return std::unexpected(std::move(outcome).error());
    if (outcome->reusable) {
      const std::lock_guard lock(mutex_);
      if (kept_.size() == max_kept_connections) kept_.erase(kept_.begin());
      kept_.push_back({.origin = origin, .connection = std::move(connection)});
    }
    return std::move(outcome->response);
  }

  Result<std::shared_ptr<TlsContext>> tls() {
    const std::lock_guard lock(mutex_);
    if (!tls_) {
      CICLO_TRY(tls_, client_tls(settings_.certificate_authority_file));
    }
    return tls_;
  }

  Result<std::unique_ptr<ClientConnection>> connect(const Address& address) {
    error_code failure;
    asio::ip::basic_resolver<tcp, Executor> resolver(io_.get_executor());
    const auto found = resolver.resolve(address.host, address.port, failure);
    if (failure) return unreachable(address, failure);
    std::optional<Error> denied;
    bool tried = false;
    for (const auto& entry : found) {
      if (auto judged = judge(address, entry.endpoint()); !judged) {
        denied = std::move(judged).error();
        continue;
      }
      tried = true;
      auto connection = std::make_unique<ClientConnection>(io_.get_executor(), settings_.timeout);
      limit(*connection);
      failure = connection->connect(entry.endpoint(), settings_.connect_timeout);
      if (failure) continue;
      if (!address.tls) return connection;
      CICLO_TRY(const auto context, tls());
      failure = connection->start_tls(*context, address.host);
      if (!failure) return connection;
    }
    if (!tried && denied) return std::unexpected(*std::move(denied));
    return unreachable(address, failure);
  }

  void limit(ClientConnection& connection) const {
    if (settings_.total_timeout.count() == 0) return;
    connection.set_deadline(std::chrono::steady_clock::now() + settings_.total_timeout);
  }

  // The very address that is connected to next.
  Result<void> judge(const Address& address, const tcp::endpoint& endpoint) const {
    if (!settings_.outbound) return {};
    OutboundTarget target{.host = address.host, .address = {}, .port = endpoint.port()};
    const auto ip = endpoint.address();
    target.address.bytes =
        ip.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, ip.to_v4()).to_bytes() : ip.to_v6().to_bytes();
    return settings_.outbound->judge(target);
  }

  Result<Outcome> converse(ClientConnection& connection, Conversation conversation) {
    limit(connection);
    CICLO_TRY(const std::optional<Error> cut_short, send_request(connection, conversation));
    // A server may answer and hang up before it has read everything: its answer says more than the broken write.
    auto outcome = receive(connection, conversation);
    if (!outcome && cut_short && !conversation.answered) return std::unexpected(*cut_short);
    if (outcome && cut_short) outcome->reusable = false;
    return outcome;
  }

  // Gives an Error when the server stopped reading; fails when the body stream does.
  Result<std::optional<Error>> send_request(ClientConnection& connection, const Conversation& conversation) {
    const ClientRequest& request = conversation.request;
    static constexpr std::size_t joined_bytes = 64U << 10U;
    const bool joins = !request.body_stream && request.body.size() <= joined_bytes;
    if (const auto failure = connection.write(joins ? conversation.head + request.body : conversation.head))
      return broken(conversation.address, failure).error();
    if (joins) return std::nullopt;
    if (request.body_stream) return send_stream(connection, conversation);
    if (const auto failure = connection.write(request.body)) return broken(conversation.address, failure).error();
    return std::nullopt;
  }

  Result<std::optional<Error>> send_stream(ClientConnection& connection, const Conversation& conversation) {
    const bool chunked = !conversation.request.body_length;
    std::uint64_t left = conversation.request.body_length.value_or(0);
    while (true) {
      // An answer before the body is through means that the server does not want the rest.
      if (!conversation.address.tls && connection.has_news())
        return fail(ErrorCode::unavailable, "the server answered before the end of the body").error();
      CICLO_TRY(std::string piece, conversation.request.body_stream());
      if (!chunked && (piece.size() > left || (piece.empty() && left > 0)))
        return fail(ErrorCode::internal, "the body stream does not give as many bytes as body_length says");
      left -= chunked ? 0 : piece.size();
      const bool last = piece.empty();
      if (chunked) piece = last ? "0\r\n\r\n" : fmt_hex(piece.size()) + "\r\n" + piece + "\r\n";
      if (const auto failure = connection.write(piece)) return broken(conversation.address, failure).error();
      if (last) return std::nullopt;
    }
  }

  static std::string fmt_hex(std::size_t number) {
    std::string text;
    for (; number > 0; number >>= 4U) text.insert(text.begin(), "0123456789abcdef"[number & 15U]);
    return text;
  }

  Result<Outcome> receive(ClientConnection& connection, const Conversation& conversation) {
    Outcome outcome;
    ClientResponse& response = outcome.response;
    while (true) {
      response = {};
      ResponseParser parser(response.status, response.headers,
                            [&](std::string_view piece) { return take_piece(conversation.request, response, piece); });
      if (conversation.request.method == Method::head) parser.skip(true);
      CICLO_CHECK(parse(connection, conversation, parser));
      if (response.status >= 200 || response.status == 101) {
        outcome.reusable = parser.keep_alive() && !parser.need_eof() && connection.buffer().size() == 0;
        return outcome;
      }
    }
  }

  Result<void> take_piece(const ClientRequest& request, ClientResponse& response, std::string_view piece) const {
    if (request.sink && response.status >= 200 && response.status < 300) return request.sink(piece);
    if (piece.size() > settings_.max_response_bytes - response.body.size())
      return fail(ErrorCode::too_large,
                  "the answer is larger than " + std::to_string(settings_.max_response_bytes) + " bytes", {});
    response.body.append(piece);
    return {};
  }

  Result<void> parse(ClientConnection& connection, const Conversation& conversation, ResponseParser& parser) {
    auto& buffer = connection.buffer();
    while (!parser.is_done()) {
      error_code failure;
      if (buffer.size() > 0) {
        conversation.answered = true;
        buffer.consume(parser.put(buffer.cdata(), failure));
        if (!parser.sink_error().message.empty()) return std::unexpected(parser.sink_error());
        if (failure && failure != beast_http::error::need_more)
          return fail(ErrorCode::unavailable,
                      conversation.address.origin + " does not speak HTTP: " + failure.message(),
                      conversation.address.origin);
        if (parser.is_done()) break;
        if (!failure && buffer.size() > 0) continue;
      }
      failure = connection.read();
      if (!failure) continue;
      if (!ClientConnection::is_end(failure) || !parser.got_some()) return broken(conversation.address, failure);
      parser.put_eof(failure);
      if (failure) return broken(conversation.address, failure);
    }
    return {};
  }

  const ClientSettings settings_;
  asio::io_context io_{1};  // never run: the sockets are used synchronously
  std::mutex mutex_;
  std::vector<Kept> kept_;
  std::shared_ptr<TlsContext> tls_;
};

Client::Client(ClientSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Client::~Client() = default;

Result<ClientResponse> Client::send(const ClientRequest& request) {
  return impl_->send(request);
}

}  // namespace ciclo::http
