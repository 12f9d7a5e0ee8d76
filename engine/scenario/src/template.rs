//! What `aegis scenario new` writes: a scenario to start from.

/// The text of a new scenario of that name. It is complete: it loads and runs as it is.
#[must_use]
pub fn template(name: &str) -> String {
    TEMPLATE.replace("NAME", name)
}

const TEMPLATE: &str = r#"# A scenario: what runs, what users send, what breaks. `aegis scenario check` says what is wrong with it.
apiVersion: aegis.dev/v1
kind: Scenario
metadata: {name: NAME, labels: {suite: own}}
spec:
  description: An edit of the Service selects a label that no pod has.
  seed: 1
  duration: 15m
  # include: [manifests.yaml]      # files of Kubernetes manifests, beside this one; or documents below
  cluster: {nodes: [{count: 2, cpu: "2", memory: 4Gi}]}
  services:                        # only what inference from the manifests would get wrong
    - {name: shop, cpuPerRequest: 2ms, memory: {base: 60Mi}}
  traffic: [{to: shop, rps: {constant: 50}}]
  objectives:
    - {service: shop, availability: 99%, latency: {p99: 500ms}, window: 5m}
  chaos:
    - {at: 1m, actor: "user:platform", patch: {object: deployment/shop, merge: {metadata: {labels: {team: shop}}}}}
    - {at: 3m, actor: "user:deployer", patch: {object: service/shop, merge: {spec: {selector: {app: shopp}}}}}
  truth:
    causes: [{fault: service_selector_wrong, object: service/shop, field: spec.selector.app}]
  remedy:
    - {patchService: {service: service/shop, field: spec.selector.app, value: shop}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: registry.example/shop:1.0
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /healthz, port: 8080}}
          resources:
            requests: {cpu: 100m, memory: 96Mi}
            limits: {cpu: 500m, memory: 128Mi}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  type: LoadBalancer
  selector: {app: shop}
  ports: [{port: 80, targetPort: 8080}]
"#;
