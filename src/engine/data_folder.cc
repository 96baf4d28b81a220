#include "engine/data_folder.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/model_snapshot.h"
#include "storage/store_folder.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStore = "store";
constexpr std::string_view kSnapshots = "snapshots";

Result<std::vector<std::string>> names_in_if_there(const std::string& folder) {
  std::error_code error;
  if (!fs::exists(folder, error) && !error) return std::vector<std::string>();
  return names_in(folder);
}

// A folder of other things, or a data folder, does not become a backup.
Result<void> check_target(const std::string& target) {
  COSENO_ASSIGN(names, names_in_if_there(target));
  for (const std::string& name : names) {
    if (name != kStore && name != kSnapshots) {
      return make_error(ErrorCode::conflict, "{}: holds '{}' and is no backup", target, name);
    }
  }
  COSENO_ASSIGN(store_names, names_in_if_there(store_of(target)));
  if (std::ranges::count(store_names, "WRITER") > 0) {
    return make_error(ErrorCode::conflict, "{}: is a data folder and no backup", target);
  }
  return {};
}

Result<void> copy_back(const std::string& backup, const std::string& folder, Progress& progress) {
  COSENO_TRY(EventStore::restore(store_of(backup), store_of(folder), progress));
  COSENO_ASSIGN(id, ModelSnapshot::current_id(snapshots_of(backup)));
  progress.report("restoring the snapshot", 0, 0, "");
  if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  return ModelSnapshot::copy(snapshots_of(backup), id, snapshots_of(folder));
}

}  // namespace

std::string store_of(const std::string& folder) { return fmt::format("{}/{}", folder, kStore); }

std::string snapshots_of(const std::string& folder) {
  return fmt::format("{}/{}", folder, kSnapshots);
}

Result<void> back_up_data_folder(const EventStore& store, const std::string& folder,
                                 const std::string& target, Progress& progress) {
  COSENO_TRY(check_target(target));
  // One that is published while the store is copied may know items that the copy has not.
  COSENO_ASSIGN(id, ModelSnapshot::current_id(snapshots_of(folder)));
  COSENO_TRY(store.back_up(store_of(target), progress));
  return ModelSnapshot::copy(snapshots_of(folder), id, snapshots_of(target));
}

Result<void> restore_data_folder(const std::string& backup, const std::string& folder,
                                 Progress& progress) {
  COSENO_ASSIGN(names, names_in_if_there(folder));
  if (!names.empty()) {
    return make_error(ErrorCode::conflict,
                      "{}: holds '{}': a backup is restored to an empty folder", folder,
                      names.front());
  }
  std::error_code error;
  const bool was_there = fs::exists(folder, error);
  Result<void> copied = copy_back(backup, folder, progress);
  if (!copied) {
    // It was empty, so these are ours.
    fs::remove_all(store_of(folder), error);
    fs::remove_all(snapshots_of(folder), error);
    if (!was_there) fs::remove(folder, error);
  }
  return copied;
}

Result<FolderContents> verify_data_folder(const std::string& folder, Progress& progress) {
  // Before the store is opened, so that the store has every item that the snapshot knows.
  COSENO_ASSIGN(snapshot, ModelSnapshot::load_current(snapshots_of(folder)));
  COSENO_ASSIGN(store, EventStore::open_beside(store_of(folder)));
  COSENO_ASSIGN(counts, store->verify(progress));
  if (snapshot && snapshot->model->n_items() > counts.n_items) {
    return make_error(ErrorCode::corrupt, "{}: snapshot {} has {} items, the store {}", folder,
                      snapshot->id, snapshot->model->n_items(), counts.n_items);
  }
  return FolderContents{.position = store->last_position(),
                        .n_events = counts.n_events,
                        .n_event_ids = counts.n_event_ids,
                        .n_users = counts.n_users,
                        .n_erased_users = counts.n_erased_users,
                        .n_items = counts.n_items,
                        .n_shown_lists = counts.n_shown_lists,
                        .snapshot = snapshot ? snapshot->id : 0};
}

}  // namespace coseno
