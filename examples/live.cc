// An event, and the answer that reflects it: run it twice, and it goes on where it was.
//
//   live_example FOLDER

#include <cstdio>
#include <string>

#include "coseno/engine.h"

namespace {

int fail(const coseno::Error& error) {
  std::fprintf(stderr, "live_example: %s\n", error.message.c_str());
  return 1;
}

void print(const coseno::Recommendations& answer) {
  for (const coseno::RecommendedItem& item : answer.items) std::printf(" %s", item.item.c_str());
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail({coseno::ErrorCode::invalid_argument, "one argument: a folder"});
  auto engine = coseno::Engine::open(argv[1]);
  if (!engine) return fail(engine.error());

  const coseno::Event events[] = {
      {.user = "ann", .item = "tea"},  {.user = "ann", .item = "honey"},
      {.user = "bob", .item = "tea"},  {.user = "bob", .item = "honey"},
      {.user = "eve", .item = "nuts"}, {.user = "eve", .item = "oil"},
  };
  if (const auto stored = engine->observe(events); !stored) return fail(stored.error());

  // The event is on disk and in effect when observe() returns.
  if (const auto stored = engine->observe({.user = "zoe", .item = "tea"}); !stored) {
    return fail(stored.error());
  }
  const auto answer = engine->recommend({.user = "zoe", .k = 1});
  if (!answer) return fail(answer.error());
  std::printf("zoe, who had tea, may like");
  print(*answer);
  return 0;
}
