"""Runs MiniStack until the program that started it ends.

Arguments: the emulator's folder, then hypercorn's arguments.

hypercorn serves MiniStack directly. MiniStack's own main would listen on every
interface and on port 443 and leave a PID file in /tmp.
"""

import bisect
import functools
import json
import operator
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from decimal import Decimal


def end_with_starter(folder):
    """Removes the folder and kills the process group when the starter ends.

    The starter holds the other end of the pipe at standard input. The kernel
    closes it however the starter ends. A byte means: keep running.
    """
    if sys.stdin.buffer.read(1):
        return
    subprocess.Popen(["rm", "-rf", folder], start_new_session=True)
    os.killpg(0, signal.SIGKILL)  # this process and its functions


def record_calls(file):
    """Writes each distinct call that a role's policy allows to the file.

    It must run before MiniStack's services are imported, because some of them
    import evaluate by name.
    """
    from ministack.core import iam_evaluator

    evaluate, recorded = iam_evaluator.evaluate, set()
    out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def recorded_evaluate(context, *policies):
        result = evaluate(context, *policies)
        # arn:aws:sts::{account}:assumed-role/{role}/{session}
        kind, _, session = context.principal_arn.partition(":assumed-role/")
        call = (session.partition("/")[0], result.matched_sid, context.action, context.resource_arn)
        if session and result.decision == "Allow" and call not in recorded:
            recorded.add(call)
            line = json.dumps(dict(zip(("Role", "Sid", "Action", "Resource"), call)))
            os.write(out, line.encode() + b"\n")  # one write, so that threads do not mix lines
        return result

    iam_evaluator.evaluate = recorded_evaluate


def accept_metric_math():
    """Creates an alarm on metric math as an alarm on its first metric.

    MiniStack refuses such alarms. It evaluates none, so nothing else is lost.
    """
    from ministack.services.cloudformation import provisioners

    record = provisioners._cw_metric_alarm_record

    def record_first(name, props):
        metrics = [m["MetricStat"] for m in props.get("Metrics") or [] if "MetricStat" in m]
        if metrics:
            props = {key: value for key, value in props.items() if key != "Metrics"}
            props.update(metrics[0]["Metric"], Period=metrics[0]["Period"], Statistic=metrics[0]["Stat"])
        return record(name, props)

    provisioners._cw_metric_alarm_record = record_first


def read_numbers_of_parameters():
    """Reads a poller's concurrency that comes from a parameter, which is a string.

    CloudFormation converts it to the property's type. MiniStack keeps the string:
    its poller fails on it, and clients cannot decode it.
    """
    from ministack.services import lambda_svc

    concurrency, respond = lambda_svc._sqs_esm_concurrency, lambda_svc._esm_response

    def convert(mapping):
        scaling = mapping.get("ScalingConfig") or {}
        if isinstance(scaling.get("MaximumConcurrency"), str):
            mapping["ScalingConfig"] = {"MaximumConcurrency": int(scaling["MaximumConcurrency"])}
        if isinstance(mapping.get("ParallelizationFactor"), str):
            mapping["ParallelizationFactor"] = int(mapping["ParallelizationFactor"])

    def read_number(mapping, *args, **kwargs):
        convert(mapping)
        return concurrency(mapping, *args, **kwargs)

    def respond_with_number(mapping):
        convert(mapping)  # a client may ask before the first poll
        return respond(mapping)

    lambda_svc._sqs_esm_concurrency = read_number
    lambda_svc._esm_response = respond_with_number


def read_streams_like_lambda():
    """Honours what a function answers about single records of a stream, and the retry limits.

    MiniStack takes a batch whose function returns as done, ignores MaximumRetryAttempts and
    BisectBatchOnFunctionError, and at MaximumRecordAgeInSeconds drops the whole batch. Lambda
    repeats from the first failed record, halves a failed batch, which counts as no retry, and
    reports what it gives up (Lambda Developer Guide, "Configuring partial batch response with
    DynamoDB and Lambda" and "Retain discarded records").
    """
    from ministack.services import dynamodb, lambda_svc

    execute, poll = lambda_svc._execute_function, lambda_svc._poll_dynamodb_streams
    poller = threading.local()
    tries = {}  # by mapping and first record

    def sequence(record):
        return record["dynamodb"]["SequenceNumber"]

    def count_done(result, part, mapping):
        """Returns the index of the first record that failed, or the number of records."""
        if result.get("error"):
            return 0
        if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
            return len(part)
        body = result.get("body") or {}
        if isinstance(body, (str, bytes)):
            body = json.loads(body)
        numbers = [sequence(record) for record in part]
        listed = [failure.get("itemIdentifier") for failure in body.get("batchItemFailures") or []]
        # An unknown identifier fails the whole batch.
        return min((numbers.index(n) if n in numbers else 0 for n in listed), default=len(part))

    def given_up(part, mapping, tried):
        """Returns how many records are not tried again, and why."""
        if 0 <= int(mapping.get("MaximumRetryAttempts", -1)) < tried:
            return len(part), "RetryAttemptsExhausted"
        age = int(mapping.get("MaximumRecordAgeInSeconds") or -1)
        expired = [r for r in part if 0 < age < time.time() - float(r["dynamodb"]["ApproximateCreationDateTime"])]
        return len(expired), "MaxRecordAgeExceeded"

    def move_checkpoint(mapping, record):
        """Lets the mapping continue with the record. Positions count filtered records too."""
        table = mapping["EventSourceArn"].split(":table/")[1].partition("/")[0]
        with lambda_svc._dynamodb_stream_positions_lock:
            position = lambda_svc._dynamodb_stream_positions[mapping["UUID"]]
            records = dynamodb.stream_records_since(table, position, mapping.get("BatchSize", 100))
            position += [sequence(r) for r in records].index(sequence(record))
            lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position

    def deliver(function, batch, mapping):
        parts = [list(batch)]
        while parts:
            part = parts.pop(0)
            result = execute(function, {"Records": part})
            done = count_done(result, part, mapping)
            key = (mapping["UUID"], sequence(part[0]))
            if done:
                tries.pop(key, None)
                parts[:0] = [part[done:]] if part[done:] else []
                continue
            if mapping.get("BisectBatchOnFunctionError") and len(part) > 1:
                parts[:0] = [part[: len(part) // 2], part[len(part) // 2 :]]
                continue
            tries[key] = tries.get(key, 0) + 1
            lost, condition = given_up(part, mapping, tries[key])
            if not lost:
                # MiniStack repeats what is left in batch, in a second.
                del batch[: [sequence(r) for r in batch].index(sequence(part[0]))]
                move_checkpoint(mapping, part[0])
                return {**result, "error": True}
            tries.pop(key)
            lambda_svc._send_ddb_stream_failure_record(
                mapping, function, part[:lost], mapping["EventSourceArn"], result, condition)
            parts[:0] = [part[lost:]] if part[lost:] else []
        return {"body": {}}

    def execute_batch(function, event, *args, **kwargs):
        if getattr(poller, "reads", False):
            name = (function.get("config") or function)["FunctionName"]
            source = event["Records"][0]["eventSourceARN"]
            for mapping in lambda_svc._esms.values():
                if mapping["FunctionName"] == name and mapping["EventSourceArn"] == source:
                    poller.reads = False
                    try:
                        return deliver(function, event["Records"], mapping)
                    finally:
                        poller.reads = True
        return execute(function, event, *args, **kwargs)

    def poll_streams():
        poller.reads = True
        try:
            return poll()
        finally:
            poller.reads = False

    lambda_svc._execute_function, lambda_svc._poll_dynamodb_streams = execute_batch, poll_streams


def log_all_lines():
    """Logs each line with the invocation that wrote it.

    MiniStack waits some milliseconds for a function's lines. On a loaded machine one comes
    later, and is logged with the next invocation of the same process, if there is one. A
    function has written its lines when it responds, so here they are read from the pipe then.
    """
    from ministack.core.lambda_runtime import ProvidedWorker

    reading = threading.Lock()  # held until what was read is queued

    def read(pipe, lines):
        """Queues the lines in the pipe. It reports whether the function runs on."""
        with reading:
            os.set_blocking(pipe.fileno(), False)
            text, part = getattr(lines, "rest", b""), None
            try:
                while part := os.read(pipe.fileno(), 1 << 16):
                    text += part
            except BlockingIOError:
                pass
            *whole, lines.rest = text.split(b"\n")
            for line in whole:
                if not lines.full():
                    lines.put_nowait(line.decode(errors="replace"))
            return part != b""

    def read_all(_, pipe, lines):
        """Reads as long as the function runs: a full pipe would block it."""
        readable = select.poll()
        readable.register(pipe, select.POLLIN)
        while read(pipe, lines):
            readable.poll()

    def drain(worker, **_):
        if process := worker._proc:
            read(process.stdout, worker._stderr_queue)
        return worker._drain_stderr()

    ProvidedWorker._pump_output, ProvidedWorker._drain_stderr_bounded = read_all, drain


def keep_connections():
    """Serves any number of requests on a connection.

    By default hypercorn closes a connection after 1,000 requests. A client that has
    just sent another one repeats it, although it may have been carried out.
    """
    from hypercorn.config import Config

    Config.keep_alive_max_requests = sys.maxsize


def parse_once():
    """Parses an expression once. MiniStack does so for every item of a partition,
    which takes most of a query's time.
    """
    from ministack.services import dynamodb

    dynamodb._tokenize = functools.lru_cache(dynamodb._tokenize)
    dynamodb._condition_syntax_error = functools.lru_cache(dynamodb._condition_syntax_error)


def read_one_page():
    """Lets a query of an index examine only the items that it can return.

    MiniStack sorts the whole partition for each query, evaluates the condition for each
    of its items, and measures each that it returns. This keeps a partition sorted, and
    its items measured, until one of them changes.
    """
    from ministack.services import dynamodb

    query, index_members, index_item = dynamodb._query, dynamodb._index_members, dynamodb._index_item
    project, measure = dynamodb._apply_index_projection, dynamodb._item_size_bytes
    running = threading.local()
    orders = "orders"  # kept beside the indexes' members, and dropped with them
    condition = re.compile(r"(\S+) (?:(=|<=|>=|<|>) (:\w+)|BETWEEN (:\w+) AND (:\w+))")

    def sort_key(entry):
        return entry[0][0]

    def span(order, request, name):
        """Returns the range of a partition that the condition on its sort key allows."""
        begin, end = 0, len(order)
        for found, operator, value, low, high in condition.findall(request.get("KeyConditionExpression", "")):
            if request.get("ExpressionAttributeNames", {}).get(found, found) != name:
                continue
            low, high = (Decimal(request["ExpressionAttributeValues"][v]["N"]) for v in (low or value, high or value))
            if operator not in ("<", "<="):
                begin = (bisect.bisect_right if operator == ">" else bisect.bisect_left)(order, low, key=sort_key)
            if operator not in (">", ">="):
                end = (bisect.bisect_left if operator == "<" else bisect.bisect_right)(order, high, key=sort_key)
        return begin, end

    class Order(list):
        """A partition's items in the order of their sort key."""

        def __init__(self, items):
            super().__init__(items)
            self.entries = {}  # what the index has of an item, by the item's id
            self.sizes = {}  # by the entry's id

    class Pages:
        """An index's members by partition, as far as the running query can return them."""

        def __init__(self, table, index, members):
            self.table, self.index, self.members = table, index, members
            _, self.ranges = dynamodb._index_key_lists(dynamodb._index_def(table, index))
            self.names = dynamodb._index_order_keys(table, self.ranges)

        def place(self, item):
            return tuple(dynamodb._index_order_value(item, name, kind) for name, kind in self.names)

        def order(self, partition):
            kept = self.members.setdefault(orders, {})
            if (self.index, partition) not in kept:
                items = self.table["items"]
                kept[self.index, partition] = Order(sorted(
                    (self.place(items[key][sort]), key, sort) for key, sort in self.members[self.index].get(partition, ())))
            return kept[self.index, partition]

        def get(self, partition, _):
            request, order = running.request, self.order(partition)
            running.order = order  # of the only partition that a query reads
            begin, end = span(order, request, self.ranges[0])
            forward, start = request.get("ScanIndexForward", True), request.get("ExclusiveStartKey")
            if start and forward:
                begin = max(begin, bisect.bisect_right(order, self.place(start), key=lambda o: o[0]))
            elif start:
                end = min(end, bisect.bisect_left(order, self.place(start), key=lambda o: o[0]))
            limit = int(request.get("Limit") or len(order))
            page = order[begin:min(end, begin + limit)] if forward else order[max(begin, end - limit):max(begin, end)]
            return [(key, sort) for _, key, sort in page]

    def read(request):
        running.request = request
        try:
            return query(request)
        finally:
            running.order = None

    def entry(item, table, index):
        order = getattr(running, "order", None)
        if order is None:
            return project(item, table, index)
        if id(item) not in order.entries:
            kept = order.entries[id(item)] = project(item, table, index)
            order.sizes[id(kept)] = measure(kept)
        return order.entries[id(item)]

    def size(item):
        order = getattr(running, "order", None)
        known = order.sizes.get(id(item)) if order is not None else None
        return measure(item) if known is None else known

    def pages(table):
        members = index_members(table)
        return {name: Pages(table, name, members) if dynamodb._get_attr_type(table, (ranges or [None])[0]) == "N" else members[name]
                for name, _, ranges in dynamodb._index_key_schemas(table)}

    def change(table, key, sort, item, add):
        index_item(table, key, sort, item, add)
        kept = table.get(dynamodb._INDEX_MEMBERS, {}).get(orders, {})
        for name, hashes, ranges in dynamodb._index_key_schemas(table):
            kept.pop((name, dynamodb._index_partition(item, hashes, ranges)), None)

    dynamodb._query, dynamodb._index_members, dynamodb._index_item = read, pages, change
    dynamodb._apply_index_projection, dynamodb._item_size_bytes = entry, size


def answer_in_one_piece():
    """Sends the headers of a response with what follows them, in one packet and one TLS
    record. hypercorn sends both apart.
    """
    import h11
    from hypercorn.events import RawData
    from hypercorn.protocol.h11 import H11Protocol

    send = H11Protocol._send_h11_event

    async def send_together(self, event):
        if not isinstance(event, (h11.Response, h11.Data, h11.EndOfMessage)):
            return await send(self, event)
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        held = getattr(self, "held", b"") + data
        self.held = held if isinstance(event, h11.Response) else b""
        if held and not self.held:
            await self.send(RawData(data=held))

    H11Protocol._send_h11_event = send_together


def charge_what_is_read():
    """Reports the read units that DynamoDB charges for a query.

    MiniStack reports half a unit for every query. DynamoDB adds up the sizes of the items
    that it examines, as the index projects them and before the filter, and rounds up to
    4 KB; an eventually consistent read costs half (DynamoDB Developer Guide, "Capacity unit
    consumption for read operations").
    """
    from ministack.services import dynamodb

    query, paginate, add = dynamodb._query, dynamodb._paginate_evaluated_items, dynamodb._add_consumed_capacity
    running = threading.local()

    def read(request):
        running.size = 0
        try:
            return query(request)
        finally:
            running.size = None

    def page(items, limit, table, index=None):
        items, more = paginate(items, limit, table, index)
        if getattr(running, "size", None) is not None:
            running.size = sum(dynamodb._item_size_bytes(dynamodb._apply_index_projection(i, table, index)) for i in items)
        return items, more

    def charge(result, request, *args, **kwargs):
        add(result, request, *args, **kwargs)
        blocks, used = -(-(getattr(running, "size", None) or 0) // 4096), result.get("ConsumedCapacity")
        if blocks > 1 and used:
            shares = [used, *[used[k] for k in ("Table",) if k in used],
                      *used.get("GlobalSecondaryIndexes", {}).values(), *used.get("LocalSecondaryIndexes", {}).values()]
            for share in shares:
                share["CapacityUnits"] *= blocks

    dynamodb._query, dynamodb._paginate_evaluated_items, dynamodb._add_consumed_capacity = read, page, charge


def evaluate_patterns():
    """Evaluates patterns for lines of JSON: comparisons that && and || join.

    MiniStack takes every line for a match. CloudWatch knows more forms. Here each other
    form is an InvalidParameterException, CloudWatch's error for an invalid pattern, and
    not a wrong result.
    """
    from ministack.core.responses import error_response_json
    from ministack.services import cloudwatch_logs

    compile_pattern, filter_events = cloudwatch_logs._compile_filter_pattern, cloudwatch_logs._filter_log_events
    comparison = re.compile(r'\s*\$\.(\w+) (=|!=|>=|<=|>|<) ("[^"\\]*"|-?\d+(?:\.\d+)?)\s*')
    signs = {"=": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}

    class UnknownForm(Exception):
        """Its text is the part of a pattern that has no known form."""

    def parse(part):
        found = comparison.fullmatch(part)
        if not found:
            raise UnknownForm(part.strip())
        name, sign, value = found.groups()
        return name, signs[sign], value[1:-1] if value.startswith('"') else float(value)

    def compiled(pattern):
        pattern = (pattern or "").strip()
        if not pattern.startswith("{"):
            return compile_pattern(pattern)
        if not pattern.endswith("}"):
            raise UnknownForm(pattern)
        wanted = [[parse(one) for one in every.split("&&")] for every in pattern[1:-1].split("||")]

        def holds(line, name, compare, value):
            found = line.get(name)
            return isinstance(found, str if isinstance(value, str) else (int, float)) and compare(found, value)

        def matches(message):
            try:
                line = json.loads(message)
            except ValueError:
                return False
            return isinstance(line, dict) and any(all(holds(line, *one) for one in every) for every in wanted)

        return matches

    def filter_known(request):
        try:
            return filter_events(request)
        except UnknownForm as error:
            return error_response_json("InvalidParameterException", (
                f"Invalid filter pattern: the emulator does not evaluate {str(error)!r}. "
                'It evaluates comparisons such as $.name = "text" or $.name > 1, which && and || join.'), 400)

    cloudwatch_logs._compile_filter_pattern, cloudwatch_logs._filter_log_events = compiled, filter_known


def name_senders():
    """Names the credentials that sent an SQS message as its sender.

    MiniStack names the account as sender of every message. SQS names a user by its unique
    id and a role's session by {unique id of the role}:{session} (SQS API Reference,
    "ReceiveMessage", SenderId; IAM User Guide, "IAM identifiers"). Messages that SNS,
    EventBridge and Lambda send keep MiniStack's sender: AWS documents none for them.
    """
    from ministack.core import iam_evaluator
    from ministack.services import iam, lambda_svc, sqs

    build, run = sqs._build_send_sys_attrs, lambda_svc._run_sqs_batch

    def build_with_sender(*args):
        attributes = build(*args)
        # root, user/{path}{name} or assumed-role/{role}/{session}
        kind, *names = iam_evaluator.caller_arn().rpartition(":")[2].split("/")
        if kind == "assumed-role":
            role, session = names
            attributes["SenderId"] = f"{iam._roles[role]['RoleId']}:{session}"
        elif kind == "user":
            attributes["SenderId"] = iam._users[names[-1]]["UserId"]
        return attributes

    def run_with_senders(mapping, function, event, batch, *args):
        senders = {message["id"]: message["sys"]["SenderId"] for message in batch}
        for record in event["Records"]:
            record["attributes"]["SenderId"] = senders[record["messageId"]]
        return run(mapping, function, event, batch, *args)

    sqs._build_send_sys_attrs, lambda_svc._run_sqs_batch = build_with_sender, run_with_senders


def send_at_once():
    """Sends each response at once on the connections of the inherited socket.

    hypercorn does so only on sockets that it opens. With others the body waits until
    the client acknowledges the headers, which Linux delays by 40 ms.
    """
    listener = socket.socket(fileno=os.dup(3))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.close()


if __name__ == "__main__":
    folder = sys.argv.pop(1)
    threading.Thread(target=end_with_starter, args=[folder], daemon=True).start()
    record_calls(os.path.join(folder, "calls.jsonl"))
    accept_metric_math()
    read_numbers_of_parameters()
    if "PLAIN_STREAMS" not in os.environ:
        read_streams_like_lambda()
    log_all_lines()
    keep_connections()
    parse_once()
    read_one_page()
    charge_what_is_read()
    answer_in_one_piece()
    evaluate_patterns()
    name_senders()
    send_at_once()

    from hypercorn.__main__ import main

    sys.exit(main())
