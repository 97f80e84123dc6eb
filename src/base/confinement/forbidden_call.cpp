#include "base/confinement/forbidden_call.h"

#include <signal.h>
#include <sys/socket.h>

#include <cstddef>

namespace hilum {
namespace {

int told_channel = -1;

// What a signal handler may: no memory, no locks.
void tell_and_die(int, siginfo_t* info, void*) {
    char text[80] = R"({"type":"forbidden_call","number":)";
    std::size_t length = __builtin_strlen(text);
    char digits[12];
    std::size_t count = 0;
    for (unsigned number = static_cast<unsigned>(info->si_syscall); number > 0 || count == 0; number /= 10)
        digits[count++] = static_cast<char>('0' + number % 10);
    while (count > 0) text[length++] = digits[--count];
    text[length++] = '}';
    if (told_channel >= 0) (void)::send(told_channel, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    ::signal(SIGSYS, SIG_DFL);
    ::raise(SIGSYS);  // comes when this returns
}

}  // namespace

void tell_of_forbidden_calls(int channel) {
    told_channel = channel;
    struct sigaction action {};
    action.sa_sigaction = &tell_and_die;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSYS, &action, nullptr);
}

}  // namespace hilum
