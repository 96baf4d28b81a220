# `cpack -G DEB` in a build tree makes the Debian package: the program, its completion, the systemd
# unit and its settings. The unit's user is a dynamic one, so nothing runs on installing.

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
install(TARGETS coseno RUNTIME DESTINATION bin)
install(FILES completions/coseno.bash DESTINATION share/bash-completion/completions RENAME coseno)
install(FILES packaging/coseno.service DESTINATION lib/systemd/system)
install(FILES packaging/coseno.toml DESTINATION /etc/coseno)
install(FILES LICENSE DESTINATION share/doc/coseno RENAME copyright)
install(FILES README.md CHANGELOG.md DESTINATION share/doc/coseno)

set(CPACK_PACKAGE_NAME coseno)
set(CPACK_PACKAGE_CONTACT "the coseno maintainers <coseno@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "coseno learns from what users do, and serves recommendations that reflect each\nevent at once: one program, and a data folder.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Loaded at run time, so that no tool sees it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS libopenblas0-pthread)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_GENERATOR DEB)
include(CPack)
