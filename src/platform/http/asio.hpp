// Internal to this folder: the Asio types that the server's and client's .cpp files share. Never included by a public
// header.
//
// g++ 12 miscompiles two forms in coroutines: `a && !co_await b`, which misplaces `this` in the frame, and braced
// temporaries within an awaiting expression, which it destroys twice. So each awaited value and each argument that owns
// memory gets a name of its own first.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ciclo::http {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// The concrete executor, so that no operation pays for a type-erased one.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
template <class T = void>
using Awaitable = asio::awaitable<T, Executor>;

// Operations give (error_code, size) instead of throwing.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> as_result{asio::use_awaitable_t<Executor>{}};

}  // namespace ciclo::http
