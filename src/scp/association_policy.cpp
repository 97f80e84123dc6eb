#include "scp/association_policy.h"

#include <algorithm>

namespace hilum::scp {

std::string_view trimmed_ae_title(std::string_view title) {
    const auto begin = title.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return title.substr(begin, title.find_last_not_of(' ') - begin + 1);
}

Result<AssociationPolicy> AssociationPolicy::make(const Configuration& configuration) {
    AssociationPolicy policy;
    policy.any_caller_ = configuration.scp.any_caller;
    if (configuration.scp.check_called_ae_title) policy.own_ae_title_ = configuration.node.ae_title;
    for (const auto& accepted : configuration.scp.accept) {
        Caller caller;
        if (accepted.ae_title != "*") caller.ae_title = trimmed_ae_title(accepted.ae_title);
        for (const auto& host : accepted.hosts) {
            auto network = IpNetwork::parse(host);
            if (!network) return tl::unexpected(network.error());
            caller.networks.push_back(*network);
        }
        caller.certificates = accepted.certificates;
        policy.callers_.push_back(std::move(caller));
    }
    return policy;
}

Verdict AssociationPolicy::judge_caller(std::string_view calling_ae, const IpAddress& peer,
                                        const PeerCertificate* certificate) const {
    auto verdict = Verdict::unknown_caller;
    for (const auto& caller : callers_) {
        const bool title = !caller.ae_title || *caller.ae_title == calling_ae;
        const bool address = caller.networks.empty() ||
                             std::any_of(caller.networks.begin(), caller.networks.end(),
                                         [&](const IpNetwork& network) { return network.contains(peer); });
        if (!title || !address) continue;
        if (caller.certificates.empty() ||
            (certificate != nullptr && fits_any(*certificate, caller.certificates)))
            return Verdict::accepted;
        verdict = Verdict::certificate;
    }
    return verdict;
}

Standing AssociationPolicy::standing(const IpAddress& peer) const {
    auto best = any_caller_ ? Standing::anywhere : Standing::unlisted;
    for (const auto& caller : callers_) {
        if (caller.networks.empty()) best = std::min(best, Standing::anywhere);
        for (const auto& network : caller.networks)
            if (network.contains(peer))
                best = std::min(best, network.is_one_address() ? Standing::named : Standing::listed);
    }
    return best;
}

bool AssociationPolicy::names_hosts() const {
    return std::ranges::any_of(callers_, [](const Caller& caller) {
        return std::ranges::any_of(caller.networks, &IpNetwork::is_one_address);
    });
}

Verdict AssociationPolicy::judge(std::string_view calling_ae, std::string_view called_ae,
                                 const IpAddress& peer, const PeerCertificate* certificate) const {
    if (!any_caller_) {
        const auto verdict = judge_caller(trimmed_ae_title(calling_ae), peer, certificate);
        if (verdict != Verdict::accepted) return verdict;
    }
    if (!own_ae_title_.empty() && trimmed_ae_title(called_ae) != own_ae_title_)
        return Verdict::called_ae_title;
    return Verdict::accepted;
}

}  // namespace hilum::scp
