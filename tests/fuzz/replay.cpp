// Runs a fuzz target over files in place of libFuzzer, so that what was found once is tested everywhere:
//   replay_TARGET FOLDER
// Each file may take 2 s of the processor and, where no sanitizer changes that, all of them 512 MiB of
// memory.
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr double most_seconds = 2;
constexpr long most_memory = 512L * 1024;  // KiB

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

double run(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    const std::clock_t begin = std::clock();
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

std::vector<std::filesystem::path> files_of(const char* folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]), 2;
    LLVMFuzzerInitialize(&argc, &argv);
    bool failed = false;
    const auto files = files_of(argv[1]);
    for (const auto& file : files) {
        std::printf("%s\n", file.filename().c_str());
        std::fflush(stdout);
        const double seconds = run(file);
        if (seconds > most_seconds) failed = std::printf("  took %.1f s of the processor\n", seconds) > 0;
    }
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    if (!sanitized && used.ru_maxrss > most_memory)
        failed = std::printf("took %ld KiB of memory\n", used.ru_maxrss) > 0;
    std::printf("%zu files\n", files.size());
    return failed || files.empty() ? 1 : 0;
}
