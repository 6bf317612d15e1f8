"""A subscriber in Python: each event counts once, and no state replaces a newer one.

python subscriber.py INBOX STATES reads messages, one a line, as a queue's consumer gets them.
"""

import json
import sys

import botocore.session

# The order of a payment's states within one second (docs/events.md, "Stale events").
RANK = {"payment.pending": 1, "payment.authorized": 2, "payment.failed": 3, "payment.canceled": 4, "payment.succeeded": 5}


def receive(dynamodb, inbox, states, message):
    event = json.loads(message)
    data, rank = event["data"], RANK.get(event["data"]["category"], 0)
    items = [{"Put": {
        "TableName": inbox, "Item": {"event": {"S": f"{event['source']}#{event['id']}"}},
        "ConditionExpression": "attribute_not_exists(#event)", "ExpressionAttributeNames": {"#event": "event"}}}]
    if rank:
        at, last = max(data["timestamp"], 0), 10**16 - 1
        items.append({"Update": {
            "TableName": states, "Key": {"payment": {"S": event["subject"]}},
            "UpdateExpression": "SET category = :category, eventId = :id, version = :version, revision = :revision",
            "ConditionExpression": "attribute_not_exists(version) OR (eventId <> :id AND version < :version)"
                                   " OR (eventId = :id AND revision < :revision)",  # an event, or a correction
            "ExpressionAttributeValues": {":category": {"S": data["category"]}, ":id": {"S": data["eventId"]},
                ":version": {"S": f"{at // 1000:013}.{rank}.{at % 1000:03}.{data['eventId']}"},
                ":revision": {"S": f"{last - at:016}.{data['receivedAt']:016}"}}}})
    try:
        dynamodb.transact_write_items(TransactItems=items)
        return "applied"
    except dynamodb.exceptions.TransactionCanceledException as canceled:
        reasons = [reason["Code"] for reason in canceled.response["CancellationReasons"]]
        if "ConditionalCheckFailed" not in reasons:
            raise  # the queue delivers the message again
        return "duplicate" if reasons[0] == "ConditionalCheckFailed" else "stale"


if __name__ == "__main__":
    client = botocore.session.get_session().create_client("dynamodb")
    for line in sys.stdin:
        print(receive(client, sys.argv[1], sys.argv[2], line), flush=True)
