# cmake --install and the Debian package. Places are those of Debian: /usr/bin, /etc/hilum, the unit. So the prefix is
# /usr, and a trial goes under DESTDIR, not under another prefix.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
    set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "" FORCE)
endif()
include(GNUInstallDirs)
# Whoever builds packages for others gives an address that reaches somebody.
set(HILUM_PACKAGE_CONTACT "The Hilum authors <hilum@localhost>" CACHE STRING "Maintainer of the Debian package")
# Each commit's is an upgrade of the one before: tools/package says which that is.
set(HILUM_PACKAGE_VERSION "${PROJECT_VERSION}" CACHE STRING "Version of the Debian package")
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE)  # packing builds nothing: not while tests run

install(TARGETS hilumd hilum hilum-train hilum-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/models/demo ${PROJECT_SOURCE_DIR}/config/models/chest-nih DESTINATION ${CMAKE_INSTALL_DATADIR}/hilum/models)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/hilum.service DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/hilum.sysusers DESTINATION lib/sysusers.d RENAME hilum.conf)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/hilum.tmpfiles DESTINATION lib/tmpfiles.d RENAME hilum.conf)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/package/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/hilum)
# What its users read; the other pages are about the source, which is not installed.
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/hilum/docs
    PATTERN architecture.md EXCLUDE PATTERN decisions EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/config/orthanc/route_to_hilum.lua ${PROJECT_SOURCE_DIR}/config/recipe.yaml
    ${PROJECT_SOURCE_DIR}/systemd/hardened.conf ${PROJECT_SOURCE_DIR}/systemd/gpu.conf
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/hilum/examples)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/completion/hilum
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/package/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
    RENAME hilum)
install(CODE "file(CREATE_LINK hilum
    \"\$ENV{DESTDIR}${CMAKE_INSTALL_FULL_DATADIR}/bash-completion/completions/hilumd\" SYMBOLIC)
    file(CREATE_LINK hilum
    \"\$ENV{DESTDIR}${CMAKE_INSTALL_FULL_DATADIR}/bash-completion/completions/hilum-train\" SYMBOLIC)")

# tools/import_model as a program of the package.
install(PROGRAMS ${PROJECT_SOURCE_DIR}/cmake/package/hilum-import-model DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/tools/support/import_model.py DESTINATION ${CMAKE_INSTALL_DATADIR}/hilum/import_model)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/support/model_import DESTINATION ${CMAKE_INSTALL_DATADIR}/hilum/import_model
    FILES_MATCHING PATTERN *.py PATTERN __pycache__ EXCLUDE)

# Man pages, and the changelogs as Debian wants them: compressed, without times in them, so that builds can be compared.
set(pages ${CMAKE_BINARY_DIR}/man)
configure_file(${PROJECT_SOURCE_DIR}/cmake/package/changelog.in ${pages}/changelog @ONLY)
configure_file(${PROJECT_SOURCE_DIR}/cmake/man/hilum-worker.8.in ${pages}/hilum-worker.8 @ONLY)
configure_file(${PROJECT_SOURCE_DIR}/cmake/man/hilum-import-model.1.in ${pages}/hilum-import-model.1 @ONLY)
file(GLOB page_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/man/*)
set(compressed)
foreach(page hilum.1 hilum-train.1 hilumd.8 hilum.yaml.5 model.yaml.5 hilum-worker.8 hilum-import-model.1)
    list(APPEND compressed ${pages}/${page}.gz)
endforeach()
add_custom_command(OUTPUT ${compressed} ${pages}/changelog.gz ${pages}/CHANGELOG.md.gz
    COMMAND ${PROJECT_SOURCE_DIR}/cmake/man/make_pages.sh ${PROJECT_SOURCE_DIR} ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${pages}
            ${PROJECT_VERSION}
    COMMAND cp ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${pages}/CHANGELOG.md
    COMMAND gzip -9nfk *.1 *.5 *.8 changelog CHANGELOG.md
    WORKING_DIRECTORY ${pages}
    DEPENDS hilum hilum-train hilumd ${page_sources} ${PROJECT_SOURCE_DIR}/config/hilum.yaml
            ${PROJECT_SOURCE_DIR}/docs/model-package.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
            ${PROJECT_SOURCE_DIR}/cmake/package/changelog.in
    COMMENT "Making the man pages")
add_custom_target(man_pages ALL DEPENDS ${compressed})
foreach(page ${compressed})
    string(REGEX REPLACE ".*\\.([158])\\.gz" "\\1" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES ${pages}/changelog.gz ${pages}/CHANGELOG.md.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/hilum)

# The software bill of materials, from what the programs are linked with and what their objects were compiled with.
install(CODE "execute_process(COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/tools/support/sbom.py --build ${CMAKE_BINARY_DIR}
        --version ${PROJECT_VERSION}
        --output \"\$ENV{DESTDIR}${CMAKE_INSTALL_FULL_DATADIR}/doc/hilum/hilum.cdx.json\"
        ${PROJECT_SOURCE_DIR}/config/models/demo ${PROJECT_SOURCE_DIR}/config/models/chest-nih
    COMMAND_ERROR_IS_FATAL ANY)")

# A site's own configuration is never overwritten; in the package dpkg sees to that (conffiles).
install(CODE "
    if(NOT EXISTS \"\$ENV{DESTDIR}/etc/hilum/hilum.yaml\")
        file(INSTALL \"${PROJECT_SOURCE_DIR}/config/hilum.yaml\" DESTINATION /etc/hilum)
    endif()")

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME hilum)
set(CPACK_PACKAGE_VENDOR "The Hilum authors")
set(CPACK_PACKAGE_CONTACT "${HILUM_PACKAGE_CONTACT}")
set(CPACK_DEBIAN_PACKAGE_VERSION "${HILUM_PACKAGE_VERSION}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "DICOM AI node for chest radiographs")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Hilum receives chest radiographs from a PACS, runs a model on them, and
sends a Structured Report and a Secondary Capture back into the same study.

The model that it comes with is for demonstration, not for clinical use.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "fonts-dejavu-core, systemd | systemd-sysusers")
# Several times faster than the reference BLAS that LibTorch's package is content with.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libopenblas0-pthread")
# PyTorch and the rest: for hilum-import-model.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
    "dcmtk, orthanc, python3, python3-torch, python3-torchvision, python3-numpy, python3-pil, python3-pydicom")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/cmake/package/conffiles
    ${PROJECT_SOURCE_DIR}/cmake/package/postinst
    ${PROJECT_SOURCE_DIR}/cmake/package/prerm
    ${PROJECT_SOURCE_DIR}/cmake/package/postrm)
include(CPack)
