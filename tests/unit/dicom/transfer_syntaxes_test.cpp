#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "dicom/sop_classes.h"
#include "dicom/transfer_syntaxes.h"

namespace hilum {
namespace {

TEST(TransferSyntaxes, AreOrderedUncompressedLosslessLossy) {
    auto last = Compression::uncompressed;
    for (const auto& syntax : transfer_syntaxes()) {
        EXPECT_GE(syntax.compression, last) << syntax.name;
        last = syntax.compression;
    }
}

TEST(TransferSyntaxes, AreFoundByUid) {
    for (const auto& syntax : transfer_syntaxes()) EXPECT_EQ(find_transfer_syntax(syntax.uid), &syntax);
    EXPECT_EQ(find_transfer_syntax("1.2.840.10008.1.2.4.100"), nullptr);  // MPEG2
}

// docs/transfer-syntaxes.md has this table between two comments.
std::string documented_table() {
    std::string table = "| Transfer syntax | UID | Pixel data |\n|---|---|---|\n";
    for (const auto& syntax : transfer_syntaxes()) {
        const auto* const pixels = syntax.compression == Compression::uncompressed ? "uncompressed"
                                   : syntax.compression == Compression::lossless   ? "lossless"
                                                                                   : "lossy";
        table.append("| ").append(syntax.name).append(" | ").append(syntax.uid);
        table.append(" | ").append(pixels).append(" |\n");
    }
    return table;
}

TEST(TransferSyntaxes, AreThoseOfTheDocumentation) {
    std::ifstream file(std::filesystem::path(HILUM_SOURCE_DIR) / "docs" / "transfer-syntaxes.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::string begin = "<!-- table: begin -->\n", end = "<!-- table: end -->\n";
    ASSERT_NE(text.find(begin), std::string::npos);
    ASSERT_NE(text.find(end), std::string::npos);
    const auto from = text.find(begin) + begin.size();
    EXPECT_EQ(text.substr(from, text.find(end) - from), documented_table())
        << "put this table between the comments:\n"
        << documented_table();
}

TEST(SopClasses, HaveUniqueUids) {
    std::set<std::string_view> uids;
    for (const auto& sop_class : storage_sop_classes()) EXPECT_TRUE(uids.insert(sop_class.uid).second);
    EXPECT_GT(uids.size(), 150U);
}

TEST(SopClasses, KnowWhatIsStoredAndWhyTheOthersAreNot) {
    const auto kind = [](std::string_view uid) { return find_storage_sop_class(uid)->kind; };
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.1"), StorageKind::image);       // CR
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.1.1"), StorageKind::image);     // DX for presentation
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.7"), StorageKind::image);       // SC
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.2"), StorageKind::image);       // CT
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.88.34"), StorageKind::report);  // Comprehensive 3D SR
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.11.1"), StorageKind::presentation_state);
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.88.59"), StorageKind::key_object);
    EXPECT_EQ(kind("1.2.840.10008.5.1.4.1.1.104.1"), StorageKind::other);  // encapsulated PDF
    EXPECT_EQ(find_storage_sop_class("1.2.3.4"), nullptr);
    EXPECT_EQ(discard_reason(StorageKind::report), "report");
    EXPECT_EQ(discard_reason(StorageKind::key_object), "key_object");
}

}  // namespace
}  // namespace hilum
