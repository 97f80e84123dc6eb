# cmake --install and the Debian package. Places are those of Debian: /usr/bin, /etc/hilum, the unit. So the prefix is
# /usr, and a trial goes under DESTDIR, not under another prefix.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
    set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "" FORCE)
endif()
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE)  # packing builds nothing: not while tests run

install(TARGETS hilumd hilum hilum-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/models/demo DESTINATION ${CMAKE_INSTALL_DATADIR}/hilum/models)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/hilum.service DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/hilum.sysusers DESTINATION lib/sysusers.d RENAME hilum.conf)
install(FILES ${PROJECT_SOURCE_DIR}/systemd/hilum.tmpfiles DESTINATION lib/tmpfiles.d RENAME hilum.conf)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/hilum)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/hilum/docs)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/package/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/hilum)

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
set(CPACK_PACKAGE_CONTACT "The Hilum authors <hilum@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "DICOM AI node for chest radiographs
 Hilum receives chest radiographs from a PACS, runs a model on them, and sends a Structured Report and a
 Secondary Capture back into the same study.
 .
 The model that it comes with is for demonstration, not for clinical use.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "fonts-dejavu-core, systemd | systemd-sysusers")
# Several times faster than the reference BLAS that LibTorch's package is content with.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libopenblas0-pthread")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "dcmtk, orthanc")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/cmake/package/conffiles
    ${PROJECT_SOURCE_DIR}/cmake/package/postinst
    ${PROJECT_SOURCE_DIR}/cmake/package/prerm
    ${PROJECT_SOURCE_DIR}/cmake/package/postrm)
include(CPack)
