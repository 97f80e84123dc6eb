// Who may open an association: by AE titles and network address, as scp.accept says. Deny by default.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.h"
#include "base/tls/certificate_pattern.h"
#include "contract/configuration.h"

namespace hilum::scp {

// certificate: scp.accept knows the caller, by another certificate than it showed.
enum class Verdict { accepted, unknown_caller, certificate, called_ae_title };

// What scp.accept says of an address, whatever AE title comes from it.
enum class Standing {
    named,     // it is one of the hosts
    listed,    // a network among the hosts has it
    anywhere,  // everyone may call: any, or an AE title without hosts
    unlisted,  // it can only be rejected
};

class AssociationPolicy {
  public:
    // Code "invalid_network" when a host of scp.accept is neither an address nor a network.
    static Result<AssociationPolicy> make(const Configuration& configuration);

    // AE titles as in the A-ASSOCIATE-RQ; padding spaces do not count (PS3.8 9.3.2).
    // `certificate`: which the caller showed, and TLS verified; nullptr: none.
    Verdict judge(std::string_view calling_ae, std::string_view called_ae, const IpAddress& peer,
                  const PeerCertificate* certificate = nullptr) const;

    Standing standing(const IpAddress& peer) const;
    bool names_hosts() const;  // some address is `named`

  private:
    struct Caller {
        std::optional<std::string> ae_title;    // none: any
        std::vector<IpNetwork> networks;        // empty: any
        std::vector<std::string> certificates;  // patterns; empty: any, or none
    };
    Verdict judge_caller(std::string_view calling_ae, const IpAddress& peer,
                         const PeerCertificate* certificate) const;

    bool any_caller_ = false;
    std::vector<Caller> callers_;
    std::string own_ae_title_;  // empty: the called AE title is not checked
};

// Without the leading and trailing spaces that have no meaning.
std::string_view trimmed_ae_title(std::string_view title);

}  // namespace hilum::scp
