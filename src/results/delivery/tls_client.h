// TLS towards one destination, DICOM or HL7: what is shown to it, and what it has to show.
#pragma once

#include <string>

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
    // is always Outcome::retry and no_association.
    tl::expected<TlsStream, Answer> connect(TlsWire& wire, const std::string& text) const;

    CertificatesLoaded loaded() const { return loaded_for(use_, context_.context()); }
    CertificatesLoaded reload() { return reloaded_for(use_, context_); }  // for connections to come

  private:
    std::string use_, server_name_;
    std::vector<std::string> expected_;
    ReloadableTls context_;
};

// nullptr where the destination is spoken to plainly.
std::shared_ptr<TlsClient> tls_for(const DestinationSettings& destination);

}  // namespace hilum::delivery
