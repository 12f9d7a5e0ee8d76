//! Kubernetes documents in and out.
