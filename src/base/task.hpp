#pragma once

#include "base/result.hpp"

#include <boost/asio/awaitable.hpp>

namespace muster {

namespace asio = boost::asio;

/// A computation that may wait: co_await gives a Result<T>. It runs on the executor of whoever awaits it.
template <typename T>
using Task = boost::asio::awaitable<Result<T>>;

}  // namespace muster
