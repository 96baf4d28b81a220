// Disks and folders that refuse, for tests.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace coseno {

// Root may write where nobody may, so it becomes somebody else for a while.
class UnprivilegedUser {
 public:
  UnprivilegedUser() : is_root_(geteuid() == 0) { EXPECT_TRUE(!is_root_ || seteuid(65534) == 0); }
  ~UnprivilegedUser() { EXPECT_TRUE(!is_root_ || seteuid(0) == 0); }

 private:
  bool is_root_;
};

// A small file system of its own, where the test may mount one.
class SmallDisk {
 public:
  SmallDisk(std::string folder, int n_megabytes) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    const std::string size = fmt::format("size={}m", n_megabytes);
    is_there_ = mount("tmpfs", folder_.c_str(), "tmpfs", 0, size.c_str()) == 0;
    if (!is_there_) reason_ = std::generic_category().message(errno);
  }
  ~SmallDisk() {
    if (is_there_) umount2(folder_.c_str(), MNT_DETACH);
  }

  bool is_there() const { return is_there_; }
  const std::string& reason() const { return reason_; }

 private:
  std::string folder_;
  bool is_there_;
  std::string reason_;
};

}  // namespace coseno
