#!/usr/bin/env python3
"""Executes the shell steps of action.yml and of the examples in docs/ci.md, as written, with the variables that the services set.

usage: ci-examples.py   (in a Python with PyYAML, jsonschema, xmlschema and markdown-it-py; builds into this repository's target folder)

fedisim is taken from the path, or from the environment variable FEDISIM, where no example installs it.

Each example runs in a repository of its own with a scenario and its baseline: it must pass, and fail with 99 once a value of the scenario
makes it worse. What is written for programs is held against its schema: check.json against docs/check.schema.json, JUnit XML against
the schema file in the environment variable JUNIT_XSD.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import markdown_it
import xmlschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FEDISIM = os.environ.get("FEDISIM", "fedisim")
SCENARIO = """\
name: small
description: something to check
end: 10 min
compare: [v1, mine]
protocols: {mine: {base: v2, forward: never}}
instances: {origin: {}, followers: {count: 5}}
videos: {clip: {origin: origin, length: 10 min}}
viewers:
  - {video: clip, arrivals: {constant: {rate: 10 /min}}, watch: {exponential: 2 min}, spread: {zipf: {origin_share: 50 %}}}
network: {latency: {uniform: {min: 10 ms, max: 90 ms}}}
"""


def shell(script, folder, environment, is_bash=True):
    """Runs a step as the services do: bash stops at the first error, GitLab's script is a list of lines."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script] if is_bash else ["bash", "-ec", script]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    sys.stdout.write("".join(f"    {line}\n" for line in (done.stdout + done.stderr).splitlines()[-6:]))
    return done


def workflow_steps(workflow):
    """The shell steps of a workflow and of the action that it uses, as (script, own environment)."""
    for step in next(iter(workflow["jobs"].values()))["steps"]:
        own = {key: os.environ.get("FEDISIM_REPOSITORY", ROOT) for key in step.get("env", {})}
        if "run" in step:
            yield step["run"], own
        elif step["uses"].startswith("./"):
            with open(os.path.join(ROOT, "action.yml")) as file:
                action = yaml.safe_load(file)
            given = {**{name: field.get("default", "") for name, field in action["inputs"].items()}, **step["with"]}
            for part in action["runs"]["steps"]:
                if "run" in part:
                    value = lambda text: re.sub(r"\$\{\{ inputs\.(\S+) \}\}", lambda found: str(given[found[1]]), text)
                    yield part["run"], {key: value(text) for key, text in part.get("env", {}).items()}


def examples():
    """The examples by name: a list of (script, environment)."""
    with open(os.path.join(ROOT, "docs/ci.md")) as file:
        blocks = re.findall(r"```yaml\n(# \.\S+.*?)```", file.read(), re.S)
    for block in blocks:
        name = re.match(r"# (\S+?);?\s", block)[1]
        parsed = yaml.safe_load(block)
        if "jobs" in parsed:
            yield name, list(workflow_steps(parsed))
        else:
            yield name, [("\n".join(parsed["fedisim"]["script"]), {"FEDISIM_REPOSITORY": ROOT})]


def repository(folder):
    os.makedirs(f"{folder}/scenarios")
    with open(f"{folder}/scenarios/small.yaml", "w") as file:
        file.write(SCENARIO)
    # what an example installs need not be fast
    os.makedirs(f"{folder}/.cargo")
    with open(f"{folder}/.cargo/config.toml", "w") as file:
        file.write("[profile.release.package.fedisim]\nopt-level = 0\ncodegen-units = 16\n")
    subprocess.run([FEDISIM, "bless", "scenarios/small.yaml"], cwd=folder, check=True, capture_output=True)


def check_files(folder):
    """What was written for programs keeps to its schemas."""
    with open(f"{ROOT}/docs/check.schema.json") as file:
        schema = json.load(file)
    xsd = xmlschema.XMLSchema(os.environ["JUNIT_XSD"])
    found = 0
    for path in glob.glob(f"{folder}/**/check.json", recursive=True):
        with open(path) as file:
            jsonschema.validate(json.load(file), schema)
        found += 1
    for path in glob.glob(f"{folder}/**/junit.xml", recursive=True) + glob.glob(f"{folder}/**/fedisim.xml", recursive=True):
        xsd.validate(path)
        found += 1
    assert found >= 1, folder


def run(name, steps):
    with tempfile.TemporaryDirectory() as folder:
        repository(folder)
        os.makedirs(f"{folder}/temp")
        base = {
            **os.environ, "GITHUB_ACTIONS": "true", "CI": "true", "RUNNER_TEMP": f"{folder}/temp",
            "GITHUB_OUTPUT": f"{folder}/output", "GITHUB_STEP_SUMMARY": f"{folder}/summary.md",
            "GITHUB_ACTION_PATH": f"{folder}/fedisim", "CARGO_TARGET_DIR": f"{ROOT}/target",
        }
        if "gitlab" in name:
            base = {**os.environ, "CI": "true", "GITLAB_CI": "true", "CARGO_TARGET_DIR": f"{ROOT}/target"}
        print(f"{name}: {len(steps)} shell steps")
        for script, own in steps:
            done = shell(script, folder, {**base, **own}, "gitlab" not in name)
            assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        check_files(folder)
        if "github" in name:
            with open(f"{folder}/output") as file:
                output = dict(line.strip().split("=", 1) for line in file)
            assert output["passed"] == "true" and os.path.exists(f"{output['report-path']}/small.html"), output
        # the change that must not come through
        with open(f"{folder}/scenarios/small.yaml", "w") as file:
            file.write(SCENARIO.replace("forward: never", "forward: always"))
        last = "\n".join(steps[-1][0].splitlines()[-1:]) if "gitlab" in name else steps[-1][0]
        done = shell(last, folder, {**base, **steps[-1][1]}, "gitlab" not in name)
        assert done.returncode == 99, f"{name}: {done.returncode} {done.stdout}{done.stderr}"
        assert "viewer_bytes_sent" in done.stdout and "viewer_forwarded" in done.stdout, done.stdout
        check_files(folder)
        if "gitlab" not in name:
            assert "::error file=scenarios/small.yaml,line=1," in done.stdout, done.stdout
            with open(f"{folder}/summary.md") as file:
                page = markdown_it.MarkdownIt("commonmark").enable("table").render(file.read())
            assert "<h2>fedisim: the gate fails</h2>" in page and page.count("<table>") == 3, page
            assert "<td>viewer_bytes_sent</td>" in page and "|" not in page, page
        shutil.rmtree(f"{folder}/fedisim")


def main():
    count = 0
    for name, steps in examples():
        run(name, steps)
        count += 1
    assert count == 3, count
    print(f"{count} examples pass, and fail where they should")


main()
