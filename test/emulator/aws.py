"""Runs aws commands, each in a fork of this process.

The real aws command needs half a second of a processor until it can send a request.
A fork has that behind it.

Argument: the path of a Unix socket. Each connection carries one command, a list of
words in JSON, and receives its exit code and output. When its starter ends, it
removes the socket's folder and ends.
"""

import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading

from awscli.clidriver import create_clidriver
from botocore.waiter import Waiter


def wait_by_the_second():
    """Lets waiters ask every second. The aws command asks CloudFormation every 30."""
    wait = Waiter.wait

    def wait_as_long(self, WaiterConfig=None, **named):
        given = {"Delay": self.config.delay, "MaxAttempts": self.config.max_attempts} | (WaiterConfig or {})
        wait(self, WaiterConfig={"Delay": 1, "MaxAttempts": given["Delay"] * given["MaxAttempts"]}, **named)

    Waiter.wait = wait_as_long


def end_with_starter(folder):
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def run(driver, words):
    """Runs a command whose output goes to files and returns what the socket receives."""
    outputs = {1: tempfile.TemporaryFile(), 2: tempfile.TemporaryFile()}
    for number, file in outputs.items():
        os.dup2(file.fileno(), number)
    try:
        code = driver.main(words)
    except SystemExit as e:  # a usage error
        code = e.code
    sys.stdout.flush()
    sys.stderr.flush()
    for file in outputs.values():
        file.seek(0)
    return {"code": code or 0, "stdout": outputs[1].read().decode(), "stderr": outputs[2].read().decode()}


def serve(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    driver = create_clidriver()
    wait_by_the_second()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the forks
    threading.Thread(target=end_with_starter, args=[os.path.dirname(path)], daemon=True).start()
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            continue
        with connection.makefile("rwb") as stream:
            answer = run(driver, json.loads(stream.readline()))
            stream.write(json.dumps(answer).encode())
        os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
