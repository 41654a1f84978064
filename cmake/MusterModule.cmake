# muster_module(NAME registry LAYER 3 DEPS base model [SYSTEM lib...]) makes the target muster::registry from
# src/<NAME>/*.cpp, and the test program <NAME>_test from src/<NAME>/tests/*_test.cpp. Configure fails when a
# dependency is not below the module: the tree is the architecture, and this is where that is enforced.
#
# FRIENDS names modules of the same layer that may be included; everything else must be strictly lower.
# ASIO selects the precompiled header that holds Asio. SUBFOLDERS names folders of the module whose sources belong
# to the same target: an engine behind the module's interface.
#
# src/<NAME>/tests/x_fuzz.cpp is a fuzz target: <NAME>_x_fuzz under libFuzzer with MUSTER_FUZZ, else with MUSTER_TESTS
# a test that replays tests/corpus/<NAME>_x/. FUZZED names the sources, from src/, that the fuzz targets of a module need
# whose other sources have coroutines: clang 14 cannot compile those, and what is fuzzed has none.

define_property(GLOBAL PROPERTY MUSTER_MODULES BRIEF_DOCS "names of all modules" FULL_DOCS "names of all modules")

if(MUSTER_FUZZ)
  # Before any target is made: every library under a fuzz target is instrumented.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
  # What a clang without C++20 coroutines can build, and all that a fuzzer needs.
  add_custom_target(fuzzers)
endif()

function(muster_module)
  cmake_parse_arguments(M "ASIO" "NAME;LAYER" "DEPS;FRIENDS;SYSTEM;SUBFOLDERS;FUZZED" ${ARGN})
  string(REPLACE "/" "_" target ${M_NAME})
  set(folder ${PROJECT_SOURCE_DIR}/src/${M_NAME})

  foreach(dep IN LISTS M_DEPS M_FRIENDS)
    string(REPLACE "/" "_" dep_target ${dep})
    get_property(dep_layer GLOBAL PROPERTY MUSTER_LAYER_${dep_target})
    if(dep_layer STREQUAL "")
      message(FATAL_ERROR "module ${M_NAME}: dependency ${dep} is not declared before it (upward or unknown)")
    endif()
    if(dep IN_LIST M_FRIENDS)
      if(NOT dep_layer EQUAL M_LAYER)
        message(FATAL_ERROR "module ${M_NAME} (layer ${M_LAYER}): friend ${dep} is in layer ${dep_layer}")
      endif()
    elseif(NOT dep_layer LESS M_LAYER)
      message(FATAL_ERROR "module ${M_NAME} (layer ${M_LAYER}) may not depend on ${dep} (layer ${dep_layer})")
    endif()
  endforeach()
  set_property(GLOBAL PROPERTY MUSTER_LAYER_${target} ${M_LAYER})
  set_property(GLOBAL PROPERTY MUSTER_DEPS_${target} "${M_DEPS};${M_FRIENDS}")
  set_property(GLOBAL APPEND PROPERTY MUSTER_MODULES ${M_NAME})
  if(M_LAYER LESS 2)
    set_property(GLOBAL APPEND PROPERTY MUSTER_PURE muster_${target})
  endif()

  set(patterns ${folder}/*.cpp)
  foreach(subfolder IN LISTS M_SUBFOLDERS)
    list(APPEND patterns ${folder}/${subfolder}/*.cpp)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  if(NOT sources)
    return()
  endif()
  add_library(muster_${target} STATIC ${sources})
  add_library(muster::${target} ALIAS muster_${target})
  target_link_libraries(muster_${target} PRIVATE $<BUILD_INTERFACE:muster_flags> PUBLIC muster_includes ${M_SYSTEM})
  foreach(dep IN LISTS M_DEPS M_FRIENDS)
    string(REPLACE "/" "_" dep_target ${dep})
    if(TARGET muster_${dep_target})  # A module without sources is headers only and has no target.
      target_link_libraries(muster_${target} PUBLIC muster_${dep_target})
    endif()
  endforeach()
  if(M_ASIO)
    set(pch muster_pch_asio)
  else()
    set(pch muster_pch)
  endif()
  target_precompile_headers(muster_${target} REUSE_FROM ${pch})

  if(MUSTER_TESTS)
    file(GLOB tests CONFIGURE_DEPENDS ${folder}/tests/*_test.cpp)
    if(tests)
      muster_test(NAME ${target} SOURCES ${tests} DEPS muster_${target} PCH ${pch})
    endif()
  endif()

  if(MUSTER_TESTS OR MUSTER_FUZZ)
    file(GLOB fuzz_sources CONFIGURE_DEPENDS ${folder}/tests/*_fuzz.cpp)
    foreach(source IN LISTS fuzz_sources)
      get_filename_component(stem ${source} NAME_WE)
      string(REGEX REPLACE "_fuzz$" "" stem ${stem})
      if(MUSTER_FUZZ AND M_FUZZED)
        list(TRANSFORM M_FUZZED PREPEND ${PROJECT_SOURCE_DIR}/src/ OUTPUT_VARIABLE fuzzed)
        get_property(pure GLOBAL PROPERTY MUSTER_PURE)
        muster_fuzz(NAME ${target}_${stem} SOURCE ${source} ${fuzzed} DEPS muster_includes ${pure})
      else()
        muster_fuzz(NAME ${target}_${stem} SOURCE ${source} DEPS muster_${target})
      endif()
    endforeach()
  endif()
endfunction()

# muster_fuzz(NAME x SOURCE files DEPS targets): x_fuzz, to be run as `x_fuzz tests/corpus/x`; or without libFuzzer
# x_replay, which ctest runs over that folder.
function(muster_fuzz)
  cmake_parse_arguments(F "" "NAME" "SOURCE;DEPS" ${ARGN})
  if(MUSTER_TEST_ONLY AND NOT F_NAME IN_LIST MUSTER_TEST_ONLY)
    return()
  endif()
  if(MUSTER_FUZZ)
    add_executable(${F_NAME}_fuzz ${F_SOURCE})
    target_link_libraries(${F_NAME}_fuzz PRIVATE muster_flags ${F_DEPS})
    target_link_options(${F_NAME}_fuzz PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${F_NAME}_fuzz)
  else()
    add_executable(${F_NAME}_replay ${F_SOURCE} ${PROJECT_SOURCE_DIR}/src/base/tests/replay_main.cpp)
    target_link_libraries(${F_NAME}_replay PRIVATE muster_flags ${F_DEPS})
    add_dependencies(all_tests ${F_NAME}_replay)
    add_test(NAME ${MUSTER_TEST_PREFIX}${F_NAME}/corpus
             COMMAND ${F_NAME}_replay ${PROJECT_SOURCE_DIR}/tests/corpus/${F_NAME})
    set_tests_properties(${MUSTER_TEST_PREFIX}${F_NAME}/corpus PROPERTIES TIMEOUT 120)
  endif()
endfunction()

# muster_test(NAME x SOURCES ... DEPS targets) makes x_test and registers each of its cases with ctest.
function(muster_test)
  cmake_parse_arguments(T "" "NAME;PCH" "SOURCES;DEPS" ${ARGN})
  if(NOT T_SOURCES OR (MUSTER_TEST_ONLY AND NOT T_NAME IN_LIST MUSTER_TEST_ONLY))
    return()
  endif()
  add_executable(${T_NAME}_test ${T_SOURCES})
  target_link_libraries(${T_NAME}_test PRIVATE muster_flags ${T_DEPS} GTest::gmock GTest::gtest_main)
  if(T_PCH)
    if(TARGET ${T_PCH}_test)
      set(T_PCH ${T_PCH}_test)
    endif()
    target_precompile_headers(${T_NAME}_test REUSE_FROM ${T_PCH})
  endif()
  target_compile_definitions(${T_NAME}_test PRIVATE MUSTER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # The sanitizers are for the code under test: watching GoogleTest's templates for undefined behaviour is a third of the time
  # that a test file takes.
  if(MUSTER_SANITIZER STREQUAL "address")
    target_compile_options(${T_NAME}_test PRIVATE -fno-sanitize=undefined)
  endif()
  add_dependencies(all_tests ${T_NAME}_test)
  gtest_discover_tests(${T_NAME}_test TEST_PREFIX "${MUSTER_TEST_PREFIX}${T_NAME}/" DISCOVERY_MODE PRE_TEST
                       DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
endfunction()
