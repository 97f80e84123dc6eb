// TLS towards one destination, DICOM or HL7: what is shown to it, and what it has to show.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/channel.h"
#include "base/tls/reloadable_tls.h"
#include "base/tls/tls_stream.h"
#include "contract/configuration.h"
#include "contract/messages/certificates.h"
#include "results/delivery/answer.h"
#include "results/delivery/connection_watch.h"

namespace hilum::delivery {

// A connection under its watch.
class WatchedTlsWire : public TlsWire {
  public:
    explicit WatchedTlsWire(ConnectionWatch& watch) : watch_(watch) {}
    ssize_t receive(void* buffer, std::size_t size, bool wait) override;
    bool send(const void* bytes, std::size_t size) override;

  private:
    ConnectionWatch& watch_;
};

class TlsClient {
  public:
    // Loads certificates and key. What cannot be loaded is told by connect(), since it may be put right by a
    // reload.
    explicit TlsClient(const DestinationSettings& destination);
    // `use`: in words, "destination pacs". `host`: whose certificate it has to be where `tls` says nothing.
    TlsClient(std::string use, const std::string& host, const TlsClientSettings& tls);

    // Over the watch's connection, within what it allows. `text` names the destination in messages. The error
    // is always Outcome::retry and no_association. What the node's trouble kept from being loaded is loaded
    // first, and told.
    tl::expected<TlsStream, Answer> connect(TlsWire& wire, const std::string& text);

    CertificatesLoaded loaded() const { return loaded_for(use_, context_.context()); }
    CertificatesLoaded reload() { return reloaded_for(use_, context_); }  // for connections to come
    // Who hears of what connect() loads.
    void tell(std::function<void(const CertificatesLoaded&)> loaded) { tell_ = std::move(loaded); }

  private:
    void mend();

    std::string use_, server_name_;
    std::vector<std::string> expected_;
    ReloadableTls context_;
    std::function<void(const CertificatesLoaded&)> tell_ = [](const CertificatesLoaded&) {};
};

// nullptr where the destination is spoken to plainly.
std::shared_ptr<TlsClient> tls_for(const DestinationSettings& destination);

// What the client has loaded, and will load, is the coordinator's to know; nothing where there is none.
Status tell_certificates(Channel& coordinator, TlsClient* tls);

}  // namespace hilum::delivery
