# LibTorch: Debian's, or a newer one unpacked anywhere and named in CMAKE_PREFIX_PATH. Found by its header and
# libraries, because LibTorch's own CMake package asks for CUDA's compiler, which a machine that only runs models lacks.
# Only hilum-worker and the programs that make models link hilum_torch.
find_path(TORCH_INCLUDE_DIR torch/script.h REQUIRED)
find_path(TORCH_API_INCLUDE_DIR torch/cuda.h PATHS ${TORCH_INCLUDE_DIR}/torch/csrc/api/include NO_DEFAULT_PATH REQUIRED)
find_library(TORCH_LIBRARY torch REQUIRED)
get_filename_component(torch_folder ${TORCH_LIBRARY} DIRECTORY)

add_library(hilum_torch INTERFACE)
target_include_directories(hilum_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIR} ${TORCH_API_INCLUDE_DIR})
foreach(library torch_cpu c10)
    find_library(TORCH_${library}_LIBRARY ${library} PATHS ${torch_folder} NO_DEFAULT_PATH REQUIRED)
    target_link_libraries(hilum_torch INTERFACE ${TORCH_${library}_LIBRARY})
endforeach()
# Nothing refers to a symbol of torch_cuda: it works by being loaded.
find_library(TORCH_torch_cuda_LIBRARY torch_cuda PATHS ${torch_folder} NO_DEFAULT_PATH)
if(TORCH_torch_cuda_LIBRARY)
    target_link_libraries(hilum_torch INTERFACE -Wl,--no-as-needed ${TORCH_torch_cuda_LIBRARY} -Wl,--as-needed)
endif()
target_link_libraries(hilum_torch INTERFACE ${TORCH_LIBRARY})
