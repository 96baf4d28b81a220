// A data folder as files, and what is done with one as a whole.
//
//   store/       what happened (storage/event_store.h)
//   snapshots/   what was learnt from it (engine/model_snapshot.h)
//
// A backup has folders of the same names: in store/ what EventStore::back_up() writes, in
// snapshots/ the one that was in service.
#pragma once

#include <string>

#include "base/error.h"
#include "base/progress.h"
#include "coseno/engine.h"
#include "storage/event_store.h"

namespace coseno {

std::string store_of(const std::string& folder);
std::string snapshots_of(const std::string& folder);

// What these promise stands in coseno/engine.h. `store` is the open one of `folder`.
//
// The store comes first, since a snapshot names items of the log up to its own position: a store
// may be newer than the snapshot beside it, never older. What is interrupted leaves a store without
// the newest snapshot, and that is a good data folder.
Result<void> back_up_data_folder(const EventStore& store, const std::string& folder,
                                 const std::string& target, Progress& progress);
Result<void> restore_data_folder(const std::string& backup, const std::string& folder,
                                 Progress& progress);
Result<FolderContents> verify_data_folder(const std::string& folder, Progress& progress);

}  // namespace coseno
