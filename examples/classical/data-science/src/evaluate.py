"""Scores the new model and every registered version on the test data; says in deploy_flag whether the new one is the best."""
import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import pandas as pd
from mlflow.tracking import MlflowClient
from sklearn.metrics import mean_absolute_error, r2_score

from columns import CATEGORIES, NUMBERS, TARGET


def parse_args():
    parser = argparse.ArgumentParser("evaluate")
    parser.add_argument("--model_name", type=str)
    parser.add_argument("--model_input", type=str, help="folder of the model")
    parser.add_argument("--test_data", type=str)
    parser.add_argument("--evaluation_output", type=str)
    return parser.parse_args()


def main(args):
    trips = pd.read_parquet(Path(args.test_data))
    features, cost = trips[NUMBERS + CATEGORIES], trips[TARGET]
    output = Path(args.evaluation_output)

    predicted = mlflow.sklearn.load_model(args.model_input).predict(features)
    scores = {"candidate": r2_score(cost, predicted)}
    mlflow.log_metric("test r2", scores["candidate"])
    mlflow.log_metric("test mean absolute error", mean_absolute_error(cost, predicted))
    trips.assign(predicted=predicted).to_csv(output / "predictions.csv", index=False)
    (output / "score.txt").write_text(f"Scored with the candidate: r2 {scores['candidate']:.4f}\n")

    for version in MlflowClient().search_model_versions(f"name='{args.model_name}'"):
        champion = mlflow.pyfunc.load_model(f"models:/{args.model_name}/{version.version}")
        scores[f"{args.model_name}:{version.version}"] = r2_score(cost, champion.predict(features))
    best = max(scores, key=scores.get)
    deploy_flag = int(best == "candidate")
    print(f"scores {scores}; best: {best}")
    mlflow.log_metric("deploy flag", deploy_flag)
    (output / "deploy_flag").write_text(str(deploy_flag))

    plt.figure()
    plt.bar(list(scores), list(scores.values()))
    plt.savefig("perf_comparison.png")
    mlflow.log_artifact("perf_comparison.png")


if __name__ == "__main__":
    mlflow.start_run()
    main(parse_args())
    mlflow.end_run()
