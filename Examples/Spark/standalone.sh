#!/bin/sh
# standalone.sh PROGRAM [ARGUMENTS…]: starts a Spark standalone cluster of two workers on this machine, runs a Python program on
# it, and stops the cluster. Needs pyspark and Java; PYTHON names another Python than python3.
set -eu
python=${PYTHON:-python3}
SPARK_HOME=$("$python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
export SPARK_HOME PYSPARK_PYTHON="$python" SPARK_LOCAL_IP=127.0.0.1
folder=$(mktemp -d)
pids=
stop() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap stop EXIT
port=${SPARK_PORT:-7077}
"$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port "$port" --webui-port 0 \
    >"$folder/master.log" 2>&1 &
pids="$pids $!"
for worker in 1 2; do
    "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --webui-port 0 --cores 1 --memory 1g \
        --work-dir "$folder/$worker" "spark://127.0.0.1:$port" >"$folder/worker-$worker.log" 2>&1 &
    pids="$pids $!"
done
tries=0
until [ "$(cat "$folder"/worker-*.log | grep -c 'Successfully registered')" = 2 ]; do
    tries=$((tries + 1))
    if [ $tries -gt 60 ]; then cat "$folder"/*.log >&2; echo "the cluster did not start" >&2; exit 1; fi
    sleep 1
done
program=$1
shift
ASSAY_SPARK_MASTER="spark://127.0.0.1:$port" "$python" "$program" "$@"
