// A key that everybody knows: of RFC 8032, section 7.1, TEST 1.
#pragma once

#include <filesystem>
#include <fstream>

#include "base/signing/ed25519.h"
#include "support/temporary_folder.h"

namespace hilum::test {

inline SigningKey known_signing_key() {
    const TemporaryFolder folder;
    std::ofstream(folder / "key")
        << "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
           "-----END PRIVATE KEY-----\n";
    std::filesystem::permissions(folder / "key", std::filesystem::perms(0600));
    return SigningKey::read(folder / "key").value();
}

}  // namespace hilum::test
