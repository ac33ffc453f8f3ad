"""Is each kind of mistake in what an overlay renders found?"""

import copy
import pathlib
import sys
import unittest

import check
import yaml

# What an overlay renders: the first argument, made by `.ci/kubernetes`.
RENDERED = pathlib.Path(sys.argv.pop(1))
KNOWN = check.known_variables()


def rendered(name):
    return [one for one in yaml.safe_load_all((RENDERED / f"{name}.yaml").read_text()) if one]


class Overlay(unittest.TestCase):
    def found(self, kind, change, expected, overlay="oke"):
        """Changes the resource of a kind and looks for what is then found."""
        resources = copy.deepcopy(rendered(overlay))
        one, = check.of_kind(resources, kind)
        change(one)
        findings = check.check(resources, KNOWN)
        self.assertTrue(any(expected in finding for finding in findings), f"{expected} is not among {findings}")

    def in_pod(self, change, expected, overlay="oke"):
        self.found("Deployment", lambda one: change(one["spec"]["template"]["spec"]), expected, overlay)

    def in_container(self, change, expected, overlay="oke"):
        self.in_pod(lambda pod: change(pod["containers"][0]), expected, overlay)

    def test_the_overlays_are_right(self):
        for overlay in ("oke", "elsewhere"):
            self.assertEqual(check.check(rendered(overlay), KNOWN), [])

    def test_what_the_schemas_do_not_know(self):
        self.in_container(lambda one: one.update(livenesProbe={}), "(1.31)")
        self.in_container(lambda one: one.pop("name"), "(1.37)")
        self.found("Service", lambda one: one["spec"]["ports"][0].update(port="http"), "is not of type 'integer'")

    def test_what_the_client_does_not_know(self):
        self.in_container(lambda one: one.update(livenesProbe={}), "livenesProbe is not known to the client")
        self.found("HorizontalPodAutoscaler", lambda one: one["spec"].pop("maxReplicas"), "does not take it")

    def test_variables(self):
        self.found("ConfigMap", lambda one: one["data"].update(ALLOWED_PATH="openai"), "ALLOWED_PATH: is no variable")
        self.found("ConfigMap", lambda one: one["data"].update(METRICS_NAMESPACE="m"), "METRICS_NAMESPACE: is no variable")
        self.found("ConfigMap", lambda one: one["data"].update(LOG_FORMAT="text"), "LOG_FORMAT: is set twice")
        self.found("ConfigMap", lambda one: one["metadata"].update(name="other"), "there is no ConfigMap")
        self.found("ConfigMap", lambda one: one["data"].update(GATEWAY_SECRET_FILE="/run/secret"), "is in no Secret")

    def test_trust(self):
        self.found("ConfigMap", lambda one: one["data"].pop("GATEWAY_SECRET_FILE"), "either GATEWAY_SECRET_FILE or TOKEN_*")
        self.found("ConfigMap", lambda one: one["data"].update(TOKEN_SCOPE="predict"), "either GATEWAY_SECRET_FILE or TOKEN_*")
        self.found("ConfigMap", lambda one: one["data"].pop("TOKEN_KEYS"), "of TOKEN_* there are", "elsewhere")
        self.found("ConfigMap", lambda one: one["data"].pop("TLS_KEY_FILE"), "in the clear", "elsewhere")

    def test_ports_and_probes(self):
        self.in_container(lambda one: one["ports"][0].update(containerPort=8081), "LISTEN_ADDRESS: is 0.0.0.0:8080")
        self.in_container(lambda one: one["ports"][1].update(containerPort=9091), "ADMIN_ADDRESS: is 0.0.0.0:9090")
        self.in_container(lambda one: one["readinessProbe"]["httpGet"].update(port="data"), "readinessProbe: asks")
        self.in_container(lambda one: one["livenessProbe"]["httpGet"].update(path="/readyz"), "livenessProbe: asks")

    def test_the_end(self):
        self.in_pod(lambda one: one.update(terminationGracePeriodSeconds=30), "is not 10 s longer")
        self.in_container(lambda one: one["env"][2].update(value="60"), "is not 10 s longer")
        self.in_container(lambda one: one.update(lifecycle={"preStop": {"sleep": {"seconds": 5}}}), "preStop:")

    def test_memory(self):
        self.in_container(lambda one: one["resources"]["limits"].update(memory="256Mi"), "resources.limits.memory")
        self.found("ConfigMap", lambda one: one["data"].update(MAX_BUFFERED="1073741824"), "resources.requests.memory")
        self.found("ConfigMap", lambda one: one["data"].update(MAX_CONCURRENT="10000"), "resources.limits.memory")

    def test_rights_of_the_process(self):
        self.in_pod(lambda one: one["securityContext"].update(runAsNonRoot=False), "it may be root")
        self.in_container(lambda one: one["securityContext"].update(readOnlyRootFilesystem=False), "or write")
        self.in_container(lambda one: one["securityContext"]["capabilities"].update(add=["NET_ADMIN"]), "it has capabilities")
        self.in_pod(lambda one: one.update(automountServiceAccountToken=False), "workload identity needs the token")
        self.in_pod(lambda one: one.update(automountServiceAccountToken=True), "nothing else does", "elsewhere")

    def test_what_is_around(self):
        self.found("PodDisruptionBudget", lambda one: one["spec"].pop("selector"), "PodDisruptionBudget: selects None")
        self.found("NetworkPolicy", lambda one: one["spec"].update(podSelector={}), "NetworkPolicy: selects None")
        self.found("Service", lambda one: one["spec"]["selector"].update(tier="web"), "Service: selects")
        self.found("Service", lambda one: one["spec"]["ports"][0].update(targetPort="admin"), "another port than data")
        self.found("NetworkPolicy", lambda one: one["spec"]["ingress"].pop(), "NetworkPolicy: opens ['data']")
        self.found("NetworkPolicy", lambda one: one["spec"]["ingress"][0].pop("from"), "open to everybody")
        self.found("HorizontalPodAutoscaler", lambda one: one["spec"]["scaleTargetRef"].update(name="web"), "scales something else")
        self.found("Deployment", lambda one: one["spec"].update(replicas=2), "the number of pods")
        self.found("ServiceAccount", lambda one: one["metadata"].update(name="default"), "there are ['default']")
        self.found("ConfigMap", lambda one: one.update(kind="Secret"), "would stand in the repository")


if __name__ == "__main__":
    unittest.main()
