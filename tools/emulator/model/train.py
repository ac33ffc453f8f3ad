"""Trains the classifier that the emulated model deployment serves, and writes its parameters to iris.json.

    python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1 && venv/bin/python train.py
"""

import json
import pathlib

import sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

iris = load_iris()
model = LogisticRegression(max_iter=1000).fit(iris.data, iris.target)
probabilities = model.predict_proba(iris.data)

folder = pathlib.Path(__file__).parent
parameters = {
    "library": f"scikit-learn {sklearn.__version__}",
    "features": iris.feature_names,
    "classes": [str(name) for name in iris.target_names],
    "coefficients": model.coef_.tolist(),
    "intercepts": model.intercept_.tolist(),
    "training_accuracy": model.score(iris.data, iris.target),
}
(folder / "iris.json").write_text(json.dumps(parameters, indent=2) + "\n")

# Every row with what the library itself predicts for it: what the deployment's own arithmetic is tested against.
rows = [
    {"row": row.tolist(), "class": parameters["classes"][target], "probability": probability.tolist()}
    for row, target, probability in zip(iris.data, iris.target, probabilities)
]
lines = ",\n".join(json.dumps(row) for row in rows)
(folder / "expected.json").write_text(f"[\n{lines}\n]\n")
print(f"accuracy on its {len(rows)} training rows: {parameters['training_accuracy']:.4f}")
