# What `cmake --install` puts below the prefix: the binary, and the device client as static archives with its headers, so that
# find_package(muster) gives the target muster::client, the same that add_subdirectory gives.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# A module and all that it is made of.
function(muster_closure NAME OUT)
  set(found ${${OUT}})
  string(REPLACE "/" "_" target ${NAME})
  if(NOT target IN_LIST found)
    list(APPEND found ${target})
    get_property(deps GLOBAL PROPERTY MUSTER_DEPS_${target})
    list(REMOVE_ITEM deps "")
    foreach(dep IN LISTS deps)
      muster_closure(${dep} found)
    endforeach()
  endif()
  set(${OUT} ${found} PARENT_SCOPE)
endfunction()

muster_closure(client client_modules)
set(client_targets muster_includes)
set_target_properties(muster_includes PROPERTIES EXPORT_NAME includes)
foreach(module IN LISTS client_modules)
  if(TARGET muster_${module})
    set_target_properties(muster_${module} PROPERTIES EXPORT_NAME ${module})
    list(APPEND client_targets muster_${module})
  endif()
endforeach()

install(TARGETS muster RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT muster)
install(TARGETS ${client_targets} EXPORT muster_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/muster DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT client)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/muster)
install(EXPORT muster_targets NAMESPACE muster:: FILE musterTargets.cmake DESTINATION ${package} COMPONENT client)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/musterConfig.cmake.in ${PROJECT_BINARY_DIR}/musterConfig.cmake
                              INSTALL_DESTINATION ${package})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/musterConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/musterConfig.cmake ${PROJECT_BINARY_DIR}/musterConfigVersion.cmake
        DESTINATION ${package} COMPONENT client)
