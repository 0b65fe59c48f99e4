// Internal to this folder: the Asio types that the server's and client's .cpp files share. Never included by a public
// header.
//
// g++ 12 places the coroutine's `this` wrongly in its frame when `co_await` stands inside `a && !co_await b`: give each
// awaited value a name of its own first.
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
