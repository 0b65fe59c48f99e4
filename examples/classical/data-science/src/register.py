"""Logs and registers the model, when the evaluation said so."""
import argparse
import json
from pathlib import Path

import mlflow
import mlflow.sklearn


def parse_args():
    parser = argparse.ArgumentParser("register")
    parser.add_argument("--model_name", type=str)
    parser.add_argument("--model_path", type=str)
    parser.add_argument("--evaluation_output", type=str)
    parser.add_argument("--model_info_output_path", type=str)
    return parser.parse_args()


def main(args):
    deploy_flag = int((Path(args.evaluation_output) / "deploy_flag").read_text())
    mlflow.log_metric("deploy flag", deploy_flag)
    if deploy_flag != 1:
        print("The model is not registered: a registered version is better.")
        return
    model = mlflow.sklearn.load_model(args.model_path)
    mlflow.sklearn.log_model(model, args.model_name)
    run_id = mlflow.active_run().info.run_id
    registered = mlflow.register_model(f"runs:/{run_id}/{args.model_name}", args.model_name)
    info = {"id": f"{args.model_name}:{registered.version}"}
    (Path(args.model_info_output_path) / "model_info.json").write_text(json.dumps(info))
    print(f"registered {info['id']}")


if __name__ == "__main__":
    mlflow.start_run()
    main(parse_args())
    mlflow.end_run()
