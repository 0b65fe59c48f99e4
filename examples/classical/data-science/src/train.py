"""Trains a random forest and writes it as an MLflow model into the step's output."""
import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from columns import CATEGORIES, NUMBERS, TARGET


def parse_args():
    parser = argparse.ArgumentParser("train")
    parser.add_argument("--train_data", type=str, help="folder of Parquet")
    parser.add_argument("--model_output", type=str, help="folder for the model")
    parser.add_argument("--n_estimators", type=int, default=100)
    parser.add_argument("--max_depth", type=int, default=10)
    return parser.parse_args()


def main(args):
    trips = pd.read_parquet(Path(args.train_data))
    features, cost = trips[NUMBERS + CATEGORIES], trips[TARGET]
    model = RandomForestRegressor(n_estimators=args.n_estimators, max_depth=args.max_depth, random_state=0)
    mlflow.log_param("model", "RandomForestRegressor")
    mlflow.log_params({"n_estimators": args.n_estimators, "max_depth": args.max_depth})
    model.fit(features, cost)

    predicted = model.predict(features)
    mlflow.log_metric("train r2", r2_score(cost, predicted))
    mlflow.log_metric("train mean absolute error", mean_absolute_error(cost, predicted))
    mlflow.log_metric("train rmse", mean_squared_error(cost, predicted) ** 0.5)

    plt.scatter(cost, predicted, s=4)
    plt.xlabel("cost")
    plt.ylabel("predicted cost")
    plt.savefig("regression_results.png")
    mlflow.log_artifact("regression_results.png")

    mlflow.sklearn.save_model(sk_model=model, path=args.model_output)


if __name__ == "__main__":
    mlflow.start_run()
    main(parse_args())
    mlflow.end_run()
