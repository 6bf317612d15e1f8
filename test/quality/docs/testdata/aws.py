"""Runs the aws commands of pages up to the request, which is not sent.

Input: {page: code} as JSON. Output: a line for each command that the aws command
line rejects, and their number at the end.
"""

import contextlib
import io
import json
import os
import re
import shlex
import sys
import tempfile

from awscli.clidriver import create_clidriver

WRONG = re.compile(r"usage:|Unknown options|Invalid choice|Parameter validation|Error parsing|Invalid JSON|Bad value|Bad jmespath|invalid literal")


def commands(code):
    """Yields the words of each command, which ends where its quotes do."""
    text = ""
    for line in code.replace("\\\n", " ").splitlines():
        text += line.strip() + "\n"
        try:
            words = shlex.split(text, comments=True)
        except ValueError:
            if text.startswith(("aws ", "parameters=$(aws ")):
                continue
            words = []
        if words and words[0].endswith("$(aws"):
            words = ["aws"] + shlex.split(text.strip().partition("$(aws")[2].rstrip(")"))
        if words[:1] == ["aws"]:
            yield words[1:]
        text = ""


class Response:
    status_code = 200


def run(words):
    for word in words:
        if word.startswith("file://"):
            os.makedirs(os.path.dirname(word[7:]) or ".", exist_ok=True)
            with open(word[7:], "w") as file:
                file.write("{}")
    driver = create_clidriver()
    driver.session.register("before-call", lambda **_: (Response, {}))
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            driver.main(words)
        except SystemExit:
            pass
    found = WRONG.search(out.getvalue())
    return found and out.getvalue().strip()


os.environ.update(
    AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1", AWS_PAGER="", AWS_MAX_ATTEMPTS="1",
    AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_ENDPOINT_URL="http://127.0.0.1:1",
)
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
ran = 0
for page, code in json.load(sys.stdin).items():
    for words in commands(code):
        if "wait" in words:
            continue  # it would ask for ever
        ran += 1
        words = [w.replace("$parameters", "ParameterKey=A,UsePreviousValue=true").replace("${account}", "1") for w in words]
        if wrong := run(words):
            print(f"{page}: aws {shlex.join(words)}: {wrong}")
print(ran)
