// Everything that a model may learn from, in one place.
#pragma once

#include "data/features.h"
#include "data/ids.h"
#include "data/user_item_matrix.h"

namespace coseno {

// Numbers of users and items mean the same in all members. Items that only a catalogue knows have a
// number and an empty row in `matrix`.
struct Dataset {
  UserIds users;
  ItemIds items;
  UserItemMatrix matrix;
  FeatureEncoder item_encoder;
  FeatureEncoder user_encoder;
  FeatureMatrix item_features;  // n_items rows, or none
  FeatureMatrix user_features;  // n_users rows, or none
};

// Interactions with what is known about their items and users; the catalogues may be empty.
// Items of the catalogue without interactions get numbers after those with; users do not.
Dataset make_dataset(Interactions interactions, RepeatRule rule, const Catalog& item_catalog,
                     const Catalog& user_catalog);

// The other way: what the matrix holds, user after user, with times but without has_times, which a
// dataset does not keep. To split what has been read into a dataset already; copies everything.
Interactions interactions_of(const Dataset& dataset);

}  // namespace coseno
