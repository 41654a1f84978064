#pragma once

#include "muster/error.hpp"

#include <tl/expected.hpp>

#include <type_traits>
#include <utility>

namespace muster {

/// A value, or the reason there is none. The interface is std::expected's, which g++ 12 lacks: with g++ 13
/// this alias changes and nothing else (docs/adr/0001-use-expected.md).
template <typename T, typename E = Error>
using Result = tl::expected<T, E>;

/// Makes the failure half of a Result: `return failure(ErrorCode::device_not_found, "no device pump-07")`.
inline tl::unexpected<Error> failure(ErrorCode code, std::string reason) {
  return tl::unexpected<Error>{Error{code, std::move(reason)}};
}
inline tl::unexpected<Error> failure(Error error) { return tl::unexpected<Error>{std::move(error)}; }

/// The same for decoders, whose errors are enums or text.
template <typename E, typename = std::enable_if_t<!std::is_same_v<std::decay_t<E>, Error>>>
constexpr tl::unexpected<std::decay_t<E>> failure(E&& error) {
  return tl::unexpected<std::decay_t<E>>{std::forward<E>(error)};
}

}  // namespace muster

#define MUSTER_CONCAT_INNER(a, b) a##b
#define MUSTER_CONCAT(a, b) MUSTER_CONCAT_INNER(a, b)

/// MUSTER_TRY(auto x, f()): x is f()'s value, or the enclosing function returns f()'s failure.
#define MUSTER_TRY(declaration, ...) \
  MUSTER_TRY_NAMED(MUSTER_CONCAT(try_, __LINE__), declaration, return, __VA_ARGS__)
/// MUSTER_CHECK(f()): as MUSTER_TRY, where the value does not matter.
#define MUSTER_CHECK(...) MUSTER_CHECK_NAMED(MUSTER_CONCAT(check_, __LINE__), return, __VA_ARGS__)
/// The coroutine forms; the awaited expression is bound first, since g++ 12 miscompiles some larger ones.
#define MUSTER_CO_TRY(declaration, ...) \
  MUSTER_TRY_NAMED(MUSTER_CONCAT(try_, __LINE__), declaration, co_return, __VA_ARGS__)
#define MUSTER_CO_CHECK(...) MUSTER_CHECK_NAMED(MUSTER_CONCAT(check_, __LINE__), co_return, __VA_ARGS__)

#define MUSTER_TRY_NAMED(name, declaration, leave, ...)        \
  auto&& name = __VA_ARGS__;                                   \
  if (!name) leave ::muster::failure(std::move(name).error()); \
  declaration = *std::move(name)
// One statement, so that it may stand after an `if` without braces.
#define MUSTER_CHECK_NAMED(name, leave, ...)                     \
  do {                                                           \
    auto&& name = __VA_ARGS__;                                   \
    if (!name) leave ::muster::failure(std::move(name).error()); \
  } while (false)
