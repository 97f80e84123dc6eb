// What is wrong with a request's form beyond what Beast's parser refuses: shapes that a proxy before Hilum
// may read otherwise than Hilum does, and so smuggle a second request in (RFC 9112 11.2).
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <string_view>

namespace hilum::monitor {

// In words; empty: nothing.
std::string_view wrong_form(const boost::beast::http::request_header<boost::beast::http::fields>& request);

}  // namespace hilum::monitor
