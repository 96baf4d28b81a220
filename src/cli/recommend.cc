// coseno recommend: what a user may like, or what each of many users may.

#include <boost/json.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/ranking_text.h"
#include "cli/recommend_from_folder.h"
#include "cli/source.h"
#include "cli/table.h"
#include "data/readers.h"
#include "offline/list_maker.h"

namespace coseno::cli {
namespace recommend_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno recommend ratings.csv --user 42
  coseno recommend ratings.csv --user 42 -k 5 --items movies.csv --json
  coseno recommend model.safetensors --users all -k 20 --out lists.txt
  coseno recommend data --user 42 --filter '{"range": {"year": {"from": 1990}}}' --explain
  coseno recommend data --user 42 --explore 0.1 --seed 7 --log-shown

An unknown user gets the popular items, and the answer says so. --users writes a line
a user: user item item ...  A data folder is read beside whoever writes it,
but with --log-shown nobody else may write it meanwhile.)";

struct Arguments {
  SourceArguments source;
  std::string user;
  std::string users;  // "all" or a path
  std::size_t k = 10;
  std::string by = "score";
  bool include_seen = false;
  bool as_json = false;
  std::string out;
  FolderRequest with_folder;
};

struct UserList {
  Ranking items;
  bool is_known;       // false: `items` are the popular ones
  std::size_t n_seen;  // items that the user has had
};

ListOptions list_options(const Arguments& arguments) {
  return {.k = arguments.k,
          .by_cosine = arguments.by == "cosine",
          .include_seen = arguments.include_seen};
}

UserList list_of(std::string_view id, const ListMaker& lists, const Source& source,
                 const ListOptions& options) {
  const Dataset& dataset = source.fitted.dataset;
  const std::optional<UserIndex> user = dataset.users.find(id);
  if (!user) return {lists.popular_list(options), false, 0};
  return {lists.list(*user, options), true, dataset.matrix.user_size(*user)};
}

// Why a list is not what was asked for; empty where it is.
std::string note(const Arguments& arguments, const Source& source, const UserList& list) {
  if (!list.is_known) {
    return fmt::format("user {} is unknown: these are the popular items", arguments.user);
  }
  if (!list.items.empty()) return "";
  if (list.n_seen < source.fitted.model->n_items()) {
    return fmt::format("nothing to recommend: {} scores no item for user {}",
                       source.fitted.model->name(), arguments.user);
  }
  return fmt::format("nothing left to recommend: user {} has had all {} items (--include-seen)",
                     arguments.user, list.n_seen);
}

std::string_view model_name(const Source& source, const UserList& list) {
  return list.is_known ? source.fitted.model->name() : "popularity";
}

std::string json_answer(const Arguments& arguments, const Source& source, const UserList& list) {
  boost::json::object answer{{"user", arguments.user}, {"model", model_name(source, list)}};
  if (!list.is_known) answer["known"] = false;
  if (const std::string text = note(arguments, source, list); !text.empty()) answer["note"] = text;
  answer["items"] = ranking_json(list.items, source);
  return json_text(answer) + "\n";
}

// "1 rating", "2 interactions".
std::string history_size(const Source& source, std::size_t n_seen) {
  const bool has_ratings = source.fitted.dataset.matrix.has_values();
  return fmt::format("{} {}{}", n_seen, has_ratings ? "rating" : "interaction",
                     n_seen == 1 ? "" : "s");
}

std::string text_answer(const Arguments& arguments, const Source& source, const UserList& list) {
  std::string text = fmt::format("User {}, {}, model {}\n", printable(arguments.user),
                                 history_size(source, list.n_seen), model_name(source, list));
  if (const std::string why = note(arguments, source, list); !why.empty()) {
    text += printable(why) + "\n";
  }
  if (list.items.empty()) return text;
  if (list.is_known && arguments.by == "score" && source.fitted.model->predicts_ratings()) {
    text += "score orders the list; coseno predict gives ratings\n";
  }
  return text + "\n" + ranking_table(list.items, source);
}

Outcome<void> recommend_one(const Arguments& arguments, Session& session) {
  COSENO_ASSIGN(source, open_source(arguments.source, kDefaultModel, arguments.by, session));
  const ListMaker lists(source.fitted.dataset, *source.fitted.model);
  const UserList list = list_of(arguments.user, lists, source, list_options(arguments));
  session.progress.clear();
  return write_text("-", arguments.as_json ? json_answer(arguments, source, list)
                                           : text_answer(arguments, source, list));
}

Outcome<std::vector<std::string>> users_to_list(const std::string& users, const UserIds& known) {
  std::vector<std::string> ids;
  if (users == "all") {
    for (std::size_t u = 0; u < known.size(); ++u) {
      ids.emplace_back(known.id(static_cast<UserIndex>(u)));
    }
  } else {
    COSENO_ASSIGN(named, read_ids(users));
    ids = std::move(named);
  }
  for (const std::string& id : ids) COSENO_TRY(check_one_word("user", id));
  return ids;
}

std::vector<ItemIndex> items_of(const Ranking& ranking) {
  std::vector<ItemIndex> items;
  for (const ScoredItem& scored : ranking) items.push_back(scored.item);
  return items;
}

// Writes the lists in the order of `users`, some thousand at a time, so that memory does not grow
// with them. Returns how many users were unknown.
Outcome<std::size_t> write_lists(const Source& source, const ListOptions& options,
                                 std::span<const std::string> users, Session& session,
                                 AtomicFile& file) {
  const ListMaker maker(source.fitted.dataset, *source.fitted.model);
  constexpr std::size_t kUsersAtATime = 4096;
  constexpr std::size_t kBlock = 16;  // about a millisecond of work
  std::size_t n_unknown = 0;
  for (std::size_t begin = 0; begin < users.size(); begin += kUsersAtATime) {
    const auto part = users.subspan(begin, std::min(kUsersAtATime, users.size() - begin));
    std::vector<UserList> lists(part.size());
    session.pool.parallel_for(part.size(), kBlock, [&](std::size_t i, std::size_t end, int) {
      for (; i < end && !session.progress.cancelled(); ++i) {
        lists[i] = list_of(part[i], maker, source, options);
      }
    });
    if (session.progress.cancelled()) return std::unexpected(Failure(kInterrupted, "interrupted"));
    for (std::size_t i = 0; i < part.size(); ++i) {
      n_unknown += lists[i].is_known ? 0 : 1;
      COSENO_TRY(
          file.write(user_line(part[i], items_of(lists[i].items), source.fitted.dataset.items)));
    }
    session.progress.report("recommending", begin + part.size(), users.size(), "");
  }
  return n_unknown;
}

Outcome<void> recommend_many(const Arguments& arguments, Session& session) {
  COSENO_TRY(check_standard_input({arguments.users, arguments.source.ratings,
                                   arguments.source.items, arguments.source.user_properties}));
  COSENO_TRY(check_out(arguments.out, {arguments.users, arguments.source.ratings,
                                       arguments.source.items, arguments.source.user_properties}));
  COSENO_ASSIGN(source, open_source(arguments.source, kDefaultModel, arguments.by, session));
  const Dataset& dataset = source.fitted.dataset;
  COSENO_ASSIGN(users, users_to_list(arguments.users, dataset.users));
  COSENO_TRY(check_one_word(dataset.items));
  COSENO_ASSIGN(file, AtomicFile::create(arguments.out.empty() ? "-" : arguments.out));
  COSENO_ASSIGN(n_unknown, write_lists(source, list_options(arguments), users, session, file));
  session.progress.clear();
  COSENO_TRY(file.commit());
  if (n_unknown > 0) {
    print_note(fmt::format("{} of {} users are unknown and got the popular items", n_unknown,
                           users.size()));
  }
  return {};
}

Outcome<void> answer_from_folder(const CommandLine& app, const Arguments& arguments) {
  COSENO_TRY(check_options_of_data_folder(app, arguments.source.ratings));
  if (arguments.user.empty()) return wrong_use("recommend needs --user");
  FolderRequest request = arguments.with_folder;
  request.folder = arguments.source.ratings;
  request.user = arguments.user;
  request.k = arguments.k;
  if (arguments.source.seed && request.explore == 0) {
    return wrong_use("--seed has no effect on a data folder without --explore");
  }
  request.seed = seed(arguments.source);
  request.include_seen = arguments.include_seen;
  request.as_json = arguments.as_json;
  return recommend_from_folder(request);
}

Outcome<void> run(const CommandLine& app, const Arguments& arguments) {
  if (is_data_folder(arguments.source.ratings)) return answer_from_folder(app, arguments);
  COSENO_TRY(check_options_of_file(app, arguments.source.ratings));
  if (arguments.user.empty() == arguments.users.empty()) {
    return wrong_use("recommend needs one of --user and --users");
  }
  if (arguments.users.empty() && !arguments.out.empty()) {
    return wrong_use("--out belongs to --users; the answer for one user goes to standard output");
  }
  if (!arguments.users.empty() && arguments.as_json) {
    return wrong_use("--json belongs to --user; --users writes a line a user");
  }
  Session session(arguments.source.n_threads);
  return arguments.users.empty() ? recommend_one(arguments, session)
                                 : recommend_many(arguments, session);
}

}  // namespace
}  // namespace recommend_command

Command add_recommend(CommandLine& program) {
  using namespace recommend_command;
  CommandLine app = program.add_subcommand("recommend", "Lists what a user may like");
  const auto arguments = std::make_shared<Arguments>();
  add_id_option(app, "--user", arguments->user, "The user to list items for");
  app.add_option("--users", arguments->users, "all, or a file with one user a line")
      .type_name("all|FILE");
  add_k_option(app, arguments->k);
  add_model_option(app, arguments->source, kDefaultModel);
  add_by_option(app, arguments->by);
  app.add_flag("--include-seen", arguments->include_seen,
               "List also what the user has had already");
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.add_option("--out", arguments->out, "Where --users go; default standard output")
      .type_name("FILE");
  add_ratings_options(app, arguments->source);
  add_folder_request_options(app, arguments->with_folder);
  let_be_data_folder(app, {"--users", "--model", "--seconds", "--set", "--by", "--out", "--format",
                           "--repeats", "--items", "--user-properties", "--threads"});
  app.footer(kExamples);
  return {app, [app, arguments] { return run(app, *arguments); }};
}

}  // namespace coseno::cli
