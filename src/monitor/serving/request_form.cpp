#include "monitor/serving/request_form.h"

#include <boost/beast/core/string.hpp>

#include <algorithm>

namespace hilum::monitor {

namespace http = boost::beast::http;

std::string_view wrong_form(const http::request_header<http::fields>& request) {
    constexpr unsigned version_1_0 = 10, version_1_1 = 11;
    if (request.version() != version_1_0 && request.version() != version_1_1)
        return "only HTTP/1.1 and HTTP/1.0 are spoken here";
    const auto hosts = request.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && request.version() == version_1_1))
        return "exactly one Host field is needed (RFC 9112 3.2)";
    const auto encodings = request.count(http::field::transfer_encoding);
    if (encodings > 0 && request.version() == version_1_0)
        return "HTTP/1.0 has no Transfer-Encoding (RFC 9112 6.1)";
    if (encodings > 1 ||
        (encodings == 1 && !boost::beast::iequals(request[http::field::transfer_encoding], "chunked")))
        return "the only Transfer-Encoding that is taken is chunked";
    if (request.count(http::field::content_length) > 1) return "there is more than one Content-Length";
    if (encodings > 0 && request.count(http::field::content_length) > 0)
        return "Content-Length and Transfer-Encoding exclude each other (RFC 9112 6.2)";
    const auto target = request.target();
    if (!std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f; }))
        return "the target has characters that are not to be in it (RFC 3986)";
    return {};
}

}  // namespace hilum::monitor
