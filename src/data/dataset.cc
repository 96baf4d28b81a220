#include "data/dataset.h"

#include <utility>

namespace coseno {

Dataset make_dataset(Interactions interactions, RepeatRule rule, const Catalog& item_catalog,
                     const Catalog& user_catalog) {
  for (const Record& record : item_catalog.records()) interactions.items.add(record.id);
  Dataset dataset;
  dataset.matrix = UserItemMatrix::build(interactions, rule);
  dataset.users = std::move(interactions.users);
  dataset.items = std::move(interactions.items);
  dataset.item_encoder = FeatureEncoder::learn(item_catalog, {.words = true});
  dataset.user_encoder = FeatureEncoder::learn(user_catalog, {});
  dataset.item_features = dataset.item_encoder.encode_all(item_catalog, dataset.items);
  dataset.user_features = dataset.user_encoder.encode_all(user_catalog, dataset.users);
  return dataset;
}

Interactions interactions_of(const Dataset& dataset) {
  Interactions interactions;
  interactions.users = dataset.users;
  interactions.items = dataset.items;
  interactions.has_values = dataset.matrix.has_values();
  for (std::size_t u = 0; u < dataset.matrix.n_users(); ++u) {
    const auto user = static_cast<UserIndex>(u);
    for (const Interaction& entry : dataset.matrix.user(user)) interactions.add(user, entry);
  }
  return interactions;
}

}  // namespace coseno
