// The command line: CLI11 behind a few plain classes. Its header takes about ten seconds of every
// file that includes it, so only command_line.cc does.
//
// Words mean what they mean in CLI11. Options that are declared wrongly throw at every start of the
// program, so that no test can miss them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
class Option;
}  // namespace CLI

namespace coseno::cli {

// What is wrong with a value; "" where nothing is.
using Check = std::function<std::string(const std::string&)>;

// One option or positional argument; valid while a CommandLine of its program is there. The
// functions give the option itself back, so that they chain.
class OptionRef {
 public:
  explicit OptionRef(CLI::Option* option) : option_(option) {}

  OptionRef& description(const std::string& text);
  OptionRef& type_name(const std::string& name);
  OptionRef& group(const std::string& name);
  OptionRef& required();
  OptionRef& check(const Check& check);
  OptionRef& is_member(const std::vector<std::string>& values);
  OptionRef& excludes(const OptionRef& other);
  OptionRef& delimiter(char separator);
  OptionRef& allow_extra_args(bool is_allowed);

 private:
  CLI::Option* option_;
};

// Why no command is to be run.
struct ParseStop {
  bool is_wrong_use;  // else --help or --version were asked for
  bool is_missing;    // wrong use: a thing that is required was not given
  std::string text;   // the answer, or what is wrong in one or more lines
};

// The arguments of the program or of one of its commands. A copy is the same command line.
class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& name);

  CommandLine add_subcommand(const std::string& name, const std::string& description);
  // `value` keeps what it has where the option is not given, and must be there when parse() runs. T
  // is one of those at the end of command_line.cc.
  template <class T>
  OptionRef add_option(const std::string& name, T& value, const std::string& description);
  // Its value is checked and not kept.
  OptionRef add_option(const std::string& name, const std::string& description);
  OptionRef add_flag(const std::string& name, bool& value, const std::string& description);
  void set_version_flag(const std::string& name, const std::string& version);
  void require_subcommand();  // one
  void footer(const std::string& text);

  // The option of that name, which must be there.
  OptionRef option(const std::string& name);

  // Nothing where a command is to be run.
  std::optional<ParseStop> parse(int argc, const char* const* argv);

  // After parse(), also where it stopped.
  bool parsed() const;
  std::string name() const;
  std::optional<CommandLine> parsed_subcommand() const;
  std::vector<std::string> remaining() const;  // arguments that nothing takes
  // The name of the first option of that group that was given.
  std::optional<std::string> given_option(std::string_view group) const;

  // Commands, and long options with their dashes.
  std::vector<std::string> known_words() const;

 private:
  explicit CommandLine(std::shared_ptr<CLI::App> app);

  std::shared_ptr<CLI::App> app_;  // of a command: keeps the program's
};

}  // namespace coseno::cli
