"""Sends a body with Python's usual clients; prints the status that each one sees."""
import http.client
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

address, key, length = sys.argv[1], sys.argv[2], int(sys.argv[3])
body = b"x" * length
headers = {"Content-Type": "application/json", **({"Ocp-Apim-Subscription-Key": key} if key else {})}


def with_http_client():
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("POST", parts.path, body, headers)
    return connection.getresponse().status


def with_urllib():
    try:
        return urllib.request.urlopen(urllib.request.Request(address, body, headers, method="POST"), timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


def with_requests():
    import requests

    with requests.Session() as session:
        # Twice, so that the connection is used again.
        return {session.post(address, data=body, headers=headers, timeout=30).status_code for _ in range(2)}.pop()


for name, send in [("http.client", with_http_client), ("urllib", with_urllib), ("requests", with_requests)]:
    try:
        print(f"python {name}", send())
    except ImportError:
        pass
    except Exception as error:
        print(f"python {name}", repr(error))
