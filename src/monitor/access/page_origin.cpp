#include "monitor/access/page_origin.h"

#include <boost/beast/core/string.hpp>

#include <string>

namespace hilum::monitor {

namespace http = boost::beast::http;

// Browsers send at least one of both with all that a page can bring about across origins (Fetch, section 3.2;
// Fetch Metadata). "none" is what a person typed.
bool is_asked_by_another_page(const http::request_header<http::fields>& request) {
    if (const auto site = request.find("Sec-Fetch-Site"); site != request.end())
        if (!boost::beast::iequals(site->value(), "same-origin") &&
            !boost::beast::iequals(site->value(), "none"))
            return true;
    const auto origin = request.find(http::field::origin);
    if (origin == request.end()) return false;
    const auto host = std::string(request[http::field::host]);
    return !boost::beast::iequals(origin->value(), "http://" + host);
}

}  // namespace hilum::monitor
