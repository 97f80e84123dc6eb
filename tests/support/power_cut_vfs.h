// An SQLite VFS that knows what a power cut would leave: beside each file F it keeps F.durable, which gets
// what was written when a sync of it succeeds. A sync that is made to fail loses what it was to bring to the
// disk, as Linux does: the pages count as clean, so that later syncs do not write them either, while readers
// see them until the power goes. Works across processes, so that a test's lives may be forks that end without
// clearing up.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace hilum::test {

class PowerCutVfs {
  public:
    // Becomes SQLite's default in this process. `failing`: the n-th sync of a file whose name ends so fails,
    // counted from now; 0: none.
    static void install() {
        static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
        real() = sqlite3_vfs_find(nullptr);
        vfs.zName = "power-cut";
        vfs.szOsFile = static_cast<int>(sizeof(File)) + real()->szOsFile;
        vfs.xOpen = open;
        vfs.xDelete = remove;
        sqlite3_vfs_register(&vfs, 1);
    }
    static void fail_sync(const std::string& ending, int number) { failing() = {ending, number}; }

    // The machine comes up again: what was not durable is gone.
    static void cut_power(const std::filesystem::path& folder) {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            if (entry.path().filename().string().starts_with("hilum.db")) files.push_back(entry.path());
        for (const auto& file : files) {
            if (file.extension() == ".durable") continue;
            const std::filesystem::path kept = file.string() + ".durable";
            std::filesystem::remove(file);
            if (std::filesystem::exists(kept)) std::filesystem::copy_file(kept, file);
        }
    }

  private:
    struct File {
        sqlite3_file base;
        std::string* path;  // empty: a file without a name
        std::vector<std::pair<sqlite3_int64, int>>* unsynced;
        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    static sqlite3_vfs*& real() {
        static sqlite3_vfs* vfs = nullptr;
        return vfs;
    }
    static std::pair<std::string, int>& failing() {
        static std::pair<std::string, int> which;
        return which;
    }
    static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
    static sqlite3_file* below(sqlite3_file* file) { return of(file)->real(); }

    static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
        auto* mine = of(file);
        mine->base.pMethods = nullptr;
        const int result = real()->xOpen(real(), name, mine->real(), flags, out);
        if (result != SQLITE_OK) return result;
        mine->path = new std::string(name != nullptr ? name : "");
        mine->unsynced = new std::vector<std::pair<sqlite3_int64, int>>;
        mine->base.pMethods = methods();
        return result;
    }
    static int remove(sqlite3_vfs*, const char* name, int sync) {
        std::filesystem::remove(std::string(name) + ".durable");
        return real()->xDelete(real(), name, sync);
    }
    static int close(sqlite3_file* file) {
        const int result = below(file)->pMethods->xClose(below(file));
        delete of(file)->path;
        delete of(file)->unsynced;
        return result;
    }
    static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
        of(file)->unsynced->emplace_back(at, size);
        return below(file)->pMethods->xWrite(below(file), data, size, at);
    }
    static int sync(sqlite3_file* file, int flags) {
        auto& [ending, number] = failing();
        if (number > 0 && of(file)->path->ends_with(ending) && --number == 0) {
            of(file)->unsynced->clear();
            return SQLITE_IOERR_FSYNC;
        }
        const int result = below(file)->pMethods->xSync(below(file), flags);
        if (result == SQLITE_OK && !of(file)->path->empty()) make_durable(file);
        of(file)->unsynced->clear();
        return result;
    }
    static void make_durable(sqlite3_file* file) {
        const std::string kept = *of(file)->path + ".durable";
        std::ofstream(kept, std::ios::app);
        sqlite3_int64 size = 0;
        below(file)->pMethods->xFileSize(below(file), &size);
        std::error_code away;  // with its folder
        std::filesystem::resize_file(kept, static_cast<std::uintmax_t>(size), away);
        std::fstream out(kept, std::ios::in | std::ios::out | std::ios::binary);
        for (const auto& [at, length] : *of(file)->unsynced) {
            if (at >= size) continue;
            const int wanted = static_cast<int>(std::min<sqlite3_int64>(length, size - at));
            std::string bytes(static_cast<std::size_t>(wanted), '\0');
            below(file)->pMethods->xRead(below(file), bytes.data(), wanted, at);
            out.seekp(at);
            out.write(bytes.data(), wanted);
        }
    }

    static const sqlite3_io_methods* methods() {
        static const sqlite3_io_methods all{
            2,
            close,
            [](sqlite3_file* f, void* d, int n, sqlite3_int64 at) {
                return below(f)->pMethods->xRead(below(f), d, n, at);
            },
            write,
            [](sqlite3_file* f, sqlite3_int64 n) { return below(f)->pMethods->xTruncate(below(f), n); },
            sync,
            [](sqlite3_file* f, sqlite3_int64* n) { return below(f)->pMethods->xFileSize(below(f), n); },
            [](sqlite3_file* f, int how) { return below(f)->pMethods->xLock(below(f), how); },
            [](sqlite3_file* f, int how) { return below(f)->pMethods->xUnlock(below(f), how); },
            [](sqlite3_file* f, int* is) { return below(f)->pMethods->xCheckReservedLock(below(f), is); },
            [](sqlite3_file* f, int what, void* value) {
                return below(f)->pMethods->xFileControl(below(f), what, value);
            },
            [](sqlite3_file* f) { return below(f)->pMethods->xSectorSize(below(f)); },
            [](sqlite3_file* f) { return below(f)->pMethods->xDeviceCharacteristics(below(f)); },
            [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
                return below(f)->pMethods->xShmMap(below(f), page, size, extend, out);
            },
            [](sqlite3_file* f, int at, int n, int flags) {
                return below(f)->pMethods->xShmLock(below(f), at, n, flags);
            },
            [](sqlite3_file* f) { below(f)->pMethods->xShmBarrier(below(f)); },
            [](sqlite3_file* f, int forget) { return below(f)->pMethods->xShmUnmap(below(f), forget); },
            nullptr,
            nullptr};
        return &all;
    }
};

}  // namespace hilum::test
