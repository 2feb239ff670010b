# For 64-bit Arm Linux with the cross compiler of Debian's g++-aarch64-linux-gnu:
#   cmake -S . -B build/aarch64 --toolchain cmake/aarch64-linux-gnu.cmake -DOCTAVO_PROGRAMS=ON
# builds the programs, without the Python module. Elsewhere they run under
#   qemu-aarch64 -cpu cortex-a53 -L /usr/aarch64-linux-gnu build/aarch64/octavo_selftest
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
