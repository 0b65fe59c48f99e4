"""ciclo-scorer spoken to by Triton's own client: JSON and binary tensors, compression, metadata, errors.

usage: tritonclient_test.py <build folder>     (with tritonclient[http] and numpy installed)
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import numpy
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

BUILD = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release").resolve()


def key():
    """A fresh one each time: the client adds its own headers to what it is given."""
    return {"Authorization": "Bearer secret"}


class TritonClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        subprocess.run([BUILD / "bin/ciclo_scoring_test_models", folder], check=True)
        (folder / "config.json").write_text(json.dumps({
            "endpoint": "test",
            "port_file": "port.json",
            "auth": {"mode": "key", "keys_sha256": [hashlib.sha256(b"secret").hexdigest()]},
            "deployments": [
                {"name": "weather", "model": {"path": "softmax", "name": "softmax", "version": "7"}},
                {"name": "sum", "model": {"path": "matrix.onnx"}},
                {"name": "echo", "model": {"path": "echo.onnx"}},
            ],
        }))
        cls.process = subprocess.Popen([BUILD / "bin/ciclo-scorer", "--config", folder / "config.json"])
        end = time.monotonic() + 20
        while not (folder / "port.json").exists():
            if cls.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("ciclo-scorer did not start")
            time.sleep(0.02)
        port = json.loads((folder / "port.json").read_text())["port"]
        cls.client = triton.InferenceServerClient("127.0.0.1:%d" % port)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.process.terminate()
        assert cls.process.wait(20) == 0
        cls.folder.cleanup()

    def inputs(self, rows, binary=True):
        columns = {
            "temp": (numpy.array([[row[0]] for row in rows], dtype=numpy.float32), "FP32"),
            "wind": (numpy.array([[row[1]] for row in rows], dtype=numpy.float64), "FP64"),
            "wet": (numpy.array([[row[2]] for row in rows], dtype=numpy.int64), "INT64"),
            "city": (numpy.array([[row[3]] for row in rows], dtype=object), "BYTES"),
        }
        made = []
        for name, (values, kind) in columns.items():
            tensor = triton.InferInput(name, values.shape, kind)
            tensor.set_data_from_numpy(values, binary_data=binary)
            made.append(tensor)
        return made

    def test_health_and_metadata(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("softmax", headers=key()))
        self.assertTrue(self.client.is_model_ready("softmax", "7", headers=key()))
        self.assertFalse(self.client.is_model_ready("softmax", "8", headers=key()))
        self.assertIn("binary_tensor_data", self.client.get_server_metadata()["extensions"])
        model = self.client.get_model_metadata("softmax", headers=key())
        self.assertEqual(model["versions"], ["7"])
        self.assertEqual(model["inputs"][3], {"name": "city", "datatype": "BYTES", "shape": [-1, 1]})

    def check_answer(self, result):
        # Binary strings arrive as bytes, those in JSON as text.
        labels = [label.decode() if isinstance(label, bytes) else label for label in result.as_numpy("label")]
        self.assertEqual(labels, ["sun", "rain"])
        probabilities = result.as_numpy("probabilities")
        self.assertEqual(probabilities.shape, (2, 2))
        numpy.testing.assert_allclose(probabilities.sum(axis=1), [1, 1], rtol=1e-6)
        self.assertGreater(probabilities[0][1], 0.99)

    def test_every_mix_of_json_and_binary(self):
        rows = [(20.5, 3.0, 0, "porto"), (1.0, 3.5, 1, "faro é")]
        for binary_in in (True, False):
            for outputs in (None, True, False):
                wanted = None
                if outputs is not None:
                    wanted = [triton.InferRequestedOutput(name, binary_data=outputs) for name in ("probabilities", "label")]
                result = self.client.infer("softmax", self.inputs(rows, binary_in), outputs=wanted, request_id="r-7", headers=key())
                self.check_answer(result)
                self.assertEqual(result.get_response()["id"], "r-7")
                self.assertEqual(result.get_response()["model_version"], "7")

    def test_compressed_bodies(self):
        rows = [(20.5, 3.0, 0, "porto"), (1.0, 3.5, 1, "faro")]
        for algorithm in ("gzip", "deflate"):
            self.check_answer(self.client.infer("weather", self.inputs(rows), headers=key(), request_compression_algorithm=algorithm))

    def test_matrix_and_strings(self):
        x = triton.InferInput("x", [2, 3], "FP32")
        x.set_data_from_numpy(numpy.array([[1, 2, 3], [4, 5, 6]], dtype=numpy.float32))
        self.assertEqual(self.client.infer("sum", [x], headers=key()).as_numpy("y").tolist(), [[6.0], [15.0]])
        words = numpy.array([["a\0b".encode()], [b""], ["😀".encode()]], dtype=object)
        text = triton.InferInput("text", [3, 1], "BYTES")
        text.set_data_from_numpy(words)
        self.assertEqual(self.client.infer("echo", [text], headers=key()).as_numpy("echo").tolist(), words.tolist())

    def test_errors(self):
        x = triton.InferInput("x", [1, 2], "FP32")
        x.set_data_from_numpy(numpy.zeros((1, 2), dtype=numpy.float32))
        with self.assertRaisesRegex(InferenceServerException, r"input 'x' has shape \[1,2\], expected \[-1,3\]"):
            self.client.infer("sum", [x], headers=key())
        with self.assertRaisesRegex(InferenceServerException, "there is no model 'summ' .*nearest is 'sum'"):
            self.client.infer("summ", [x], headers=key())
        with self.assertRaisesRegex(InferenceServerException, "needs a key"):
            self.client.infer("sum", [x])


if __name__ == "__main__":
    unittest.main(verbosity=2)
