// Where a command's data come from: RATINGS, which are read and fitted, or a MODEL_FILE, which has
// all that already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/session.h"
#include "data/catalog.h"
#include "data/interactions.h"
#include "models/fitted_model.h"
#include "models/options.h"
#include "models/registry.h"

namespace coseno::cli {

// As on the command line; empty where not given.
struct SourceArguments {
  std::string ratings;  // a path, or "-"
  std::string format;
  std::string repeats;
  std::string items;            // a path
  std::string user_properties;  // a path
  std::string model;
  std::vector<std::string> set;   // "name=value" each
  std::optional<double> seconds;  // of the model auto
  std::optional<std::uint64_t> seed;
  int n_threads = 0;
};

// Add options to a command. `ratings_name` is what --help calls the file.
void add_ratings_options(CommandLine& app, SourceArguments& arguments,
                         const std::string& ratings_name = "RATINGS");
void add_format_option(CommandLine& app, std::string& format);
void add_threads_option(CommandLine& app, int& n_threads);
void add_seed_option(CommandLine& app, std::optional<std::uint64_t>& seed);
void add_model_option(CommandLine& app, SourceArguments& arguments, std::string_view default_model);
void add_set_option(CommandLine& app, SourceArguments& arguments);
OptionRef add_id_option(CommandLine& app, const std::string& name, std::string& id,
                        const std::string& help);
void add_k_option(CommandLine& app, std::size_t& k);
void add_by_option(CommandLine& app, std::string& by);

// Standard input can be read once only. Empty paths are not given.
Outcome<void> check_standard_input(const std::vector<std::string_view>& paths);

// Wrong use where the file to write is one that is read. Empty paths are not given.
Outcome<void> check_out(const std::string& out, std::initializer_list<std::string_view> inputs);

// The model of that name. Wrong use where there is none.
Outcome<const ModelInfo*> named_model(std::string_view name);
// The settings in `arguments.set`, which that model takes. Wrong use where it does not.
Outcome<Settings> settings_for(const ModelInfo& model, const SourceArguments& arguments);
// Ready to paste: "--model item_knn --set neighbours=120 --set shrink=3".
std::string model_arguments(std::string_view model, const Settings& settings);
// Wrong use where the list is to be ordered by a cosine that the model has not.
Outcome<void> check_by(std::string_view by, const ModelInfo& model);

// What is read beside the ratings; empty where not given.
struct Catalogs {
  Catalog items;
  Catalog users;
};
Outcome<Catalogs> read_catalogs(const SourceArguments& arguments, Session& session);
// A file in the format of the arguments.
Outcome<Interactions> read_ratings(const std::string& path, const SourceArguments& arguments,
                                   Session& session, UserIds users = {}, ItemIds items = {});
RepeatRule repeats(const SourceArguments& arguments);
std::uint64_t seed(const SourceArguments& arguments);

struct Source {
  FittedModel fitted;
  Catalogs catalogs;
};
// Reads and fits; the model is the default where none is named.
Outcome<Source> fit_source(const SourceArguments& arguments, std::string_view default_model,
                           std::string_view by, Session& session);
// The same, or a model file. Wrong use where what is there to fit with is given with a model file.
Outcome<Source> open_source(const SourceArguments& arguments, std::string_view default_model,
                            std::string_view by, Session& session);

// A user whom the command names; there is no index for one without interactions.
struct User {
  std::optional<UserIndex> index;
  // The profile's view, where the features do not come from the dataset.
  std::vector<Feature> features;

  Profile profile(const Dataset& dataset) const {
    return index ? profile_of(dataset, *index) : Profile{{}, features};
  }
};
User find_user(const Source& source, std::string_view id);

}  // namespace coseno::cli
