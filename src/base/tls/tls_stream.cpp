#include "base/tls/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <span>

#include "base/digest.h"
#include "base/ip_network.h"
#include "base/tls/tls_failure.h"

namespace hilum {

struct TlsStream::State {
    explicit State(TlsWire& connection) : wire(&connection) {}
    ~State() { SSL_free(ssl); }
    State(const State&) = delete;

    Error failed(int result);

    TlsWire* wire;
    ssl_st* ssl = nullptr;
    bool waits = true;                       // whether reading may
    bool closed = false, timed_out = false;  // the wire
    Error failure{tls_failures::none, "", Retry::later};
};

// OpenSSL's way to the wire.
struct TlsStream::Bridge {
    static State& state(BIO* bio) { return *static_cast<State*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* buffer, int size) {
        auto& stream = state(bio);
        BIO_clear_retry_flags(bio);
        const ssize_t n = stream.wire->receive(buffer, static_cast<std::size_t>(size), stream.waits);
        if (n > 0) return static_cast<int>(n);
        if (n < 0 && errno == EAGAIN && !stream.waits)
            BIO_set_retry_read(bio);
        else if (n < 0 && errno == ETIMEDOUT)
            stream.timed_out = true;
        else
            stream.closed = true;
        return n == 0 ? 0 : -1;
    }

    static int write(BIO* bio, const char* bytes, int size) {
        auto& stream = state(bio);
        BIO_clear_retry_flags(bio);
        if (stream.wire->send(bytes, static_cast<std::size_t>(size))) return size;
        (errno == ETIMEDOUT ? stream.timed_out : stream.closed) = true;
        return -1;
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return state(bio).closed ? 1 : 0;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static BIO_METHOD* method() {
        static BIO_METHOD* const methods = [] {
            auto* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hilum wire");
            BIO_meth_set_read(made, &read);
            BIO_meth_set_write(made, &write);
            BIO_meth_set_ctrl(made, &control);
            return made;
        }();
        return methods;
    }
};

namespace {

std::string text_of(const ASN1_STRING* string) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, string);
    if (size < 0) return {};
    std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
    OPENSSL_free(utf8);
    return text.find('\0') == std::string::npos ? text : std::string();
}

std::string subject_of(const X509_NAME* name) {
    BIO* const out = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string subject(text, static_cast<std::size_t>(size));
    BIO_free(out);
    return subject;
}

PeerCertificate description_of(const X509* certificate) {
    PeerCertificate peer;
    const auto* const name = X509_get_subject_name(certificate);
    peer.subject = subject_of(name);
    for (int i = -1; (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;)
        if (auto text = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i))); !text.empty())
            peer.common_names.push_back(std::move(text));
    auto* const names =
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const auto* const one = sk_GENERAL_NAME_value(names, i);
        if (one->type != GEN_DNS) continue;
        if (auto text = text_of(one->d.dNSName); !text.empty()) peer.dns_names.push_back(std::move(text));
    }
    GENERAL_NAMES_free(names);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1)
        peer.sha256 = hex_of(std::as_bytes(std::span(digest).first(size)));
    return peer;
}

}  // namespace

Error TlsStream::State::failed(int result) {
    const int kind = SSL_get_error(ssl, result);  // looks into the queue, which is emptied next
    const auto error = ERR_peek_last_error();
    const auto text = openssl_error("the connection broke off");
    if (failure.code != tls_failures::none) return failure;
    if (timed_out)
        failure = tls_timeout();
    else if (error != 0 && kind != SSL_ERROR_SYSCALL)
        failure = tls_failure(error, SSL_get_verify_result(ssl), text);
    else
        failure = tls_closed();
    return failure;
}

TlsStream::TlsStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

Result<TlsStream> TlsStream::make(const TlsContext& context, TlsWire& wire) {
    auto state = std::make_unique<State>(wire);
    state->ssl = SSL_new(context.get());
    BIO* const bio = BIO_new(Bridge::method());
    if (state->ssl == nullptr || bio == nullptr) {
        BIO_free(bio);
        return fail_for_now("system", "OpenSSL: {}", openssl_error("no memory"));
    }
    BIO_set_data(bio, state.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(state->ssl, bio, bio);
    SSL_set_mode(state->ssl, SSL_MODE_AUTO_RETRY);
    return TlsStream(std::move(state));
}

Result<TlsStream> TlsStream::server(const TlsContext& context, TlsWire& wire) {
    auto stream = make(context, wire);
    if (stream) SSL_set_accept_state(stream->state_->ssl);
    return stream;
}

Result<TlsStream> TlsStream::client(const TlsContext& context, TlsWire& wire, const std::string& name) {
    auto stream = make(context, wire);
    if (!stream) return stream;
    auto* const ssl = stream->state_->ssl;
    SSL_set_connect_state(ssl);
    if (name.empty()) return stream;
    const bool address = IpAddress::parse(name).has_value();
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool set =
        address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1
                : SSL_set1_host(ssl, name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
    if (!set) return fail("address", "'{}' is no name that a certificate could be for", name);
    return stream;
}

Status TlsStream::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(state_->ssl);
    if (result == 1) return {};
    return tl::unexpected(state_->failed(result));
}

ssize_t TlsStream::read(void* buffer, std::size_t size) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(state_->ssl, buffer, size, &got);
    if (result == 1) return static_cast<ssize_t>(got);
    const int error = SSL_get_error(state_->ssl, result);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    const auto failure = state_->failed(result);
    if (failure.code == tls_failures::closed) return 0;
    errno = failure.code == tls_failures::timeout ? ETIMEDOUT : ECONNABORTED;
    return -1;
}

ssize_t TlsStream::write(const void* bytes, std::size_t size) {
    if (size == 0) return 0;
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(state_->ssl, bytes, size, &written);
    if (result == 1) return static_cast<ssize_t>(written);
    errno = state_->failed(result).code == tls_failures::timeout ? ETIMEDOUT : EPIPE;
    return -1;
}

bool TlsStream::has_arrived() {
    ERR_clear_error();
    char byte = 0;
    std::size_t got = 0;
    state_->waits = false;
    const int result = SSL_peek_ex(state_->ssl, &byte, 1, &got);
    state_->waits = true;
    return result == 1 || SSL_get_error(state_->ssl, result) != SSL_ERROR_WANT_READ;
}

void TlsStream::say_goodbye() {
    if (state_->closed || state_->timed_out || SSL_is_init_finished(state_->ssl) != 1) return;
    ERR_clear_error();
    SSL_shutdown(state_->ssl);
    ERR_clear_error();
}

std::optional<PeerCertificate> TlsStream::peer() const {
    const X509* const certificate = SSL_get0_peer_certificate(state_->ssl);
    if (certificate == nullptr) return std::nullopt;
    return description_of(certificate);
}

std::string TlsStream::protocol() const {
    return fmt::format("{} {}", SSL_get_version(state_->ssl), SSL_get_cipher_name(state_->ssl));
}

const Error& TlsStream::failure() const {
    return state_->failure;
}

}  // namespace hilum
