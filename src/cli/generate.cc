// coseno generate: a synthetic data set in the form of MovieLens' CSV files.

#include "data/generate.h"

#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/whole_number.h"

namespace coseno::cli {
namespace generate_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno generate --out ratings.csv
  coseno generate --users 943 --items 1682 --events 100000 --out ratings.csv --items-out movies.csv
  coseno generate --users 100000 --items 20000 --events 10000000 --seed 7 --out - | gzip > big.gz)";

struct Arguments {
  GenerateOptions options;
  std::string out;
  std::string items_out;
};

// RFC 4180: a field with a separator, a quote or a line end is quoted, its quotes doubled.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

std::vector<std::string> genres(const Record& record) {
  for (const Property& property : record.properties) {
    if (const auto* const list = std::get_if<std::vector<std::string>>(&property.value)) {
      return *list;
    }
  }
  return {};
}

Outcome<void> write_items(const Catalog& items, const std::string& path) {
  COSENO_ASSIGN(file, AtomicFile::create(path));
  COSENO_TRY(file.write("movieId,title,genres\n"));
  for (const Record& record : items.records()) {
    COSENO_TRY(
        file.write(fmt::format("{},{},{}\n", csv_field(record.id), csv_field(record.title),
                               csv_field(fmt::format("{}", fmt::join(genres(record), "|"))))));
  }
  COSENO_TRY(file.commit());
  return {};
}

Outcome<void> write_ratings(const Interactions& interactions, const std::string& path,
                            ProgressBar& progress) {
  constexpr std::size_t kRowsBetweenLooks = 1 << 16;
  COSENO_ASSIGN(file, AtomicFile::create(path));
  COSENO_TRY(file.write("userId,movieId,rating,timestamp\n"));
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    if (i % kRowsBetweenLooks == 0) {
      if (progress.cancelled()) return std::unexpected(Failure(kInterrupted, "interrupted"));
      progress.report("writing", i, interactions.size(), "");
    }
    const auto& [user, rating] = interactions.row(i);
    COSENO_TRY(file.write(fmt::format("{},{},{},{}\n", csv_field(interactions.users.id(user)),
                                      csv_field(interactions.items.id(rating.item)), rating.value,
                                      rating.time)));
  }
  COSENO_TRY(file.commit());
  return {};
}

// Neither file need be there yet.
bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return a == b ||
         std::filesystem::weakly_canonical(a, error) == std::filesystem::weakly_canonical(b, error);
}

Outcome<void> run(const Arguments& arguments) {
  if (is_same_file(arguments.out, arguments.items_out)) {
    return wrong_use("--out and --items-out must be two files");
  }
  ProgressBar progress;
  COSENO_ASSIGN(generated, generate(arguments.options, progress));
  if (!arguments.items_out.empty()) {
    COSENO_TRY(write_items(generated.items, arguments.items_out));
  }
  return write_ratings(generated.interactions, arguments.out, progress);
}

}  // namespace
}  // namespace generate_command

Command add_generate(CommandLine& program) {
  using namespace generate_command;
  CommandLine app = program.add_subcommand("generate", "Makes a synthetic data set");
  const auto arguments = std::make_shared<Arguments>();
  GenerateOptions& options = arguments->options;
  app.add_option("--users", options.n_users, "Users; default 1000")
      .type_name("N")
      .check(whole_number(1));
  app.add_option("--items", options.n_items, "Items; default 500")
      .type_name("N")
      .check(whole_number(1));
  app.add_option("--events", options.n_events,
                 "Ratings; default 50000, at most half of users x items")
      .type_name("N")
      .check(whole_number(1));
  app.add_option("--seed", options.seed, "Same seed, same data; default 1")
      .type_name("N")
      .check(whole_number(0));
  app.add_option("--out", arguments->out,
                 "CSV of ratings to write: userId,movieId,rating,timestamp")
      .type_name("FILE")
      .required();
  app.add_option("--items-out", arguments->items_out, "CSV of items to write: movieId,title,genres")
      .type_name("FILE");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
