// Child processes of Hilum: started with exactly the descriptors that they need.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace hilum {

struct ChildProcess {
    pid_t pid = -1;
    UniqueFd pidfd;  // readable when the child has ended; then waitpid(pid) tells how
};

struct SpawnOptions {
    std::vector<std::string> arguments;  // the first is the program's path
    std::vector<int> descriptors;        // become 3, 4, ... in the child; all others are closed
    bool dies_with_parent = false;       // SIGKILL when the parent's thread that spawned it ends
    int nicer_by = 0;                    // added to the parent's nice value; not negative, which anybody may
    bool binds_privileged_port = false;  // keeps the ambient capability for that; others lose it here
};

// Forks and executes. Called by the coordinator's main thread only, whose death is the parent's death.
Result<ChildProcess> spawn(const SpawnOptions& options);

// A descriptor of a child of ours that was not waited for yet; close-on-exec.
Result<UniqueFd> open_pidfd(pid_t child);
void kill_process(int pidfd);  // SIGKILL, to that process and to none that has its number later

// From now on spawn() runs the program that is at `path` now, even after an upgrade put another in its place:
// processes that speak with each other are of one version. Call before the first spawn(), with the path that
// arguments[0] will have.
Status pin_program(const std::string& path);

// Raises the limit of open files to what the system allows, for this process and its children to come.
void raise_open_files_limit();
std::size_t open_files_limit();  // in force

// Starts this program once more unless it was started so already: with OpenMP threads that sleep while they
// wait for each other, which is read before main. LibTorch's spin otherwise; on cores that others use too
// that costs nine tenths of the speed (2 busy cores, DenseNet121: 0.9 images/s instead of 7.9). First thing
// in main.
void restart_with_sleeping_threads(char** argv);

// The same, whether or not it was started so already. Returns only where that fails.
Error start_again_with_sleeping_threads(char** argv);

void name_process(const std::string& name);  // as ps and top show it, at most 15 characters
std::string own_executable();                // the path of the running program
std::string describe_exit(int wait_status);  // "exited with status 3", "killed by signal 9 (Killed)"

}  // namespace hilum
