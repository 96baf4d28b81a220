#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <sstream>
#include <utility>

namespace coseno::cli {

OptionRef& OptionRef::description(const std::string& text) {
  option_->description(text);
  return *this;
}

OptionRef& OptionRef::type_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}

OptionRef& OptionRef::group(const std::string& name) {
  option_->group(name);
  return *this;
}

OptionRef& OptionRef::required() {
  option_->required();
  return *this;
}

OptionRef& OptionRef::check(const Check& check) {
  option_->check(check);
  return *this;
}

OptionRef& OptionRef::is_member(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
  return *this;
}

OptionRef& OptionRef::excludes(const OptionRef& other) {
  option_->excludes(other.option_);
  return *this;
}

OptionRef& OptionRef::delimiter(char separator) {
  option_->delimiter(separator);
  return *this;
}

OptionRef& OptionRef::allow_extra_args(bool is_allowed) {
  option_->allow_extra_args(is_allowed);
  return *this;
}

CommandLine::CommandLine(const std::string& description, const std::string& name)
    : app_(std::make_shared<CLI::App>(description, name)) {}

CommandLine::CommandLine(std::shared_ptr<CLI::App> app) : app_(std::move(app)) {}

CommandLine CommandLine::add_subcommand(const std::string& name, const std::string& description) {
  return CommandLine(std::shared_ptr<CLI::App>(app_, app_->add_subcommand(name, description)));
}

template <class T>
OptionRef CommandLine::add_option(const std::string& name, T& value,
                                  const std::string& description) {
  return OptionRef(app_->add_option(name, value, description));
}

OptionRef CommandLine::add_option(const std::string& name, const std::string& description) {
  return OptionRef(app_->add_option(name, description));
}

OptionRef CommandLine::add_flag(const std::string& name, bool& value,
                                const std::string& description) {
  return OptionRef(app_->add_flag(name, value, description));
}

void CommandLine::set_version_flag(const std::string& name, const std::string& version) {
  app_->set_version_flag(name, version);
}

void CommandLine::require_subcommand() { app_->require_subcommand(1); }

void CommandLine::footer(const std::string& text) { app_->footer(text); }

OptionRef CommandLine::option(const std::string& name) { return OptionRef(app_->get_option(name)); }

std::optional<ParseStop> CommandLine::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      return ParseStop{true, error.get_name() == "RequiredError", error.what()};
    }
    // Help and version come as exceptions too.
    std::ostringstream text;
    app_->exit(error, text, text);
    return ParseStop{false, false, text.str()};
  }
  return std::nullopt;
}

bool CommandLine::parsed() const { return app_->parsed(); }

std::string CommandLine::name() const { return app_->get_name(); }

std::optional<CommandLine> CommandLine::parsed_subcommand() const {
  const std::vector<CLI::App*> chosen = app_->get_subcommands(
      std::function<bool(CLI::App*)>([](CLI::App* app) { return app->parsed(); }));
  if (chosen.empty()) return std::nullopt;
  return CommandLine(std::shared_ptr<CLI::App>(app_, chosen.front()));
}

std::vector<std::string> CommandLine::remaining() const { return app_->remaining(); }

std::optional<std::string> CommandLine::given_option(std::string_view group) const {
  for (const CLI::Option* const option : std::as_const(*app_).get_options()) {
    if (option->get_group() == group && option->count() > 0) return option->get_name();
  }
  return std::nullopt;
}

std::vector<std::string> CommandLine::known_words() const {
  const CLI::App& app = *app_;
  std::vector<std::string> words;
  for (const CLI::App* const command : app.get_subcommands({}))
    words.push_back(command->get_name());
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

template OptionRef CommandLine::add_option(const std::string&, int&, const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::uint64_t&, const std::string&);
template OptionRef CommandLine::add_option(const std::string&, double&, const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::string&, const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::vector<std::string>&,
                                           const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::optional<std::string>&,
                                           const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::optional<int>&,
                                           const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::optional<std::uint64_t>&,
                                           const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::optional<float>&,
                                           const std::string&);
template OptionRef CommandLine::add_option(const std::string&, std::optional<double>&,
                                           const std::string&);

}  // namespace coseno::cli
