// The numbers of a trained `sasrec` in a safetensors file: of coseno-train-deep, of a fitted model,
// or of PyTorch.
//
//   the tensors of sasrec_tensors(), F32     metadata "sasrec.temperature": a number, 0 for none
//   "item_ids" or "coseno.item_ids": JSON, a list of the ids of the rows of item_embedding
//
// The shape is told by the tensors' own: dim and items by item_embedding, heads and length by
// distance_bias, hidden by feed_forward.0, gates and intervals by whether they are there, and
// blocks by counting.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/ids.h"
#include "models/sasrec_tensors.h"

namespace coseno {

class TensorFile;
class TensorFileWriter;

// Errors: corrupt, with the tensor or key.
Result<SasrecTrained> sasrec_of(const TensorFile& file);

// Of any program, with the rows numbered as in `items`: an item that the file has not gets zeros,
// and one that is not in `items` is left out. Errors: io, corrupt; invalid_argument where they have
// no item in common.
Result<SasrecTrained> read_sasrec(const std::string& path, const ItemIds& items);

// Adds all to `file`, the item embeddings (n_items x dim) apart from the parameters after them, of
// which a view is kept.
void add_sasrec(const SasrecShape& shape, float temperature, std::vector<float> item_embeddings,
                std::span<const float> rest, TensorFileWriter& file);

}  // namespace coseno
