"""Waits for the emulators and makes the bucket and the container that the tests use."""

import base64
import email.utils
import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.request

# Azurite's account key, which is public.
KEY = base64.b64decode(
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


def bucket(url, name):
    credential = "AWS4-HMAC-SHA256 Credential=tidemill/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"{credential}, SignedHeaders=host, Signature=unchecked"}
    return urllib.request.Request(f"{url}/{name}", method="PUT", headers=headers)


def container(url, name):
    account = url.rsplit("/", 1)[1]
    date = email.utils.formatdate(usegmt=True)
    text = (
        "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:2023-11-03\n"
        f"/{account}/{account}/{name}\nrestype:container"
    )
    signature = base64.b64encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest()).decode()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2023-11-03",
        "Authorization": f"SharedKey {account}:{signature}",
        "Content-Length": "0",
    }
    url = f"{url}/{name}?restype=container"
    return urllib.request.Request(url, method="PUT", headers=headers)


def send(make, url, name):
    for _ in range(120):
        try:
            urllib.request.urlopen(make(url, name), timeout=10).close()
            return
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.25)
    sys.exit(f"{url} did not start")


send(bucket, os.environ["TIDEMILL_TEST_S3_URL"], sys.argv[1])
send(container, os.environ["TIDEMILL_TEST_AZURE_URL"], sys.argv[1])
