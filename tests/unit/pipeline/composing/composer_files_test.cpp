#include "pipeline/composing/composer_files.h"

#include <gmock/gmock.h>

#include "base/digest.h"
#include "base/file_system.h"
#include "store/database/sql.h"
#include "unit/pipeline/lanes/lane_fixture.h"

namespace hilum {
namespace {

using namespace std::chrono_literals;

constexpr const char* made_uid = "1.2.3";
constexpr const char* made_name = "1.2.3.dcm";

// A composer that says what a test has it say: a line a message that it gets, the first of which is its
// request.
class ComposerFilesTest : public test::LaneTest, protected AskedChild::Owner {
  protected:
    ComposerFilesTest() {
        std::filesystem::create_directories(directory_.spool());
        std::filesystem::create_directories(directory_.results());
        request_.job = 7;
        request_.results_dir = directory_.results().string();
        request_.images.resize(1);
        request_.images[0].instance = 5;
        request_.images[0].file = (directory_.spool() / "one.dcm").string();
        request_.profiles.resize(1);
        put(request_.images[0].file, "image");
        child_.start(specification("composer"));
    }
    ~ComposerFilesTest() override { commits_.end(); }
    void child_changed() override {}
    bool child_says(Message& message) override { return files_.serve(message); }

    static void put(const std::filesystem::path& file, std::string_view bytes) {
        EXPECT_TRUE(write_file_durably(file, std::as_bytes(std::span(bytes))));
    }
    std::string at(const std::string& file) const {
        return read_file(directory_.results() / file, 1 << 20).value_or("nothing");
    }
    void know(const std::string& bytes, bool own) {
        put(directory_.results() / made_name, bytes);
        request_.known_results = {{made_name, sha256_hex(bytes), own}};
    }

    Task<void> ask_it() {
        const auto is_answer = [this](const ComposeReply& reply) { return files_.vouch_for(reply); };
        files_.begin(request_);
        reply_ = co_await ask<ComposeReply>(child_, request_, UniqueFd(), 10s, is_answer);
        files_.end();
    }
    // Whether it was not killed.
    bool goes_well() {
        tasks_.start(ask_it());
        run_for(5s);
        return kills_ == 0;
    }

    Act asks_for(const std::string& file) {
        return [this, file](const Message&) { say(to_packet(FileRequest{7, file})); };
    }
    Act makes(const std::string& file, const std::string& bytes, const std::string& sha256 = "") {
        return [=, this](const Message&) {
            const auto memory = make_memfd("made", std::as_bytes(std::span(bytes))).value();
            const int fd = memory.get();
            say(to_packet(MadeFile{7, file, sha256.empty() ? sha256_hex(bytes) : sha256}), std::span(&fd, 1));
        };
    }
    // Keeps what it was answered, and the bytes of the file that came with it.
    Act hears_and(Act next = {}) {
        return [this, next](const Message& message) {
            answered_ = from_packet<FileReply>(message).value();
            if (!message.fds.empty()) handed_ = read_fd(message.fds[0].get(), 1 << 20).value();
            if (next) next(message);
        };
    }
    Act replies(std::vector<ComposedResult> results, std::vector<DamagedImage> damaged = {}) {
        return [=, this](const Message&) {
            ComposeReply reply;
            reply.job = 7;
            reply.results = results;
            reply.damaged = damaged;
            say(to_packet(reply));
        };
    }
    ComposedResult result(const std::string& bytes) const {
        ComposedResult made;
        made.sop_instance_uid = made_uid;
        made.file = (directory_.results() / made_name).string();
        made.sha256 = sha256_hex(bytes);
        return made;
    }
    std::string code() const {
        if (!answered_) return "no answer";
        return answered_->error ? answered_->error->code : "";
    }

    ComposeRequest request_;
    std::unique_ptr<Background> thread_ = world_.make_background();
    AskedChild child_{world_, *this};
    ComposerFiles files_{world_, commits_, *thread_, child_};
    std::optional<Result<ComposeReply>> reply_;
    std::optional<FileReply> answered_;
    std::string handed_;
    Tasks tasks_;
};

TEST_F(ComposerFilesTest, HandsOverWhatTheRequestNames) {
    acts_ = {asks_for(request_.images[0].file), hears_and(replies({}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(code(), "");
    EXPECT_EQ(handed_, "image");
    EXPECT_TRUE(reply_ && *reply_);
}

TEST_F(ComposerFilesTest, HandsOverResultsThatAreKnownToldOrWithdrawn) {
    const std::vector<std::string> names{"1.1.dcm", "1.2.hl7", "1.3.dcm"};
    request_.known_results = {{names[0], "", false}};
    request_.told = {{ResultKind::oru, names[1], ""}};
    request_.withdrawal.results.resize(1);
    request_.withdrawal.results[0].file = names[2];
    acts_ = {asks_for(directory_.results() / names[0])};
    for (const auto& next : {names[1], names[2]})
        acts_.push_back(hears_and(asks_for(directory_.results() / next)));
    acts_.push_back(hears_and(replies({})));
    for (const auto& file : names) put(directory_.results() / file, file);
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(handed_, names[2]);
    EXPECT_TRUE(reply_ && *reply_);
}

TEST_F(ComposerFilesTest, HandsOverNothingElse) {
    put(directory_.spool() / "another.dcm", "another");
    acts_ = {asks_for(directory_.spool() / "another.dcm"), hears_and()};
    EXPECT_FALSE(goes_well());
    EXPECT_FALSE(answered_);
    ASSERT_TRUE(reply_ && !*reply_);
    EXPECT_EQ(reply_->error().code, "process_died");
}

TEST_F(ComposerFilesTest, TellsWhatIsGone) {
    std::filesystem::remove(request_.images[0].file);
    acts_ = {asks_for(request_.images[0].file), hears_and(replies({}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(code(), "not_found");
}

TEST_F(ComposerFilesTest, MakesTheFileBeforeItAnswersAndThenBelievesTheReply) {
    acts_ = {makes(made_name, "report"), hears_and(replies({result("report")}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(code(), "");
    EXPECT_EQ(at(made_name), "report");
    EXPECT_TRUE(reply_ && *reply_);
}

TEST_F(ComposerFilesTest, MakesAnewWhatNoRowNames) {
    put(directory_.results() / made_name, "torn");
    acts_ = {makes(made_name, "report"), hears_and(replies({result("report")}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(at(made_name), "report");
}

TEST_F(ComposerFilesTest, TellsThatTheDiskIsFull) {
    disk_.set_full(true);
    acts_ = {makes(made_name, "report"), hears_and(replies({}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(code(), "disk_full");
    EXPECT_EQ(answered_->error->retry, Retry::once_mended);
    EXPECT_EQ(at(made_name), "nothing");
}

TEST_F(ComposerFilesTest, MakesNothingOfBytesWithAnotherDigest) {
    acts_ = {makes(made_name, "report", sha256_hex("another")), hears_and(replies({}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(code(), "protocol");
    EXPECT_EQ(at(made_name), "nothing");
}

TEST_F(ComposerFilesTest, ReplacesNoResultOfAnotherStudy) {
    put(directory_.results() / made_name, "another's");
    commit([](Transaction& t) {
        sql::execute(
            t,
            "INSERT INTO earlier_result(sop_instance_uid, study_instance_uid, model, version, kind, "
            "sop_class_uid, series_instance_uid, file, sha256) VALUES(?, '9', 'm', 1, 'sr', '', '', ?, '')",
            std::string(made_uid), std::string(made_name));
    });
    acts_ = {makes(made_name, "report"), hears_and(replies({}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(code(), "result_exists");
    EXPECT_EQ(at(made_name), "another's");
}

TEST_F(ComposerFilesTest, ReplacesNoResultOfAnotherVersion) {
    know("before", false);
    acts_ = {makes(made_name, "report")};
    EXPECT_FALSE(goes_well());
    EXPECT_EQ(at(made_name), "before");
}

TEST_F(ComposerFilesTest, ReplacesAResultOfThisVersionOnlyWhereItIsDamaged) {
    know("before", true);
    acts_ = {makes(made_name, "report"), hears_and(replies({}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(code(), "protocol");
    EXPECT_EQ(at(made_name), "before");
    put(directory_.results() / made_name, "damaged");
    acts_ = {makes(made_name, "report"), hears_and(replies({result("report")}))};
    EXPECT_TRUE(goes_well());
    EXPECT_EQ(at(made_name), "report");
}

// A folder cannot be read as a file, nor can a file over a bad sector.
TEST_F(ComposerFilesTest, ReplacesNothingThatCannotBeReadNow) {
    know("before", true);
    const auto file = directory_.results() / made_name;
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    acts_ = {makes(made_name, "report"), hears_and(replies({}))};
    EXPECT_TRUE(goes_well());
    EXPECT_NE(code(), "");
    EXPECT_TRUE(std::filesystem::is_directory(file));
}

TEST_F(ComposerFilesTest, BelievesAReplyThatNamesWhatIsKnown) {
    know("before", false);
    acts_ = {replies({result("before")}, {{5, request_.images[0].file, "cut"}})};
    EXPECT_TRUE(goes_well());
    EXPECT_TRUE(reply_ && *reply_);
}

TEST_F(ComposerFilesTest, BelievesNoResultThatWasNotMade) {
    acts_ = {replies({result("report")})};
    EXPECT_FALSE(goes_well());
}

TEST_F(ComposerFilesTest, BelievesNoOtherDigestThanOfWhatWasMade) {
    acts_ = {makes(made_name, "report"), replies({result("another")})};
    EXPECT_FALSE(goes_well());
}

TEST_F(ComposerFilesTest, BelievesNoDamageToImagesOfOthers) {
    acts_ = {replies({}, {{6, request_.images[0].file, "cut"}})};
    EXPECT_FALSE(goes_well());
}

TEST_F(ComposerFilesTest, WaitsForOneFileAtATime) {
    acts_ = {[this](const Message& message) {
        for (int i = 0; i < 2; ++i) asks_for(request_.images[0].file)(message);
    }};
    EXPECT_FALSE(goes_well());
}

TEST_F(ComposerFilesTest, MakesNoMoreThanTheRequestCanNeed) {
    const int most = 4;  // a report, a message, a capture and its state
    acts_ = {makes("1.0.dcm", "made")};
    for (int i = 1; i < most; ++i)
        acts_.push_back(hears_and(makes("1." + std::to_string(i) + ".dcm", "made")));
    acts_.push_back(hears_and(makes("1.4.dcm", "made")));
    EXPECT_FALSE(goes_well());
    EXPECT_EQ(at("1.3.dcm"), "made");
    EXPECT_EQ(at("1.4.dcm"), "nothing");
}

TEST_F(ComposerFilesTest, AnswersNothingToWhoIsNotAsked) {
    acts_ = {[this](const Message& message) {
        replies({})(message);
        asks_for(request_.images[0].file)(message);
    }};
    EXPECT_FALSE(goes_well());
    EXPECT_TRUE(reply_ && *reply_);
}

class NamesThatAreNoResults : public ComposerFilesTest, public testing::WithParamInterface<std::string> {};

TEST_P(NamesThatAreNoResults, BecomeNoFiles) {
    acts_ = {makes(GetParam(), "made")};
    EXPECT_FALSE(goes_well());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.results()))
        ADD_FAILURE() << entry.path();
}

INSTANTIATE_TEST_SUITE_P(EachKind, NamesThatAreNoResults,
                         testing::Values("", ".dcm", "1.2.3", "1.2.3.tmp", "../1.2.3.dcm", "1.2/3.dcm",
                                         "/tmp/1.2.3.dcm", "hilum.db", "1.2.3 .dcm", "1..3.dcm",
                                         std::string("1.2.3\0.dcm", 10), "1.2.3.dcm.dcm"));

}  // namespace
}  // namespace hilum
