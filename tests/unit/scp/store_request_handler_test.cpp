#include "scp/store_request_handler.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "support/dataset_bytes.h"
#include "support/fake_coordinator.h"
#include "support/temporary_folder.h"

namespace hilum::scp {
namespace {

using test::CoordinatorScript;
using test::DatasetBytes;
using test::FakeCoordinator;
using test::Radiograph;

class StoreRequestHandlerTest : public testing::Test {
  protected:
    StoreRequestHandlerTest() {
        settings_.min_free_space = 0;
        spool_.emplace(Spool::open(folder_.path()).value());
    }

    void start(CoordinatorScript script = {}) {
        auto pair = Channel::make_pair().value();
        coordinator_.emplace(std::move(pair.first), std::move(script));
        client_.emplace(std::move(pair.second), std::chrono::seconds(10));
        handler_.emplace(*spool_, *client_, settings_, Caller{"PACS", "10.1.0.5"});
    }

    StoreRequest request(const Radiograph& radiograph = {}) const {
        return {radiograph.sop_class_uid, radiograph.sop_instance_uid, radiograph.sop_class_uid,
                find_transfer_syntax("1.2.840.10008.1.2.1")};
    }
    DimseStatus store(const std::string& bytes) { return store(request(), bytes); }
    DimseStatus store(StoreRequest request, const std::string& bytes) {
        handler_->begin(std::move(request));
        const auto data = std::as_bytes(std::span(bytes));
        for (std::size_t i = 0; i < data.size(); i += 1000)
            handler_->receive(data.subspan(i, std::min<std::size_t>(1000, data.size() - i)));
        return handler_->end().status();
    }

    std::vector<std::string> files() const {
        std::vector<std::string> found;
        const auto spool = folder_ / "spool";
        for (const auto& entry : std::filesystem::recursive_directory_iterator(spool))
            if (entry.is_regular_file()) found.push_back(std::filesystem::relative(entry.path(), spool));
        return found;
    }

    test::TemporaryFolder folder_;
    ScpSettings settings_;
    std::optional<Spool> spool_;
    std::optional<FakeCoordinator> coordinator_;
    std::optional<CommitClient> client_;
    std::optional<StoreRequestHandler> handler_;
};

TEST_F(StoreRequestHandlerTest, StoresBitForBitBeforeItAnswersSuccess) {
    CoordinatorScript script;
    std::vector<std::string> files_at_commit;
    script.answers = [&](const nlohmann::json&) {
        files_at_commit = files();
        return StoreAnswer{true, true, StoreOutcome::stored, {}};
    };
    start(script);
    const std::string bytes = Radiograph().bytes();
    EXPECT_EQ(store(bytes), DimseStatus::success);

    const auto commits = coordinator_->messages(StoreCommit::type);
    ASSERT_EQ(commits.size(), 1U);
    const auto commit = commits[0].get<StoreCommit>();
    EXPECT_THAT(files_at_commit, testing::ElementsAre(commit.file));
    const auto content = read_file(folder_ / "spool" / commit.file, 1 << 20).value();
    EXPECT_EQ(content.size(), commit.size);
    EXPECT_EQ(content.substr(128, 4), "DICM");
    EXPECT_TRUE(content.ends_with(bytes));
    EXPECT_EQ(commit.dataset_sha256, sha256_hex(bytes));
    EXPECT_EQ(commit.header.patient_id, "P1");
    EXPECT_EQ(commit.header.transfer_syntax_uid, "1.2.840.10008.1.2.1");
    EXPECT_EQ(commit.calling_ae, "PACS");
    EXPECT_EQ(commit.peer, "10.1.0.5");
}

TEST_F(StoreRequestHandlerTest, RemovesTheFileOfADuplicate) {
    CoordinatorScript script;
    script.answers = [](const auto&) { return StoreAnswer{true, false, StoreOutcome::duplicate, {}}; };
    start(script);
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::success);
    EXPECT_THAT(files(), testing::IsEmpty());
}

TEST_F(StoreRequestHandlerTest, DiscardsAReportAfterItsRecord) {
    start();
    Radiograph report;
    report.sop_class_uid = "1.2.840.10008.5.1.4.1.1.88.34";
    EXPECT_EQ(store(request(report), report.header().bytes()), DimseStatus::success);
    const auto discards = coordinator_->messages(DiscardCommit::type);
    ASSERT_EQ(discards.size(), 1U);
    EXPECT_EQ(discards[0].at("reason"), "report");
    EXPECT_TRUE(coordinator_->messages(StoreCommit::type).empty());
    EXPECT_THAT(files(), testing::IsEmpty());
}

TEST_F(StoreRequestHandlerTest, AnswersA700WhenTheDiscardRecordIsNotCommitted) {
    CoordinatorScript script;
    script.answers = [](const auto&) { return StoreAnswer{.error = Error{"disk_full", "", Retry::later}}; };
    start(script);
    Radiograph report;
    report.sop_class_uid = "1.2.840.10008.5.1.4.1.1.88.34";
    EXPECT_EQ(store(request(report), report.header().bytes()), DimseStatus::out_of_resources);
}

TEST_F(StoreRequestHandlerTest, AnswersA700AndRemovesTheFileWhenTheCommitFails) {
    CoordinatorScript script;
    script.answers = [](const auto&) {
        return StoreAnswer{.keep_file = true, .error = Error{"database", "", Retry::later}};
    };
    start(script);
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::out_of_resources);
    EXPECT_THAT(files(), testing::IsEmpty());
    const auto events = coordinator_->wait_for_event("store_failed");
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].at("code"), "database");
}

// It may have committed the row: without the file that would lose the object, since it would be taken for a
// duplicate when it is sent again.
TEST_F(StoreRequestHandlerTest, KeepsTheFileAndAnswersA700WhenTheCoordinatorDiesWithTheCommit) {
    CoordinatorScript script;
    script.answers = [](const auto&) { return std::nullopt; };
    start(script);
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::out_of_resources);
    EXPECT_TRUE(client_->gone());
    EXPECT_THAT(files(), testing::SizeIs(1));
}

TEST_F(StoreRequestHandlerTest, AnswersA700AndLeavesNothingWhenTheCoordinatorIsGone) {
    start();
    coordinator_.reset();
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::out_of_resources);
    EXPECT_THAT(files(), testing::IsEmpty());
}

TEST_F(StoreRequestHandlerTest, AnswersA900WhenUidsDiffer) {
    start();
    auto other_instance = request(), other_class = request();
    other_instance.sop_instance_uid = "2.25.77";
    EXPECT_EQ(store(other_instance, Radiograph().bytes()), DimseStatus::dataset_does_not_match);
    other_class.sop_class_uid = other_class.abstract_syntax = "1.2.840.10008.5.1.4.1.1.7";
    EXPECT_EQ(store(other_class, Radiograph().bytes()), DimseStatus::dataset_does_not_match);
    EXPECT_THAT(files(), testing::IsEmpty());
    EXPECT_TRUE(coordinator_->messages(StoreCommit::type).empty());
}

TEST_F(StoreRequestHandlerTest, AnswersA900ForMissingUidsAndForFileMetaInformation) {
    start();
    EXPECT_EQ(store(DatasetBytes().element(0x00080018, "UI", "2.25.1").bytes()),
              DimseStatus::dataset_does_not_match);
    EXPECT_EQ(store(DatasetBytes().element(0x00020010, "UI", "1.2").bytes() + Radiograph().bytes()),
              DimseStatus::dataset_does_not_match);
}

TEST_F(StoreRequestHandlerTest, Answers0122WhenTheClassIsNotTheContexts) {
    start();
    auto mixed = request();
    mixed.abstract_syntax = "1.2.840.10008.5.1.4.1.1.7";
    EXPECT_EQ(store(mixed, Radiograph().bytes()), DimseStatus::sop_class_not_supported);
}

// Who looks for the study finds what became of its image.
TEST_F(StoreRequestHandlerTest, TellsStudyAndAccessionNumberOfWhateverItRefuses) {
    settings_.max_object_size = 100'000;
    start();
    const std::string bytes = Radiograph().bytes();
    auto other_instance = request(), no_instance = request(), other_class = request();
    other_instance.sop_instance_uid = "2.25.77";
    no_instance.sop_instance_uid = std::string(70, '1');
    other_class.abstract_syntax = "1.2.840.10008.5.1.4.1.1.7";
    Radiograph large;
    large.pixels = std::string(200'000, '\1');
    EXPECT_EQ(store(bytes.substr(0, bytes.size() - 100)), DimseStatus::truncated);
    EXPECT_EQ(store(other_instance, bytes), DimseStatus::dataset_does_not_match);
    EXPECT_EQ(store(no_instance, bytes), DimseStatus::invalid_sop_instance);
    EXPECT_EQ(store(other_class, bytes), DimseStatus::sop_class_not_supported);
    EXPECT_EQ(store(large.bytes()), DimseStatus::too_large);
    settings_.min_free_space = 1ULL << 60;
    EXPECT_EQ(store(bytes), DimseStatus::out_of_resources);
    const auto events = coordinator_->wait_for(ReceiverEvent::type, 6);
    ASSERT_EQ(events.size(), 6U);
    for (const auto& event : events) {
        EXPECT_EQ(event.at("study_instance_uid"), "2.25.2") << event.dump();
        EXPECT_EQ(event.at("accession_number"), "A42") << event.dump();
        EXPECT_EQ(event.at("patient_id"), "P1") << event.dump();
    }
    EXPECT_THAT(files(), testing::IsEmpty());
}

// By either it is taken later, when the sender was put right.
TEST_F(StoreRequestHandlerTest, TellsBothUidsOfWhatItRefuses) {
    start();
    auto no_uid = request(), other = request();
    no_uid.sop_instance_uid = "1.2.3.abc";
    other.sop_instance_uid = "2.25.77";
    EXPECT_EQ(store(no_uid, Radiograph().bytes()), DimseStatus::invalid_sop_instance);
    EXPECT_EQ(store(other, Radiograph().bytes()), DimseStatus::dataset_does_not_match);
    const auto events = coordinator_->wait_for(ReceiverEvent::type, 2);
    EXPECT_EQ(events.at(0).at("sop_instance_uid"), "1.2.3.abc");
    EXPECT_EQ(events.at(1).at("sop_instance_uid"), "2.25.77");
    for (const auto& event : events)
        EXPECT_EQ(event.at("dataset_sop_instance_uid"), Radiograph().sop_instance_uid);
}

TEST_F(StoreRequestHandlerTest, SaysWhichUidIsWrongAndHow) {
    start();
    const auto message = [&](const StoreRequest& wanted, const std::string& bytes, std::size_t number) {
        (void)store(wanted, bytes);
        return coordinator_->wait_for(ReceiverEvent::type, number).back().at("detail").get<std::string>();
    };
    const std::string bytes = Radiograph().bytes();
    const auto study = bytes.find("2.25.2");
    auto broken = bytes;
    broken.replace(study, 6, "x.25.2");
    EXPECT_EQ(message(request(), broken, 1), "the data set has a Study Instance UID that is no UID");
    broken.replace(study, 6, "      ");
    EXPECT_EQ(message(request(), broken, 2), "the data set lacks its Study Instance UID");
    auto other = request();
    other.sop_instance_uid = "2.25.77";
    EXPECT_EQ(message(other, bytes, 3), "the SOP Instance UID of the data set differs from the command's");
}

TEST_F(StoreRequestHandlerTest, TakesNothingThatWasSpoilt) {
    start();
    const std::string bytes = Radiograph().bytes();
    handler_->begin(request());
    handler_->receive(std::as_bytes(std::span(bytes)));
    handler_->spoil({"odd_pdv", "a PDV has an odd length"});
    EXPECT_EQ(handler_->end().status(), DimseStatus::odd_pdv);
    handler_->begin(request(), fail("malformed_command", "it lacks its Priority"));
    handler_->receive(std::as_bytes(std::span(bytes)));
    EXPECT_EQ(handler_->end().status(), DimseStatus::malformed_command);
    EXPECT_THAT(files(), testing::IsEmpty());
    EXPECT_TRUE(coordinator_->messages(StoreCommit::type).empty());
}

TEST_F(StoreRequestHandlerTest, AnswersCxxxForWhatItCannotUnderstand) {
    start();
    const std::string bytes = Radiograph().bytes();
    EXPECT_EQ(store(bytes.substr(0, bytes.size() - 100)), DimseStatus::truncated);
    EXPECT_EQ(store("this is not a data set, however long it may be"), DimseStatus::truncated);
    DatasetBytes deep;
    for (int i = 0; i < 20'000; ++i) deep.header(0x00081140, "SQ", DatasetBytes::undefined_length).item();
    EXPECT_EQ(store(deep.bytes()), DimseStatus::nested_too_deeply);
    EXPECT_EQ(store(DatasetBytes().end_item().bytes()), DimseStatus::malformed);
    EXPECT_THAT(files(), testing::IsEmpty());
    EXPECT_EQ(coordinator_->wait_for(ReceiverEvent::type, 4).size(), 4U);
}

TEST_F(StoreRequestHandlerTest, RefusesForGoodWhatIsTooLarge) {
    settings_.max_object_size = 5000;
    start();
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::too_large);
    EXPECT_THAT(files(), testing::IsEmpty());
}

TEST_F(StoreRequestHandlerTest, AnswersA700BelowTheFreeSpaceThatMustStay) {
    settings_.min_free_space = 1ULL << 60;
    start();
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::out_of_resources);
    EXPECT_EQ(coordinator_->wait_for_event("store_failed").at(0).at("code"), "disk_full");
}

TEST_F(StoreRequestHandlerTest, AnswersA700WhenAWriteFails) {
    start();
    rlimit old;
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto status = store(Radiograph().bytes());
    ::setrlimit(RLIMIT_FSIZE, &old);
    ::signal(SIGXFSZ, handler);
    EXPECT_EQ(status, DimseStatus::out_of_resources);
    EXPECT_THAT(files(), testing::IsEmpty());
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::success) << "the next object is not affected";
}

TEST_F(StoreRequestHandlerTest, LeavesNoFileOfAnAbandonedObject) {
    start();
    handler_->begin(request());
    const std::string beginning(1000, 'x');
    handler_->receive(std::as_bytes(std::span(beginning)));
    EXPECT_THAT(files(), testing::SizeIs(1));
    handler_->abandon();
    EXPECT_THAT(files(), testing::IsEmpty());
}

TEST_F(StoreRequestHandlerTest, StoresOnAfterTheFolderOfTheDayWasRemoved) {
    start();
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::success);
    for (const auto& day : std::filesystem::directory_iterator(folder_ / "spool"))
        std::filesystem::remove_all(day.path());
    EXPECT_EQ(store(Radiograph().bytes()), DimseStatus::success);
    EXPECT_THAT(files(), testing::SizeIs(1));
}

}  // namespace
}  // namespace hilum::scp
