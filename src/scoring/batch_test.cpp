#include "scoring/batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ciclo::scoring {
namespace {

std::vector<Tensor> rows(std::initializer_list<float> numbers, std::vector<std::string> texts) {
  Tensor x(DataType::float32, {static_cast<std::int64_t>(numbers.size()), 1});
  std::ranges::copy(numbers, x.values<float>().begin());
  Tensor s(DataType::bytes, {static_cast<std::int64_t>(texts.size())});
  s.strings = std::move(texts);
  return {x, s};
}

// Twice the number beside itself, and the text.
Result<std::vector<Tensor>> twice(const std::vector<Tensor>& inputs) {
  const auto count = inputs[0].shape[0];
  Tensor y(DataType::float32, {count, 2});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    y.values<float>()[2 * i] = 2 * inputs[0].values<float>()[i];
    y.values<float>()[2 * i + 1] = inputs[0].values<float>()[i];
  }
  return std::vector<Tensor>{y, inputs[1]};
}

void expect_own_rows(Batch& batch, std::size_t entry, const std::vector<float>& numbers,
                     const std::vector<std::string>& texts) {
  const auto outputs = batch.take_outputs(entry);
  ASSERT_TRUE(outputs);
  EXPECT_EQ((*outputs)[0].shape, (Shape{static_cast<std::int64_t>(texts.size()), 2}));
  EXPECT_TRUE(std::ranges::equal((*outputs)[0].values<float>(), numbers));
  EXPECT_EQ((*outputs)[1].strings, texts);
}

TEST(BatchTest, EveryoneGetsTheirOwnRows) {
  Batch batch;
  batch.add(rows({1, 2}, {"a", "b"}));
  batch.add(rows({3}, {"c"}));
  batch.add(rows({4, 5, 6}, {"d", "e", "f"}));
  int runs = 0;
  batch.run([&](const auto& inputs) {
    ++runs;
    return twice(inputs);
  });
  EXPECT_EQ(runs, 1);
  expect_own_rows(batch, 0, {2, 1, 4, 2}, {"a", "b"});
  expect_own_rows(batch, 1, {6, 3}, {"c"});
  expect_own_rows(batch, 2, {8, 4, 10, 5, 12, 6}, {"d", "e", "f"});
  EXPECT_EQ(batch.take_inputs(1)[1].strings, std::vector<std::string>{"c"});
}

TEST(BatchTest, AFailingRowSpoilsOnlyItsOwnRequest) {
  Batch batch;
  batch.add(rows({1}, {"good"}));
  batch.add(rows({2}, {"bad"}));
  batch.run([](const std::vector<Tensor>& inputs) -> Result<std::vector<Tensor>> {
    if (std::ranges::find(inputs[1].strings, "bad") != inputs[1].strings.end())
      return fail(ErrorCode::internal, "no", "model");
    return twice(inputs);
  });
  expect_own_rows(batch, 0, {2, 1}, {"good"});
  EXPECT_FALSE(batch.take_outputs(1));
}

TEST(BatchTest, OutputsThatAreNotOneARowAreComputedAlone) {
  Batch batch;
  batch.add(rows({1}, {"a"}));
  batch.add(rows({2}, {"b"}));
  int runs = 0;
  batch.run([&](const std::vector<Tensor>& inputs) -> Result<std::vector<Tensor>> {
    ++runs;
    Tensor sum(DataType::float32, {1});
    for (const float x : inputs[0].values<float>()) sum.values<float>()[0] += x;
    return std::vector<Tensor>{sum};
  });
  EXPECT_EQ(runs, 3);
  EXPECT_EQ((*batch.take_outputs(1))[0].values<float>()[0], 2);
}

}  // namespace
}  // namespace ciclo::scoring
