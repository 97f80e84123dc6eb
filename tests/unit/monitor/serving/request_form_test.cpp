#include "monitor/serving/request_form.h"

#include <gtest/gtest.h>

namespace hilum::monitor {
namespace {

namespace http = boost::beast::http;

http::request_header<http::fields> request() {
    http::request_header<http::fields> request;
    request.method(http::verb::get);
    request.target("/healthz?a=%20b");
    request.version(11);
    request.set(http::field::host, "hilum");
    return request;
}

TEST(RequestForm, TakesOrdinaryRequests) {
    EXPECT_EQ(wrong_form(request()), "");
    auto old = request();
    old.version(10);
    old.erase(http::field::host);
    EXPECT_EQ(wrong_form(old), "");
    auto chunked = request();
    chunked.set(http::field::transfer_encoding, "Chunked");
    EXPECT_EQ(wrong_form(chunked), "");
}

TEST(RequestForm, RefusesWhatAProxyMayReadOtherwise) {
    auto hosts = request(), none = request(), encoding = request(), two = request(), both = request();
    hosts.insert(http::field::host, "other");
    none.erase(http::field::host);
    encoding.set(http::field::transfer_encoding, "gzip, chunked");
    two.insert(http::field::content_length, "1");
    two.insert(http::field::content_length, "1");
    both.set(http::field::transfer_encoding, "chunked");
    both.set(http::field::content_length, "1");
    auto version = request(), target = request();
    version.version(12);
    target.target("/\xC2\x9B");
    for (const auto& one : {hosts, none, encoding, two, both, version, target})
        EXPECT_NE(wrong_form(one), "");
}

}  // namespace
}  // namespace hilum::monitor
