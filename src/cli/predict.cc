// coseno predict: the ratings that users would give.

#include <algorithm>
#include <memory>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/table.h"
#include "data/readers.h"

namespace coseno::cli {
namespace predict_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno predict ratings.csv --pairs wanted.tsv
  coseno predict ratings.csv --pairs wanted.tsv --items movies.csv --user-properties users.dat
  coseno predict model.safetensors --pairs wanted.tsv --out predicted.tsv

Writes user, item and predicted rating, separated by tabs, in the order of the pairs. A user
or an item that the ratings do not have is predicted too, from what is known of the other.)";

struct Arguments {
  SourceArguments source;
  std::string pairs;
  std::string out;
};

// The places of each user's pairs, so that a user is looked at once however many there are.
std::vector<std::vector<std::uint32_t>> places_by_user(const Interactions& pairs) {
  std::vector<std::vector<std::uint32_t>> places(pairs.users.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    places[offset(pairs.row(i).user)].push_back(static_cast<std::uint32_t>(i));
  }
  return places;
}

void predict_user(const Source& source, const Interactions& pairs, UserIndex user,
                  std::span<const std::uint32_t> places, std::span<float> ratings) {
  std::vector<ItemIndex> items;
  for (const std::uint32_t place : places) items.push_back(pairs.row(place).interaction.item);
  std::vector<float> predicted(items.size());
  const User known = find_user(source, pairs.users.id(user));
  source.fitted.model->predict(known.profile(source.fitted.dataset), items, predicted);
  for (std::size_t i = 0; i < places.size(); ++i) ratings[places[i]] = predicted[i];
}

// One rating a pair.
Outcome<std::vector<float>> predict(const Source& source, const Interactions& pairs,
                                    Session& session) {
  constexpr std::size_t kUsersAtATime = 1024;  // between two looks at the clock and at Ctrl-C
  const std::vector<std::vector<std::uint32_t>> places = places_by_user(pairs);
  std::vector<float> ratings(pairs.size());
  for (std::size_t begin = 0; begin < places.size(); begin += kUsersAtATime) {
    const std::size_t n_users = std::min(kUsersAtATime, places.size() - begin);
    session.pool.parallel_for(n_users, 1, [&](std::size_t i, std::size_t, int) {
      const std::size_t user = begin + i;
      if (places[user].empty() || session.progress.cancelled()) return;
      predict_user(source, pairs, static_cast<UserIndex>(user), places[user], ratings);
    });
    if (session.progress.cancelled()) return std::unexpected(Failure(kInterrupted, "interrupted"));
    session.progress.report("predicting", begin + n_users, places.size(), "");
  }
  return ratings;
}

Outcome<void> check_no_tab(std::string_view kind, std::string_view id) {
  if (id.find_first_of("\t\r\n") == std::string_view::npos) return {};
  return failed("{} \"{}\" has a tab or a line end in its id, so the answer could not be read back",
                kind, printable(id));
}

Outcome<void> write_ratings(const Interactions& pairs, std::span<const float> ratings,
                            const std::string& out) {
  COSENO_ASSIGN(file, AtomicFile::create(out));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Interactions::Row row = pairs.row(i);
    const std::string_view user = pairs.users.id(row.user);
    const std::string_view item = pairs.items.id(row.interaction.item);
    COSENO_TRY(check_no_tab("user", user));
    COSENO_TRY(check_no_tab("item", item));
    COSENO_TRY(file.write(fmt::format("{}\t{}\t{}\n", user, item, ratings[i])));
  }
  COSENO_TRY(file.commit());
  return {};
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_TRY(check_standard_input({arguments.pairs, arguments.source.ratings,
                                   arguments.source.items, arguments.source.user_properties}));
  COSENO_TRY(check_out(arguments.out, {arguments.pairs, arguments.source.ratings,
                                       arguments.source.items, arguments.source.user_properties}));
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(source, open_source(arguments.source, kDefaultRatingModel, "score", session));
  const FittedModel& fitted = source.fitted;
  if (!fitted.model->predicts_ratings()) {
    return failed("{} predicts no ratings from {}", fitted.model->name(), arguments.source.ratings);
  }
  COSENO_ASSIGN(pairs, read_interactions(arguments.pairs, {}, session.progress,
                                         fitted.dataset.users, fitted.dataset.items));
  COSENO_ASSIGN(ratings, predict(source, pairs, session));
  session.progress.clear();
  return write_ratings(pairs, ratings, arguments.out.empty() ? "-" : arguments.out);
}

}  // namespace
}  // namespace predict_command

Command add_predict(CommandLine& program) {
  using namespace predict_command;
  CommandLine app =
      program.add_subcommand("predict", "Predicts the ratings of pairs of user and item");
  const auto arguments = std::make_shared<Arguments>();
  app.add_option("--pairs", arguments->pairs,
                 "File of pairs in any format of ratings; only user and item are used")
      .type_name("FILE")
      .required();
  add_model_option(app, arguments->source, kDefaultRatingModel);
  app.add_option("--out", arguments->out, "Where to write; default standard output")
      .type_name("FILE");
  add_ratings_options(app, arguments->source);
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
