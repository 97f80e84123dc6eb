// An SQLite VFS on which a disk can be full, or fail: while it does, every write or sync fails. All else is
// the system's.
#pragma once

namespace hilum::simulation {

class FullDiskVfs {
  public:
    static void install();  // becomes SQLite's default in this process; once is enough
    static void set_full(bool full);
    static void set_failing(bool writes, bool syncs);
};

}  // namespace hilum::simulation
