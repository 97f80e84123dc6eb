// Objects that no standard allows and every other node takes in: stored bit for bit, whatever the decoder
// makes of them later.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/file_system.h"
#include "dicom/file_meta_information.h"
#include "dicom/stream/header_scan.h"
#include "support/raw_association.h"
#include "support/receiving_node.h"

namespace hilum {
namespace {

using test::DatasetBytes;
using test::Radiograph;
using test::RawAssociation;
using test::ReceivingNode;

constexpr const char* explicit_little = "1.2.840.10008.1.2.1";
constexpr const char* jpeg_lossless = "1.2.840.10008.1.2.4.70";

class OddObjects : public testing::Test {
  protected:
    OddObjects() { node.start(); }

    // The status, 0x0000 only where the spool has the object as it was sent; -1 where the transfer syntax is
    // refused.
    int store(const std::string& bytes, const std::string& transfer_syntax,
              const std::string& sop_class_uid = Radiograph().sop_class_uid,
              const std::string& sop_instance_uid = Radiograph().sop_instance_uid) {
        RawAssociation peer(node.port());
        const auto answer = peer.associate({{sop_class_uid, {transfer_syntax}}});
        if (!answer || answer->type != 0x02) return -2;
        if (test::accepted_transfer_syntaxes(*answer) != std::vector{transfer_syntax}) return -1;
        const std::size_t before = node.coordinator().messages(StoreCommit::type).size();
        const int status = peer.store(sop_class_uid, sop_instance_uid, bytes);
        if (status != 0x0000) return status;
        const auto commits = node.coordinator().messages(StoreCommit::type);
        if (commits.size() != before + 1) return -3;
        const auto file = node.spool() / commits.back().at("file").get<std::string>();
        return read_file(file, 64 << 20).value().ends_with(bytes) ? status : -4;
    }

    ReceivingNode node;
};

TEST_F(OddObjects, WithBytesBehindTheDataSetAreStored) {
    for (const std::string& trailing : {std::string(512, '\0'), std::string(2, '\0'), std::string("\r\n"),
                                        std::string("no element of any data set")})
        EXPECT_EQ(store(Radiograph().bytes() + trailing, explicit_little), 0x0000) << trailing.size();
    EXPECT_EQ(
        store(Radiograph().bytes() + DatasetBytes().element(0x00100020, "LO", "P2").bytes(), explicit_little),
        0xC000)
        << "two patients";
}

TEST_F(OddObjects, WithOddEndsOfFragmentsAreStored) {
    auto bytes = Radiograph().header();
    bytes.header(0x7FE00010, "OB", DatasetBytes::undefined_length).item(0).item(4).raw("\xFF\xD8\xFF\xD9");
    for (const std::string& end :
         {std::string(), std::string(8, '\0'), std::string("\xFE\xFF\xDD\xE0\xFF\xFF\xFF\xFF")})
        EXPECT_EQ(store(bytes.bytes() + end, jpeg_lossless), 0x0000) << end.size();
    EXPECT_EQ(store(bytes.item(100).raw("cut off!").bytes(), jpeg_lossless), 0xC001);
}

TEST_F(OddObjects, WithNativePixelsWhereNoneBelongAreStored) {
    EXPECT_EQ(store(Radiograph().bytes(), jpeg_lossless), 0x0000);
    const std::string open = Radiograph()
                                 .header()
                                 .header(0x7FE00010, "OW", DatasetBytes::undefined_length)
                                 .raw(Radiograph().pixels)
                                 .bytes();
    EXPECT_EQ(store(open, explicit_little), 0x0000);
}

TEST_F(OddObjects, OfPublicReportsAreStored) {
    const char* const folder = std::getenv("HILUM_CASES");
    const std::filesystem::path cases =
        std::filesystem::path(folder == nullptr ? HILUM_SOURCE_DIR "/../shared/cases" : folder) / "pixels";
    if (!std::filesystem::is_directory(cases)) GTEST_SKIP() << "no odd radiographs in " << cases;
    int stored = 0;
    for (const auto& entry : std::filesystem::directory_iterator(cases)) {
        if (entry.path().extension() != ".dcm") continue;
        const std::string name = entry.path().filename();
        const UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
        const auto meta = read_file_meta_information(fd.get()).value();
        const auto file = read_file(entry.path(), 64 << 20).value();
        // Senders take the UIDs from the data set.
        std::string sop_class_uid = meta.media_storage_sop_class_uid,
                    sop_instance_uid = meta.media_storage_sop_instance_uid;
        if (const auto* const syntax = find_transfer_syntax(meta.transfer_syntax_uid)) {
            const auto scan = scan_header(fd.get(), meta.dataset_begin, meta.file_size, *syntax,
                                          {.pass_over_group_2 = true});
            ASSERT_TRUE(scan) << name << ": " << scan.error().message;
            sop_class_uid = scan->sop_class_uid;
            sop_instance_uid = scan->sop_instance_uid;
        }
        const int status =
            store(file.substr(meta.dataset_begin), meta.transfer_syntax_uid, sop_class_uid, sop_instance_uid);
        if (name == "encapsulated-uncompressed.dcm")
            EXPECT_EQ(status, -1) << "its transfer syntax is refused in the negotiation";
        else if (name == "group-2-in-the-data-set.dcm")
            EXPECT_EQ(status, 0xA900);  // as in-memory receipt answers
        else
            EXPECT_EQ(status, 0x0000) << name;
        stored += status == 0x0000 ? 1 : 0;
    }
    EXPECT_GT(stored, 40);
}

}  // namespace
}  // namespace hilum
