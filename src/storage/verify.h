// EventStore::verify(): every byte and every reference of a store.
#pragma once

#include "base/error.h"
#include "base/progress.h"
#include "storage/event_store.h"

namespace coseno {

class Database;

// Journals and whole files by their checksums.
Result<void> verify_files(const Database& database, Progress& progress);

// What the entries say of each other:
//   - a number that an event names has an id, or is that of an erased user; items have no gaps, nor
//     have users and those erased together, nor types
//   - no number both has an id and is erased, and none that is erased has properties
//   - a retraction names an earlier position
//   - a list that was shown names a user who has an id or is erased, items that have one, and a
//     position that there has been
//   - events that came with an id, and ids, are the same set of position and user (compared by
//   count
//     and sum of hashes: a fault is found, but not its place); events of erased users aside, since
//     a crash in compact() may have dropped one and not yet the other
Result<StoreCounts> verify_entries(const EventStore& store, const Database& database,
                                   Progress& progress);

}  // namespace coseno
