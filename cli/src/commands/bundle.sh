#!/bin/sh
# Collects a support bundle of a Kubernetes cluster with kubectl: what `aegis diagnose` reads.
#
#   sh collect.sh [-n NAMESPACE] [-o FOLDER]
#
# Without -n all namespaces are collected. It only reads. Of Secrets their names and keys are
# collected, never a value. Variables of pods and logs are collected as they are: look through the
# folder before you pass it on.
set -u

namespace=
folder=aegis-bundle-$(date -u +%Y%m%dT%H%M%SZ)
while getopts n:o: option; do
    case $option in
    n) namespace=$OPTARG ;;
    o) folder=$OPTARG ;;
    *) echo "usage: $0 [-n NAMESPACE] [-o FOLDER]" >&2; exit 2 ;;
    esac
done
if [ -n "$namespace" ]; then
    scope="-n $namespace"
else
    scope=-A
fi

mkdir -p "$folder/logs" "$folder/objects" || exit 1
note() { echo "$*" >>"$folder/not-collected.txt"; }

# Each kind by itself: one that may not be read, or that the cluster has not, costs itself alone.
# $scope is two words, or one.
collect() {
    if ! kubectl get "$1" $2 -o json >"$folder/objects/$1.json" 2>"$folder/error.txt"; then
        note "$1: $(head -n 1 "$folder/error.txt")"
        rm -f "$folder/objects/$1.json"
    fi
}
for kind in pods deployments replicasets statefulsets daemonsets jobs cronjobs services endpoints \
    endpointslices ingresses configmaps serviceaccounts persistentvolumeclaims networkpolicies \
    horizontalpodautoscalers poddisruptionbudgets resourcequotas limitranges roles rolebindings \
    gateways.gateway.networking.k8s.io httproutes.gateway.networking.k8s.io; do
    collect "$kind" "$scope"
done
for kind in nodes namespaces persistentvolumes storageclasses ingressclasses priorityclasses \
    validatingwebhookconfigurations mutatingwebhookconfigurations \
    gatewayclasses.gateway.networking.k8s.io; do
    collect "$kind" ""
done

# Names and keys alone leave the API server's answer: the template prints no value.
template='{"apiVersion":"v1","kind":"List","items":[{{range $i, $s := .items}}{{if $i}},{{end}}'
template=$template'{"apiVersion":"v1","kind":"Secret","type":"{{$s.type}}",'
template=$template'"metadata":{"name":"{{$s.metadata.name}}","namespace":"{{$s.metadata.namespace}}"},'
template=$template'"data":{ {{$first := true}}{{range $k, $v := $s.data}}{{if not $first}},{{end}}'
template=$template'{{$first = false}}"{{$k}}":""{{end}} } }{{end}}]}'
kubectl get secrets $scope -o go-template="$template" >"$folder/objects/secrets.json" 2>"$folder/error.txt" ||
    note "secrets: $(head -n 1 "$folder/error.txt")"

kubectl get events $scope -o json >"$folder/events.json" 2>"$folder/error.txt" ||
    note "events: $(head -n 1 "$folder/error.txt")"

# The end of each container's log, and of the run before where there was one.
kubectl get pods $scope -o go-template='{{range $p := .items}}{{range $p.spec.initContainers}}{{$p.metadata.namespace}} {{$p.metadata.name}} {{.name}}{{"\n"}}{{end}}{{range $p.spec.containers}}{{$p.metadata.namespace}} {{$p.metadata.name}} {{.name}}{{"\n"}}{{end}}{{end}}' 2>/dev/null |
    while read -r space pod container; do
        mkdir -p "$folder/logs/$pod"
        file=$folder/logs/$pod/$container
        kubectl logs -n "$space" "$pod" -c "$container" --tail=500 >"$file.log" 2>/dev/null </dev/null || rm -f "$file.log"
        kubectl logs -n "$space" "$pod" -c "$container" --previous --tail=500 >"$file.previous.log" 2>/dev/null </dev/null || rm -f "$file.previous.log"
    done

now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
if [ -n "$namespace" ]; then
    printf '{"namespace": "%s", "collectedAt": "%s"}\n' "$namespace" "$now" >"$folder/cluster.json"
else
    printf '{"collectedAt": "%s"}\n' "$now" >"$folder/cluster.json"
fi
rm -f "$folder/error.txt"
echo "collected in $folder; next: aegis diagnose $folder" >&2
