#include "simulation/world/full_disk_vfs.h"

#include <sqlite3.h>

namespace hilum::simulation {
namespace {

bool is_full = false, writes_fail = false, syncs_fail = false;
sqlite3_vfs* system_vfs = nullptr;
const sqlite3_io_methods* system_methods = nullptr;
sqlite3_io_methods our_methods;

int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    if (writes_fail) return SQLITE_IOERR_WRITE;
    return is_full ? SQLITE_FULL : system_methods->xWrite(file, data, size, at);
}

int sync(sqlite3_file* file, int flags) {
    return syncs_fail ? SQLITE_IOERR_FSYNC : system_methods->xSync(file, flags);
}

// The file stays the system's own: all of its files have one table of methods (with the locks of the default
// build), of which two entries are ours.
int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int result = system_vfs->xOpen(system_vfs, name, file, flags, out);
    if (result != SQLITE_OK || file->pMethods == nullptr) return result;
    if (system_methods == nullptr) {
        system_methods = file->pMethods;
        our_methods = *system_methods;
        our_methods.xWrite = write;
        our_methods.xSync = sync;
    }
    if (file->pMethods == system_methods) file->pMethods = &our_methods;
    return result;
}

}  // namespace

void FullDiskVfs::install() {
    if (system_vfs != nullptr) return;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // nobody asks, and it locks at each allocation
    system_vfs = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs vfs = *system_vfs;
    vfs.pNext = nullptr;
    vfs.zName = "full-disk";
    vfs.xOpen = open;
    sqlite3_vfs_register(&vfs, 1);
}

void FullDiskVfs::set_full(bool full) {
    is_full = full;
}

void FullDiskVfs::set_failing(bool writes, bool syncs) {
    writes_fail = writes;
    syncs_fail = syncs;
}

}  // namespace hilum::simulation
