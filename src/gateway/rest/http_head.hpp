#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

/// The gate before the HTTP parser: a request head is refused here when two parsers could read it in two
/// ways. Source: RFC 9112 sections 2.2, 3, 5, 6 and 11.2, and the classes of request smuggling that are
/// public against other servers. Pure.
namespace muster::rest {

/// Looks for the end of the head in `bytes`, of which the first `seen` were looked at before and held no end.
/// The head's size with its empty line, nullopt when more is needed; request_malformed as soon as there is a
/// bare CR, a bare LF or a NUL.
Result<std::optional<std::size_t>> find_head_end(std::string_view bytes, std::size_t seen);

/// Judges a whole head, the empty line included. request_malformed, saying what, for: a request line that is
/// not `METHOD SP target SP HTTP/1.0|1.1`; a target that is not in origin form; folded, nameless or ill-named
/// header lines; control characters; other than one Host (or none, in 1.0); Content-Length more than once, or
/// not plain digits; Transfer-Encoding that is not exactly `chunked`, once, in 1.1, without Content-Length.
Result<void> check_head(std::string_view head);

}  // namespace muster::rest
