#include "cli/source.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/output.h"
#include "cli/whole_number.h"
#include "data/readers.h"
#include "data/text_values.h"
#include "data/utf8.h"
#include "evaluation/auto_model.h"

namespace coseno::cli {
namespace {

std::string check_setting(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals > 0) return "";
  return fmt::format("must be name=value, not {}", text);
}

std::string check_id(const std::string& text) {
  if (is_valid_id(text) && !find_invalid_utf8(text)) return "";
  return fmt::format("must be 1 to {} bytes of UTF-8", kMaxIdBytes);
}

Outcome<void> check_nothing_to_fit(const SourceArguments& arguments) {
  const std::pair<std::string_view, bool> given[] = {
      {"--model", !arguments.model.empty()},        {"--set", !arguments.set.empty()},
      {"--seconds", arguments.seconds.has_value()}, {"--seed", arguments.seed.has_value()},
      {"--format", !arguments.format.empty()},      {"--repeats", !arguments.repeats.empty()},
  };
  for (const auto& [option, is_given] : given) {
    if (is_given) {
      return wrong_use("{} has no effect on a fitted model: {} is one", option, arguments.ratings);
    }
  }
  return {};
}

Outcome<Source> load_source(const SourceArguments& arguments, std::string_view by,
                            Session& session) {
  COSENO_TRY(check_nothing_to_fit(arguments));
  COSENO_ASSIGN(fitted, load_model(arguments.ratings));
  COSENO_ASSIGN(info, find_saved_model(fitted.model->name()));
  COSENO_TRY(check_by(by, *info));
  COSENO_ASSIGN(catalogs, read_catalogs(arguments, session));
  return Source{std::move(fitted), std::move(catalogs)};
}

}  // namespace

void add_ratings_options(CommandLine& app, SourceArguments& arguments,
                         const std::string& ratings_name) {
  app.add_option(ratings_name, arguments.ratings,
                 "File of ratings or interactions, or a fitted model; - is standard input")
      .type_name("FILE")
      .required();
  add_format_option(app, arguments.format);
  app.add_option("--repeats", arguments.repeats,
                 "What counts where a user has an item several times; default last")
      .type_name("RULE")
      .is_member({"last", "first", "sum", "max"});
  app.add_option("--items", arguments.items, "Titles and properties of items").type_name("FILE");
  app.add_option("--user-properties", arguments.user_properties, "Properties of users")
      .type_name("FILE");
  add_seed_option(app, arguments.seed);
  add_threads_option(app, arguments.n_threads);
}

void add_format_option(CommandLine& app, std::string& format) {
  app.add_option("--format", format, "Format of the ratings; without it, found by looking")
      .type_name("FORMAT")
      .is_member({"json-matrix", "json-lines", "csv", "tsv", "double-colon", "user-lines"});
}

void add_seed_option(CommandLine& app, std::optional<std::uint64_t>& seed) {
  app.add_option("--seed", seed, "Seed of everything random; default 1")
      .type_name("N")
      .check(whole_number(0));
}

void add_threads_option(CommandLine& app, int& n_threads) {
  app.add_option("--threads", n_threads, "Threads to use; default one a core")
      .type_name("N")
      .check(whole_number(1, 1024));
}

void add_model_option(CommandLine& app, SourceArguments& arguments,
                      std::string_view default_model) {
  app.add_option("--model", arguments.model,
                 fmt::format("Model to fit; default {} (coseno models lists them)", default_model))
      .type_name("NAME");
  app.add_option("--seconds", arguments.seconds,
                 "How long --model auto looks for the best model, about; default 30")
      .type_name("S");
  add_set_option(app, arguments);
}

void add_set_option(CommandLine& app, SourceArguments& arguments) {
  app.add_option("--set", arguments.set, "An option of the model; may be repeated")
      .type_name("NAME=VALUE")
      .allow_extra_args(false)
      .check(check_setting);
}

OptionRef add_id_option(CommandLine& app, const std::string& name, std::string& id,
                        const std::string& help) {
  return app.add_option(name, id, help).type_name("ID").check(check_id);
}

void add_k_option(CommandLine& app, std::size_t& k) {
  app.add_option("-k", k, "Items in a list; default 10").type_name("N").check(whole_number(1));
}

void add_by_option(CommandLine& app, std::string& by) {
  app.add_option(
         "--by", by,
         "Order of the list: the model's own best (default), or the cosine of user and item "
         "vectors")
      .type_name("ORDER")
      .is_member({"score", "cosine"});
}

Outcome<void> check_standard_input(const std::vector<std::string_view>& paths) {
  if (std::ranges::count(paths, "-") > 1) {
    return wrong_use("only one file can be -, since standard input can be read once only");
  }
  return {};
}

Outcome<void> check_out(const std::string& out, std::initializer_list<std::string_view> inputs) {
  namespace fs = std::filesystem;
  std::error_code error;  // what cannot be looked at is left to who reads or writes it
  if (!fs::is_regular_file(out, error)) return {};
  for (const std::string_view input : inputs) {
    if (!input.empty() && fs::equivalent(out, input, error)) {
      return wrong_use("writing {} would overwrite {}, which is read", out, input);
    }
  }
  return {};
}

Outcome<const ModelInfo*> named_model(std::string_view name) {
  const Result<const ModelInfo*> model = find_model_or_auto(name);
  if (!model) return wrong_use("{}", model.error().message);
  return *model;
}

Outcome<Settings> settings_for(const ModelInfo& model, const SourceArguments& arguments) {
  Settings settings;
  for (const std::string& text : arguments.set) {
    const std::size_t equals = text.find('=');
    settings[text.substr(0, equals)] = text.substr(equals + 1);
  }
  if (arguments.seconds) settings["seconds"] = fmt::format("{}", *arguments.seconds);
  if (const Result<void> taken = model.check(settings); !taken) {
    return wrong_use("{}", taken.error().message);
  }
  return settings;
}

std::string model_arguments(std::string_view model, const Settings& settings) {
  std::string text = fmt::format("--model {}", model);
  for (const auto& [name, value] : settings) text += fmt::format(" --set {}={}", name, value);
  return text;
}

Outcome<void> check_by(std::string_view by, const ModelInfo& model) {
  if (by != "cosine" || model.has_vectors) return {};
  std::vector<std::string_view> with_vectors;
  for (const ModelInfo& other : all_models()) {
    if (other.has_vectors) with_vectors.push_back(other.name);
  }
  return wrong_use("{} has no vectors for --by cosine; these models have: {}", model.name,
                   fmt::join(with_vectors, ", "));
}

Outcome<Catalogs> read_catalogs(const SourceArguments& arguments, Session& session) {
  Catalogs catalogs;
  if (!arguments.items.empty()) {
    COSENO_ASSIGN(items, read_catalog(arguments.items, session.progress));
    catalogs.items = std::move(items);
  }
  if (!arguments.user_properties.empty()) {
    COSENO_ASSIGN(users, read_catalog(arguments.user_properties, session.progress));
    catalogs.users = std::move(users);
  }
  return catalogs;
}

Outcome<Interactions> read_ratings(const std::string& path, const SourceArguments& arguments,
                                   Session& session, UserIds users, ItemIds items) {
  const ReadOptions options{.format = interaction_format(arguments.format)};
  COSENO_ASSIGN(interactions, read_interactions(path, options, session.progress, std::move(users),
                                                std::move(items)));
  return std::move(interactions);
}

RepeatRule repeats(const SourceArguments& arguments) {
  return repeat_rule(arguments.repeats).value_or(RepeatRule::last);
}

std::uint64_t seed(const SourceArguments& arguments) { return arguments.seed.value_or(1); }

namespace {

// What was chosen, what it beat, and how to have it again without the search.
std::string choice_text(const AutoChoice& choice) {
  std::string text =
      fmt::format("auto chose {}, NDCG@10 {:.4f} on a held-out tenth", choice.model, choice.ndcg);
  std::vector<std::string> others;
  for (const Considered& other : choice.considered) {
    if (other.model != choice.model) {
      others.push_back(fmt::format("{} {:.4f}", other.model, other.ndcg));
    }
  }
  if (!others.empty()) text += fmt::format(" ({})", fmt::join(others, ", "));
  return text + "; again: " + model_arguments(choice.model, choice.settings);
}

}  // namespace

Outcome<Source> fit_source(const SourceArguments& arguments, std::string_view default_model,
                           std::string_view by, Session& session) {
  COSENO_TRY(check_standard_input({arguments.ratings, arguments.items, arguments.user_properties}));
  COSENO_ASSIGN(info, named_model(arguments.model.empty() ? default_model : arguments.model));
  COSENO_ASSIGN(settings, settings_for(*info, arguments));
  COSENO_TRY(check_by(by, *info));
  COSENO_ASSIGN(catalogs, read_catalogs(arguments, session));
  COSENO_ASSIGN(interactions, read_ratings(arguments.ratings, arguments, session));
  Dataset dataset =
      make_dataset(std::move(interactions), repeats(arguments), catalogs.items, catalogs.users);
  FitContext context{session.pool, session.progress, seed(arguments)};
  COSENO_ASSIGN(choice, resolve_model(info->name, dataset, settings, context));
  if (!choice.considered.empty()) {
    session.progress.clear();
    print_note(choice_text(choice));
  }
  COSENO_ASSIGN(fitted, fit_model(choice.model, std::move(dataset), choice.settings, context));
  return Source{std::move(fitted), std::move(catalogs)};
}

Outcome<Source> open_source(const SourceArguments& arguments, std::string_view default_model,
                            std::string_view by, Session& session) {
  if (is_model_file(arguments.ratings)) return load_source(arguments, by, session);
  return fit_source(arguments, default_model, by, session);
}

User find_user(const Source& source, std::string_view id) {
  User user{.index = source.fitted.dataset.users.find(id), .features = {}};
  const Record* const record = source.catalogs.users.find(id);
  if (!user.index && record != nullptr) {
    user.features = source.fitted.dataset.user_encoder.encode(*record);
  }
  return user;
}

}  // namespace coseno::cli
