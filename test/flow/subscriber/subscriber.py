"""A subscriber in Python: each event counts once, no state replaces a newer one, and sums need no order.

python subscriber.py INBOX PAYMENTS reads messages, one a line, as a queue's consumer gets them.
"""

import json
import sys
from decimal import Decimal

import botocore.session

# The order of an object's states within one second (docs/events.md, "Stale events").
RANK = {"payment.pending": 1, "payment.authorized": 2, "payment.failed": 3, "payment.canceled": 4, "payment.succeeded": 5,
        "refund.created": 1, "refund.succeeded": 2, "refund.failed": 3, "dispute.closed": 1, "dispute.won": 2, "dispute.lost": 3}


def version(data):
    at = max(data["timestamp"], 0)
    return f"{at // 1000:013}.{RANK.get(data['category'], 0)}.{at % 1000:03}.{data['eventId']}"


def receive(dynamodb, inbox, payments, message):
    """Keeps an event and the newest state of its payment. The key of the event is in the same transaction."""
    event = json.loads(message)
    data, last, attempts = event["data"], 10**16 - 1, [("applied", [])]
    marker = {"Put": {
        "TableName": inbox, "Item": {"event": {"S": f"{event['source']}#{event['id']}"}},
        "ConditionExpression": "attribute_not_exists(#event)", "ExpressionAttributeNames": {"#event": "event"}}}
    if "subject" in event:
        keep = {"TableName": payments, "Key": {"payment": {"S": event["subject"]}}, "UpdateExpression": "ADD events :event",
                "ExpressionAttributeValues": {":event": {"SS": [json.dumps(data)]}}}
        attempts = [("applied", [{"Update": keep}])]
        if data["category"].startswith("payment.") and data["category"] in RANK:
            newer = keep | {
                "UpdateExpression": "ADD events :event SET category = :category, eventId = :id, version = :version, revision = :revision",
                "ConditionExpression": "attribute_not_exists(version) OR (eventId <> :id AND version < :version)"
                                       " OR (eventId = :id AND revision < :revision)",  # an event, or a correction
                "ExpressionAttributeValues": keep["ExpressionAttributeValues"] | {
                    ":category": {"S": data["category"]}, ":id": {"S": data["eventId"]}, ":version": {"S": version(data)},
                    ":revision": {"S": f"{last - max(data['timestamp'], 0):016}.{data['receivedAt']:016}"}}}
            attempts = [("applied", [{"Update": newer}]), ("stale", [{"Update": keep}])]
    for outcome, updates in attempts:
        try:
            dynamodb.transact_write_items(TransactItems=[marker, *updates])
            return outcome
        except dynamodb.exceptions.TransactionCanceledException as canceled:
            reasons = [reason["Code"] for reason in canceled.response["CancellationReasons"]]
            if reasons[0] == "ConditionalCheckFailed":
                return "duplicate"
            if "ConditionalCheckFailed" not in reasons:
                raise  # the queue delivers the message again


def totals(events):
    """Sums the events of one payment by currency (docs/events.md, "How do I count money?")."""
    once, objects, sums = {}, {}, {}
    for e in sorted(events, key=lambda e: (-e["timestamp"], e["receivedAt"])):
        once[e["eventId"]] = e  # the earliest, or its last correction
    for e in sorted(once.values(), key=version):
        kind = e["category"] if e["category"] == "payment.reversed" else e["category"].partition(".")[0]
        o = objects.setdefault((kind, kind == "payment" or e.get("objectId") or e["eventId"]), {"states": []})
        o["states"] += [e["category"]] if e["category"] in RANK else []
        o |= {name: e[name] for name in ("amount", "currency") if "amount" in e}
    for (kind, _), o in objects.items():
        state, reversals = (o["states"] or [""])[-1], any(kind == "payment.reversed" for kind, _ in objects)
        count = {"payment": "paid" if "payment.succeeded" in o["states"] else "",
                 "refund": "refunded" if state == "refund.succeeded" else "", "payment.reversed": "lost",
                 "dispute": "disputed" if not state else "lost" if state == "dispute.lost" and not reversals else ""}.get(kind)
        if count and "amount" in o:
            sums.setdefault(o["currency"], dict.fromkeys(("paid", "refunded", "disputed", "lost"), Decimal()))[count] += Decimal(o["amount"])
    return sums


if __name__ == "__main__":
    client = botocore.session.get_session().create_client("dynamodb")
    for line in sys.stdin:
        print(receive(client, sys.argv[1], sys.argv[2], line), flush=True)
