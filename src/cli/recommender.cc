#include "cli/recommender.h"

#include <algorithm>

#include "models/popularity.h"

namespace coseno::cli {

Recommender::Recommender(const Source& source, const ListOptions& options)
    : source_(source), options_(options), popularity_(popularity_of(source.fitted.dataset.matrix)) {
  options_.k = std::min(options.k, source.fitted.model->n_items());
}

UserList Recommender::recommend(std::string_view user_id) const {
  const std::optional<UserIndex> user = source_.fitted.dataset.users.find(user_id);
  if (!user) return {best_items(popularity_, options_.k), false, 0};
  const Model& model = *source_.fitted.model;
  const Profile profile = profile_of(source_.fitted.dataset, *user);
  std::vector<float> scores(model.n_items());
  if (options_.by_cosine) {
    score_by_cosine(model, profile, scores);
  } else {
    model.score(profile, scores);
  }
  if (!options_.include_seen) exclude(profile.history, scores);
  return {best_items(scores, options_.k), true, profile.history.size()};
}

void Recommender::exclude(History history, std::span<float> scores) const {
  for (const Interaction& seen : history) {
    if (offset(seen.item) < scores.size()) scores[offset(seen.item)] = kNeverScore;
  }
}

}  // namespace coseno::cli
