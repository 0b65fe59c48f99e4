"""The questions of ciclo_bench_access, asked of pycasbin. Its enforcer goes over every rule, so fewer are asked, and the time is
given for as many as Ciclo was asked."""

import sys
import time
from pathlib import Path

import casbin

MODEL = """
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.dom == p.dom && r.obj == p.obj && r.act == p.act && g(r.sub, p.sub)
"""
ASKED = 1000

folder = Path(sys.argv[1])
(folder / "model.conf").write_text(MODEL)
enforcer = casbin.Enforcer(str(folder / "model.conf"), str(folder / "policy.csv"))
questions = [line.split(",") for line in (folder / "questions.csv").read_text().splitlines()]
answers = (folder / "answers.txt").read_text()
start = time.perf_counter()
theirs = "".join("1" if enforcer.enforce("ana", *question) else "0" for question in questions[:ASKED])
milliseconds = (time.perf_counter() - start) * 1000 * len(questions) / ASKED
if theirs != answers[:ASKED]:
    differs = next(i for i in range(ASKED) if theirs[i] != answers[i])
    sys.exit(f"question {differs}, {questions[differs]}: Ciclo says {answers[differs]}, pycasbin {theirs[differs]}")
print(f"RESULT access peer=pycasbin-{casbin.__version__ if hasattr(casbin, '__version__') else '1'} decisions={len(questions)} asked={ASKED} "
      f"allowed={answers.count('1')} ms={milliseconds:.0f}")
