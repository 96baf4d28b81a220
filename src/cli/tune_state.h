// The file that lets a search for options go on where it ended: JSON Lines, first what the search
// is, then a line a trial:
//
//   {"coseno_tune": 1, "model": "item_knn", "seed": 1, ..., "data": "9f86d081884c7d65"}
//   {"settings": {"neighbours": "80", "shrink": "2"}, "ndcg": 0.1287, "fit_s": 0.41, "judge_s":
//   0.2}
//
// Each line is written when its trial is made. A process that is killed may leave the last line
// without its end: that line is dropped. Nothing but a file of the same search is ever written to.
#pragma once

#include <boost/json/object.hpp>

#include <fstream>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "evaluation/tune.h"

namespace coseno::cli {

class TuneState {
 public:
  // Opens or makes the file; `header` names all that decides the search. Failed where the file is
  // of another search, with what differs, or is none, or cannot be read or written.
  static Outcome<TuneState> open(const std::string& path, const boost::json::object& header);

  // The trials of the file, for the one who goes on.
  std::vector<Trial>& trials() { return trials_; }

  Outcome<void> append(const Trial& trial);

 private:
  TuneState(std::string path, std::vector<Trial> trials)
      : path_(std::move(path)), trials_(std::move(trials)) {}

  Outcome<void> write_line(const boost::json::object& line);

  std::string path_;
  std::vector<Trial> trials_;
  std::ofstream file_;
};

// {"settings": {...}, "ndcg": 0.1287, "fit_s": 0.41, "judge_s": 0.2}; a trial that failed has null
// for ndcg, and "trouble".
boost::json::object trial_json(const Trial& trial);

}  // namespace coseno::cli
