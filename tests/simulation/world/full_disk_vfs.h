// An SQLite VFS on which a disk can be full: while it is, every write fails with SQLITE_FULL. All else is the
// system's.
#pragma once

namespace hilum::simulation {

class FullDiskVfs {
  public:
    static void install();  // becomes SQLite's default in this process; once is enough
    static void set_full(bool full);
};

}  // namespace hilum::simulation
