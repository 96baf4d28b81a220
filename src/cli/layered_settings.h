// Settings that come from the command line, the environment or a file, in that order of weight.
//
//   --max-body-bytes 1000       COSENO_MAX_BODY_BYTES=1000       max_body_bytes = 1000
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"
#include "cli/failure.h"

namespace coseno::cli {

// One place for each setting's name, range and description; --help prints them, and docs/server.md
// has the same.
class LayeredSettings {
 public:
  // `name` is that of the option, without dashes. What is there in the target is the default; the
  // target must live as long as this.
  template <class Whole>
  void whole(const std::string& name, Whole& target, std::uint64_t min, std::uint64_t max,
             const std::string& description) {
    add(name, "INT", std::to_string(target), description,
        [&target, min, max](std::string_view text) {
          const auto number = parse_whole(text, min, max);
          if (!number) return range_text("a whole number", min, max);
          target = static_cast<Whole>(*number);
          return std::string();
        });
  }
  void number(const std::string& name, double& target, double min, double max,
              const std::string& description);
  void text(const std::string& name, std::string& target, const std::string& type_name,
            const std::string& description);
  // With commas between, or the option more than once.
  void list(const std::string& name, std::vector<std::string>& target, const std::string& type_name,
            const std::string& description);
  void on_off(const std::string& name, bool& target, const std::string& description);
  // `set` takes one of `words`; the first is the default.
  void choice(const std::string& name, const std::vector<std::string>& words,
              const std::function<void(std::string_view)>& set, const std::string& description);

  // Adds the options, and --config.
  void add_to(CommandLine& app);

  // Sets all targets, after the command line was parsed. Wrong use names the option, variable or
  // file with line that is wrong; an unknown key of the file is wrong use too.
  Outcome<void> resolve();

 private:
  // "" or what is wrong.
  using Set = std::function<std::string(std::string_view)>;
  struct Setting {
    std::string name;
    std::string type_name;
    std::string default_text;
    std::string description;
    Set set;
    bool is_list = false;
    // On the command line.
    std::optional<std::string> given = {};
    std::vector<std::string> given_list = {};
  };

  static std::optional<std::uint64_t> parse_whole(std::string_view text, std::uint64_t min,
                                                  std::uint64_t max);
  static std::string range_text(std::string_view what, std::uint64_t min, std::uint64_t max);
  void add(const std::string& name, const std::string& type_name, const std::string& default_text,
           const std::string& description, Set set);
  Outcome<void> take_file(const std::string& path);
  Outcome<void> take_environment();

  // Addresses must stay: the command line writes to them.
  std::deque<Setting> settings_;
  std::string config_;
};

}  // namespace coseno::cli
