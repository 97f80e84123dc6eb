// Whether a browser asks on behalf of a page that is not ours. Where a request needs no token, since the
// connection itself says who asks, any page that the same browser shows could ask in that person's name.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

namespace hilum::monitor {

bool is_asked_by_another_page(const boost::beast::http::request_header<boost::beast::http::fields>& request);

}  // namespace hilum::monitor
