#!/usr/bin/env bash
# Installs and starts an S3 server (moto) and an Azure server (Azurite) for the storage tests,
# runs the command given to it with their addresses in the environment, and stops them:
#
#   crates/tidemill-artifacts/tests/emulators/start.sh cargo test -p tidemill-artifacts
#
# Needs python3 and npm. They are installed once, into EMULATORS (default: target/emulators).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
home=${EMULATORS:-$here/../../../../target/emulators}
mkdir -p "$home"
home=$(cd "$home" && pwd)

if [ ! -x "$home/python/bin/moto_server" ]; then
    python3 -m venv "$home/python"
    "$home/python/bin/pip" install --quiet "moto[s3,server]==5.2.5"
fi
if [ ! -x "$home/node_modules/.bin/azurite-blob" ]; then
    npm install --silent --no-audit --no-fund --prefix "$home" azurite@3.37.0
fi

# Below the ports that the system gives to whoever asks for any: the emulators take their time.
free_port() {
    python3 -c '
import random, socket
while True:
    port = random.randrange(10_000, 32_000)
    try:
        socket.socket().bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
'
}
s3_port=$(free_port)
azure_port=$(free_port)

"$home/python/bin/moto_server" -H 127.0.0.1 -p "$s3_port" >"$home/moto.log" 2>&1 &
s3=$!
"$home/node_modules/.bin/azurite-blob" --silent --inMemoryPersistence --skipApiVersionCheck \
    --blobHost 127.0.0.1 --blobPort "$azure_port" >"$home/azurite.log" 2>&1 &
azure=$!
trap 'kill "$s3" "$azure" 2>/dev/null || true' EXIT

export TIDEMILL_TEST_S3_URL=http://127.0.0.1:$s3_port
export TIDEMILL_TEST_AZURE_URL=http://127.0.0.1:$azure_port/devstoreaccount1
python3 "$here/create_buckets.py" tidemill

"$@"
