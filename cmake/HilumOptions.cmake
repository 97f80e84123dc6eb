# Compiler settings that hold for all of our code and for none of the libraries'.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Line tables are enough for a stack trace; types and variables cost a quarter of the compile time.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    # Paths below the source folder are hashed as relative ones, so that clones share what they compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
        ${CCACHE_PROGRAM})
endif()

# Libraries are compiled eight files at a time, which reads their headers once: a third of the CPU seconds. So the names in
# the anonymous namespaces of one library are all different; a build without it (preset dev) finds what only their company
# let compile.
option(HILUM_UNITY "Compile the libraries' files in groups" ON)

# Every target of ours links this: warnings are errors, includes start at src/.
add_library(hilum_options INTERFACE)
target_compile_options(hilum_options INTERFACE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(NOT HILUM_UNITY)
    target_compile_options(hilum_options INTERFACE -Wshadow)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(hilum_options INTERFACE -Wshadow=local)  # what is global may be of the file above
endif()
# No path of the machine that builds is in what it builds: two builds of the same source are the same.
target_compile_options(hilum_options INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_include_directories(hilum_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(hilum_options INTERFACE HILUM_VERSION="${PROJECT_VERSION}")
if(HILUM_SANITIZE)
    string(REPLACE ";" "," sanitizers "${HILUM_SANITIZE}")
    target_compile_options(hilum_options INTERFACE -fsanitize=${sanitizers} -fno-omit-frame-pointer)
    target_link_options(hilum_options INTERFACE -fsanitize=${sanitizers})
    if(HILUM_SANITIZE MATCHES fuzzer)  # which takes note of what ends the process only
        # Clang 14 cannot check the types of functions that are coroutines.
        target_compile_options(hilum_options INTERFACE -fno-sanitize-recover=all -fno-sanitize=function)
    endif()
    if(HILUM_SANITIZE MATCHES thread)  # which does not understand fences; Asio's stand beside locks
        target_compile_definitions(hilum_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    endif()
endif()

# Seconds that a test may take are for builds without sanitizers, under which everything takes several times as long.
set(HILUM_PATIENCE 1)
if(HILUM_SANITIZE)
    set(HILUM_PATIENCE 5)
endif()

# hilum_library(NAME SOURCES... [PUBLIC libs...] [PRIVATE libs...]): a static library of ours.
function(hilum_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC hilum_options ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
    if(HILUM_UNITY)
        set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    endif()
endfunction()

# hilum_test(NAME SOURCES... LIBS... [LABELS...]): a GoogleTest program; every TEST is a ctest test.
function(hilum_test name)
    cmake_parse_arguments(arg "" "" "SOURCES;LIBS;LABELS" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE hilum_options ${arg_LIBS} GTest::gmock_main)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    if(NOT arg_LABELS)
        set(arg_LABELS unit)
    endif()
    math(EXPR timeout "300 * ${HILUM_PATIENCE}")
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 120 PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${timeout})
endfunction()

# hilum_python_test(FILE [LABELS...] [TIMEOUT seconds] [FIXTURES name] [SERIAL]): unittest tests in Debian's Python, one
# ctest test a file. Skipped tests are shown as skipped, never as passed.
function(hilum_python_test file)
    cmake_parse_arguments(arg "SERIAL" "TIMEOUT;FIXTURES" "LABELS" ${ARGN})
    get_filename_component(name ${file} NAME_WE)
    add_test(NAME ${name}
        COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/support/run_python_test.py
                ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    math(EXPR timeout "${arg_TIMEOUT} * ${HILUM_PATIENCE}")
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${timeout} SKIP_RETURN_CODE 77
        ENVIRONMENT "HILUM_BIN=${CMAKE_BINARY_DIR}/bin;HILUM_BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
    if(arg_FIXTURES)
        set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED ${arg_FIXTURES})
    endif()
    if(arg_SERIAL)
        set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    endif()
endfunction()
