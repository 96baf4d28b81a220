// coseno key: who may ask a running server what.

#include <boost/json.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/table.h"
#include "server/keys.h"

namespace coseno::cli {
namespace key_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno key create data --name shop --scope read,events
  coseno key list data
  coseno key revoke data --name shop

A key is shown once, when it is made; the folder keeps only its hash. A running server takes up what
changed within a second. Scopes: read asks for lists, items and users; events writes events; admin
does everything. A backup of the folder has no keys.)";

struct Arguments {
  std::string action;
  std::string folder;
  std::string name;
  std::string scope = "read";
  bool as_json = false;
};

boost::json::object json_of(const server::Key& key) {
  return {
      {"id", key.id}, {"name", key.name}, {"scope", key.scopes.text()}, {"created", key.created_s}};
}

Outcome<void> create(const Arguments& arguments) {
  COSENO_ASSIGN(scopes, asked(server::Scopes::parse(arguments.scope)));
  // A server that is to listen elsewhere needs a key before there is anything else.
  std::error_code error;
  std::filesystem::create_directories(arguments.folder, error);
  if (error) return failed("{}: {}", arguments.folder, error.message());
  COSENO_ASSIGN(made, asked(server::create_key(arguments.folder, arguments.name, scopes,
                                               Clock().now_ms() / 1000)));
  if (!arguments.as_json) return write_text("-", made.secret + "\n");
  boost::json::object answer = json_of(made.key);
  answer["key"] = made.secret;
  return write_text("-", json_text(answer) + "\n");
}

Outcome<void> list(const Arguments& arguments) {
  std::error_code error;
  if (!std::filesystem::is_directory(arguments.folder, error)) {
    return failed("{}: there is no such folder", arguments.folder);
  }
  COSENO_ASSIGN(keys, server::read_keys(arguments.folder));
  if (arguments.as_json) {
    boost::json::array answer;
    for (const server::Key& key : keys.keys()) answer.push_back(json_of(key));
    return write_text("-", json_text(answer) + "\n");
  }
  std::string text;
  for (const server::Key& key : keys.keys()) {
    text += fmt::format("{}  {:<18}  {}\n", key.id, key.scopes.text(), key.name);
  }
  return write_text("-", text);
}

Outcome<void> revoke(const Arguments& arguments) {
  COSENO_ASSIGN(revoked, server::revoke_key(arguments.folder, arguments.name));
  if (arguments.as_json) return write_text("-", json_text(json_of(revoked)) + "\n");
  return write_text("-", fmt::format("{} ({}) is revoked\n", revoked.name, revoked.id));
}

Outcome<void> run(const Arguments& arguments) {
  if (arguments.action == "list") {
    if (!arguments.name.empty()) return wrong_use("--name has no effect on list");
    return list(arguments);
  }
  if (arguments.name.empty()) return wrong_use("--name is required");
  return arguments.action == "create" ? create(arguments) : revoke(arguments);
}

}  // namespace
}  // namespace key_command

Command add_key(CommandLine& program) {
  using namespace key_command;
  CommandLine app = program.add_subcommand("key", "Makes, lists and revokes API keys of a server");
  const auto arguments = std::make_shared<Arguments>();
  app.add_option("ACTION", arguments->action, "create, list or revoke")
      .required()
      .is_member({"create", "list", "revoke"});
  add_data_folder_argument(app, arguments->folder);
  app.add_option("--name", arguments->name, "Of the key: letters, digits, '.', '_', '-'; or its id")
      .type_name("NAME");
  app.add_option("--scope", arguments->scope, "Of a new key: read, events, admin [read]")
      .type_name("SCOPES");
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
