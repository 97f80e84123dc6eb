// A library to preload into a node and all of its processes: a machine whose system calls fail when a test
// says so, and which writes down what is done to the files below a folder, in the order in which it was done,
// so that a test can tell what a power cut would leave. Both are off until the environment names their files:
// $HILUM_FAULTS, a Plan that the test changes while the node runs, and $HILUM_TRACE, to which records are
// appended (tools/support/fault_plan.py and power_cuts.py are the other side).
#include "faulty_process.h"

using namespace hilum::faulty;

namespace {

// Before a sandbox forbids to open files.
[[gnu::constructor]] void begin() {
    open_both();
}

template <typename Open>
int open_with(Open open, int folder, const char* name, int flags) {
    if (fails_at("open", folder, name)) return -1;
    const bool makes = (flags & (O_CREAT | O_TRUNC)) != 0 && process().trace >= 0;
    const std::string path = makes ? path_of(folder, name) : std::string();
    const Recording recording(makes && is_traced(path));
    struct stat info {};
    const bool there = makes && ::syscall(SYS_newfstatat, AT_FDCWD, path.c_str(), &info, 0) == 0;
    const int fd = open();
    if (fd >= 0 && !there) recording.keep(What::create, path);
    if (fd >= 0 && there && (flags & O_TRUNC) != 0) recording.keep(What::truncate, path);
    return fd;
}

// A write of which the plan takes half, or nothing; of a single byte, no system takes half.
template <typename Write>
ssize_t write_with(Write write, int fd, const void* data, std::size_t size, off64_t at) {
    if (fails_at("write", fd)) {
        if (!is_short()) return -1;
        size -= size / 2;
    }
    const auto path = traced_path(fd);
    const Recording recording(!path.empty());
    if (at < 0 && !path.empty()) at = static_cast<off64_t>(::syscall(SYS_lseek, fd, 0, SEEK_CUR));
    const ssize_t written = write(size);
    recording.keep(What::write, path, as_text(data, written), at);
    return written;
}

template <typename Sync>
int sync_with(Sync sync, int fd) {
    if (fails_at("sync", fd)) return -1;
    const auto path = traced_path(fd);
    const Recording recording(!path.empty());
    const int result = sync();
    if (result == 0) recording.keep(What::sync, path);
    return result;
}

template <typename Rename>
int rename_with(Rename rename, int from_folder, const char* from, int to_folder, const char* to) {
    if (fails_at("rename", to_folder, to)) return -1;
    const bool traces = process().trace >= 0;
    const auto before = traces ? path_of(from_folder, from) : std::string();
    const auto after = traces ? path_of(to_folder, to) : std::string();
    const Recording recording(traces && is_traced(after));
    const int result = rename();
    if (result == 0) recording.keep(What::rename, before, after);
    return result;
}

template <typename Unlink>
int unlink_with(Unlink unlink, int folder, const char* name) {
    if (fails_at("unlink", folder, name)) return -1;
    const bool traces = process().trace >= 0;
    const auto path = traces ? path_of(folder, name) : std::string();
    const Recording recording(traces && is_traced(path));
    const int result = unlink();
    if (result == 0) recording.keep(What::unlink, path);
    return result;
}

template <typename Truncate>
int truncate_with(Truncate truncate, int fd, off64_t size) {
    if (fails_at("truncate", fd)) return -1;
    const auto path = traced_path(fd);
    const Recording recording(!path.empty());
    const int result = truncate();
    if (result == 0) recording.keep(What::truncate, path, {}, size);
    return result;
}

template <typename Mkdir>
int mkdir_with(Mkdir mkdir, int folder, const char* name) {
    if (fails_at("mkdir", folder, name)) return -1;
    const bool traces = process().trace >= 0;
    const auto path = traces ? path_of(folder, name) : std::string();
    const Recording recording(traces && is_traced(path));
    const int result = mkdir();
    if (result == 0) recording.keep(What::mkdir, path);
    return result;
}

// What goes to a peer: before it can be read there, so that whoever was told of it has been told.
void keep_sent(int fd, const void* data, std::size_t size) {
    constexpr std::size_t most = 4096;  // a command set and what is round it
    const std::string_view role = process().role;
    if (process().trace < 0 || (role != "receiver" && role != "sender")) return;
    struct stat info {};
    if (::syscall(SYS_fstat, fd, &info) != 0 || !S_ISSOCK(info.st_mode)) return;
    const Recording recording(true);
    recording.keep(What::sent, process().role, as_text(data, static_cast<ssize_t>(std::min(size, most))));
}

mode_t mode_in(int flags, va_list& arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

// Two names of each, as 64-bit file offsets have it.
#define HILUM_OPEN(name)                                                                  \
    extern "C" int name(const char* file, int flags, ...) {                               \
        HILUM_REAL(name);                                                                 \
        va_list arguments;                                                                \
        va_start(arguments, flags);                                                       \
        const mode_t mode = mode_in(flags, arguments);                                    \
        va_end(arguments);                                                                \
        return open_with([&] { return real(file, flags, mode); }, AT_FDCWD, file, flags); \
    }
#define HILUM_OPENAT(name)                                                                      \
    extern "C" int name(int folder, const char* file, int flags, ...) {                         \
        HILUM_REAL(name);                                                                       \
        va_list arguments;                                                                      \
        va_start(arguments, flags);                                                             \
        const mode_t mode = mode_in(flags, arguments);                                          \
        va_end(arguments);                                                                      \
        return open_with([&] { return real(folder, file, flags, mode); }, folder, file, flags); \
    }
HILUM_OPEN(open)
HILUM_OPEN(open64)
HILUM_OPENAT(openat)
HILUM_OPENAT(openat64)

// Of libraries: dictionaries, fonts, what the system tells of itself.
#define HILUM_FOPEN(name)                                                     \
    extern "C" FILE* name(const char* file, const char* mode) {               \
        HILUM_REAL(name);                                                     \
        return fails_at("open", AT_FDCWD, file) ? nullptr : real(file, mode); \
    }
HILUM_FOPEN(fopen)
HILUM_FOPEN(fopen64)

#define HILUM_PWRITE(name)                                                                            \
    extern "C" ssize_t name(int fd, const void* data, size_t size, off64_t at) {                      \
        HILUM_REAL(name);                                                                             \
        return write_with([&](size_t some) { return real(fd, data, some, at); }, fd, data, size, at); \
    }
HILUM_PWRITE(pwrite)
HILUM_PWRITE(pwrite64)

#define HILUM_PREAD(name)                                                  \
    extern "C" ssize_t name(int fd, void* data, size_t size, off64_t at) { \
        HILUM_REAL(name);                                                  \
        return fails_at("read", fd) ? -1 : real(fd, data, size, at);       \
    }
HILUM_PREAD(pread)
HILUM_PREAD(pread64)

#define HILUM_TRUNCATE(name)                                            \
    extern "C" int name(int fd, off64_t size) noexcept {                \
        HILUM_REAL(name);                                               \
        return truncate_with([&] { return real(fd, size); }, fd, size); \
    }
HILUM_TRUNCATE(ftruncate)
HILUM_TRUNCATE(ftruncate64)

#define HILUM_MMAP(name)                                                                                  \
    extern "C" void* name(void* where, size_t size, int rights, int flags, int fd, off64_t at) noexcept { \
        HILUM_REAL(name);                                                                                 \
        return fails("mmap") ? MAP_FAILED : real(where, size, rights, flags, fd, at);                     \
    }
HILUM_MMAP(mmap)
HILUM_MMAP(mmap64)

extern "C" ssize_t write(int fd, const void* data, size_t size) {
    HILUM_REAL(write);
    keep_sent(fd, data, size);
    return write_with([&](size_t some) { return real(fd, data, some); }, fd, data, size, -1);
}

extern "C" ssize_t send(int fd, const void* data, size_t size, int flags) {
    HILUM_REAL(send);
    keep_sent(fd, data, size);
    return fails("send") ? -1 : real(fd, data, size, flags);
}

extern "C" ssize_t read(int fd, void* data, size_t size) {
    HILUM_REAL(read);
    return fails_at("read", fd) ? -1 : real(fd, data, size);
}

extern "C" size_t fread(void* data, size_t size, size_t count, FILE* file) {
    HILUM_REAL(fread);
    return fails_at("read", ::fileno(file)) ? 0 : real(data, size, count, file);
}

extern "C" int fsync(int fd) {
    HILUM_REAL(fsync);
    return sync_with([&] { return real(fd); }, fd);
}

extern "C" int fdatasync(int fd) {
    HILUM_REAL(fdatasync);
    return sync_with([&] { return real(fd); }, fd);
}

extern "C" int rename(const char* from, const char* to) noexcept {
    HILUM_REAL(rename);
    return rename_with([&] { return real(from, to); }, AT_FDCWD, from, AT_FDCWD, to);
}

extern "C" int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
    HILUM_REAL(renameat);
    return rename_with([&] { return real(from_folder, from, to_folder, to); }, from_folder, from, to_folder,
                       to);
}

extern "C" int unlink(const char* file) noexcept {
    HILUM_REAL(unlink);
    return unlink_with([&] { return real(file); }, AT_FDCWD, file);
}

extern "C" int unlinkat(int folder, const char* file, int flags) noexcept {
    HILUM_REAL(unlinkat);
    return unlink_with([&] { return real(folder, file, flags); }, folder, file);
}

extern "C" int mkdir(const char* name, mode_t mode) noexcept {
    HILUM_REAL(mkdir);
    return mkdir_with([&] { return real(name, mode); }, AT_FDCWD, name);
}

extern "C" int mkdirat(int folder, const char* name, mode_t mode) noexcept {
    HILUM_REAL(mkdirat);
    return mkdir_with([&] { return real(folder, name, mode); }, folder, name);
}

extern "C" int memfd_create(const char* name, unsigned flags) noexcept {
    HILUM_REAL(memfd_create);
    return fails("memfd") ? -1 : real(name, flags);
}

extern "C" int socketpair(int domain, int type, int protocol, int ends[2]) noexcept {
    HILUM_REAL(socketpair);
    return fails("socketpair") ? -1 : real(domain, type, protocol, ends);
}

extern "C" int accept(int fd, sockaddr* address, socklen_t* size) {
    HILUM_REAL(accept);
    return fails("accept") ? -1 : real(fd, address, size);
}

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
    HILUM_REAL(accept4);
    return fails("accept") ? -1 : real(fd, address, size, flags);
}

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    HILUM_REAL(sendmsg);
    return fails("sendmsg") ? -1 : real(fd, message, flags);
}

extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
    HILUM_REAL(recvmsg);
    return fails("recvmsg") ? -1 : real(fd, message, flags);
}

extern "C" ssize_t recv(int fd, void* data, size_t size, int flags) {
    HILUM_REAL(recv);
    return fails("recv") ? -1 : real(fd, data, size, flags);
}

extern "C" int socket(int domain, int type, int protocol) noexcept {
    HILUM_REAL(socket);
    return fails("socket") ? -1 : real(domain, type, protocol);
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
    HILUM_REAL(connect);
    return fails("connect") ? -1 : real(fd, address, size);
}

extern "C" int poll(pollfd* descriptors, nfds_t count, int timeout) {
    HILUM_REAL(poll);
    return fails("poll") ? -1 : real(descriptors, count, timeout);
}

extern "C" int eventfd(unsigned value, int flags) noexcept {
    HILUM_REAL(eventfd);
    return fails("eventfd") ? -1 : real(value, flags);
}

// The other commands need no memory.
extern "C" int epoll_ctl(int set, int what, int fd, epoll_event* event) noexcept {
    HILUM_REAL(epoll_ctl);
    return what == EPOLL_CTL_ADD && fails("epoll") ? -1 : real(set, what, fd, event);
}

// A number more for what is open; other commands take none.
#define HILUM_FCNTL(name)                                                      \
    extern "C" int name(int fd, int command, ...) {                            \
        HILUM_REAL(name);                                                      \
        va_list arguments;                                                     \
        va_start(arguments, command);                                          \
        void* const argument = va_arg(arguments, void*);                       \
        va_end(arguments);                                                     \
        const bool doubles = command == F_DUPFD || command == F_DUPFD_CLOEXEC; \
        return doubles && fails("dup") ? -1 : real(fd, command, argument);     \
    }
HILUM_FCNTL(fcntl)
HILUM_FCNTL(fcntl64)

extern "C" DIR* opendir(const char* name) {
    HILUM_REAL(opendir);
    return fails_at("open", AT_FDCWD, name) ? nullptr : real(name);
}

#define HILUM_READDIR(name, entry)                                            \
    extern "C" entry* name(DIR* folder) {                                     \
        HILUM_REAL(name);                                                     \
        return fails_at("readdir", ::dirfd(folder)) ? nullptr : real(folder); \
    }
HILUM_READDIR(readdir, dirent)
HILUM_READDIR(readdir64, dirent64)

#define HILUM_STAT(name)                                                 \
    extern "C" int name(const char* file, struct name* info) noexcept {  \
        HILUM_REAL(name);                                                \
        return fails_at("stat", AT_FDCWD, file) ? -1 : real(file, info); \
    }
HILUM_STAT(stat)
HILUM_STAT(stat64)

extern "C" int fstat(int fd, struct stat* info) noexcept {
    HILUM_REAL(fstat);
    return fails_at("stat", fd) ? -1 : real(fd, info);
}

extern "C" int fstat64(int fd, struct stat64* info) noexcept {
    HILUM_REAL(fstat64);
    return fails_at("stat", fd) ? -1 : real(fd, info);
}

// Tells its error as what it returns.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                              void* argument) noexcept {
    HILUM_REAL(pthread_create);
    return fails("thread") ? errno : real(thread, attributes, start, argument);
}

// The listener's children become receivers without another program.
extern "C" pid_t fork() noexcept {
    HILUM_REAL(fork);
    if (fails("fork")) return -1;
    const pid_t pid = real();
    if (pid == 0 && std::strcmp(process().role, "listener") == 0) std::strcpy(process().role, "receiver");
    return pid;
}
