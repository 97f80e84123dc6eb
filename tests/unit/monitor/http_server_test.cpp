// The http process as a whole.
#include "monitor/http_server.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "base/confinement/landlock.h"
#include "base/file_system.h"
#include "contract/access/access_tokens.h"
#include "contract/analysis.h"
#include "contract/messages/accessing.h"
#include "contract/messages/certificates.h"
#include "contract/messages/monitoring.h"
#include "contract/messages/request_table.h"
#include "support/loopback.h"
#include "support/temporary_folder.h"
#include "unit/monitor/http_server_fixture.h"

namespace hilum::monitor {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(HttpServerTest, TellsItsPortAndAnswersUntilTheCoordinatorGoes) {
    start_and_wait();
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(get("/nothing"), StartsWith("HTTP/1.1 404"));
    channel_.close();
    EXPECT_EQ(wait_for_exit(), 0);
}

// The database's log is another file once its last connection was closed: http follows it by being another
// process, and is not blind for good.
TEST_F(HttpServerTest, EndsToBeStartedAnewWhereTheDatabasesLogIsAnotherFile) {
    if (landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
    const test::TemporaryFolder other;  // http may read the whole folder of its tokens
    configuration_.http.tokens = (other / "tokens").string();
    write_tokens(line_of_token("tester", AccessRole::act, TOKEN));
    for (const char* file : {"hilum.db-wal", "new"}) std::ofstream(folder_ / file) << "";
    start_and_wait();
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 OK"));
    std::filesystem::rename(folder_ / "new", folder_ / "hilum.db-wal");
    EXPECT_EQ(wait_for_exit(), ended_by_the_nodes_trouble);
    start_and_wait();
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, BecomesReadyWhenTheCoordinatorSaysSo) {
    start_and_wait();
    EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503"));
    NodeStatus status;
    status.receiving = status.inferring = true;
    ASSERT_TRUE(channel_.send(to_packet(status)));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::string answer;
    do answer = get("/readyz");
    while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < deadline);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, PassesAnUploadToTheCoordinatorAndItsAnswerBack) {
    start_and_wait();
    const std::string file = "DICOM bytes, " + std::string(100'000, 'x');
    const auto client = send("POST /api/v1/predict?model=demo HTTP/1.1\r\n" HOST_AND_TOKEN
                             "Connection: close\r\nContent-Length: " +
                             std::to_string(file.size()) + "\r\n\r\n" + file);
    const auto message = next_question();
    const auto request = from_packet<PredictRequest>(*message).value();
    EXPECT_EQ(request.model, "demo");
    ASSERT_EQ(message->fds.size(), 1u);
    EXPECT_EQ(read_fd(message->fds[0].get(), 1 << 20).value(), file);
    EXPECT_TRUE(Mapping::of_memfd(message->fds[0].get(), file.size())) << "the upload is not sealed";
    PredictReply reply;
    reply.request = request.request;
    reply.http_status = 422;
    reply.outcome.not_analysed = NotAnalysed{"view", "the view is LATERAL"};
    ASSERT_TRUE(channel_.send(to_packet(reply)));
    const auto answer = rest_of(client);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 422"));
    EXPECT_THAT(answer, HasSubstr("\"code\": \"view\""));
}

TEST_F(HttpServerTest, TakesUploadsInChunksAfter100Continue) {
    start_and_wait();
    const auto client = send("POST /api/v1/predict HTTP/1.1\r\n" HOST_AND_TOKEN
                             "Connection: close\r\nTransfer-Encoding: chunked\r\n"
                             "Expect: 100-continue\r\n\r\n");
    ASSERT_TRUE(wait_readable(client.get()));
    char interim[64] = {};
    ASSERT_GT(::recv(client.get(), interim, sizeof interim - 1, 0), 0);
    EXPECT_THAT(interim, StartsWith("HTTP/1.1 100 Continue"));
    const std::string chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    ASSERT_EQ(::send(client.get(), chunks.data(), chunks.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(chunks.size()));
    const auto message = next_question();
    EXPECT_EQ(read_fd(message->fds.at(0).get(), 100).value(), "hello world");
}

TEST_F(HttpServerTest, RefusesWhatIsTooLargeWithoutReadingIt) {
    start_and_wait();
    EXPECT_THAT(
        exchange("POST /api/v1/predict HTTP/1.1\r\n" HOST_AND_TOKEN "Content-Length: 2000000\r\n\r\n"),
        StartsWith("HTTP/1.1 413"));
    const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    std::string many;
    for (int i = 0; i < 20; ++i) many += chunk;
    EXPECT_THAT(
        exchange("POST /api/v1/predict HTTP/1.1\r\n" HOST_AND_TOKEN "Transfer-Encoding: chunked\r\n\r\n" +
                 many),
        StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(exchange("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431"));
}

TEST_F(HttpServerTest, RefusesChunkExtensionsAndTrailersThatDoNotEnd) {
    start_and_wait();
    const std::string head =
        "POST /api/v1/predict HTTP/1.1\r\n" HOST_AND_TOKEN "Transfer-Encoding: chunked\r\n\r\n";
    for (const auto* endless : {"1;a=", "0\r\nX: ", "1\r\na\r\n1;a="}) {
        const auto client = send(head + endless);
        const std::string more(64 * 1024, 'a');
        for (int i = 0; i < 400 && !wait_readable(client.get(), 0); ++i)  // 25 MB, if they are taken
            if (::send(client.get(), more.data(), more.size(), MSG_NOSIGNAL) < 0) break;
        EXPECT_THAT(rest_of(client), StartsWith("HTTP/1.1 400")) << endless;
    }
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, RefusesMalformedAndEmptyRequests) {
    start_and_wait();
    EXPECT_THAT(exchange("this is no HTTP\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(exchange("POST /api/v1/predict HTTP/1.1\r\n" HOST_AND_TOKEN
                         "Content-Length: 0\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(exchange("PUT /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"),
                StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, AnswersTheNextRequestOnTheSameConnection) {
    start_and_wait();
    const auto answer = exchange(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(answer.find("HTTP/1.1 200 OK"), 0u);
    EXPECT_NE(answer.find("HTTP/1.1 200 OK", 10), std::string::npos);
    EXPECT_EQ(answer.find("ok\n"), answer.rfind("ok\n")) << "a body follows the answer to HEAD";
}

TEST_F(HttpServerTest, RunsOnlySoManyPredictionsAtATime) {
    start_and_wait();
    const std::string upload = "POST /api/v1/predict HTTP/1.1\r\n" HOST_AND_TOKEN
                               "Connection: close\r\nContent-Length: 3\r\n\r\nabc";
    std::vector<UniqueFd> running;
    for (int i = 0; i < 4; ++i) {
        running.push_back(send(upload));
        ASSERT_TRUE(next_question());
    }
    EXPECT_THAT(exchange(upload), StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, SlowClientsGiveWayToAProbeFromTheSameAddress) {
    start_and_wait();
    std::vector<UniqueFd> slow;
    for (int i = 0; i < 300; ++i)
        slow.push_back(i % 2 == 0 ? send("GET /healthz HTTP/1.1\r\nHos") : send(""));
    for (int i = 0; i < 20; ++i) EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(rest_of(slow.front()), "") << "it is closed";
}

TEST_F(HttpServerTest, AProbeThatHasConnectedIsNotPushedOutBeforeItHasAsked) {
    start_and_wait();
    const auto probe = send("");
    std::vector<UniqueFd> others;
    for (int i = 0; i < 300; ++i) others.push_back(send(i % 2 == 0 ? "G" : ""));
    ASSERT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200")) << "they have all been looked at";
    static constexpr std::string_view request =
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    ASSERT_EQ(::send(probe.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    EXPECT_THAT(rest_of(probe), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, AnUploadThatDripsLeavesRoomForOthersAndIsEnded) {
    start_and_wait();
    const std::string head =
        "POST /api/v1/predict HTTP/1.1\r\n" HOST_AND_TOKEN "Connection: close\r\nContent-Length: 3\r\n\r\n";
    std::vector<UniqueFd> slow;
    for (int i = 0; i < 3; ++i) slow.push_back(send(head + "a"));
    std::string answer;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    do answer = exchange(head + "a");  // refused as soon as the three have begun
    while (!answer.starts_with("HTTP/1.1 503") && std::chrono::steady_clock::now() < deadline);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
}

TEST_F(HttpServerTest, RefusesShapesThatAProxyMayReadOtherwise) {
    start_and_wait();
    const std::string line = "GET /healthz HTTP/1.1\r\n",
                      next = "\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const auto* fields :
         {"Host: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
          "Host: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
          "Host: localhost\r\nTransfer-Encoding: identity\r\n",
          "Host: localhost\r\nTransfer-Encoding: xchunked\r\n",
          "Host: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
          "Host: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n",
          "Host: localhost\r\nContent-Length: +4\r\n", "Host: localhost\r\nContent-Length : 4\r\n",
          "Host: localhost\r\nHost: y\r\n", "X: y\r\n"}) {
        const auto answer = exchange(line + fields + next);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << fields;
        EXPECT_THAT(answer, testing::Not(HasSubstr("404"))) << fields;
    }
    EXPECT_THAT(exchange("GET /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), HasSubstr(" 400 "));
    EXPECT_THAT(exchange("BREW /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                HasSubstr(" 405 "));
    EXPECT_THAT(exchange("GET /\xC2\x9B HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr(" 400 "));
    const auto with_body =
        exchange("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nGET " + next);
    EXPECT_THAT(with_body, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(with_body, testing::Not(HasSubstr("404"))) << "what follows a body is not read";
    EXPECT_THAT(exchange(line + "Host: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
                HasSubstr(" 431 "));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
    start_and_wait();
    const std::string one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                      two = "GET /no HTTP/1.1\r\nHost: localhost\r\n";
    const auto answer =
        exchange(one + "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n" + two + "Connection: close\r\n\r\n");
    EXPECT_LT(answer.find(" 200 "), answer.find(" 503 "));
    EXPECT_LT(answer.find(" 503 "), answer.find(" 404 "));
}

TEST_F(HttpServerTest, SaysWhenThereIsNoDatabase) {
    start_and_wait();
    const auto answer = get("/metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answer, HasSubstr("hilum_metrics_complete 0"));
}

TEST_F(HttpServerTest, TellsWhoAsksBeforeItAnswers) {
    start_and_wait();
    EXPECT_THAT(get("/api/v1/studies"), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(exchange("GET /api/v1/studies HTTP/1.1\r\n" HOST_AND_TOKEN "Connection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 503"))
        << "there is no database";
    const auto access = next<HttpAccess>();
    ASSERT_TRUE(access);
    EXPECT_EQ(access->name, "tester");
    EXPECT_EQ(access->path, "/api/v1/studies");
    EXPECT_EQ(access->refused, "");
}

TEST_F(HttpServerTest, ShowsNothingAndStaysWellWhileTheCoordinatorReadsNothing) {
    start_and_wait();
    std::string answer;
    for (int i = 0; i < 900 && answer.find("\"busy\"") == std::string::npos; ++i)
        answer = exchange("GET /api/v1/studies?accession_number=" + std::to_string(i) +
                          " HTTP/1.1\r\n" HOST_AND_TOKEN "Connection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("does not listen")) << "it is not shown, and not waited for";
    EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
    while (wait_readable(channel_.fd(), 0)) ASSERT_TRUE(next<HttpAccess>());
    EXPECT_THAT(exchange("GET /api/v1/studies?accession_number=x HTTP/1.1\r\n" HOST_AND_TOKEN
                         "Connection: close\r\n\r\n"),
                HasSubstr("\"database\""))
        << "it goes on";
}

TEST_F(HttpServerTest, KnowsOtherTokensAfterAReloadAndKeepsItsOwnWhereTheyAreNoGood) {
    const std::string request = "GET /api/v1/status HTTP/1.1\r\n" HOST_AND_TOKEN "Connection: close\r\n\r\n";
    start_and_wait();
    EXPECT_THAT(exchange(request), StartsWith("HTTP/1.1 503"));
    write_tokens("tester act");
    ASSERT_TRUE(channel_.send(to_packet(ReloadCertificates{})));
    auto loaded = next<TokensLoaded>();
    ASSERT_TRUE(loaded);
    EXPECT_THAT(loaded->error, HasSubstr("line 1"));
    EXPECT_THAT(exchange(request), StartsWith("HTTP/1.1 503"));
    write_tokens("# nobody");
    ASSERT_TRUE(channel_.send(to_packet(ReloadCertificates{})));
    loaded = next<TokensLoaded>();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->error, "");
    EXPECT_THAT(exchange(request), StartsWith("HTTP/1.1 401"));
}

TEST_F(HttpServerTest, RefusesNamesThatAreNotItsOwn) {
    configuration_.http.hosts = {"hilum.hospital"};
    start_and_wait();
    EXPECT_THAT(exchange("GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 421"));
    EXPECT_THAT(exchange("GET /healthz HTTP/1.1\r\nHost: hilum.hospital:80\r\nConnection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, EndsWithAnErrorWhereItCannotSpeakTls) {
    configuration_.http.tls.emplace();
    configuration_.http.tls->certificate = configuration_.http.tls->key = (folder_ / "none.pem").string();
    start();
    EXPECT_EQ(wait_for_exit(), 1) << "nothing is served in the clear";
}

TEST_F(HttpServerTest, EndsWithAnErrorWhenThePortIsTaken) {
    const auto [taken, port] = test::bind_loopback(1);
    configuration_.http.port = port;
    start();
    EXPECT_EQ(wait_for_exit(), 1);
}

TEST_F(HttpServerTest, EndsWithAnErrorWhenTheCoordinatorTalksNonsense) {
    start_and_wait();
    ASSERT_TRUE(channel_.send(to_packet(HttpReady{})));
    EXPECT_EQ(wait_for_exit(), 1);
}

}  // namespace
}  // namespace hilum::monitor
