// How `tls:` blocks and the patterns of certificates are read from a configuration file.
#pragma once

#include <filesystem>
#include <optional>

#include "base/yaml_reader.h"
#include "contract/configuration.h"

namespace hilum {

// Relative paths are taken from `folder`. Those of a block ask `at` for the key `tls`.

// A file's name as it is to be opened; credentials have no folder.
PemSource placed(const std::string& source, const std::filesystem::path& folder);

// scp.port and scp.tls.
void read_scp_ports(YamlMapping& at, const std::filesystem::path& folder, ScpSettings& scp);
// `certificates` of an entry of scp.accept.
void read_certificates(YamlMapping& at, const ScpSettings& scp, AcceptedCaller& caller);

std::optional<TlsClientSettings> read_tls_client(YamlMapping& at, const std::filesystem::path& folder);
// Of a server without DICOM; no authorities are needed where nobody is asked for a certificate, the default.
std::optional<TlsServerSettings> read_tls_server(YamlMapping& at, const std::filesystem::path& folder);

}  // namespace hilum
