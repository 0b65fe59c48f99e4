#include <algorithm>
#include <boost/asio/post.hpp>

#include "platform/http/connection.hpp"
#include "platform/http/handling.hpp"
#include "platform/http/inflate.hpp"
#include "platform/http/later.hpp"

namespace ciclo::http {
namespace {

constexpr std::size_t max_request_id_bytes = 128;

bool is_sane_request_id(std::string_view id) {
  return !id.empty() && id.size() <= max_request_id_bytes && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

// The path and query of a target in origin form or absolute form; empty for anything else.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t path = target.find('/', scheme.size());
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  return target.starts_with('/') ? target : std::string_view();
}

std::string allow_list(const std::vector<Method>& methods) {
  std::string list;
  for (const Method method : methods) {
    list.append(name_of(method));
    list.append(", ");
  }
  return list + "OPTIONS";
}

Refusal refusal_of(int status, ErrorCode code, std::string message, std::string hint = {}) {
  return {.status = status,
          .error = {.code = code, .message = std::move(message), .target = {}, .hint = std::move(hint), .details = {}}};
}

bool runs_inline(const Route& route) {
  const Execution execution = route.execution_now ? route.execution_now() : route.execution;
  return execution == Execution::io && route.body == BodyMode::buffered;
}

std::string_view encoding_of(const Request& request) {
  return request.headers.find("content-encoding").value_or("");
}

}  // namespace

Response Connection::refused(const Refusal& refusal) const {
  Response response =
      route_ ? render(core_, *route_, refusal.error) : core_.router.render_unrouted(raw_path_, refusal.error);
  response.status = refusal.status;
  return response;
}

void Connection::identify() {
  started_ = std::chrono::steady_clock::now();
  const auto given_id = request_.headers.find("x-request-id");
  request_.request_id = given_id && is_sane_request_id(*given_id) ? std::string(*given_id) : reactor_.next_request_id();
  request_.remote_address = remote_address_;
}

// Sets route_, or gives the answer where there is none to call.
std::optional<Response> Connection::find_route() {
  const bool asks_server = request_.target == "*" && parser_->knows_method() && request_.method == Method::options;
  const std::string_view target = asks_server ? "/" : origin_form(request_.target);
  const std::size_t question = target.find('?');
  raw_path_ = target.substr(0, question);
  if (!parser_->knows_method()) return refused(refusal_of(501, ErrorCode::unsupported, "this method is not offered"));
  auto path = percent_decode(raw_path_);
  if (target.empty() || !path)
    return refused(
        refusal_of(400, ErrorCode::invalid, "the address '" + request_.target.substr(0, 200) + "' is malformed"));
  request_.path = *std::move(path);
  Router::Match match = core_.router.find(request_.method, raw_path_);
  if (!match.route) return without_route(match);
  route_ = match.route;
  request_.parameters = std::move(match.parameters);
  if (question != std::string_view::npos) {
    auto query = Query::parse(target.substr(question + 1));
    if (!query) return refused({.status = 400, .error = std::move(query).error()});
    request_.query = *std::move(query);
  }
  return check_announced_body();
}

std::optional<Response> Connection::without_route(const Router::Match& match) {
  if (request_.method == Method::options && (match.path_exists || request_.target == "*")) {
    Response response = Response::empty();
    response.headers.add("allow", allow_list(match.allowed));
    return response;
  }
  if (!match.path_exists) return refused(refusal_of(404, ErrorCode::not_found, "there is nothing at " + request_.path));
  Response response = refused(refusal_of(405, ErrorCode::unsupported,
                                         std::string(name_of(request_.method)) + " is not offered at " + request_.path,
                                         "it takes " + allow_list(match.allowed)));
  response.headers.set("allow", allow_list(match.allowed));
  return response;
}

// For what is refused before anybody asked who calls.
std::optional<Response> Connection::limit_address() {
  if (!core_.settings.limiter) return std::nullopt;
  const auto wait = core_.settings.limiter->take_address(remote_address_);
  if (wait.count() == 0) return std::nullopt;
  Response response = refused({.status = 429, .error = too_many_requests(wait)});
  response.headers.set("retry-after", std::to_string(seconds_up(wait)));
  return response;
}

std::optional<Response> Connection::check_announced_body() {
  if (const auto length = parser_->content_length(); length && *length > route_->body_limit)
    return refused(refusal_of(413, ErrorCode::too_large,
                              "the body of " + std::to_string(*length) + " bytes is larger than the limit of " +
                                  std::to_string(route_->body_limit)));
  if (route_->body == BodyMode::streamed || can_inflate(encoding_of(request_))) return std::nullopt;
  Response response = refused(refusal_of(
      415, ErrorCode::unsupported, "the content-encoding '" + std::string(encoding_of(request_)) + "' is not offered",
      "use gzip, deflate or none"));
  response.headers.set("accept-encoding", "gzip, deflate");
  return response;
}

Awaitable<> Connection::serve() {
  identify();
  invited_ = chunked_ = stalled_ = body_refused_ = false;
  first_chunk_ = true;
  stream_left_.reset();
  piece_.clear();
  if (auto response = find_route()) {
    if (auto limited = limit_address()) response = std::move(limited);
    co_await answer(*response);
  } else if (runs_inline(*route_)) {
    co_await serve_inline();
  } else {
    co_await serve_on_worker();
  }
}

std::optional<Response> Connection::finish_body() {
  const std::string_view encoding = encoding_of(request_);
  if (is_identity(encoding)) return std::nullopt;
  auto inflated = inflate(request_.body, encoding, route_->body_limit);
  if (!inflated) return render(core_, *route_, inflated.error());
  request_.body = *std::move(inflated);
  return std::nullopt;
}

Awaitable<> Connection::serve_inline() {
  std::optional<Response> response = admit(core_, *route_, request_);
  if (!response && !parser_->is_done()) {
    parser_->set_body(request_.body, route_->body_limit);
    const Received received = co_await receive_body();
    if (received == Received::gone) co_return;
    if (received == Received::refused) response = refused(refusal_);
  }
  if (!response) response = finish_body();
  if (!response) response = handle(core_, *route_, request_);
  if (later_answer(*response)) {
    // Behind everything that is ready now. Alone there is nobody to wait for.
    if (reactor_.connections().size() > 1) {
      const Executor executor = reactor_.io().get_executor();
      const asio::use_awaitable_t<Executor> token;
      co_await asio::post(executor, token);
    }
    response = finish(core_, *route_, request_, *std::move(response));
  }
  if (!response->stream || request_.method == Method::head) {
    co_await answer(*response);
    co_return;
  }
  // A source may block, so its pieces are made by a worker although the handler ran here.
  auto exchange = std::make_shared<Exchange>(reactor_.io().get_executor());
  auto source = std::make_shared<BodySource>(std::move(response->stream));
  exchange->push(Exchange::Answer{.response = *std::move(response), .streams = true});
  if (!core_.pool.submit([&core = core_, source, exchange] { pump(core, *source, *exchange); })) {
    const Response busy = overloaded();
    co_await answer(busy);
    co_return;
  }
  co_await converse(exchange);
}

Response Connection::overloaded() const {
  Response response =
      refused(refusal_of(503, ErrorCode::unavailable, "the server is overloaded", "try again in a moment"));
  response.headers.set("retry-after", "1");
  return response;
}

bool Connection::submit(const std::shared_ptr<Exchange>& exchange, bool admit, bool handle) {
  Work work{
      .core = &core_, .route = route_, .request = &request_, .exchange = exchange, .admit = admit, .handle = handle};
  return core_.pool.submit([work = std::move(work)] { perform(work); });
}

// A body that is not here yet is not waited for on a worker: the Guard goes first, then the body comes, then the
// handler.
Awaitable<> Connection::serve_on_worker() {
  auto exchange = std::make_shared<Exchange>(reactor_.io().get_executor());
  const bool streamed = route_->body == BodyMode::streamed;
  if (!parser_->is_done()) parser_->set_body(streamed ? piece_ : request_.body, route_->body_limit);
  if (streamed) request_.stream = exchange.get();
  bool admitted = false;
  if (!streamed) {
    bool whole = feed();
    if (whole && !parser_->is_done()) {
      if (!submit(exchange, true, false)) {
        const Response busy = overloaded();
        co_await answer(busy);
        co_return;
      }
      Exchange::Event event = co_await exchange->next();
      if (auto* refusal = std::get_if<Exchange::Answer>(&event)) {
        co_await answer(refusal->response);
        co_return;
      }
      admitted = true;
      const Received received = co_await receive_body();
      if (received == Received::gone) co_return;
      whole = received == Received::complete;
    }
    if (!whole) {
      const Response refusal = refused(refusal_);
      co_await answer(refusal);
      co_return;
    }
    if (auto response = finish_body()) {
      co_await answer(*response);
      co_return;
    }
  }
  if (!submit(exchange, !admitted, true)) {
    const Response busy = overloaded();
    co_await answer(busy);
    co_return;
  }
  co_await converse(exchange);
}

Awaitable<> Connection::converse(const std::shared_ptr<Exchange>& exchange) {
  bool good = true;
  while (true) {
    Exchange::Event event = co_await exchange->next();
    if (const auto* want = std::get_if<Exchange::Want>(&event)) {
      Result<std::string> piece = co_await pull(want->max);
      const bool goes_on = piece && !piece->empty();
      exchange->reply(std::move(piece));
      if (goes_on) read_ahead(want->max);
    } else if (auto* answered = std::get_if<Exchange::Answer>(&event)) {
      // A handler hands on the timeout that read() gave it: it is the client's, not the server's.
      if (stalled_ && answered->response.status == status_of(ErrorCode::timeout)) answered->response.status = 408;
      if (!answered->streams) {
        co_await answer(answered->response);
        co_return;
      }
      good = co_await answer_head_of_stream(answered->response);
    } else if (const auto* piece = std::get_if<Exchange::Piece>(&event)) {
      // Answered before it is written: the worker makes the next piece meanwhile, and then waits here.
      exchange->reply(good ? Result<std::string>() : fail(ErrorCode::unavailable, "the client went away"));
      if (good) good = co_await answer_piece(piece->bytes);
    } else if (const auto* end = std::get_if<Exchange::End>(&event)) {
      if (end->complete && good) {
        good = co_await answer_end();
      } else {
        broken_ = aborted_ = true;
      }
      if (!body_is_read()) closing_ = lingers_ = true;
      report_served();
      co_return;
    }
  }
}

}  // namespace ciclo::http
