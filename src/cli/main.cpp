#include <exception>
#include <iostream>

#include "base/characters/printable.h"
#include "cli/command_line.h"

int main(int argc, char** argv) {
    try {
        return hilum::cli::run({argv + 1, argv + argc}, std::cout, std::cerr,
                               hilum::cli::terminal_of_process());
    } catch (const std::exception& error) {
        std::cerr << "hilum: " << hilum::printable(error.what(), "\n\t") << "\n";
        return hilum::cli::exit_failed;
    }
}
