// A library to preload: the wall clock of the process, and of its children, is off by as many microseconds as
// the file $HILUM_TEST_CLOCK says in its first eight bytes, from one call to the next. The other clocks are
// as they are, as when somebody sets a machine's clock.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

using Offset = std::atomic<std::int64_t>;
static_assert(Offset::is_always_lock_free && sizeof(Offset) == 8);

int real_clock_gettime(clockid_t clock, timespec* time) {
    using Function = int (*)(clockid_t, timespec*);
    static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "clock_gettime"));
    return real(clock, time);
}

const Offset& offset() {
    static const Offset* const mapped = [] {
        const char* const name = std::getenv("HILUM_TEST_CLOCK");
        int fd = name == nullptr ? -1 : ::open(name, O_RDONLY);
        // A worker is confined when it executes itself once more; it leaves the file open to itself.
        const char* const left = std::getenv("HILUM_TEST_CLOCK_FD");
        if (fd < 0 && left != nullptr) fd = std::atoi(left);
        void* const page =
            fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(Offset), PROT_READ, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED) {
            std::perror("HILUM_TEST_CLOCK");
            std::abort();
        }
        ::setenv("HILUM_TEST_CLOCK_FD", std::to_string(fd).c_str(), 1);
        return static_cast<const Offset*>(page);
    }();
    return *mapped;
}

// Mapped before a sandbox forbids to open files.
[[gnu::constructor]] void map_now() {
    offset();
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const int result = real_clock_gettime(clock, time);
    if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
    const std::int64_t nanoseconds =
        std::int64_t{time->tv_sec} * 1'000'000'000 + time->tv_nsec + offset().load() * 1000;
    time->tv_sec = nanoseconds / 1'000'000'000;
    time->tv_nsec = nanoseconds % 1'000'000'000;
    return 0;
}

extern "C" int gettimeofday(timeval* time, void*) noexcept {
    timespec precise{};
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
    *time = {precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

extern "C" time_t time(time_t* result) noexcept {
    timespec precise{};
    clock_gettime(CLOCK_REALTIME, &precise);
    if (result != nullptr) *result = precise.tv_sec;
    return precise.tv_sec;
}
