#include "engine/search_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>
#include <vector>

#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr std::size_t kJudges = 200;
constexpr std::size_t kBest = 100;
constexpr double kLeastRecall = 0.98;

// The mean over evenly taken users.
struct Judgement {
  double recall = 0;
  double n_scored = 0;
};

Judgement judge(const HnswRetriever& retriever, const Model& model, const UserItemMatrix& matrix) {
  HnswRetriever::Scratch scratch;
  ExactRetriever::Scratch exact_scratch;
  const std::size_t n = std::min(kJudges, matrix.n_users());
  Judgement sum;
  for (std::size_t j = 0; j < n; ++j) {
    const auto user = static_cast<UserIndex>(j * matrix.n_users() / n);
    const std::vector<float> vector = model.user_vector({.history = matrix.user(user)});
    const RetrieverRequest request = {.vector = vector, .k = kBest};
    const std::span<const Scored> exact = retriever.exact().top(request, exact_scratch);
    const std::span<const Scored> found = retriever.top(request, scratch);
    // By score: of items that are as good as one another it does not matter which.
    const auto n_found = std::ranges::count_if(
        found, [&](const Scored& one) { return one.score >= exact.back().score; });
    sum.recall += static_cast<double>(n_found) / static_cast<double>(exact.size());
    sum.n_scored += static_cast<double>(scratch.n_scored());
  }
  const auto count = static_cast<double>(std::max<std::size_t>(n, 1));
  return {sum.recall / count, sum.n_scored / count};
}

std::unexpected<Error> corrupt_graph(const std::string& path, std::string_view why) {
  return make_error(ErrorCode::corrupt, "{}: {}", path, why);
}

template <class Number>
Result<Number> number(const TensorFile& file, std::string_view key) {
  COSENO_ASSIGN(text, file.metadata(key));
  Number value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return corrupt_graph(file.path(), fmt::format("{} is no number", key));
  }
  return value;
}

std::string tensor_name(std::size_t graph, std::size_t layer, std::string_view what) {
  return fmt::format("graph{}.layer{}.{}", graph, layer, what);
}

Result<HnswRetriever::Layer> load_layer(const TensorFile& file, std::size_t graph,
                                        std::size_t number) {
  HnswRetriever::Layer layer;
  if (number > 0) {
    COSENO_ASSIGN(rows, file.uint32s(tensor_name(graph, number, "rows"), {TensorFile::kAny}));
    layer.rows.assign(rows.begin(), rows.end());
  }
  COSENO_ASSIGN(begin, file.int64s(tensor_name(graph, number, "begin"), {TensorFile::kAny}));
  layer.begin.assign(begin.begin(), begin.end());
  COSENO_ASSIGN(links, file.uint32s(tensor_name(graph, number, "links"), {TensorFile::kAny}));
  layer.links.assign(links.begin(), links.end());
  return layer;
}

}  // namespace

Result<std::optional<SearchGraph>> make_search_graph(const Model& model,
                                                     const UserItemMatrix& matrix,
                                                     const SearchGraphOptions& options,
                                                     ThreadPool& pool, Progress& progress) {
  const std::optional<MatrixView> vectors = model.item_vectors();
  if (!vectors || !model.scores_by_inner_product() || vectors->n_rows < options.least_items) {
    return std::optional<SearchGraph>();
  }
  COSENO_ASSIGN(retriever, HnswRetriever::build(*vectors, options.hnsw, pool, progress));
  const Judgement judgement = judge(retriever, model, matrix);
  if (judgement.recall < kLeastRecall ||
      judgement.n_scored * options.walked_row > static_cast<double>(vectors->n_rows)) {
    return std::optional<SearchGraph>();
  }
  return std::optional<SearchGraph>(SearchGraph{std::move(retriever), judgement.recall});
}

Result<void> save_search_graph(const SearchGraph& graph, std::uint64_t id,
                               const std::string& path) {
  TensorFileWriter file;
  const std::vector<HnswRetriever::Graph>& graphs = graph.retriever.graphs();
  file.set_metadata("coseno.snapshot", std::to_string(id));
  file.set_metadata("coseno.recall", fmt::format("{}", graph.recall));
  file.set_metadata("coseno.graphs", std::to_string(graphs.size()));
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    const HnswRetriever::Graph& one = graphs[g];
    file.set_metadata(fmt::format("coseno.graph{}.entry", g), std::to_string(one.entry_row));
    file.set_metadata(fmt::format("coseno.graph{}.layers", g), std::to_string(one.layers.size()));
    for (std::size_t l = 0; l < one.layers.size(); ++l) {
      const HnswRetriever::Layer& layer = one.layers[l];
      if (l > 0) file.add(tensor_name(g, l, "rows"), {layer.rows.size()}, std::span(layer.rows));
      file.add(tensor_name(g, l, "begin"), {layer.begin.size()},
               std::vector<std::int64_t>(layer.begin.begin(), layer.begin.end()));
      file.add(tensor_name(g, l, "links"), {layer.links.size()}, std::span(layer.links));
    }
  }
  return file.write(path);
}

Result<SearchGraph> load_search_graph(MatrixView vectors, std::uint64_t id, const std::string& path,
                                      const SearchGraphOptions& options) {
  COSENO_ASSIGN(file, TensorFile::read(path));
  COSENO_ASSIGN(of, number<std::uint64_t>(file, "coseno.snapshot"));
  if (of != id) return corrupt_graph(path, fmt::format("is of snapshot {}, not {}", of, id));
  COSENO_ASSIGN(recall, number<double>(file, "coseno.recall"));
  COSENO_ASSIGN(n_graphs, number<std::uint32_t>(file, "coseno.graphs"));
  if (n_graphs > vectors.n_rows) return corrupt_graph(path, "has more graphs than items");
  std::vector<HnswRetriever::Graph> graphs(n_graphs);
  for (std::uint32_t g = 0; g < n_graphs; ++g) {
    graphs[g].first = g;
    graphs[g].stride = n_graphs;
    COSENO_ASSIGN(entry, number<std::uint32_t>(file, fmt::format("coseno.graph{}.entry", g)));
    graphs[g].entry_row = entry;
    COSENO_ASSIGN(n_layers, number<std::size_t>(file, fmt::format("coseno.graph{}.layers", g)));
    for (std::size_t l = 0; l < n_layers; ++l) {
      COSENO_ASSIGN(layer, load_layer(file, g, l));
      graphs[g].layers.push_back(std::move(layer));
    }
  }
  Result<HnswRetriever> retriever =
      HnswRetriever::assemble(vectors, options.hnsw, std::move(graphs));
  if (!retriever) return corrupt_graph(path, retriever.error().message);
  return SearchGraph{std::move(*retriever), recall};
}

}  // namespace coseno
