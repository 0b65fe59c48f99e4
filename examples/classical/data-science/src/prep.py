"""Splits the raw trips into three folders of Parquet: train, val, test."""
import argparse
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd

from columns import CATEGORIES, NUMBERS, TARGET


def parse_args():
    parser = argparse.ArgumentParser("prep")
    parser.add_argument("--raw_data", type=str, help="CSV of trips")
    parser.add_argument("--train_data", type=str)
    parser.add_argument("--val_data", type=str)
    parser.add_argument("--test_data", type=str)
    return parser.parse_args()


def main(args):
    data = pd.read_csv(args.raw_data)[NUMBERS + CATEGORIES + [TARGET]].dropna()
    data = data[data["distance"] > 0]
    draw = np.random.default_rng(7).random(len(data))
    parts = {"train": data[draw < 0.7], "val": data[(draw >= 0.7) & (draw < 0.85)], "test": data[draw >= 0.85]}
    for name, part in parts.items():
        mlflow.log_metric(f"{name} size", len(part))
        part.to_parquet(Path(getattr(args, f"{name}_data")) / f"{name}.parquet")
        print(f"{name}: {len(part)} trips")


if __name__ == "__main__":
    mlflow.start_run()
    main(parse_args())
    mlflow.end_run()
