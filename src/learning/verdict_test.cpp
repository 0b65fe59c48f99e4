#include "learning/verdict.hpp"

#include <gtest/gtest.h>

namespace ciclo::learning {
namespace {

struct Case {
  const char* what;
  VerdictInput input;
  bool deploy;
};

TEST(Verdict, FollowsTheTable) {
  const Case table[] = {
      {"no champion, beats the baseline", {"accuracy", 0.8, 0.8, 0.5, {}, 0.0, {}}, true},
      {"no champion, only as good as the baseline", {"accuracy", 0.5, 0.5, 0.5, {}, 0.0, {}}, false},
      {"beats the champion", {"accuracy", 0.8, 0.8, 0.5, 0.7, 0.0, {}}, true},
      {"ties with the champion", {"accuracy", 0.8, 0.8, 0.5, 0.8, 0.0, {}}, false},
      {"worse than the champion", {"accuracy", 0.7, 0.7, 0.5, 0.8, 0.0, {}}, false},
      {"gains too little", {"accuracy", 0.8, 0.8, 0.5, 0.75, 0.1, {}}, false},
      {"gains enough", {"accuracy", 0.9, 0.9, 0.5, 0.75, 0.1, {}}, true},
      {"below the threshold", {"accuracy", 0.8, 0.8, 0.5, {}, 0.0, 0.85}, false},
      {"at the threshold", {"accuracy", 0.8, 0.8, 0.9, {}, 0.0, 0.8}, true},
      {"lower loss wins", {"log_loss", 0.5, 0.8, 0.5, 0.6, 0.0, {}}, true},
      {"higher loss loses", {"log_loss", 0.7, 0.8, 0.5, 0.6, 0.0, {}}, false},
      {"loss over its threshold", {"log_loss", 0.7, 0.8, 0.5, {}, 0.0, 0.6}, false},
  };
  for (const Case& each : table) {
    const Verdict verdict = judge(each.input, *higher_is_better(each.input.metric));
    EXPECT_EQ(verdict.deploy, each.deploy) << each.what << ": " << verdict.reason;
  }
  EXPECT_EQ(higher_is_better("auc").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace ciclo::learning
